//! What members' days rest on, over HTTP beside the stand-in planet: posts that fail, rankings that
//! are odd, a project that is put right, files, and days that somebody answers for.

use std::sync::Arc;

use campkeeper::domain::staff::Role;
use chrono::{DateTime, TimeDelta, Utc};
use sandbox::zsxq::{GROUP_ID, NewPost, NewProject, TOKEN};
use sandbox::{Fault, FaultKind, Platform, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::house::{House, Reply, Staff};
use crate::on_both_engines;
use crate::planet_client::planet_client;
use crate::rows;
use crate::sheet::workbook;
use crate::support::TestDb;

/// A camp of seven days, five of them needed, one of grace, that follows a project of the planet;
/// it is noon of the fifth day.
struct Scene {
    sandbox: Sandbox,
    house: House,
    admin: Staff,
    project: i64,
}

fn at(day_and_time: &str) -> DateTime<Utc> {
    let text = format!("2026-01-{day_and_time}:00+08:00");
    DateTime::parse_from_rfc3339(&text).unwrap().to_utc()
}

impl Scene {
    async fn set(db: TestDb) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        sandbox.clock().set(at("05T12:00"));
        let house = House::with_planet(db, planet_client(&sandbox, TOKEN)).await;
        let admin = house.signed_in(Role::Admin).await;
        let mut scene = Self {
            sandbox,
            house,
            admin,
            project: 0,
        };
        scene.project = scene.new_project();
        let project = scene.project;
        let camp = rows::camp(1, "写作营").terms(rows::SEVEN_DAYS);
        let camp = camp.planet_project_id(project.to_string());
        scene.house.db.add(camp).await;
        scene
    }

    fn new_project(&self) -> i64 {
        self.sandbox.zsxq().add_project(NewProject {
            title: "写作营".to_owned(),
            checkin_days: 7,
            created_at: at("01T00:00"),
            expires_at: None,
        })
    }

    /// The camp has ended; it is noon of the day after.
    async fn end_camp(&self) {
        self.house.clock.advance(TimeDelta::days(3));
        self.sandbox.clock().set(at("08T12:00"));
        self.run("UPDATE training_camp SET status = 'ended'").await;
    }

    /// Somebody who has paid, and is known to be this account.
    async fn member(&self, id: i64, account: i64) {
        let payment = rows::payment(id).terms(rows::SEVEN_DAYS);
        let payment = payment.paid_at(1_767_225_600_000_000);
        let member = rows::member(id).planet_user_id(account).joined(true);
        self.house.db.add((payment, member)).await;
    }

    async fn run(&self, sql: &str) {
        self.house.db.run(sql).await;
    }

    async fn count(&self, from: &str) -> i64 {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {from}");
        self.house.db.texts(&sql).await[0].parse().unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let call = self.house.get(path).as_staff(&self.admin);
        call.send().await.data()
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        let call = self.house.post(path).as_staff(&self.admin);
        call.json(&body).send().await
    }

    async fn put_camp(&self, body: Value) -> Reply {
        let call = self.house.put("/api/admin/camps/1").as_staff(&self.admin);
        call.json(&body).send().await
    }

    async fn sync(&self) -> Value {
        let path = "/api/admin/checkins/sync/1?waitSeconds=60";
        let call = self.house.post(path).as_staff(&self.admin);
        call.send().await.data()
    }

    /// Days of a member, by whose word, and whether they suffice.
    async fn days(&self, id: i64) -> (i64, Option<String>, bool) {
        let member = self.get(&format!("/api/admin/members/{id}")).await;
        (
            member["checkedInDays"].as_i64().unwrap(),
            member["daysSource"].as_str().map(str::to_owned),
            member["eligible"].as_bool().unwrap(),
        )
    }

    async fn import(&self, query: &str, bytes: &[u8]) -> Reply {
        let mut body = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\
                         content-type: application/octet-stream\r\n\r\n"
            .to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let path = format!("/api/admin/checkins/import/1{query}");
        let call = self.house.post(&path).as_staff(&self.admin);
        call.header("content-type", "multipart/form-data; boundary=b")
            .body(body)
            .send()
            .await
    }

    /// The project's posts fail for as long as anybody asks.
    fn break_posts(&self) {
        let path = format!("/v2/groups/{GROUP_ID}/checkins/{}/topics", self.project);
        let (status, body) = (502, String::new());
        let fault = Fault::new(Platform::Zsxq, path, FaultKind::HttpStatus { status, body });
        self.sandbox.faults().add(fault.times(1_000));
    }

    async fn told(&self, kind: &str) -> Vec<String> {
        let sql = format!("SELECT body FROM notification_message WHERE kind = '{kind}'");
        self.house.db.texts(&sql).await
    }
}

