//! What every route shares: the envelope, limits, headers, pages, the document.

use campkeeper::domain::staff::Role;
use campkeeper::services::Settings;
use campkeeper::web::WebSettings;
use serde_json::json;

use crate::house::{self, House};
use crate::on_both_engines;

on_both_engines! {
    async fn we_say_how_we_are(db) {
        let house = House::new(db).await;
        let health = house.get("/api/health").send().await.data();
        assert_eq!(health["status"], "ok");
        assert!(["sqlite", "postgres"].contains(&health["database"].as_str().unwrap()));
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(health["lastSyncAt"], json!(null));
        house.ctx.db.close().await;
        let ill = house.get("/api/health").send().await.refused(503, "database_unavailable");
        assert_eq!((&ill["data"]["status"], &ill["data"]["database"]), (&json!("unavailable"), &health["database"]));
        assert_eq!((&ill["data"]["version"], &ill["data"]["lastSyncAt"]), (&health["version"], &json!(null)));
        house.log_in("x", "y").await.refused(503, "database_unavailable");
    }

    async fn requests_that_are_none_are_refused_in_the_envelope(db) {
        let house = House::new(db).await;
        let login = |content_type: &str, body: &str| {
            let call = house.post("/api/auth/login").header("content-type", content_type);
            call.body(body.to_owned())
        };
        let json_type = "application/json; charset=utf-8";
        login(json_type, "{").send().await.refused(400, "bad_request");
        login(json_type, "").send().await.refused(400, "bad_request");
        login(json_type, "{\"username\":\"x\"}").send().await.wrong_fields(&["password"]);
        let trailing = "{\"username\":\"x\",\"password\":\"y\"} x";
        login(json_type, trailing).send().await.refused(400, "bad_request");
        login(json_type, "[]").send().await.refused(422, "invalid_input");
        login(json_type, "{\"username\":{}}").send().await.wrong_fields(&["username"]);
        login(json_type, &"[".repeat(1000)).send().await.refused(422, "invalid_input");
        login("text/plain", "{}").send().await.refused(415, "unsupported_media_type");
        house.post("/api/auth/login").send().await.refused(415, "unsupported_media_type");
        let long = format!("{{\"username\":\"{}\"}}", "x".repeat(64 * 1024));
        login(json_type, &long).send().await.refused(413, "too_large");
        house.get("/api/none").send().await.refused(404, "not_found");
        house.get("/api/auth/login").send().await.refused(405, "method_not_allowed");
        let bytes = house.post("/api/auth/login").header("content-type", json_type);
        bytes.body(vec![b'"', 0xff, b'"']).send().await.refused(400, "bad_request");
    }

    async fn lists_take_pages_and_ignore_what_they_do_not_know(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let get = |query: &str| house.get(&format!("/api/admin/camps?{query}")).as_staff(&admin);
        let page = get("x=1").send().await.data();
        assert_eq!(page, json!({"items": [], "total": 0, "page": 1, "size": 20}));
        for (query, field) in [
            ("page=0", "page"),
            ("page=x", "page"),
            ("page=9999999", "page"),
            ("size=101", "size"),
            ("size=0", "size"),
            ("status=nonsense", "status"),
            ("from=2026-13-01", "from"),
        ] {
            get(query).send().await.wrong_fields(&[field]);
        }
        house.get("/api/admin/camps/x").as_staff(&admin).send().await.wrong_fields(&["path"]);
    }

    async fn a_caller_has_so_many_requests_a_minute(db) {
        let web = WebSettings {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let settings = Settings {
            requests_per_minute: 3,
            ..house::settings()
        };
        let house = House::with(db, web, settings).await;
        let health = || house.get("/api/health");
        for _ in 0..3 {
            health().send().await.data();
        }
        let limited = health().send().await;
        limited.refused(429, "rate_limited");
        let wait: u64 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        health().from_address([203, 0, 113, 10]).send().await.data();
        // A stranger cannot write another address; our proxy can.
        let forged = health().header("x-forwarded-for", "198.51.100.1");
        forged.send().await.refused(429, "rate_limited");
        let proxied = || health().from_address([10, 0, 0, 1]);
        for _ in 0..3 {
            proxied().header("x-forwarded-for", "198.51.100.2").send().await.data();
        }
        let third = proxied().header("x-forwarded-for", "198.51.100.2");
        third.send().await.refused(429, "rate_limited");
        proxied().header("x-forwarded-for", "198.51.100.3").send().await.data();
        // Pages are not counted.
        for _ in 0..5 {
            assert_ne!(house.get("/h5/").send().await.status, 429);
        }
        // A token that we did not sign does not make a new caller.
        let forged = health().header("authorization", "Bearer x.y.z");
        forged.send().await.refused(429, "rate_limited");
    }

    async fn what_is_not_there_is_not_found_in_the_envelope(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for path in [
            "/api/admin/nothing",
            "/api/auth/nothing",
        ] {
            house.get(path).as_staff(&admin).send().await.refused(404, "not_found");
        }
    }

    async fn an_error_is_a_page_for_a_browser_and_an_object_for_a_program(db) {
        let settings = Settings {
            requests_per_minute: 12,
            ..house::settings()
        };
        let house = House::with(db, WebSettings::default(), settings).await;
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (path, status, home) in [
            ("/none", 404, "/h5/"),
            ("/files/999", 404, "/h5/"),
            ("/files/x", 422, "/h5/"),
            ("/h5/assets/none.js", 404, "/h5/"),
            ("/api/h5/camps/999", 404, "/h5/"),
            ("/api/h5/auth/wecom", 503, "/h5/"),
            ("/api/h5/auth/wecom?redirect=https://evil", 422, "/h5/"),
            ("/api/h5/auth/callback?code=c&state=%00", 503, "/h5/"),
            ("/api/admin/logs", 401, "/admin/"),
        ] {
            let page = house.get(path).header("accept", browser).send().await;
            assert_eq!(page.status, status, "{path}: {}", page.text());
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{path}");
            assert_eq!(page.headers["cache-control"], "no-store", "{path}");
            let way_on = format!("href=\"{home}\"");
            assert!(page.text().contains(&way_on), "{path}: {}", page.text());
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("style-src"), "{path}: {policy}");
        }
        let limited = loop {
            let page = house.get("/api/health").header("accept", browser).send().await;
            if page.status != 200 {
                break page;
            }
        };
        assert_eq!(limited.status, 429);
        assert!(limited.headers.contains_key("retry-after"));
        assert!(limited.text().contains("<html"), "{}", limited.text());
        house.get("/api/health").send().await.refused(429, "rate_limited");
        let script = house.get("/files/999").header("accept", "application/json, */*");
        script.send().await.refused(404, "not_found");
    }

    async fn every_answer_says_what_may_load(db) {
        let house = House::new(db).await;
        for (path, policy) in [
            ("/api/health", "default-src 'none'"),
            ("/files/1", "default-src 'none'"),
            ("/h5/", "default-src 'self'"),
            ("/api/docs/", "default-src 'self'"),
            ("/none", "default-src 'self'"),
        ] {
            let reply = house.get(path).send().await;
            let told = reply.headers["content-security-policy"].to_str().unwrap();
            assert!(told.starts_with(policy), "{path}: {told}");
            assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        }
        assert_eq!(house.get("/api/health").send().await.headers["cache-control"], "no-store");
    }

    async fn the_document_describes_the_envelope_and_can_be_read(db) {
        let house = House::new(db).await;
        let document = house.get("/api/openapi.json").send().await.json();
        let login = &document["paths"]["/api/auth/login"]["post"];
        let reference = login["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            .as_str()
            .unwrap();
        let name = reference.rsplit('/').next().unwrap();
        let envelope = &document["components"]["schemas"][name]["properties"];
        for field in ["code", "message", "data", "timestamp"] {
            assert!(envelope[field].is_object(), "{name} lacks {field}");
        }
        for path in ["/api/admin/camps", "/api/admin/users/{id}", "/api/health"] {
            assert!(document["paths"][path].is_object(), "{path}");
        }
        let reader = house.get("/api/docs/").send().await;
        assert!(reader.text().contains("swagger"));
    }
}
