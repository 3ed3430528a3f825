//! Members: who they are, and what staff say of them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::shown_name::{shown_nickname, visible};
use crate::domain::staff::Actor;
use crate::domain::{
    BindMethod, BindStatus, CampId, CheckInSource, MatchStatus, MemberId, PlanetUserId,
    RefundStatus, Timestamp,
};
use crate::services::matching::{self, Suggestion};
use crate::services::members::{self, Marked, MemberQuery};
use crate::services::{Context, evidence};
use crate::store::PageRequest;
use crate::store::member_lists::{ListedMember, MemberEvent};
use crate::web::auth::Staff;
use crate::web::{
    Answer, Envelope, Items, Json, Page, Path, Problem, ProblemBody, Query, WebResult, WebState,
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_members))
        .routes(routes!(get_member))
        .routes(routes!(list_candidates))
        .routes(routes!(match_member))
        .routes(routes!(unmatch_member))
        .routes(routes!(set_joined))
        .routes(routes!(set_all_joined))
        .routes(routes!(attest_days))
}

/// A member of a camp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    #[schema(value_type = i64)]
    id: MemberId,
    #[schema(value_type = i64)]
    camp_id: CampId,
    camp_name: String,
    order_no: String,
    paid_fen: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, example = "54231919143797")]
    planet_user_id: Option<PlanetUserId>,
    planet_nickname: String,
    wechat_nickname: String,
    #[schema(value_type = String, example = "matched")]
    match_status: MatchStatus,
    /// 0–100.
    confidence: i64,
    match_reasons: Vec<String>,
    #[schema(value_type = String, example = "completed")]
    bind_status: BindStatus,
    #[schema(value_type = Option<String>, example = "user_fill")]
    bind_method: Option<BindMethod>,
    /// `null` while nobody has said whether they are in the group.
    joined: Option<bool>,
    /// When somebody said that they are out of the group again; `null` while they are in.
    #[schema(value_type = Option<String>, format = DateTime)]
    left_at: Option<Timestamp>,
    checked_in_days: i64,
    /// Their newest check-in whose time is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_checkin_at: Option<Timestamp>,
    /// By whose word: `ranking`, `post`, `import` or `attested`; `null` before anything was stated.
    #[schema(value_type = Option<String>, example = "ranking")]
    days_source: Option<CheckInSource>,
    eligible: bool,
    /// `null` while there is no refund: nobody has put one forward, or the days do not suffice
    /// (不符合条件).
    #[schema(value_type = Option<String>, example = "pending")]
    refund_status: Option<RefundStatus>,
}

/// A member with the history of their match.
#[derive(Debug, Serialize, ToSchema)]
struct MemberDetail {
    #[serde(flatten)]
    member: MemberView,
    /// Every move of the match and of the binding, oldest first.
    history: Vec<EventView>,
}

/// One move of a match or a binding.
#[derive(Debug, Serialize, ToSchema)]
struct EventView {
    #[schema(example = "match")]
    what: String,
    /// `null` at its beginning.
    from: Option<String>,
    #[schema(example = "matched")]
    to: String,
    /// A name, `member`, `wechat_pay`, or the job that did it.
    by: String,
    /// Why; for a match, which account.
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// An account that a member could be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CandidateView {
    #[schema(value_type = String, example = "54231919143797")]
    planet_user_id: PlanetUserId,
    planet_nickname: String,
    /// 0–100.
    score: u8,
    /// Support first, doubts last.
    reasons: Vec<String>,
}

/// Who a member is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchBody {
    #[schema(value_type = String, example = "54231919143797")]
    planet_user_id: PlanetUserId,
    /// At most 200 characters, for the log.
    note: Option<String>,
}

/// Whether a member is in the group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JoinedBody {
    joined: bool,
}

/// Whether these members are in the group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AllJoinedBody {
    /// At most 2000.
    #[schema(value_type = Vec<i64>)]
    ids: Vec<MemberId>,
    joined: bool,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
struct BatchMarked {
    /// Of whom it is so now.
    marked: usize,
    skipped: Vec<SkippedMember>,
}

/// A member of a batch that was left out.
#[derive(Debug, Serialize, ToSchema)]
struct SkippedMember {
    #[schema(value_type = i64)]
    id: MemberId,
    /// The word that the single request would have been refused with.
    #[schema(example = "not_found")]
    error: &'static str,
}

impl From<Marked> for BatchMarked {
    fn from(done: Marked) -> Self {
        let skipped = |(id, error)| SkippedMember {
            id,
            error: Problem::from(error).word(),
        };
        Self {
            marked: done.marked,
            skipped: done.skipped.into_iter().map(skipped).collect(),
        }
    }
}

/// The days that somebody answers for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttestBody {
    /// 0 takes an attestation back.
    days: i64,
    reason: String,
}

/// The members that a list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    camp_id: Option<CampId>,
    match_status: Option<MatchStatus>,
    joined: Option<bool>,
    eligible: Option<bool>,
    q: Option<String>,
}

impl From<ListQuery> for MemberQuery {
    fn from(query: ListQuery) -> Self {
        Self {
            camp_id: query.camp_id,
            match_status: query.match_status,
            joined: query.joined,
            eligible: query.eligible,
            text: query.q,
        }
    }
}

