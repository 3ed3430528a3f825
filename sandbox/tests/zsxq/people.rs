//! The account, the planet, its members, its projects, and the control routes.

use sandbox::zsxq::{GROUP_ID, NewUser, OWNER_ID};
use serde_json::{Value, json};

use crate::client::{Client, Manner, checkins, planet};

#[tokio::test]
async fn the_account_is_an_admin_of_the_planet() {
    let client = Client::start().await;
    let own = client.get("/v2/users/self").await.data();
    assert_eq!(own["user"]["user_id"], OWNER_ID);
    let group = client.get(&planet("")).await.data();
    assert_eq!(group["group"]["group_id"], GROUP_ID);
    assert_eq!(group["group"]["owner"]["user_id"], OWNER_ID);
    assert_eq!(
        client.get("/v2/groups").await.data()["groups"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_roster_pages_by_join_time_and_hides_numbers_on_demand() {
    let client = Client::start().await;
    let numbered = NewUser {
        name: "有号".to_owned(),
        number: Some(39),
        ..NewUser::default()
    };
    let user_id = client.sandbox.zsxq().add_user(numbered);
    client.user("无号");
    let rows = client.get(&planet("/members?count=200")).await.data();
    let rows = rows["members"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["number"], 39);
    assert_eq!(rows[0].get("number"), None);
    let one = client
        .get(&planet(&format!("/members/{user_id}")))
        .await
        .data();
    assert_eq!(one["member"]["number"], 39);
    client.sandbox.zsxq().set_numbers_shown(false);
    let one = client
        .get(&planet(&format!("/members/{user_id}/summary")))
        .await
        .data();
    assert_eq!(one["member"].get("number"), None);
    for path in ["/members", "/members?count=201", "/members?count=0"] {
        assert_eq!(client.get(&planet(path)).await.code(), 1003, "{path}");
    }
    let odd_pair = client
        .get(&planet("/members?count=200&scope=all&sort=number"))
        .await
        .data();
    assert_eq!(odd_pair["members"], json!([]));
}

#[tokio::test]
async fn a_project_is_made_listed_and_closed() {
    let client = Client::start().await;
    let body = json!({"req_data": {
        "title": "写作营", "text": "规则", "checkin_days": 7, "type": "accumulated",
        "show_topics_on_timeline": false,
        "validity": {"long_period": false, "expiration_time": "2099-01-17T23:59:59.999+0800"},
    }});
    let made = client
        .call(
            "POST",
            &planet("/checkins"),
            body.to_string(),
            Manner::default(),
        )
        .await;
    let id = made.data()["checkin"]["checkin_id"].as_i64().unwrap();
    let list = async |scope: &str| {
        let path = planet(&format!("/checkins?scope={scope}&count=30"));
        client.get(&path).await.data()["checkins"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((list("ongoing").await, list("closed").await), (1, 0));
    let close = json!({"req_data": {"status": "closed"}}).to_string();
    let closed = client
        .call("PUT", &checkins(id, ""), close, Manner::default())
        .await;
    assert_eq!(closed.data(), json!({}));
    assert_eq!((list("ongoing").await, list("closed").await), (0, 1));
    assert_eq!(
        client.get(&planet("/checkins?count=30")).await.code(),
        19301
    );
    let mut wrong = body.clone();
    wrong["req_data"]["validity"]["expiration_time"] = json!("");
    let path = planet("/checkins");
    let refused = client
        .call("POST", &path, wrong.to_string(), Manner::default())
        .await;
    assert_eq!(refused.code(), 1004);
}

#[tokio::test]
async fn people_can_do_the_same_over_the_control_routes() {
    let client = Client::start().await;
    let http = reqwest::Client::new();
    let post = async |path: &str, body: Value| -> Value {
        let url = format!("{}/control/zsxq/{path}", client.sandbox.base_url());
        let answered = http.post(url).json(&body).send().await.unwrap();
        assert!(
            answered.status().is_success(),
            "{path} {}",
            answered.status()
        );
        serde_json::from_str(&answered.text().await.unwrap()).unwrap_or_default()
    };
    let project = post("projects", json!({"name": "写作营", "checkinDays": 7})).await;
    let user = post("users", json!({"nickname": "小安", "number": 7})).await;
    let check_in = json!({
        "projectId": project["projectId"], "userId": user["userId"], "text": "第一天",
    });
    let topic = post("posts", check_in).await;
    let shown: Value = http
        .get(format!(
            "{}/control/zsxq/projects",
            client.sandbox.base_url()
        ))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown[0]["posts"][0]["text"], "第一天");
    assert_eq!(shown[0]["posts"][0]["nickname"], "小安");
    assert_eq!(shown[0]["posts"][0]["topicId"], topic["topicId"]);
    post("posts/delete", json!({"topicId": topic["topicId"]})).await;
    post(
        "seed",
        json!({"projectId": project["projectId"], "people": 3, "days": 1}),
    )
    .await;
    post("switches", json!({"ignoresEndTime": true})).await;
    post("pacing", json!({"leastGapMs": 1000})).await;
    post("cookie", json!({"death": "kicked-out"})).await;
    assert_eq!(client.get("/v3/users/self").await.code(), 1009);
}
