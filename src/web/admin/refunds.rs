//! Refunds: the list, the evidence, and every decision.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{CampId, RefundId};
use crate::services::Context;
use crate::services::refund::{self, Chosen};
use crate::store::PageRequest;
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Json, Page, Path, ProblemBody, Query, WebResult, WebState};

use super::refund_bodies::{
    ApproveBody, BatchApproveBody, BatchOf, BatchRejectBody, BatchRetryBody, CloseBody,
    ClosePaymentBody, ListQuery, ProposeBody, ReasonBody, ReopenBody,
};
use super::refund_views::{
    BatchApproved, BatchRejected, BatchRetried, BuiltView, ListedRefund, RefundDetail, RefundView,
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_refunds, propose_refund))
        .routes(routes!(get_refund))
        .routes(routes!(generate_refunds))
        .routes(routes!(waive_posts))
        .routes(routes!(batch_approve))
        .routes(routes!(batch_reject))
        .routes(routes!(retry_refunds))
        .routes(routes!(approve_refund))
        .routes(routes!(reject_refund))
        .routes(routes!(undo_refund))
        .routes(routes!(reopen_refund))
        .routes(routes!(retry_refund))
        .routes(routes!(close_refund))
        .routes(routes!(close_payment))
}

/// Refunds, newest first; coaches see those of their camps.
#[utoipa::path(
    get, path = "/api/admin/refunds", tag = "staff", security(("staff" = [])),
    params(
        ("status" = Option<String>, Query), ("campId" = Option<i64>, Query),
        ("minConfidence" = Option<i64>, Query, description = "0 to 100"),
        ("flag" = Option<String>, Query, description = "grace, days_disagree, posts_missing, …"),
        ("minFen" = Option<i64>, Query), ("maxFen" = Option<i64>, Query),
        ("q" = Option<String>, Query, description = "order or refund number, part of a nickname"),
        ("from" = Option<String>, Query, description = "proposed on or after this day"),
        ("to" = Option<String>, Query, description = "proposed on or before this day"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<ListedRefund>>))
)]
async fn list_refunds(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<ListedRefund>>> {
    let page = refund::page(&ctx, &actor, query.filter()?, page).await?;
    Ok(Answer(page.into()))
}

/// Proposes a refund against the judgement; somebody else, or the super admin, approves it.
#[utoipa::path(
    post, path = "/api/admin/refunds", tag = "staff", security(("staff" = [])),
    request_body = ProposeBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "wrong_state, duplicate", body = ProblemBody)
    )
)]
async fn propose_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<ProposeBody>,
) -> WebResult<Answer<RefundView>> {
    let refund = refund::propose_manual(&ctx, &actor, &body.order_no, &body.reason).await?;
    Ok(Answer(refund.into()))
}

/// One refund with its timeline and its evidence.
#[utoipa::path(
    get, path = "/api/admin/refunds/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<RefundDetail>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn get_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
) -> WebResult<Answer<RefundDetail>> {
    Ok(Answer(refund::one(&ctx, &actor, id).await?.into()))
}

/// Builds a camp's refund list, or brings what waits in it up to date.
#[utoipa::path(
    post, path = "/api/admin/refunds/generate/{campId}", tag = "staff", security(("staff" = [])),
    params(("campId" = i64, Path)),
    responses(
        (status = 200, body = Envelope<BuiltView>),
        (status = 409, description = "wrong_state: the camp has not ended, or nobody can be judged \
         yet", body = ProblemBody)
    )
)]
async fn generate_refunds(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp): Path<CampId>,
) -> WebResult<Answer<BuiltView>> {
    Ok(Answer(
        refund::build_list(&ctx, Some(&actor), camp).await?.into(),
    ))
}

/// Says that the ranking of a camp suffices although its posts could never be read, and brings its
/// refund list up to date.
#[utoipa::path(
    post, path = "/api/admin/refunds/waive-posts/{campId}", tag = "staff",
    security(("staff" = [])), params(("campId" = i64, Path)), request_body = ReasonBody,
    responses(
        (status = 200, body = Envelope<BuiltView>),
        (status = 409, description = "wrong_state: posts were read, or nobody can be judged yet",
         body = ProblemBody)
    )
)]
async fn waive_posts(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp): Path<CampId>,
    Json(body): Json<ReasonBody>,
) -> WebResult<Answer<BuiltView>> {
    let built = refund::waive_posts(&ctx, &actor, camp, &body.reason).await?;
    Ok(Answer(built.into()))
}