impl From<ListedMember> for MemberView {
    fn from(member: ListedMember) -> Self {
        Self {
            id: member.id,
            camp_id: member.camp_id,
            camp_name: member.camp_name,
            paid_fen: member.paid_fen,
            paid_at: member.paid_at,
            last_checkin_at: member.last_checkin_at,
            order_no: member.order_no,
            planet_user_id: member.identity.planet_user_id,
            planet_nickname: shown_nickname(
                &member.identity.planet_nickname,
                member.identity.planet_user_id,
            ),
            wechat_nickname: visible(&member.identity.wechat_nickname),
            match_status: member.match_status,
            confidence: member.identity.confidence,
            match_reasons: member.identity.reasons,
            bind_status: member.bind_status,
            bind_method: member.bind_method,
            joined: member.joined,
            left_at: member.left_at,
            checked_in_days: member.checked_in_days,
            days_source: member.days_source,
            eligible: member.eligible,
            refund_status: member.refund_status,
        }
    }
}

impl From<MemberEvent> for EventView {
    fn from(event: MemberEvent) -> Self {
        Self {
            what: event.what,
            from: event.from_status,
            to: event.to_status,
            by: event.operator,
            reason: event.reason,
            at: Timestamp::from_micros(event.created_at),
        }
    }
}

impl From<Suggestion> for CandidateView {
    fn from(suggestion: Suggestion) -> Self {
        Self {
            planet_user_id: suggestion.planet_user_id,
            planet_nickname: shown_nickname(
                &suggestion.planet_nickname,
                Some(suggestion.planet_user_id),
            ),
            score: suggestion.score,
            reasons: suggestion.reasons,
        }
    }
}

async fn shown(ctx: &Context, actor: &Actor, id: MemberId) -> WebResult<Answer<MemberView>> {
    Ok(Answer(members::by_id(ctx, actor, id).await?.into()))
}

/// Members, newest first; coaches and volunteers see those of their camps.
#[utoipa::path(
    get, path = "/api/admin/members", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query),
        ("matchStatus" = Option<String>, Query, description = "pending|matched|failed"),
        ("joined" = Option<bool>, Query), ("eligible" = Option<bool>, Query),
        ("q" = Option<String>, Query, description = "part of a name, an order number, a planet id or 成员编号"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<MemberView>>))
)]
async fn list_members(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<MemberView>>> {
    let page = members::list(&ctx, &actor, query.into(), page).await?;
    Ok(Answer(page.into()))
}

/// One member, with the history of their match.
#[utoipa::path(
    get, path = "/api/admin/members/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<MemberDetail>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn get_member(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
) -> WebResult<Answer<MemberDetail>> {
    let (member, history) = members::with_history(&ctx, &actor, id).await?;
    Ok(Answer(MemberDetail {
        member: member.into(),
        history: history.into_iter().map(EventView::from).collect(),
    }))
}

/// The accounts that a member could be, at most nine, best first.
#[utoipa::path(
    get, path = "/api/admin/members/{id}/candidates", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<Items<CandidateView>>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn list_candidates(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
) -> WebResult<Answer<Items<CandidateView>>> {
    let suggestions = matching::candidates(&ctx, &actor, id).await?;
    let items = suggestions.into_iter().map(CandidateView::from).collect();
    Ok(Answer(Items { items }))
}

/// Says which planet account a member is.
#[utoipa::path(
    post, path = "/api/admin/members/{id}/match", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = MatchBody,
    responses(
        (status = 200, body = Envelope<MemberView>),
        (status = 409, description = "duplicate · wrong_state", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn match_member(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
    Json(body): Json<MatchBody>,
) -> WebResult<Answer<MemberView>> {
    matching::match_by_hand(&ctx, &actor, id, body.planet_user_id, body.note).await?;
    shown(&ctx, &actor, id).await
}

/// Takes back who a member was taken for.
#[utoipa::path(
    post, path = "/api/admin/members/{id}/unmatch", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<MemberView>),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn unmatch_member(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
) -> WebResult<Answer<MemberView>> {
    matching::unmatch(&ctx, &actor, id).await?;
    shown(&ctx, &actor, id).await
}

/// Says whether a member is in the group.
#[utoipa::path(
    post, path = "/api/admin/members/{id}/joined", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = JoinedBody,
    responses(
        (status = 200, body = Envelope<MemberView>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn set_joined(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
    Json(body): Json<JoinedBody>,
) -> WebResult<Answer<MemberView>> {
    Ok(Answer(
        members::set_joined(&ctx, &actor, id, body.joined)
            .await?
            .into(),
    ))
}

/// Says of many members whether they are in the group; each that is not for the caller to say is
/// skipped.
#[utoipa::path(
    post, path = "/api/admin/members/joined", tag = "staff", security(("staff" = [])),
    request_body = AllJoinedBody,
    responses(
        (status = 200, body = Envelope<BatchMarked>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn set_all_joined(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<AllJoinedBody>,
) -> WebResult<Answer<BatchMarked>> {
    let done = members::set_all_joined(&ctx, &actor, &body.ids, body.joined).await?;
    Ok(Answer(done.into()))
}

/// Answers for a member's days, where the planet cannot tell: they count where it says less.
#[utoipa::path(
    post, path = "/api/admin/members/{id}/attest", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = AttestBody,
    responses(
        (status = 200, body = Envelope<MemberView>),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 409, description = "wrong_state", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn attest_days(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<MemberId>,
    Json(body): Json<AttestBody>,
) -> WebResult<Answer<MemberView>> {
    evidence::attest(&ctx, &actor, id, body.days, &body.reason).await?;
    shown(&ctx, &actor, id).await
}
