//! Check-ins: statistics, ranking, posts (zsxq §4.2–§4.4).

use std::cmp::Reverse;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Zsxq;
use super::community::{Community, GROUP_ID, NewPost, OWNER_ID, Project};
use super::gate::{Call, Failure, Params};
use super::post::Post;
use super::ranking::{Counting, Ranked};
use super::times;
use super::wire;
use crate::faults::{Platform, Request};

/// Rows of a ranking page; there is no parameter for it.
const RANKING_ROWS: usize = 21;
/// Most posts per page.
const MOST_TOPICS: usize = 30;
/// Faces in the statistics.
const STATISTICS_FACES: usize = 6;

/// The routes of a project about its check-ins.
pub(super) fn routes() -> Router<Zsxq> {
    const PROJECT: &str = "/v2/groups/{group}/checkins/{checkin}";
    Router::new()
        .route(&format!("{PROJECT}/statistics"), get(statistics))
        .route(&format!("{PROJECT}/statistics/daily"), get(daily))
        .route(&format!("{PROJECT}/ranking_list"), get(ranking))
        .route(&format!("{PROJECT}/topics"), get(topics))
        .route("/v2/users/{user}/footprints", get(footprints))
}

async fn statistics(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    zsxq.respond(&call, &[], |community, now| {
        let project = find(community, &path)?;
        let ranking = project.ranking(Counting::Accumulated, now);
        let joined = project.joined_until(now).count();
        let completed = ranking
            .iter()
            .filter(|row| row.days >= project.checkin_days)
            .count();
        let sum: u64 = ranking.iter().map(|row| u64::from(row.days)).sum();
        let first: Vec<i64> = ranking
            .iter()
            .take(STATISTICS_FACES)
            .map(|row| row.user_id)
            .collect();
        Ok(json!({"statistics": {
            "joined_count": joined,
            "completed_count": completed,
            "checkined_count": sum,
            "ranking_list": wire::faces(community, &first, STATISTICS_FACES),
        }}))
    })
}

async fn daily(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    zsxq.respond(&call, &["date"], |community, now| {
        let date = call.params().get("date").and_then(times::read);
        let date = date.ok_or_else(|| bad_parameter(1004, "date 参数错误"))?;
        let count = find(community, &path)?.checked_in_on(date, now);
        Ok(json!({"checkined_count": count}))
    })
}

async fn ranking(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    let response = zsxq.respond(&call, &["type", "index"], |community, now| {
        let params = call.params();
        let counting = match params.get("type") {
            Some("accumulated") => Counting::Accumulated,
            Some("continuous") => Counting::Continuous,
            _ => return Err(bad_parameter(1004, "参数错误")),
        };
        let index: usize = match params.get("index") {
            None => 0,
            Some(index) => index
                .parse()
                .map_err(|_| bad_parameter(16104, "index 参数错误"))?,
        };
        let ranking = find(community, &path)?.ranking(counting, now);
        let row = |row: &Ranked| ranking_row(community, row);
        // Ranks are 1..n, so those greater than the index begin at that place.
        let page: Vec<Value> = ranking
            .iter()
            .skip(index)
            .take(RANKING_ROWS)
            .filter_map(row)
            .collect();
        let mut data = json!({"ranking_list": page});
        if index == 0
            && let Some(fields) = data.as_object_mut()
        {
            let unranked = Ranked {
                user_id: OWNER_ID,
                rank: 0,
                days: 0,
            };
            let own = ranking
                .iter()
                .find(|row| row.user_id == OWNER_ID)
                .unwrap_or(&unranked);
            fields.insert(
                "user_specific".to_owned(),
                json!(ranking_row(community, own)),
            );
        }
        Ok(data)
    });
    zsxq.check_in_between_pages(&path.1);
    response
}

async fn topics(
    State(zsxq): State<Zsxq>,
    Path(path): Path<(String, String)>,
    call: Call,
) -> Response {
    let ignores_end_time = zsxq.ignores_end_time();
    let response = zsxq.respond(&call, &["scope", "count", "end_time"], |community, now| {
        let params = call.params();
        if params.get("scope").is_some_and(|scope| scope != "all") {
            return Err(bad_parameter(19301, "scope 参数错误"));
        }
        let count = count_of(&params, MOST_TOPICS)?;
        let end = match params.get("end_time") {
            None => now,
            Some(time) => {
                times::read(time).ok_or_else(|| bad_parameter(1001, "end_time 参数错误"))?
            }
        };
        let end = if ignores_end_time { now } else { end.min(now) };
        let project = find(community, &path)?;
        let (title, checkin_id) = (project.title.clone(), project.checkin_id);
        let newest: Vec<_> = project
            .posts_until(end)
            .iter()
            .rev()
            .take(count)
            .cloned()
            .collect();
        let topics: Vec<Value> = newest
            .iter()
            .filter_map(|post| {
                Some(wire::topic(
                    post,
                    community.user(post.user_id)?,
                    &title,
                    checkin_id,
                ))
            })
            .collect();
        Ok(json!({"topics": topics}))
    });
    zsxq.check_in_between_pages(&path.1);
    response
}

