//! The planet's project of a camp, made when the camp is published: once, whatever is heard of it.

use campkeeper::domain::staff::Role;
use chrono::{DateTime, TimeDelta};
use sandbox::zsxq::{GROUP_ID, TOKEN};
use sandbox::{Fault, FaultKind, Platform, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::camps::{create, whole};
use crate::house::{House, Reply, Staff};
use crate::on_both_engines;
use crate::planet_client::planet_client;
use crate::support::TestDb;

/// A planet, and a draft that lacks nothing but a project of it.
struct Scene {
    sandbox: Sandbox,
    house: House,
    admin: Staff,
    body: Value,
    path: String,
}

impl Scene {
    async fn set(db: TestDb) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let noon = DateTime::parse_from_rfc3339("2026-01-05T12:00:00+08:00").unwrap();
        sandbox.clock().set(noon.to_utc());
        let house = House::with_planet(db, planet_client(&sandbox, TOKEN)).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        body["planetProjectId"] = json!(null);
        let camp = create(&house, &admin, &body).await;
        assert_eq!(camp["missing"], json!(["planetProjectId"]));
        let path = format!("/api/admin/camps/{}", camp["id"]);
        Self {
            sandbox,
            house,
            admin,
            body,
            path,
        }
    }

    async fn publish(&self) -> Reply {
        let path = format!("{}/publish", self.path);
        let call = self.house.post(&path).as_staff(&self.admin);
        call.json(&json!({"createPlanetProject": true}))
            .send()
            .await
    }

    async fn edit(&self, change: Value) {
        let call = self.house.put(&self.path).as_staff(&self.admin);
        call.json(&change).send().await.data();
    }

    async fn camp(&self) -> Value {
        let call = self.house.get(&self.path).as_staff(&self.admin);
        call.send().await.data()
    }

    /// The projects on the planet, newest first.
    async fn projects(&self) -> Vec<String> {
        let planet = self.house.ctx.planet().unwrap();
        let listed = planet.ongoing_checkins().await.unwrap();
        listed
            .iter()
            .map(|project| project.checkin_id.to_string())
            .collect()
    }

    /// The next request for a project goes wrong.
    fn spoil(&self, kind: FaultKind) {
        let path = format!("/v2/groups/{GROUP_ID}/checkins");
        let fault = Fault::new(Platform::Zsxq, path, kind).method("POST");
        self.sandbox.faults().add(fault);
    }

    async fn end(self) {
        let seen = self.sandbox.violations().all();
        self.sandbox.stop().await;
        assert!(seen.is_empty(), "{seen:#?}");
    }
}