fn by(source: &str, days: i64, suffice: bool) -> (i64, Option<String>, bool) {
    (days, Some(source.to_owned()), suffice)
}

on_both_engines! {
    async fn the_ranking_stands_while_posts_fail_for_ever(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 5, 5);
        scene.member(1, people[0]).await;
        scene.break_posts();
        for _ in 0..2 {
            let run = scene.sync().await;
            assert_eq!((&run["state"], &run["members"]), (&json!("complete"), &json!(5)));
            let error = run["error"].as_str().unwrap();
            assert!(error.contains("打卡天数完整") && error.contains("没有响应"), "{error}");
        }
        assert_eq!(scene.days(1).await, by("ranking", 5, true));
        assert_eq!(scene.told("posts_missing").await.len(), 1, "once a day");
        assert_eq!(scene.told("sync_failed").await.len(), 0);
        assert_eq!(scene.count("training_camp WHERE posts_sync_id IS NULL").await, 1);

        // The list comes all the same.
        scene.end_camp().await;
        scene.sync().await;
        assert_eq!(scene.count("refund_record WHERE status = 'pending'").await, 1);
        assert_eq!(scene.get("/api/admin/camps/1").await["status"], "settling");
    }

    async fn posts_keep_their_last_whole_reading(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 3, 4);
        scene.member(1, people[0]).await;
        let whole = scene.sync().await;
        assert_eq!((&whole["newCheckins"], &whole["error"]), (&json!(12), &Value::Null));
        scene.sandbox.zsxq().post(scene.project, people[0], at("05T09:00")).unwrap();
        scene.break_posts();
        let partly = scene.sync().await;

        assert_eq!(scene.days(1).await, by("ranking", 5, true));
        let id = |run: &Value| run["syncId"].as_i64().unwrap();
        let pointers = format!(
            "training_camp WHERE current_sync_id = {} AND posts_sync_id = {}",
            id(&partly),
            id(&whole)
        );
        assert_eq!(scene.count(&pointers).await, 1);
        assert_eq!(scene.count("checkin_record").await, 12);
        let listed = scene.get("/api/admin/checkins?campId=1").await;
        assert_eq!((&listed["total"], &listed["items"][0]["source"]), (&json!(12), &json!("post")));
    }

    async fn more_posts_than_are_read_leave_the_ranking_alone(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 2, 5);
        scene.member(1, people[0]).await;
        let noise = (0..20_050).map(|second| NewPost {
            user_id: people[1],
            at: at("03T00:00") + TimeDelta::seconds(second),
            text: None,
        });
        scene.sandbox.zsxq().post_all(scene.project, noise);
        let run = scene.sync().await;
        assert_eq!(run["state"], "complete", "{run}");
        assert!(run["error"].as_str().unwrap().contains("一次读不完"), "{run}");
        assert_eq!(scene.days(1).await, by("ranking", 5, true));
        assert_eq!(scene.count("training_camp WHERE posts_sync_id IS NULL").await, 1);
    }

    async fn a_shrunken_ranking_decides_nothing_before_it_is_confirmed(db) {
        let scene = Scene::set(db).await;
        let zsxq = scene.sandbox.zsxq();
        let people = zsxq.seed(scene.project, 26, 3);
        let few = zsxq.seed(scene.project, 4, 0);
        let posts: Vec<i64> = few
            .iter()
            .map(|user| zsxq.post(scene.project, *user, at("02T08:00")).unwrap())
            .collect();
        scene.member(1, few[0]).await;
        scene.member(2, people[0]).await;
        let first = scene.sync().await;
        assert_eq!(first["members"], 30);
        for post in posts {
            zsxq.delete_post(post);
        }
        zsxq.post(scene.project, people[0], at("05T08:00")).unwrap();

        let odd = scene.sync().await;
        assert_eq!((&odd["state"], &odd["suspicion"]), (&json!("partial"), &json!("shrunken")));
        assert_eq!(odd["waitsForConfirmation"], true);
        scene.sync().await;
        assert_eq!(scene.told("ranking_odd").await.len(), 2, "each reading has its own figures");
        assert_eq!(scene.days(1).await, by("ranking", 1, false));
        assert_eq!(scene.days(2).await, by("ranking", 3, false));
        assert_eq!(scene.get("/api/admin/checkins/stats/1").await["complete"], false);

        let path = format!("/api/admin/checkins/syncs/{}/confirm", odd["syncId"]);
        scene.post(&path, json!({"reason": " "})).await.wrong_fields(&["reason"]);
        let coach = scene.house.signed_in(Role::Coach).await;
        let call = scene.house.post(&path).as_staff(&coach).json(&json!({"reason": "x"}));
        call.send().await.refused(403, "forbidden");
        let confirmed = scene.post(&path, json!({"reason": "四人退出了"})).await.data();
        assert_eq!((&confirmed["state"], &confirmed["error"]), (&json!("complete"), &Value::Null));
        assert_eq!(confirmed["waitsForConfirmation"], false);
        assert_eq!(scene.days(1).await, by("ranking", 0, false));
        assert_eq!(scene.days(2).await, by("ranking", 4, true));
        let again = scene.post(&path, json!({"reason": "再点"})).await;
        let again = again.refused(409, "already_decided");
        assert!(again["message"].as_str().unwrap().contains("管理员"), "{again}");
        let first = format!("/api/admin/checkins/syncs/{}/confirm", first["syncId"]);
        scene.post(&first, json!({"reason": "x"})).await.refused(409, "wrong_state");
        assert_eq!(scene.sync().await["state"], "complete", "it is what the next one is compared with");
        scene.house.assert_audited(&["checkins.confirm"]).await;
    }

    async fn an_older_odd_ranking_is_not_confirmed_over_a_newer_one(db) {
        let scene = Scene::set(db).await;
        let zsxq = scene.sandbox.zsxq();
        let user = zsxq.seed(scene.project, 1, 0)[0];
        let post = zsxq.post(scene.project, user, at("02T08:00")).unwrap();
        scene.sync().await;
        zsxq.delete_post(post);
        let odd = scene.sync().await;
        assert_eq!(odd["suspicion"], "empty");
        zsxq.post(scene.project, user, at("03T08:00")).unwrap();
        assert_eq!(scene.sync().await["state"], "complete");
        let path = format!("/api/admin/checkins/syncs/{}/confirm", odd["syncId"]);
        scene.post(&path, json!({"reason": "x"})).await.refused(409, "wrong_state");
    }

    async fn an_empty_project_is_told_of_and_put_right(db) {
        let scene = Scene::set(db).await;
        let right = scene.new_project();
        let people = scene.sandbox.zsxq().seed(right, 3, 7);
        scene.member(1, people[0]).await;
        assert_eq!(scene.sync().await["state"], "complete", "nobody yet: a camp may be like that");
        scene.end_camp().await;
        let odd = scene.sync().await;
        assert_eq!((&odd["state"], &odd["suspicion"]), (&json!("partial"), &json!("empty")));
        assert_eq!(scene.told("ranking_odd").await.len(), 1);
        assert_eq!(scene.get("/api/admin/camps/1").await["status"], "ended");
        assert_eq!(scene.count("refund_record").await, 0);

        complete_form(&scene).await;
        let coach = scene.house.signed_in(Role::Coach).await.id;
        let project = right.to_string();
        let mut change = json!({"planetProjectId": project, "coachIds": [coach]});
        scene.put_camp(change.clone()).await.wrong_fields(&["reason"]);
        change["reason"] = json!("填成了上一期的项目");
        assert_eq!(scene.put_camp(change).await.data()["planetProjectId"], json!(project));
        let waiting = format!("/api/admin/checkins/syncs/{}", odd["syncId"]);
        let dropped = scene.get(&waiting).await;
        assert_eq!((&dropped["state"], &dropped["waitsForConfirmation"]), (&json!("failed"), &json!(false)));
        let path = format!("{waiting}/confirm");
        scene.post(&path, json!({"reason": "x"})).await.refused(409, "wrong_state");
        let log = "SELECT details FROM operation_log WHERE action = 'camp.update'";
        let log: Value = serde_json::from_str(&scene.house.db.texts(log).await[0]).unwrap();
        let from_to = json!({"from": scene.project.to_string(), "to": project});
        assert_eq!((&log["planetProjectId"], &log["reason"]), (&from_to, &json!("填成了上一期的项目")));

        assert_eq!(scene.sync().await["state"], "complete");
        assert_eq!(scene.days(1).await, by("ranking", 7, true));
        assert_eq!(scene.get("/api/admin/camps/1").await["status"], "settling");
        assert_eq!(scene.count("refund_record WHERE status = 'pending'").await, 1);
    }

    async fn what_was_read_from_the_wrong_project_is_dropped(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 3, 5);
        scene.member(1, people[0]).await;
        scene.member(2, people[1]).await;
        scene.sync().await;
        let file = format!("planet_user_id,date\n{},2026-01-05\n", people[1]);
        scene.import("", file.as_bytes()).await.data();
        for member in [1, 2] {
            assert_eq!(scene.days(member).await, by("ranking", 5, true));
        }
        let other = scene.new_project();
        complete_form(&scene).await;
        let coach = scene.house.signed_in(Role::Coach).await.id;
        let change = json!({"planetProjectId": other.to_string(), "coachIds": [coach], "reason": "填错"});

        // One that reads the wrong one meanwhile.
        let path = format!("/v2/groups/{GROUP_ID}/checkins/{}/topics", scene.project);
        let slow = Fault::new(Platform::Zsxq, path, FaultKind::Latency { ms: 1_500 });
        scene.sandbox.faults().add(slow);
        let scene = Arc::new(scene);
        let reading = tokio::spawn({
            let scene = Arc::clone(&scene);
            async move { scene.sync().await }
        });
        while scene.count("sync_run WHERE state = 'running'").await == 0 {
            tokio::task::yield_now().await;
        }
        scene.put_camp(change).await.data();
        let given_up = reading.await.unwrap();
        assert_eq!(given_up["state"], "failed", "{given_up}");

        assert_eq!(scene.days(1).await, (0, None, false));
        assert_eq!(scene.days(2).await, by("import", 1, false), "what the file says, and no post");
        assert_eq!(scene.count("sync_ranking").await, 0);
        assert_eq!(scene.count("checkin_record WHERE source = 'post'").await, 0);
        let kept = "checkin_record WHERE source = 'import' AND topic_id IS NULL";
        assert_eq!(scene.count(kept).await, 1, "the post stood, and the file's word beside it");
        let nothing = "training_camp WHERE current_sync_id IS NULL AND posts_sync_id IS NULL";
        assert_eq!(scene.count(nothing).await, 1);
        assert_eq!(scene.sync().await["state"], "complete");
        scene.run("UPDATE training_camp SET status = 'archived'").await;
        let late = json!({"planetProjectId": "7", "reason": "x"});
        scene.put_camp(late).await.refused(409, "wrong_state");
    }

    async fn a_file_of_days_counts_where_the_planet_says_less(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 3, 2);
        scene.member(1, people[0]).await;
        scene.member(2, people[1]).await;
        scene.sync().await;
        scene.end_camp().await;
        let [ann, ben] = [people[0], people[1]];
        let file = format!(
            "planet_user_id,planet_nickname,date,time\n\
             {ann},Ann,2026-01-01,08:00\n{ann},Ann,2026-01-03,08:00\n{ann},Ann,2026/1/4,\n\
             {ann},Ann,2026-01-04,21:00\n{ann},Ann,2026-01-05,\n{ann},Ann,2026-01-08,\n\
             300000000000999,Zed,2026-01-01,\n3.0E+14,Sci,2026-01-01,\n{ben},Ben,=TODAY(),\n\
             {ben},Ben,2026-01-03,25:00\n"
        );
        let dry = scene.import("?dryRun=true", file.as_bytes()).await.data();
        assert_eq!(scene.count("checkin_record WHERE source = 'import'").await, 0);
        let done = scene.import("", file.as_bytes()).await.data();
        let lines = dry["changes"].as_array().unwrap();
        let lines: Vec<_> = lines.iter().map(|line| (&line["row"], &line["after"])).collect();
        assert_eq!(lines, [
            (&json!(3), &json!(["2026-01-03", "08:00"])),
            (&json!(4), &json!(["2026-01-04", "21:00"])),
            (&json!(6), &json!(["2026-01-05"])),
        ]);
        assert_eq!((&dry["added"], &dry["errors"]), (&done["added"], &done["errors"]));
        let counts = (&done["added"], &done["changed"], &done["unchanged"]);
        assert_eq!(counts, (&json!(3), &json!(0), &json!(2)), "{done}");
        let errors = done["errors"].as_array().unwrap();
        let rows: Vec<u64> = errors.iter().map(|error| error["row"].as_u64().unwrap()).collect();
        assert_eq!(rows, [7, 8, 9, 10, 11]);
        let message = |at: usize| errors[at]["message"].as_str().unwrap();
        assert!(message(0).starts_with("date：") && message(0).contains("2026-01-07"), "{errors:?}");
        assert!(message(2).starts_with("planet_user_id：") && message(2).contains("科学计数"));

        assert_eq!(scene.days(1).await, by("import", 5, true));
        assert_eq!(scene.days(2).await, by("ranking", 2, false));
        let again = scene.import("", file.as_bytes()).await.data();
        assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(5)));
        let listed = scene.get("/api/admin/checkins?campId=1&from=2026-01-03&to=2026-01-03").await;
        assert_eq!((&listed["total"], &listed["items"][0]["source"]), (&json!(1), &json!("import")));
        scene.house.assert_audited(&["checkins.import", "checkins.import"]).await;

        // What is posted later counts with the days of the file, and one of them once.
        for day in ["05T09:00", "06T09:00"] {
            scene.sandbox.zsxq().post(scene.project, ann, at(day)).unwrap();
        }
        scene.sync().await;
        assert_eq!(scene.days(1).await, by("import", 6, true));
    }

    async fn a_workbook_of_totals_takes_the_place_of_the_one_before(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 2, 1);
        scene.member(1, people[0]).await;
        scene.sync().await;
        let [ann, ben] = [people[0].to_string(), people[1].to_string()];
        let sheet = |days: &str| workbook(&[
            &["planet_user_id", "planet_nickname", "checkin_days"],
            &[&ann, "Ann", days],
            &[&ben, "Ben", "8"],
            &["=300000000000000", "Sci", "1"],
        ]);
        let first = scene.import("", &sheet("=6")).await.data();
        assert_eq!((&first["added"], first["errors"].as_array().unwrap().len()), (&json!(1), 2), "{first}");
        assert_eq!(scene.days(1).await, by("import", 6, true));
        let second = scene.import("", &sheet("4")).await.data();
        assert_eq!((&second["added"], &second["changed"]), (&json!(0), &json!(1)));
        assert_eq!(scene.days(1).await, by("import", 4, true));
        assert_eq!(scene.count("stated_days").await, 2, "kept for the audit");
        assert_eq!(scene.import("", &sheet("4")).await.data()["unchanged"], 1);
        // Nobody knows whether the four count this day: it would cost three, or give one too many.
        let day = format!("planet_user_id,date\n{ann},2026-01-02\n");
        let refused = scene.import("", day.as_bytes()).await.data();
        assert!(refused["errors"][0]["message"].as_str().unwrap().contains("4 天"), "{refused}");
        assert_eq!(scene.days(1).await, by("import", 4, true));

        scene.import("", b"planet_user_id,planet_nickname\n1,x\n").await.wrong_fields(&["file"]);
        scene.import("", b"date\n2026-01-01\n").await.wrong_fields(&["file"]);
        scene.import("", b"PK\x03\x04nonsense").await.refused(415, "unsupported_media_type");
        let coach = scene.house.signed_in(Role::Coach).await;
        let path = "/api/admin/members/1/attest";
        let call = scene.house.post(path).as_staff(&coach).json(&json!({"days": 5, "reason": "x"}));
        call.send().await.refused(403, "forbidden");
    }

    async fn somebody_answers_for_days_with_a_reason(db) {
        let scene = Scene::set(db).await;
        let people = scene.sandbox.zsxq().seed(scene.project, 2, 3);
        scene.member(1, people[0]).await;
        scene.sync().await;
        let path = "/api/admin/members/1/attest";
        scene.post(path, json!({"days": 5, "reason": ""})).await.wrong_fields(&["reason"]);
        scene.post(path, json!({"days": 8, "reason": "x"})).await.wrong_fields(&["days"]);
        scene.post(path, json!({"days": -1, "reason": "x"})).await.wrong_fields(&["days"]);
        scene.post("/api/admin/members/99/attest", json!({"days": 5, "reason": "x"})).await
            .refused(404, "not_found");
        let member = scene.post(path, json!({"days": 6, "reason": "有截图"})).await.data();
        assert_eq!((&member["checkedInDays"], &member["daysSource"]), (&json!(6), &json!("attested")));
        scene.sync().await;
        assert_eq!(scene.days(1).await, by("attested", 6, true), "a sync takes nothing back");
        scene.post(path, json!({"days": 0, "reason": "看错了"})).await.data();
        assert_eq!(scene.days(1).await, by("ranking", 3, false));
        let log = "SELECT details FROM operation_log WHERE action = 'member.attest' ORDER BY seq DESC";
        let log: Value = serde_json::from_str(&scene.house.db.texts(log).await[0]).unwrap();
        let from = json!({"attested": 6, "days": 6, "source": "attested"});
        let to = json!({"attested": 0, "days": 3, "source": "ranking"});
        assert_eq!((&log["from"], &log["to"]), (&from, &to), "{log}");
        scene.house.assert_audited(&["member.attest", "member.attest"]).await;
    }
}

/// The camp has what a published one must.
async fn complete_form(scene: &Scene) {
    scene.house.db.add(rows::group_code(1)).await;
    let poster = "UPDATE training_camp SET poster_upload_id = 1";
    scene.run(poster).await;
}
