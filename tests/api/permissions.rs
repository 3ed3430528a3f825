//! Who may do what: every route of the staff API, asked by each role, by nobody, and by an account
//! that is gone. What is not in the table here fails, so that a new route is thought about.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use campkeeper::domain::Action;
use campkeeper::domain::staff::{Reach, Role};
use serde_json::{Value, json};

use crate::house::{House, Reply, Staff};
use crate::on_both_engines;
use crate::rows::{self, Rows};

/// A camp with a coach and a volunteer, and one with neither; a member of each.
fn world() -> impl Rows {
    let terms = (["2026-01-03", "2026-01-07"], [5, 3, 1]);
    [(1, "写作营", "小明"), (2, "阅读营", "阿红")].map(|(id, camp, member)| {
        let order = rows::payment(id).order_no(format!("ord_{id}"));
        let payment = order.camp_id(id).terms(terms);
        (
            rows::camp(id, camp).terms(terms),
            payment.paid_at(1_767_225_600_000_000),
            rows::member(id).camp_id(id).named(member),
        )
    })
}

/// What a route asks for; `None`: to be at work here at all.
fn needed(method: &str, path: &str) -> Option<Option<Action>> {
    use Action as A;
    let rest = path.strip_prefix("/api/admin/")?;
    Some(Some(match (method, rest) {
        (_, "uploads" | "staff") | ("POST", "camps") => A::ManageCamps,
        ("GET", "camps" | "camps/{id}" | "camps/{id}/enroll-url") => A::ViewCamp,
        ("POST", "camps/{id}/what-if") => A::ReviewRefunds,
        (_, rest) if rest.starts_with("camps/") => A::ManageCamps,
        ("GET", "planet-projects") => A::ManageCamps,
        ("GET", "members" | "members/{id}" | "export/members.xlsx") => A::ViewCamp,
        ("POST", "members/{id}/attest") => A::StateDays,
        // Of each member: whoever may nowhere is told so of each.
        ("POST", "members/joined") => return Some(None),
        (_, rest) if rest.starts_with("members/") => A::MatchMembers,
        ("POST", "checkins/import/{campId}") => A::StateDays,
        ("POST", "checkins/sync/{campId}" | "checkins/syncs/{syncId}/confirm") => A::SyncCheckIns,
        (_, rest) if rest.starts_with("checkins") => A::ViewCamp,
        ("GET", "export/checkins.xlsx") => A::ViewCamp,
        ("POST", "roster/import") => A::ImportRoster,
        ("POST", "refunds") => A::ProposeRefund,
        // Of each refund, as above.
        ("POST", "refunds/batch-approve" | "refunds/batch-reject" | "refunds/retry") => {
            return Some(None);
        }
        (_, rest) if rest.starts_with("refunds") => A::ReviewRefunds,
        ("GET", "export/refunds.xlsx" | "custody" | "forecast") => A::ReviewRefunds,
        ("GET", "payments" | "export/payments.xlsx") => A::ViewPayments,
        (_, rest) if rest.starts_with("payments/") => A::JudgePayments,
        ("GET", "ledger" | "ledger/balances" | "bills" | "bills/{date}") => A::ViewPayments,
        (_, rest) if rest.starts_with("bills/") => A::SettleBills,
        (_, rest) if rest.starts_with("merchant") => A::ProbeMerchant,
        (_, rest) if rest.starts_with("statistics/") => A::ViewReports,
        ("GET", "export/report.xlsx") => A::ViewReports,
        (_, rest) if rest.starts_with("jobs") => A::RunJobs,
        (_, rest) if rest.starts_with("logs") || rest.starts_with("notifications") => A::ViewLogs,
        ("GET", "templates") => A::ViewLogs,
        (_, rest) if rest.starts_with("users") => A::ManageUsers,
        (_, rest) if rest.starts_with("config") => A::ManageConfig,
        ("GET", "doctor") => A::ManageConfig,
        (_, rest) if rest.starts_with("appeals") => A::AnswerAppeals,
        _ => return None,
    }))
}

/// Bodies that are taken, where the smallest one by the document is not.
fn body(path: &str, schema: &Value, document: &Value) -> Value {
    match path {
        "/api/admin/refunds/batch-approve" => json!({"items": []}),
        "/api/admin/refunds/{id}/close" => json!({"note": "x", "way": "cash", "amountFen": 1}),
        "/api/admin/refunds/close" => {
            json!({"orderNo": "ord_1", "note": "x", "way": "cash", "amountFen": 9900})
        }
        "/api/admin/camps/{id}/what-if" => json!({"graceDays": 2}),
        "/api/admin/users" => {
            json!({"username": "new", "password": "a long enough password", "role": "coach"})
        }
        "/api/admin/bills/{date}/differences/{id}/resolve" => {
            json!({"action": "accept", "note": "x"})
        }
        _ => smallest(schema, document),
    }
}