/// Approves the given refunds, or the clear ones of a camp; each that cannot be is skipped.
#[utoipa::path(
    post, path = "/api/admin/refunds/batch-approve", tag = "staff", security(("staff" = [])),
    request_body = BatchApproveBody,
    responses(
        (status = 200, body = Envelope<BatchApproved>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn batch_approve(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<BatchApproveBody>,
) -> WebResult<Answer<BatchApproved>> {
    let dry_run = body.dry_run;
    let chosen = match body.of()? {
        BatchOf::These(picked, least) => refund::choose(&ctx, &actor, picked, least).await?,
        BatchOf::Camp(camp, least) => Chosen {
            picked: refund::clear_of(&ctx, &actor, camp, least).await?,
            ..Chosen::default()
        },
    };
    let done: BatchApproved = if dry_run {
        refund::dry_run(&ctx, &actor, &chosen.picked).await?.into()
    } else {
        refund::approve_batch(&ctx, &actor, &chosen.picked)
            .await?
            .into()
    };
    Ok(Answer(done.and_skipped(chosen.skipped)))
}

/// Rejects the given refunds that still wait.
#[utoipa::path(
    post, path = "/api/admin/refunds/batch-reject", tag = "staff", security(("staff" = [])),
    request_body = BatchRejectBody,
    responses(
        (status = 200, body = Envelope<BatchRejected>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn batch_reject(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<BatchRejectBody>,
) -> WebResult<Answer<BatchRejected>> {
    let done = refund::reject_batch(&ctx, &actor, &body.ids, &body.reason).await?;
    Ok(Answer(done.into()))
}

/// Has each of the given refunds tried again that has failed or needs a person.
#[utoipa::path(
    post, path = "/api/admin/refunds/retry", tag = "staff", security(("staff" = [])),
    request_body = BatchRetryBody,
    responses(
        (status = 200, body = Envelope<BatchRetried>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn retry_refunds(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<BatchRetryBody>,
) -> WebResult<Answer<BatchRetried>> {
    let done = refund::retry_batch(&ctx, &actor, &body.ids).await?;
    Ok(Answer(done.into()))
}

/// Approves a refund; money moves when the undo window has closed.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/approve", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = ApproveBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "proposal_changed, already_decided (with who and when), \
         needs_second_approver, wrong_state", body = ProblemBody)
    )
)]
async fn approve_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
    Json(body): Json<ApproveBody>,
) -> WebResult<Answer<RefundView>> {
    let refund = refund::approve(&ctx, &actor, id, Some(&body.proposal_hash)).await?;
    Ok(Answer(refund.into()))
}

/// Rejects a refund.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/reject", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = ReasonBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "already_decided", body = ProblemBody)
    )
)]
async fn reject_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
    Json(body): Json<ReasonBody>,
) -> WebResult<Answer<RefundView>> {
    let refund = refund::reject(&ctx, &actor, id, &body.reason).await?;
    Ok(Answer(refund.into()))
}

/// Withdraws an approval while its undo window is open.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/undo", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "undo_over, wrong_state", body = ProblemBody)
    )
)]
async fn undo_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
) -> WebResult<Answer<RefundView>> {
    Ok(Answer(refund::undo(&ctx, &actor, id).await?.into()))
}

/// Makes a rejected refund pending again, or one that somebody else has settled outside.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/reopen", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = ReopenBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "wrong_state, needs_second_approver", body = ProblemBody),
        (status = 422, description = "invalid_input: a settlement without a reason", body = ProblemBody)
    )
)]
async fn reopen_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
    body: Option<Json<ReopenBody>>,
) -> WebResult<Answer<RefundView>> {
    let reason = body.and_then(|Json(body)| body.reason);
    let refund = refund::reopen(&ctx, &actor, id, reason.as_deref()).await?;
    Ok(Answer(refund.into()))
}

/// Has a refund tried again. Where WeChat Pay had closed it, the answer is the new refund that
/// takes its place.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/retry", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn retry_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
) -> WebResult<Answer<RefundView>> {
    Ok(Answer(refund::retry(&ctx, &actor, id).await?.into()))
}

/// Closes a refund that was settled outside. WeChat Pay is asked first where its number may have
/// been sent.
#[utoipa::path(
    post, path = "/api/admin/refunds/{id}/close", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = CloseBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "wrong_state, already_decided", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn close_refund(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<RefundId>,
    Json(body): Json<CloseBody>,
) -> WebResult<Answer<RefundView>> {
    let refund = refund::close(&ctx, &actor, id, body.closing()?).await?;
    Ok(Answer(refund.into()))
}

/// Closes the deposit of an order that was settled outside; it gets a refund if it has none.
#[utoipa::path(
    post, path = "/api/admin/refunds/close", tag = "staff", security(("staff" = [])),
    request_body = ClosePaymentBody,
    responses(
        (status = 200, body = Envelope<RefundView>),
        (status = 409, description = "wrong_state, already_decided", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn close_payment(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<ClosePaymentBody>,
) -> WebResult<Answer<RefundView>> {
    let number = body.order_no.clone();
    let refund = refund::close_payment(&ctx, &actor, &number, body.closing()?).await?;
    Ok(Answer(refund.into()))
}
