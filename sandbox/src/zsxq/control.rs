//! What people may do to the planet, under `/control/zsxq`. Ids are strings.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CookieDeath, NewPost, NewProject, NewUser, Zsxq};
use crate::control::{Outcome, Refused, refused};

/// Most people or days a single request may seed.
const MOST_SEEDED: u32 = 5_000;
/// Newest posts shown per project.
const SHOWN_POSTS: usize = 50;

/// GET: `projects`, `users`. POST: `users`, `projects`, `posts`, `posts/delete`, `seed`, `cookie`,
/// `expires-in`, `pacing`, `switches`.
pub(super) fn routes() -> Router<Zsxq> {
    Router::new()
        .route("/projects", get(projects).post(add_project))
        .route("/users", get(users).post(add_user))
        .route("/posts", post(add_post))
        .route("/posts/delete", post(delete_post))
        .route("/seed", post(seed))
        .route("/cookie", post(cookie))
        .route("/expires-in", post(expires_in))
        .route("/pacing", post(pacing))
        .route("/switches", post(switches))
}

async fn projects(State(zsxq): State<Zsxq>) -> Json<Vec<Value>> {
    let now = zsxq.world().clock.now();
    let community = zsxq.community();
    let shown = community.projects().map(|project| {
        let posts: Vec<Value> = project
            .posts_until(now)
            .iter()
            .rev()
            .take(SHOWN_POSTS)
            .map(|post| {
                json!({
                    "topicId": post.topic_id.to_string(),
                    "at": post.at,
                    "userId": post.user_id.to_string(),
                    "nickname": community.user(post.user_id).map(|user| user.name.clone()),
                    "text": post.text,
                })
            })
            .collect();
        json!({
            "projectId": project.checkin_id.to_string(),
            "name": project.title,
            "status": project.status(now),
            "checkinDays": project.checkin_days,
            "posts": posts,
        })
    });
    Json(shown.collect())
}

async fn users(State(zsxq): State<Zsxq>) -> Json<Vec<Value>> {
    let shown = zsxq.users().into_iter().map(|user| {
        json!({
            "userId": user.user_id.to_string(),
            "nickname": user.name,
            "alias": user.alias,
            "number": user.number,
            "avatarUrl": user.avatar_url,
        })
    });
    Json(shown.collect())
}

/// A person to add.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddUser {
    nickname: String,
    user_id: Option<String>,
    alias: Option<String>,
    number: Option<i64>,
    avatar_url: Option<String>,
}

async fn add_user(State(zsxq): State<Zsxq>, Json(user): Json<AddUser>) -> Outcome<Value> {
    let user_id = match &user.user_id {
        Some(text) => Some(id(text)?),
        None => None,
    };
    let user_id = zsxq.add_user(NewUser {
        user_id,
        name: user.nickname,
        alias: user.alias,
        number: user.number,
        avatar_url: user.avatar_url,
    });
    Ok(Json(json!({"userId": user_id.to_string()})))
}

/// A project to add.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddProject {
    name: String,
    checkin_days: u32,
    created_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

async fn add_project(State(zsxq): State<Zsxq>, Json(project): Json<AddProject>) -> Outcome<Value> {
    let checkin_id = zsxq.add_project(NewProject {
        title: project.name,
        checkin_days: project.checkin_days,
        created_at: project
            .created_at
            .unwrap_or_else(|| zsxq.world().clock.now()),
        expires_at: project.expires_at,
    });
    Ok(Json(json!({"projectId": checkin_id.to_string()})))
}

/// A check-in, now unless it says when.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddPost {
    project_id: String,
    user_id: String,
    text: Option<String>,
    at: Option<DateTime<Utc>>,
}

async fn add_post(State(zsxq): State<Zsxq>, Json(post): Json<AddPost>) -> Outcome<Value> {
    let new = NewPost {
        user_id: id(&post.user_id)?,
        at: post.at.unwrap_or_else(|| zsxq.world().clock.now()),
        text: post.text,
    };
    let made = zsxq.post_all(id(&post.project_id)?, [new]);
    let nobody = || refused(StatusCode::NOT_FOUND, "no such project or person");
    let topic_id = made.first().ok_or_else(nobody)?;
    Ok(Json(json!({"topicId": topic_id.to_string()})))
}

/// A post to delete.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeletePost {
    topic_id: String,
}

async fn delete_post(
    State(zsxq): State<Zsxq>,
    Json(post): Json<DeletePost>,
) -> Result<StatusCode, Refused> {
    if zsxq.delete_post(id(&post.topic_id)?) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(refused(StatusCode::NOT_FOUND, "no such post"))
    }
}

/// Many people who check in daily.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    project_id: String,
    people: u32,
    days: u32,
}

async fn seed(State(zsxq): State<Zsxq>, Json(seed): Json<Seed>) -> Outcome<Value> {
    if seed.people > MOST_SEEDED || seed.days > MOST_SEEDED {
        let rule = format!("at most {MOST_SEEDED} people and days");
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, rule));
    }
    let ids = zsxq.seed(id(&seed.project_id)?, seed.people, seed.days);
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    Ok(Json(json!({"userIds": ids})))
}

/// How the cookie dies; `null` revives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cookie {
    death: Option<CookieDeath>,
}

async fn cookie(State(zsxq): State<Zsxq>, Json(cookie): Json<Cookie>) -> StatusCode {
    zsxq.set_cookie_death(cookie.death);
    StatusCode::NO_CONTENT
}

/// Seconds the cookie has left.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpiresIn {
    seconds: u32,
}

async fn expires_in(State(zsxq): State<Zsxq>, Json(set): Json<ExpiresIn>) -> StatusCode {
    zsxq.set_expires_in(set.seconds);
    StatusCode::NO_CONTENT
}

/// Least gap between calls; `null` stops looking.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pacing {
    least_gap_ms: Option<u64>,
}

async fn pacing(State(zsxq): State<Zsxq>, Json(set): Json<Pacing>) -> StatusCode {
    zsxq.watch_pacing(set.least_gap_ms.map(Duration::from_millis));
    StatusCode::NO_CONTENT
}

/// What the planet does differently from now on; absent: as before.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Switches {
    ignores_end_time: Option<bool>,
    numbers_shown: Option<bool>,
    unsigned_refused_percent: Option<u8>,
}

async fn switches(
    State(zsxq): State<Zsxq>,
    Json(set): Json<Switches>,
) -> Result<StatusCode, Refused> {
    if set.unsigned_refused_percent > Some(100) {
        let rule = "unsignedRefusedPercent is at most 100";
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, rule));
    }
    if let Some(ignores) = set.ignores_end_time {
        zsxq.set_ignores_end_time(ignores);
    }
    if let Some(shown) = set.numbers_shown {
        zsxq.set_numbers_shown(shown);
    }
    if let Some(percent) = set.unsigned_refused_percent {
        zsxq.set_unsigned_refused_percent(percent);
    }
    Ok(StatusCode::NO_CONTENT)
}

fn id(text: &str) -> Result<i64, Refused> {
    text.parse()
        .map_err(|_| refused(StatusCode::UNPROCESSABLE_ENTITY, "ids are digits"))
}