/// What a schema asks for, and no more.
fn smallest(schema: &Value, document: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return smallest(&document["components"]["schemas"][name], document);
    }
    let kind = schema["type"].as_str();
    match kind.or_else(|| schema["type"][0].as_str()) {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("string") => schema["example"]
            .as_str()
            .map_or(json!("x"), |text| json!(text)),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().map(|name| {
                let name = name.as_str().unwrap();
                (
                    name.to_owned(),
                    smallest(&schema["properties"][name], document),
                )
            });
            Value::Object(fields.collect())
        }
    }
}

fn filled(path: &str, camp: i64) -> String {
    let id = camp.to_string();
    let parts = path.split('/').map(|part| match part {
        "{date}" => "2026-01-01",
        "{orderNo}" if camp == 1 => "ord_1",
        "{orderNo}" => "ord_2",
        "{name}" => "no-such-job",
        part if part.starts_with('{') => &id,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// One route of the document.
struct Route {
    method: Method,
    path: String,
    /// What is sent; none where nothing is taken.
    body: Option<Value>,
    is_form: bool,
}

impl Route {
    async fn asked_by(&self, house: &House, staff: Option<&Staff>, camp: i64) -> Reply {
        let mut call = house.call(self.method.clone(), &filled(&self.path, camp));
        if let Some(staff) = staff {
            call = call.as_staff(staff);
        }
        if self.is_form {
            let form = "--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n";
            call = call
                .header("content-type", "multipart/form-data; boundary=b")
                .body(form);
        } else if let Some(body) = &self.body {
            call = call.json(body);
        }
        call.send().await
    }

    fn shown(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn names_a_camp(&self) -> bool {
        self.path.contains("{campId}")
            || self.path.starts_with("/api/admin/camps/{id}")
            || self.path.starts_with("/api/admin/members/{id}")
    }
}

async fn routes(house: &House) -> Vec<Route> {
    let document = house.get("/api/openapi.json").send().await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if !path.starts_with("/api/admin/") {
                continue;
            }
            let content = &operation["requestBody"]["content"];
            let schema = &content["application/json"]["schema"];
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.is_object().then(|| body(path, schema, &document)),
                is_form: content["multipart/form-data"].is_object(),
            });
        }
    }
    assert!(routes.len() > 70, "{}", routes.len());
    routes
}

on_both_engines! {
    async fn every_route_holds_the_table(db) {
        let house = House::new(db).await;
        let mut staff = BTreeMap::new();
        for role in Role::ALL {
            staff.insert(role.as_str(), house.signed_in(*role).await);
        }
        house.db.add(world()).await;
        for role in [Role::Coach, Role::Volunteer] {
            house.db.add(rows::lead(1, staff[role.as_str()].id, role.as_str())).await;
        }
        // Somebody who was an admin until now.
        let gone = house.log_in("admin", "a long enough password").await.data();
        let gone = Staff { id: staff["admin"].id, token: gone["token"].as_str().unwrap().to_owned() };
        let routes = routes(&house).await;

        let (mut refused, mut unclear) = (0, Vec::new());
        for route in &routes {
            let shown = route.shown();
            let needed = needed(route.method.as_str(), &route.path);
            let needed = needed.unwrap_or_else(|| panic!("{shown}: who may? Add it to the table"));
            // A member has no account of staff.
            let member = route.asked_by(&house, None, 1).await;
            member.refused(401, "unauthenticated");
            // Those who may not come first: what the others do changes the scene.
            for role in Role::ALL.iter().rev() {
                let reach = needed.map_or(Reach::All, |action| role.may(action));
                let who = &staff[role.as_str()];
                if reach == Reach::OwnCamps && route.names_a_camp() {
                    let foreign = route.asked_by(&house, Some(who), 2).await;
                    assert!(!foreign.status.is_success(), "{shown}: {role} in a foreign camp");
                }
                let reply = route.asked_by(&house, Some(who), 1).await;
                let status = reply.status;
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{shown}: {role}");
                assert!(!status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE,
                    "{shown}: {role}: {}", reply.text());
                if reach == Reach::Nowhere {
                    assert!(!status.is_success(), "{shown}: {role} may not: {}", reply.text());
                    if status == StatusCode::FORBIDDEN {
                        refused += 1;
                    } else {
                        unclear.push(format!("{shown}: {role}: {status}"));
                    }
                } else {
                    assert_ne!(status, StatusCode::FORBIDDEN, "{shown}: {role} may: {}", reply.text());
                }
            }
        }
        // What is refused for another reason first, since the thing is not there, is no proof.
        assert!(refused > 10 * unclear.len(), "{refused} refused; {unclear:#?}");

        house.db.run(&format!("UPDATE system_user SET deleted_at = 1, status = 'disabled' WHERE id = {}", gone.id)).await;
        for route in &routes {
            let reply = route.asked_by(&house, Some(&gone), 1).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}: {}", route.shown(), reply.text());
        }
    }
}
