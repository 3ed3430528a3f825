//! The account, the planet and its members (zsxq §4.1).

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Zsxq;
use super::checkins::{bad_parameter, check_group};
use super::community::{Community, GROUP_ID, OWNER_ID, PlanetUser};
use super::gate::{Call, Failure, Params};
use super::times::{self, written};
use super::wire;

/// Most members per page.
const MOST_MEMBERS: usize = 200;

/// The routes under `/v2/users`, `/v3/users` and `/v2/groups`.
pub(super) fn routes() -> Router<Zsxq> {
    Router::new()
        .route("/v2/users/self", get(self_v2))
        .route("/v3/users/self", get(self_v3))
        .route("/v2/groups", get(groups))
        .route("/v2/groups/{group}", get(group))
        .route("/v2/groups/{group}/members", get(members))
        .route("/v2/groups/{group}/members/{user}", get(member))
        .route("/v2/groups/{group}/members/{user}/summary", get(summary))
}

async fn self_v2(State(zsxq): State<Zsxq>, call: Call) -> Response {
    zsxq.respond(&call, &[], |community, _now| {
        let owner = owner(community)?;
        Ok(json!({"user": {
            "user_id": owner.user_id, "name": owner.name, "avatar_url": owner.avatar_url,
        }}))
    })
}

async fn self_v3(State(zsxq): State<Zsxq>, call: Call) -> Response {
    zsxq.respond(&call, &[], |community, _now| {
        let owner = owner(community)?;
        Ok(json!({
            // The real answer holds the owner's phone number: whoever logs it is found out here.
            "accounts": {
                "phone": {"number": "+86-00000000000"},
                "wechat": {"name": owner.name, "avatar_url": owner.avatar_url},
            },
            "identity_status": "verified",
            "subscriptions": {},
            "user": {
                "uid": owner.user_id.to_string(), "name": owner.name,
                "avatar_url": owner.avatar_url, "location": "上海", "user_sid": "sandbox",
                "grade": "none",
            },
        }))
    })
}

async fn groups(State(zsxq): State<Zsxq>, call: Call) -> Response {
    let numbers_shown = zsxq.numbers_shown();
    zsxq.respond(&call, &[], |community, now| {
        Ok(json!({"groups": [planet(community, now, numbers_shown)?]}))
    })
}

async fn group(State(zsxq): State<Zsxq>, Path(group): Path<String>, call: Call) -> Response {
    let numbers_shown = zsxq.numbers_shown();
    zsxq.respond(&call, &[], |community, now| {
        check_group(&group)?;
        Ok(json!({"group": planet(community, now, numbers_shown)?}))
    })
}

async fn members(State(zsxq): State<Zsxq>, Path(group): Path<String>, call: Call) -> Response {
    const KNOWN: &[&str] = &[
        "count",
        "scope",
        "sort",
        "order",
        "begin_time",
        "end_time",
        "filter",
        "page_tag",
    ];
    let numbers_shown = zsxq.numbers_shown();
    zsxq.respond(&call, KNOWN, |community, now| {
        check_group(&group)?;
        let rows = roster_page(community, &call.params(), now)?;
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|user| wire::member(user, numbers_shown))
            .collect();
        Ok(json!({"members": rows}))
    })
}

async fn member(
    State(zsxq): State<Zsxq>,
    Path((group, user)): Path<(String, String)>,
    call: Call,
) -> Response {
    let numbers_shown = zsxq.numbers_shown();
    zsxq.respond(&call, &[], |community, _now| {
        check_group(&group)?;
        let mut member = wire::member(find(community, &user)?, numbers_shown);
        if let Some(fields) = member.as_object_mut() {
            fields.insert("group_id".to_owned(), json!(GROUP_ID));
        }
        Ok(json!({"member": member}))
    })
}

async fn summary(
    State(zsxq): State<Zsxq>,
    Path((group, user)): Path<(String, String)>,
    call: Call,
) -> Response {
    let numbers_shown = zsxq.numbers_shown();
    zsxq.respond(&call, &[], |community, now| {
        check_group(&group)?;
        let user = find(community, &user)?;
        Ok(json!({
            "joined_days": now.signed_duration_since(user.joined_at).num_days().max(0),
            "topics_count": 0, "liked_count": 0, "renewal_count": 0, "invitees_count": 0,
            "paid": true,
            "member": wire::member(user, numbers_shown),
        }))
    })
}

