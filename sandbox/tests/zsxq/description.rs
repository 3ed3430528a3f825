//! The planet's part of the control API is as its description says.

use serde_json::json;

use crate::{client::Client, described::Described};

#[tokio::test]
async fn what_the_planet_does_goes_in_and_out_as_described() {
    let client = Client::start().await;
    let api = Described::of(client.sandbox.base_url()).await;
    let project = json!({"name": "写作营", "checkinDays": 7});
    let project = api.post("zsxq/projects", project).await["projectId"].clone();
    let person = json!({"nickname": "小明", "number": 101, "alias": null});
    let person = api.post("zsxq/users", person).await["userId"].clone();
    let post = json!({"projectId": project, "userId": person, "text": "今日打卡"});
    let post = api.post("zsxq/posts", post).await["topicId"].clone();
    let seed = json!({"projectId": project, "people": 3, "days": 2});
    api.post("zsxq/seed", seed).await;
    let shown = api.get("zsxq/projects").await;
    assert_ne!(shown[0]["posts"], json!([]));
    assert_ne!(api.get("zsxq/users").await, json!([]));
    api.post("zsxq/posts/delete", json!({"topicId": post}))
        .await;

    for (path, body, status) in [
        ("posts/delete", json!({"topicId": post}), 404),
        ("posts/delete", json!({"topicId": "x"}), 422),
        ("posts", json!({"projectId": "1", "userId": person}), 404),
        (
            "seed",
            json!({"projectId": project, "people": 5_001, "days": 1}),
            422,
        ),
        ("cookie", json!({"death": "crumbled"}), 422),
        ("switches", json!({"unsignedRefusedPercent": 101}), 422),
    ] {
        let path = format!("zsxq/{path}");
        assert_eq!(api.refused(&path, body).await, status, "{path}");
    }
    for (path, body) in [
        ("cookie", json!({"death": "kicked-out"})),
        ("cookie", json!({"death": null})),
        ("expires-in", json!({"seconds": 3_600})),
        ("pacing", json!({"leastGapMs": 100})),
        ("switches", json!({"numbersShown": false})),
    ] {
        api.post(&format!("zsxq/{path}"), body).await;
    }
    let missing = api.not_done(|path| path.starts_with("/control/zsxq/"));
    assert_eq!(missing, [""; 0]);
}
