//! Settings in the console.

use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::house::{House, Staff};
use crate::on_both_engines;

const PATH: &str = "/api/admin/config";
const COOKIE: &str = "hush-0000-4000-8000-0123456789ab";

async fn put(house: &House, admin: &Staff, tree: &Value) -> crate::house::Reply {
    house.put(PATH).as_staff(admin).json(tree).send().await
}

on_both_engines! {
    async fn settings_are_stored_over_the_file_and_forgotten_again(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let before = house.get(PATH).as_staff(&admin).send().await.data();
        assert_eq!(before["camp"]["default_grace_days"], 1);
        assert_eq!(before["zsxq"]["cookie"], json!({"set": false}));
        assert_eq!(before["security"]["master_key"], json!({"set": true}));
        assert_eq!(before["wecom"]["smart_bot"]["token"], json!({"set": false}));

        let change = json!({
            "camp": {"default_grace_days": 2},
            "notify": {"recipients": ["lin.yue"]},
            "zsxq": {"group_id": "7", "cookie": COOKIE},
        });
        let after = put(&house, &admin, &change).await.data();
        assert_eq!(after["camp"]["default_grace_days"], 2);
        assert_eq!(after["notify"]["recipients"], json!(["lin.yue"]));
        assert_eq!(after["zsxq"]["cookie"], json!({"set": true}));
        let origins = house.get("/api/admin/config/overview").as_staff(&admin).send().await.data();
        assert_eq!(origins["origins"]["zsxq.cookie"], "stored");
        assert_eq!(origins["origins"]["security.master_key"], "file");
        assert_eq!(origins["origins"]["refund.undo_seconds"], "default");
        assert_eq!(origins["publicUrl"], house.ctx.settings.public_url);

        // As it was read it changes nothing, secrets and all.
        let raised = "SELECT CAST(generation AS TEXT) FROM config_generation";
        let generation = house.db.texts(raised).await;
        assert_eq!(put(&house, &admin, &after).await.data(), after);
        assert_eq!(house.db.texts(raised).await, generation);

        let forget = json!({"camp": {"default_grace_days": null}, "zsxq": {"cookie": null}});
        let forgotten = put(&house, &admin, &forget).await;
        // Only half of the planet's block would be left, which this test's builder does not mind.
        assert_eq!(forgotten.data()["camp"]["default_grace_days"], 1);
        let logged = house.get("/api/admin/logs?size=100").as_staff(&admin).send().await.text();
        assert!(logged.contains("zsxq.cookie") && !logged.contains("hush"), "{logged}");
        let set = ["config.set"; 4];
        let unset = ["config.unset"; 2];
        house.assert_audited(&[set.as_slice(), &unset].concat()).await;
    }

    async fn what_cannot_be_set_is_named_and_nothing_is_kept(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let raised = "SELECT CAST(generation AS TEXT) FROM config_generation";
        for (tree, fields) in [
            (json!({"zsxq": {"cookies": "x"}, "camp": {"default_grace_days": 3}}), vec!["zsxq.cookies"]),
            (json!({"nothing": 1}), vec!["nothing"]),
            (json!({"zsxq": 1}), vec!["zsxq"]),
            (json!({"zsxq": {"group_id": 7}}), vec!["zsxq.group_id"]),
            (json!({"camp": {"default_grace_days": "3"}}), vec!["camp.default_grace_days"]),
            (json!({"camp": {"default_grace_days": -1}}), vec!["camp.default_grace_days"]),
            (json!({"camp": {"default_grace_days": 1.5}}), vec!["camp.default_grace_days"]),
            (json!({"camp": {"default_grace_days": 70_000}}), vec!["camp.default_grace_days"]),
            (json!({"notify": {"recipients": [1]}}), vec!["notify.recipients"]),
            (json!({"zsxq": {"cookie": {"set": false, "x": 1}}}), vec!["zsxq.cookie"]),
            (json!({"server": {"public_url": "https://x.cn"}}), vec!["server.public_url"]),
            (json!({"security": {"master_key": "x"}, "database": {"url": "x"}}),
                vec!["database.url", "security.master_key"]),
            (json!({"promise": {"list_within": 99}}), vec!["promise.list_within"]),
            // Secrets that nobody is shown would be sent there.
            (json!({"wecom": {"api_base": "https://evil.example"}}), vec!["wecom.api_base"]),
            (json!({"zsxq": {"api_base": "https://evil.example", "cookie": "x"}}), vec!["zsxq.api_base"]),
        ] {
            put(&house, &admin, &tree).await.wrong_fields(&fields);
        }
        put(&house, &admin, &json!([])).await.refused(422, "invalid_input");
        let text = house.put(PATH).as_staff(&admin).header("content-type", "text/plain");
        text.body("{}").send().await.refused(415, "unsupported_media_type");
        assert_eq!(house.db.texts(raised).await, ["0"]);
        let shown = house.get(PATH).as_staff(&admin).send().await.data();
        assert_eq!(shown["camp"]["default_grace_days"], 1);
    }

    async fn settings_are_the_super_admins(db) {
        let house = House::new(db).await;
        for role in [Role::Admin, Role::Coach, Role::Volunteer] {
            let person = house.signed_in(role).await;
            house.get(PATH).as_staff(&person).send().await.refused(403, "forbidden");
            house.get("/api/admin/config/overview").as_staff(&person).send().await
                .refused(403, "forbidden");
            put(&house, &person, &json!({"camp": {"default_grace_days": 9}})).await
                .refused(403, "forbidden");
        }
        house.get(PATH).send().await.refused(401, "unauthenticated");
    }
}
