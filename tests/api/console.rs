//! What the console alone asks for: the calendar of a camp, many members at once, messages that are
//! sent again, the words that messages are written in.

use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::house::{House, Staff};
use crate::on_both_engines;
use crate::rows::{self, Rows, account};

/// A camp of five days with two members: one known, with two check-ins, and one that nobody knows.
fn camp() -> impl Rows {
    let terms = (["2026-01-03", "2026-01-07"], [5, 3, 1]);
    let camp = rows::camp(1, "写作营").terms(terms);
    let sync = rows::sync(1, 1_767_542_400_000_000).finished_at(1_767_542_500_000_000);
    let payment = |id| {
        let payment = rows::payment(id).terms(terms);
        payment.paid_at(1_767_225_600_000_000)
    };
    let members = [
        rows::member(1).named("小明").checked_in_days(2),
        rows::member(2).unknown("阿明", "pending"),
    ];
    let day = rows::check_in(account(1), 3).checked_in_at(1_767_400_000_000_000);
    let payments = (payment(1), payment(2).bind_status("pending"));
    let camp = camp.current_sync_id(1).posts_sync_id(1);
    (camp, sync, payments, members, day.summary("写了三百字"))
}

async fn get(house: &House, staff: &Staff, path: &str) -> Value {
    house.get(path).as_staff(staff).send().await.data()
}

on_both_engines! {
    async fn the_calendar_has_every_member_and_every_day(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(camp()).await;
        let calendar = get(&house, &admin, "/api/admin/checkins/calendar/1").await;
        assert_eq!(calendar["days"].as_array().unwrap().len(), 5);
        assert_eq!(calendar["days"][0], "2026-01-03");
        // It is the 5th; the posts were read at midnight after the 4th.
        let first = &calendar["items"][0];
        assert_eq!((&first["cells"], &first["name"]), (&json!("x-o.."), &json!("小明")));
        assert_eq!((&first["checkedInDays"], &first["rate"]), (&json!(2), &json!(40)));
        assert_eq!((&first["requiredDays"], &first["graceDays"]), (&json!(3), &json!(1)));
        assert_eq!(calendar["items"][1]["cells"], "??o..");
        let list = get(&house, &admin, "/api/admin/checkins?campId=1").await;
        assert_eq!(list["items"][0]["summary"], "写了三百字");
        assert_eq!(list["items"][0]["name"], "小明");

        // A member with dates of their own widens it.
        house.db.run("UPDATE payment_record SET start_date = '2026-01-02', total_days = 6 WHERE id = 2").await;
        let calendar = get(&house, &admin, "/api/admin/checkins/calendar/1").await;
        assert_eq!(calendar["items"][0]["cells"], " x-o..");
        assert_eq!(calendar["items"][1]["cells"], "???o..");

        let coach = house.signed_in(Role::Coach).await;
        let foreign = house.get("/api/admin/checkins/calendar/1").as_staff(&coach).send().await;
        foreign.refused(403, "forbidden");
    }

    async fn many_are_marked_and_what_nobody_has_said_is_not_known(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(camp()).await;
        let joined = async |id: i64| {
            get(&house, &admin, &format!("/api/admin/members/{id}")).await["joined"].clone()
        };
        assert_eq!(joined(1).await, Value::Null);
        let path = "/api/admin/members/joined";
        let body = json!({"ids": [1, 2, 4711], "joined": true});
        let done = house.post(path).as_staff(&admin).json(&body).send().await.data();
        assert_eq!(done, json!({"marked": 2, "skipped": [{"id": 4711, "error": "not_found"}]}));
        assert_eq!((joined(1).await, joined(2).await), (json!(true), json!(true)));
        let body = json!({"ids": [2, 2], "joined": false});
        house.post(path).as_staff(&admin).json(&body).send().await.data();
        assert_eq!(joined(2).await, json!(false));
        // Who was in it and is no more has left, and has not once they are back.
        let members = get(&house, &admin, "/api/admin/members?campId=1").await;
        let left = |at: usize| members["items"][at]["leftAt"].clone();
        assert_eq!((left(0), left(1)), (json!("2026-01-05T12:00:00+08:00"), Value::Null));
        house.assert_audited(&["member.joined"; 3].map(|it| it)).await;

        let back = json!({"joined": true});
        let path_of_one = "/api/admin/members/2/joined";
        let member = house.post(path_of_one).as_staff(&admin).json(&back).send().await.data();
        assert_eq!((&member["joined"], &member["leftAt"]), (&json!(true), &Value::Null));

        let coach = house.signed_in(Role::Coach).await;
        let body = json!({"ids": [1], "joined": false});
        let done = house.post(path).as_staff(&coach).json(&body).send().await.data();
        assert_eq!(done, json!({"marked": 0, "skipped": [{"id": 1, "error": "forbidden"}]}));
        let many = json!({"ids": vec![1; 2001], "joined": true});
        house.post(path).as_staff(&admin).json(&many).send().await.wrong_fields(&["ids"]);
    }

    async fn a_message_that_failed_is_sent_again(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let rows = ["failed", "sent", "failed"].iter().zip(["lin.yue", "lin.yue", ""]).enumerate();
        for (at, (status, to)) in rows {
            let message = rows::message("job_failed", to).dedupe_key(format!("k{at}")).error("no");
            house.db.add(message.status(*status).attempts(5)).await;
        }
        let resend = async |id: i64| {
            let path = format!("/api/admin/notifications/{id}/resend");
            house.post(&path).as_staff(&admin).send().await
        };
        let message = resend(1).await.data();
        assert_eq!((&message["status"], &message["attempts"]), (&json!("pending"), &json!(0)));
        assert_eq!(message["error"], Value::Null);
        for id in [1, 2, 3] {
            resend(id).await.refused(409, "wrong_state");
        }
        resend(4).await.refused(404, "not_found");
        house.assert_audited(&["notification.resend"]).await;
        let other = house.signed_in(Role::Admin).await;
        let path = "/api/admin/notifications/1/resend";
        house.post(path).as_staff(&other).send().await.refused(403, "forbidden");
    }

    async fn templates_are_shown_as_their_samples_fill_them(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let shown = get(&house, &admin, "/api/admin/templates").await;
        let items = shown["items"].as_array().unwrap();
        let named = |name: &str| items.iter().find(|item| item["name"] == name).unwrap();
        let text = named("refund_done.txt");
        assert!(text["previews"][0].as_str().unwrap().contains("押金已退回"), "{text}");
        assert!(text["source"].as_str().unwrap().contains("{{"), "{text}");
        let card = named("digest.card");
        assert_eq!((&card["isCard"], &card["isReplaced"]), (&json!(true), &json!(false)));
        assert!(items.iter().all(|item| !item["previews"].as_array().unwrap().is_empty()));
        let other = house.signed_in(Role::Admin).await;
        house.get("/api/admin/templates").as_staff(&other).send().await.refused(403, "forbidden");
    }
}