/// One member's posts: for repairing a single member.
async fn footprints(State(zsxq): State<Zsxq>, Path(user): Path<String>, call: Call) -> Response {
    const KNOWN: &[&str] = &["count", "group_id", "filter", "filter_group_id"];
    zsxq.respond(&call, KNOWN, |community, now| {
        let params = call.params();
        let count = count_of(&params, MOST_TOPICS)?;
        let user = user
            .parse()
            .ok()
            .and_then(|user_id| community.user(user_id));
        let user = user.ok_or_else(|| Failure::new(1005, "该用户不是星球成员"))?;
        let mut posts: Vec<(&Post, &Project)> = community
            .projects()
            .flat_map(|project| {
                project
                    .posts_until(now)
                    .iter()
                    .map(move |post| (post, project))
            })
            .filter(|(post, _)| post.user_id == user.user_id)
            .collect();
        posts.sort_by_key(|(post, _)| Reverse((post.at, post.topic_id)));
        let footprints: Vec<Value> = posts
            .into_iter()
            .take(count)
            .map(|(post, project)| wire::topic(post, user, &project.title, project.checkin_id))
            .map(|topic| json!({"type": "topic", "topic": topic}))
            .collect();
        Ok(json!({"footprints": footprints}))
    })
}

impl Zsxq {
    /// The fault `check_in_between_pages`: right after a page was served, somebody checks in who
    /// had not yet on that day (the lowest in the ranking, or `userId`), so that ranks move.
    fn check_in_between_pages(&self, checkin: &str) {
        let request = Request {
            platform: Platform::Zsxq,
            method: "",
            path: &format!("between-pages/{checkin}"),
        };
        let Ok(checkin_id) = checkin.parse() else {
            return;
        };
        let Some(with) = self
            .world()
            .faults
            .take_named(request, "check_in_between_pages")
        else {
            return;
        };
        let now = self.world().clock.now();
        let mut community = self.community();
        let given = with
            .get("userId")
            .and_then(Value::as_str)
            .and_then(|id| id.parse().ok());
        let author = given.or_else(|| lowest_not_checked_in(community.project(checkin_id)?, now));
        if let Some(user_id) = author {
            community.post(
                checkin_id,
                [NewPost {
                    user_id,
                    at: now,
                    text: None,
                }],
            );
        }
    }
}

fn lowest_not_checked_in(project: &mut Project, now: DateTime<Utc>) -> Option<i64> {
    let today = times::shanghai_day(now);
    let ranking = project.ranking(Counting::Accumulated, now);
    let posts = project.posts_until(now);
    let has_posted = |user_id| {
        let mut of_today = posts
            .iter()
            .rev()
            .take_while(|post| times::shanghai_day(post.at) == today);
        of_today.any(|post| post.user_id == user_id)
    };
    ranking
        .iter()
        .rev()
        .map(|row| row.user_id)
        .find(|user_id| !has_posted(*user_id))
}

fn ranking_row(community: &Community, row: &Ranked) -> Option<Value> {
    let user = wire::ranking_user(community.user(row.user_id)?);
    Some(json!({"user": user, "rankings": row.rank, "checkined_days": row.days}))
}

/// The project of the path, if the group is this planet.
pub(super) fn find<'a>(
    community: &'a mut Community,
    (group, checkin): &(String, String),
) -> Result<&'a mut Project, Failure> {
    check_group(group)?;
    let checkin_id: i64 = checkin
        .parse()
        .map_err(|_| bad_parameter(1004, "参数错误"))?;
    // The real code is not known; clients must take any as permanent.
    community
        .project(checkin_id)
        .ok_or_else(|| Failure::new(52001, "打卡项目不存在"))
}

/// Another planet is one that the account has not joined.
pub(super) fn check_group(group: &str) -> Result<(), Failure> {
    if group == GROUP_ID.to_string() {
        return Ok(());
    }
    Err(Failure::new(1005, "您还不是该星球的成员"))
}

/// `count`, required, 1 to `most`.
pub(super) fn count_of(params: &Params, most: usize) -> Result<usize, Failure> {
    params
        .get("count")
        .and_then(|count| count.parse().ok())
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| bad_parameter(14001, "count 参数错误"))
}

/// A parameter that is missing or has not its documented form.
pub(super) fn bad_parameter(code: i64, error: &str) -> Failure {
    Failure::breaking("parameters have their documented form", code, error)
}