on_both_engines! {
    async fn a_running_project_is_chosen_from_the_list(db) {
        let scene = Scene::set(db).await;
        scene.publish().await.data();
        let path = "/api/admin/planet-projects";
        let listed = scene.house.get(path).as_staff(&scene.admin).send().await.data();
        let items = listed["items"].as_array().unwrap();
        let ids: Vec<&str> = items.iter().map(|it| it["planetProjectId"].as_str().unwrap()).collect();
        assert_eq!(ids, scene.projects().await);
        let own = scene.camp().await["planetProjectId"].clone();
        let own = items.iter().find(|it| it["planetProjectId"] == own).unwrap();
        assert_eq!((&own["isUsed"], &own["title"]), (&json!(true), &scene.camp().await["name"]));
        scene.end().await;
    }

    async fn it_is_made_and_the_camp_opens_in_one_call(db) {
        let scene = Scene::set(db).await;
        let camp = scene.publish().await.data();
        assert_eq!(camp["status"], "enrolling");
        assert_eq!(json!([camp["planetProjectId"]]), json!(scene.projects().await));
        let planet = scene.house.ctx.planet().unwrap();
        let number = camp["planetProjectId"].as_str().unwrap().parse().unwrap();
        let project = planet.checkin(number).await.unwrap();
        assert_eq!((project.title.as_str(), project.checkin_days), ("21天 写作营", Some(10)));
        let end = DateTime::parse_from_rfc3339("2026-01-19T23:59:59.999+08:00").unwrap();
        assert_eq!(project.expires_at, Some(end.to_utc()));
        let told = ["camp.create", "camp.create_planet_project", "camp.publish"];
        scene.house.assert_audited(&told).await;
        scene.publish().await.refused(409, "wrong_state");
        assert_eq!(scene.projects().await.len(), 1);
        scene.end().await;
    }

    async fn a_camp_that_has_one_opens_with_it(db) {
        let scene = Scene::set(db).await;
        scene.edit(json!({"planetProjectId": "4848142421"})).await;
        assert_eq!(scene.publish().await.data()["planetProjectId"], "4848142421");
        assert_eq!(scene.projects().await, [""; 0]);
        scene.end().await;
    }

    async fn what_else_is_missing_is_said_before_anything_is_made(db) {
        let scene = Scene::set(db).await;
        scene.edit(json!({"groupQrUploadIds": []})).await;
        let refused = scene.publish().await.refused(409, "wrong_state");
        assert!(refused["fields"]["groupQrUploadIds"].is_string());
        scene.edit(json!({"groupQrUploadIds": scene.body["groupQrUploadIds"]})).await;
        scene.house.clock.advance(TimeDelta::days(10));
        let refused = scene.publish().await.refused(409, "wrong_state");
        assert!(refused["fields"]["startDate"].is_string());
        assert_eq!(scene.projects().await, [""; 0]);
        scene.end().await;
    }

    async fn without_a_planet_it_says_so(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        body["planetProjectId"] = json!(null);
        let camp = create(&house, &admin, &body).await;
        let publish = house.post(&format!("/api/admin/camps/{}/publish", camp["id"]));
        let publish = publish.as_staff(&admin).json(&json!({"createPlanetProject": true}));
        publish.send().await.refused(503, "not_configured");
    }

    async fn a_lost_answer_makes_no_second_project(db) {
        let scene = Scene::set(db).await;
        scene.spoil(FaultKind::CutAfter);
        scene.publish().await.refused(503, "platform_unavailable");
        let camp = scene.camp().await;
        assert_eq!((&camp["status"], &camp["planetProjectId"]), (&json!("draft"), &json!(null)));
        let made = scene.projects().await;
        assert_eq!(made.len(), 1);
        // It may still be on its way, so the planet is left alone for a while.
        scene.publish().await.refused(409, "wrong_state");
        // What was asked for is looked for, whatever the camp is called by now.
        scene.edit(json!({"name": "写作营（冬）"})).await;
        scene.house.wall.advance(TimeDelta::minutes(3));
        let camp = scene.publish().await.data();
        assert_eq!(camp["status"], "enrolling");
        assert_eq!(json!([camp["planetProjectId"]]), json!(made));
        assert_eq!(scene.projects().await, made);
        scene.end().await;
    }

    async fn a_request_that_never_arrived_is_made_again(db) {
        let scene = Scene::set(db).await;
        scene.spoil(FaultKind::CutBefore);
        scene.publish().await.refused(503, "platform_unavailable");
        scene.edit(json!({"name": "写作营（冬）"})).await;
        scene.house.wall.advance(TimeDelta::minutes(3));
        // And if the second one is lost, too, it is the second one that is looked for.
        scene.spoil(FaultKind::CutAfter);
        scene.publish().await.refused(503, "platform_unavailable");
        scene.house.wall.advance(TimeDelta::minutes(3));
        scene.publish().await.data();
        assert_eq!(scene.projects().await.len(), 1);
        scene.end().await;
    }

    async fn a_refusal_made_nothing_and_can_be_tried_again_at_once(db) {
        let scene = Scene::set(db).await;
        scene.spoil(FaultKind::ApiError { code: "1030".to_owned(), message: "没有权限".to_owned() });
        scene.publish().await.refused(502, "platform_error");
        assert_eq!(scene.projects().await, [""; 0]);
        assert_eq!(scene.publish().await.data()["status"], "enrolling");
        scene.end().await;
    }

    async fn one_asks_at_a_time(db) {
        let scene = Scene::set(db).await;
        scene.spoil(FaultKind::Latency { ms: 500 });
        let (one, other) = futures::join!(scene.publish(), scene.publish());
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(scene.projects().await.len(), 1);
        scene.end().await;
    }
}
