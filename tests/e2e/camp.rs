//! A camp on both sides: the planet's project and ours.

use chrono::{DateTime, Days, TimeDelta, Utc};
use sandbox::zsxq::{NewProject, NewUser};
use serde_json::json;

use crate::app::TestApp;

/// A published camp and the planet's project behind it.
pub struct Camp {
    pub id: i64,
    pub checkin_id: i64,
    /// The moment at which its first day begins, in Shanghai.
    pub begins: DateTime<Utc>,
}

/// The deposit of every camp of these tests.
pub const DEPOSIT_FEN: i64 = 9900;

/// A published camp that begins tomorrow: ten days, seven required, one of grace.
pub async fn enrolling(test: &TestApp, name: &str) -> Camp {
    let now = test.sandbox.clock().now();
    let shanghai = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    let tomorrow = now.with_timezone(&shanghai).date_naive() + Days::new(1);
    let begins = tomorrow.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(8);
    let checkin_id = test.sandbox.zsxq().add_project(NewProject {
        title: name.to_owned(),
        checkin_days: 10,
        created_at: begins,
        expires_at: Some(begins + TimeDelta::days(10) - TimeDelta::milliseconds(1)),
    });
    let admin = test.staff("admin").await;
    let (poster, code) = (admin.upload_picture().await, admin.upload_picture().await);
    let users = admin.get("/api/admin/users?size=100").await;
    let coach = users.data()["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["username"] == "coach")
        .map(|user| user["id"].as_i64().unwrap())
        .unwrap();
    let camp = json!({
        "name": name, "posterUploadId": poster, "depositFen": DEPOSIT_FEN,
        "startDate": tomorrow.to_string(), "endDate": (tomorrow + Days::new(9)).to_string(),
        "totalDays": 10, "requiredDays": 7, "groupQrUploadIds": [code],
        "introduction": "<p>每天写 300 字</p>", "coachIds": [coach],
        "planetProjectId": checkin_id.to_string(),
        "groupRobotKey": "11111111-2222-4333-8444-000000000001",
    });
    let made = admin.post("/api/admin/camps", &camp).await;
    assert_eq!(made.data()["status"], "pending", "{made:?}");
    let id = made.data()["id"].as_i64().unwrap();
    let published = admin
        .post(&format!("/api/admin/camps/{id}/publish"), &json!({}))
        .await;
    assert_eq!(published.data()["status"], "enrolling");
    Camp {
        id,
        checkin_id,
        begins,
    }
}

/// Somebody on the planet; their account id.
pub fn planet_user(test: &TestApp, name: &str, number: i64) -> i64 {
    test.sandbox.zsxq().add_user(NewUser {
        name: name.to_owned(),
        number: Some(number),
        ..NewUser::default()
    })
}

/// Checks a person in on the first `days` days of a camp.
pub fn check_in(test: &TestApp, camp: &Camp, user: i64, days: i64) {
    for day in 0..days {
        let at = camp.begins + TimeDelta::days(day) + TimeDelta::hours(9);
        test.sandbox.zsxq().post(camp.checkin_id, user, at).unwrap();
    }
}
