//! Bodies: every route that takes JSON refuses a field that it does not know and a body that does
//! not say what it is; one that is cut off, slow or left out has its answer, too.

use axum::http::Method;
use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::house::{House, Reply, Staff};
use crate::on_both_engines;

/// A guard against a document without bodies.
const FEWEST_ROUTES: usize = 25;

/// The routes that take JSON, as the document knows them.
async fn routes(house: &House) -> Vec<(Method, String)> {
    let document = house.get("/api/openapi.json").send().await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_object() {
                let method = method.to_uppercase().parse().unwrap();
                routes.push((method, filled(path)));
            }
        }
    }
    assert!(routes.len() >= FEWEST_ROUTES, "{routes:?}");
    routes
}

/// The path of some thing or other: bodies are read before it is looked for.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{date}" | "{day}" => "2026-01-01",
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn send(house: &House, route: &(Method, String), staff: &Staff, json: Option<&str>) -> Reply {
    let (method, path) = route;
    let mut call = house
        .call(method.clone(), path)
        .header("x-access-token", "tk_x");
    if path.starts_with("/api/admin/") || path.starts_with("/api/auth/") {
        call = call.as_staff(staff);
    }
    if let Some(content_type) = json {
        call = call.header("content-type", content_type);
    }
    call.body(json!({"noSuchField": 1}).to_string())
        .send()
        .await
}

on_both_engines! {
    async fn a_field_that_is_not_known_is_refused_everywhere(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for route in routes(&house).await {
            let reply = send(&house, &route, &admin, Some("application/json")).await;
            let told: Value = reply.json();
            assert_eq!((reply.status.as_u16(), &told["error"]), (422, &json!("invalid_input")), "{route:?} {told}");
            assert!(told["fields"]["noSuchField"].is_string(), "{route:?} {told}");
        }
    }

    async fn a_body_that_does_not_say_that_it_is_json_is_refused_everywhere(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for route in routes(&house).await {
            for content_type in [None, Some("text/plain")] {
                let reply = send(&house, &route, &admin, content_type).await;
                assert_eq!(reply.status.as_u16(), 415, "{route:?} {}", reply.text());
            }
        }
    }

    async fn a_failed_order_makes_no_session(db) {
        let house = House::new(db).await;
        let order = json!({"campId": 1, "channel": "native"});
        for body in [order, json!({"campId": 1, "channel": "native", "planetUserId": "12"})] {
            let reply = house.post("/api/h5/payments").json(&body).send().await;
            assert!(reply.status.is_client_error(), "{}", reply.text());
            assert_eq!(reply.headers.get("set-cookie"), None);
        }
        assert_eq!(house.db.texts("SELECT CAST(COUNT(*) AS TEXT) FROM h5_session").await, ["0"]);
    }
}
