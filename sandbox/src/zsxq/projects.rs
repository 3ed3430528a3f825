//! Check-in projects themselves: list, detail, members, create, change (zsxq §4.2).

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Zsxq;
use super::checkins::{bad_parameter, check_group, count_of, find};
use super::community::NewProject;
use super::gate::Call;
use super::times;
use super::wire;

/// Most projects or people per page.
const MOST_ROWS: usize = 100;

/// The routes of `/v2/groups/{group}/checkins`, those about check-ins aside.
pub(super) fn routes() -> Router<Zsxq> {
    const PROJECT: &str = "/v2/groups/{group}/checkins/{checkin}";
    Router::new()
        .route("/v2/groups/{group}/checkins", get(list).post(create))
        .route(PROJECT, get(detail).put(change))
        .route(&format!("{PROJECT}/joined_users"), get(joined_users))
}

async fn list(State(zsxq): State<Zsxq>, Path(group): Path<String>, call: Call) -> Response {
    zsxq.respond(&call, &["scope", "count"], |community, now| {
        check_group(&group)?;
        let params = call.params();
        let count = count_of(&params, MOST_ROWS)?;
        let scope = params
            .get("scope")
            .filter(|scope| matches!(*scope, "ongoing" | "over" | "closed" | "all"));
        let scope = scope.ok_or_else(|| bad_parameter(19301, "scope 参数错误"))?;
        let mut listed: Vec<(DateTime<Utc>, i64)> = community
            .projects()
            .filter(|project| project.created_at <= now)
            .filter(|project| scope == "all" || project.status(now) == scope)
            .map(|project| (project.created_at, project.checkin_id))
            .collect();
        listed.sort_unstable_by(|a, b| b.cmp(a));
        let checkins: Vec<Value> = listed
            .into_iter()
            .take(count)
            .filter_map(|(_, checkin_id)| wire::project(community, checkin_id, now))
            .collect();
        Ok(json!({"checkins": checkins}))
    })
}

async fn detail(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    zsxq.respond(&call, &[], |community, now| {
        let checkin_id = find(community, &path)?.checkin_id;
        let checkin = wire::project(community, checkin_id, now);
        let group = json!({"name": wire::GROUP_NAME});
        Ok(json!({"is_valid_member": true, "checkin": checkin, "group": group}))
    })
}

async fn joined_users(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    zsxq.respond(&call, &["filter", "count"], |community, now| {
        let params = call.params();
        let count = count_of(&params, MOST_ROWS)?;
        let wants_checked_in = match params.get("filter") {
            Some("checkined") => true,
            Some("uncheckined") => false,
            _ => return Err(bad_parameter(1020, "filter 参数错误")),
        };
        let project = find(community, &path)?;
        let today = times::start_of(times::shanghai_day(now));
        let posted: Vec<i64> = project
            .posts_until(now)
            .iter()
            .rev()
            .take_while(|post| post.at >= today)
            .map(|post| post.user_id)
            .collect();
        let joined: Vec<_> = project
            .joined_until(now)
            .filter(|(user_id, _)| posted.contains(user_id) == wants_checked_in)
            .take(count)
            .collect();
        let rows: Vec<Value> = joined
            .into_iter()
            .filter_map(|(user_id, at)| {
                let user = community.user(user_id)?;
                let member = json!({
                    "user_id": user.user_id, "name": user.name, "avatar_url": user.avatar_url,
                });
                Some(json!({"member": member, "join_time": times::written(at)}))
            })
            .collect();
        Ok(json!({"joined_users": rows}))
    })
}

/// The body of a create call.
#[derive(Deserialize)]
struct Create {
    req_data: CreateData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateData {
    title: String,
    text: String,
    checkin_days: u32,
    #[serde(rename = "type")]
    kind: String,
    show_topics_on_timeline: bool,
    validity: Validity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validity {
    long_period: bool,
    #[serde(default)]
    expiration_time: String,
}

async fn create(State(zsxq): State<Zsxq>, Path(group): Path<String>, call: Call) -> Response {
    zsxq.respond(&call, &[], |community, now| {
        check_group(&group)?;
        let refused = || bad_parameter(1004, "参数错误");
        let Create { req_data } =
            serde_json::from_slice(&call.body).map_err(|_malformed| refused())?;
        let is_known_kind = matches!(req_data.kind.as_str(), "accumulated" | "continuous");
        let expires_at = times::read(&req_data.validity.expiration_time);
        let dated = expires_at.is_some() != req_data.validity.long_period;
        let shown = req_data.show_topics_on_timeline;
        if !is_known_kind
            || !dated
            || shown
            || req_data.checkin_days == 0
            || req_data.title.is_empty()
        {
            return Err(refused());
        }
        let checkin_id = community.add_project(NewProject {
            title: req_data.title,
            checkin_days: req_data.checkin_days,
            created_at: now,
            expires_at,
        });
        if let Some(project) = community.project(checkin_id) {
            project.text = req_data.text;
            project.is_continuous = req_data.kind == "continuous";
        }
        Ok(json!({"checkin": wire::project(community, checkin_id, now)}))
    })
}

/// The body of a change call: title and text, or the status.
#[derive(Deserialize)]
struct Change {
    req_data: ChangeData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeData {
    title: Option<String>,
    text: Option<String>,
    status: Option<String>,
}

async fn change(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    zsxq.respond(&call, &[], |community, _now| {
        let refused = || bad_parameter(1004, "参数错误");
        let Change { req_data } =
            serde_json::from_slice(&call.body).map_err(|_malformed| refused())?;
        let project = find(community, &path)?;
        match req_data.status.as_deref() {
            None => {}
            Some("closed") => project.is_closed = true,
            Some(_) => return Err(refused()),
        }
        project.title = req_data.title.unwrap_or_else(|| project.title.clone());
        project.text = req_data.text.unwrap_or_else(|| project.text.clone());
        Ok(json!({}))
    })
}