/// What no document tells of: an unknown path, or another method than a path has.
pub(super) async fn unknown_path(State(zsxq): State<Zsxq>, call: Call) -> Response {
    zsxq.respond(&call, &[], |_community, _now| {
        Err(Failure::breaking(
            "only documented paths and methods",
            404,
            "接口不存在",
        ))
    })
}

/// One page of the roster. A sort that does not go with the scope gives no rows, not an error.
fn roster_page<'a>(
    community: &'a Community,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Vec<&'a PlanetUser>, Failure> {
    let count = params
        .get("count")
        .and_then(|count| count.parse().ok())
        .filter(|count| (1..=MOST_MEMBERS).contains(count))
        .ok_or_else(|| bad_parameter(1003, "count 参数错误"))?;
    let time = |name, code| match params.get(name) {
        None => Ok(None),
        Some(text) => times::read(text)
            .map(Some)
            .ok_or_else(|| bad_parameter(code, "时间参数错误")),
    };
    let (begin, end) = (time("begin_time", 1002)?, time("end_time", 1001)?);
    let scope = params.get("scope").unwrap_or("all");
    let sort = params.get("sort").unwrap_or("join_time");
    let is_wanted: fn(&PlanetUser) -> bool = match scope {
        "all" => |_| true,
        "regular" => |user| user.user_id != OWNER_ID,
        "privileged" | "privileged_and_volunteer" => |user| user.user_id == OWNER_ID,
        "expired" | "trial" => |_| false,
        _ => return Err(bad_parameter(19301, "scope 参数错误")),
    };
    let goes_with_scope = match sort {
        "join_time" | "update_time" => true,
        "expired_time" => matches!(scope, "regular" | "expired"),
        "number" => scope == "expired",
        _ => return Err(bad_parameter(1018, "sort 参数错误")),
    };
    let has_left = match params.get("filter") {
        None | Some("joined") => false,
        Some("exited") => true,
        Some(_) => return Err(bad_parameter(1020, "filter 参数错误")),
    };
    if !goes_with_scope || has_left {
        return Ok(Vec::new());
    }
    let mut rows: Vec<&PlanetUser> = community
        .users()
        .filter(|user| is_wanted(user) && user.joined_at <= now)
        .filter(|user| begin.is_none_or(|begin| user.joined_at >= begin))
        .filter(|user| end.is_none_or(|end| user.joined_at <= end))
        .collect();
    rows.sort_by_key(|user| (user.joined_at, user.user_id));
    if params.get("order") != Some("asc") {
        rows.reverse();
    }
    rows.truncate(count);
    Ok(rows)
}

fn planet(
    community: &Community,
    now: DateTime<Utc>,
    numbers_shown: bool,
) -> Result<Value, Failure> {
    let owner = owner(community)?;
    let members = community
        .users()
        .filter(|user| user.joined_at <= now)
        .count();
    Ok(json!({
        "group_id": GROUP_ID,
        "number": 88_000_033,
        "name": wire::GROUP_NAME,
        "type": "pay",
        "owner": wire::ranking_user(owner),
        "admin_ids": [],
        "partner_ids": [],
        "guest_ids": [],
        "policies": {"enable_member_number": numbers_shown, "members_visibility": "admins"},
        "statistics": {"topics": {"topics_count": 0}, "members": {"count": members}},
        "user_specific": {
            "join_time": written(owner.joined_at),
            "membership": {
                "begin_time": written(owner.joined_at),
                "end_time": "2286-11-21T01:46:39.999+0800",
            },
        },
    }))
}

fn owner(community: &Community) -> Result<&PlanetUser, Failure> {
    community
        .user(OWNER_ID)
        .ok_or_else(|| Failure::new(500, "服务器错误"))
}

fn find<'a>(community: &'a Community, user: &str) -> Result<&'a PlanetUser, Failure> {
    user.parse()
        .ok()
        .and_then(|user_id| community.user(user_id))
        .ok_or_else(|| Failure::new(1005, "该用户不是星球成员"))
}
