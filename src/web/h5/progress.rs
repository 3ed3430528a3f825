//! How a member is doing.

use axum::extract::State;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::calendar::{Day, DayState};
use crate::domain::custody::{Awaited, NextStep, Turn};
use crate::domain::{
    BindStatus, CampStatus, CheckInSource, MemberId, RefundFlag, RefundStatus, Timestamp,
};
use crate::services::Context;
use crate::services::custody::{self, Outlook};
use crate::services::orders::{self, WayBack};
use crate::services::progress::{self, Progress};
use crate::services::settlements;

use super::super::{Answer, Envelope, Path, ProblemBody, WebResult, WebState};
use super::appeals::AppealView;
use super::session::AccessToken;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(of_member))
}

/// A member's days, and what is still possible.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProgressView {
    member_id: i64,
    camp_name: String,
    #[schema(value_type = String, format = Date)]
    start_date: NaiveDate,
    #[schema(value_type = String, format = Date)]
    end_date: NaiveDate,
    status: CampStatus,
    bind_status: BindStatus,
    /// Whether it is sure which planet account the member is; until then the days are a claim's.
    identified: bool,
    days_passed: i64,
    total_days: i64,
    checked_in_days: i64,
    /// By whose word: `ranking`, `post`, `import` or `attested`.
    #[schema(value_type = Option<String>, required)]
    days_source: Option<CheckInSource>,
    required_days: i64,
    grace_days: i64,
    eligible: bool,
    reachable: bool,
    #[schema(value_type = Option<String>, format = Date, required)]
    earliest_eligible_date: Option<NaiveDate>,
    days: Vec<ProgressDay>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    synced_at: Option<Timestamp>,
    joined: bool,
    /// What to write into the next check-in to prove the account; null unless that could help.
    #[schema(required)]
    proof_code: Option<String>,
    #[schema(required)]
    refund: Option<ProgressRefund>,
    /// The days that were promised with the order.
    #[schema(required)]
    promise: Option<PromiseView>,
    next: NextView,
    /// Null while the days are not known as of the end.
    #[schema(required)]
    verdict: Option<VerdictView>,
    /// The newest objection.
    #[schema(required)]
    appeal: Option<AppealView>,
    /// The address of the camp's settlement page; null while there is none.
    #[schema(required)]
    settlement: Option<String>,
}

/// What a member was promised.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromiseView {
    #[schema(value_type = String, format = Date)]
    list_by: NaiveDate,
    #[schema(value_type = String, format = Date)]
    decision_by: NaiveDate,
    #[schema(value_type = String, format = Date)]
    money_by: NaiveDate,
}

/// What the deposit waits for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NextView {
    /// `bind`, `match`, `list`, `decide`, `undo`, `answer`, `manual`, `evidence`, `merchant`,
    /// `wechat` or `object`; null once nothing of it is here.
    #[schema(value_type = Option<String>, required)]
    what: Option<Awaited>,
    /// `you`, `planet`, `staff`, `wechat` or `none`.
    who: &'static str,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    until: Option<Timestamp>,
}

/// The judgement of a member's days.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VerdictView {
    eligible: bool,
    days: i64,
    #[schema(value_type = Vec<String>)]
    flags: Vec<RefundFlag>,
    /// Until when they may object; null for whoever is eligible.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    appeal_until: Option<Timestamp>,
}

/// One day of the camp.
#[derive(Serialize, ToSchema)]
struct ProgressDay {
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    status: DayState,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    at: Option<Timestamp>,
    /// Null for a day that does not count.
    #[schema(required)]
    receipt: Option<ReceiptView>,
}

/// What a member has in hand for a day.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReceiptView {
    #[schema(value_type = String, format = DateTime)]
    counted_at: Timestamp,
    /// It is their so manieth day.
    nth: i64,
    /// `ranking`, `post`, `import` or `attested`.
    #[schema(value_type = String)]
    source: CheckInSource,
}

/// The deposit's way back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProgressRefund {
    status: RefundStatus,
    amount_fen: i64,
    /// When it was proposed.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    listed_at: Option<Timestamp>,
    /// When it was approved or rejected for the last time; null while it is not decided.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    decided_at: Option<Timestamp>,
    /// When WeChat Pay was first asked for it.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    refunded_at: Option<Timestamp>,
    #[schema(required)]
    wechat_refund_id: Option<String>,
    /// Why it was rejected; null unless it was.
    #[schema(required)]
    reason: Option<String>,
}

/// How the holder of the access token is doing.
#[utoipa::path(
    get, path = "/api/h5/progress/{memberId}", tag = "member",
    security(("access_token" = [])), params(("memberId" = i64, Path)),
    responses(
        (status = 200, body = Envelope<ProgressView>),
        (status = 403, description = "not_your_order", body = ProblemBody)
    )
)]
async fn of_member(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Path(member_id): Path<i64>,
) -> WebResult<Answer<ProgressView>> {
    let member_id = MemberId(member_id);
    let payment = orders::member_of_token(&ctx, &token, member_id).await?;
    let progress = progress::of_member(&ctx, member_id).await?;
    let refund = orders::refund_of(&ctx, &payment).await?;
    let outlook = custody::outlook_of(&ctx, payment.id).await?;
    let settlement = settlements::address_of(&ctx, payment.id).await?;
    Ok(Answer(ProgressView {
        settlement,
        ..view(progress, payment.bind_status, refund, outlook)
    }))
}

fn view(
    progress: Progress,
    bind_status: BindStatus,
    refund: Option<WayBack>,
    outlook: Outlook,
) -> ProgressView {
    let terms = progress.terms;
    ProgressView {
        member_id: progress.member_id.0,
        camp_name: progress.camp_name,
        start_date: terms.start_date,
        end_date: terms.end_date,
        status: progress.status,
        bind_status,
        identified: progress.identified,
        days_passed: progress.days_passed,
        total_days: terms.total_days,
        checked_in_days: progress.checked_in_days,
        days_source: progress.days_source,
        required_days: terms.required_days,
        grace_days: terms.grace_days,
        eligible: progress.eligible,
        reachable: progress.reachable,
        earliest_eligible_date: progress.earliest_eligible_date,
        days: progress.days.into_iter().map(ProgressDay::from).collect(),
        synced_at: progress.synced_at,
        joined: progress.joined,
        proof_code: progress.proof_code,
        refund: refund.map(ProgressRefund::from),
        promise: outlook.promise.map(|promise| PromiseView {
            list_by: promise.list_by,
            decision_by: promise.decision_by,
            money_by: promise.money_by,
        }),
        next: next(outlook.next),
        verdict: outlook.verdict.map(|verdict| VerdictView {
            eligible: verdict.eligible,
            days: verdict.days,
            flags: verdict.flags,
            appeal_until: verdict.appeal_until,
        }),
        appeal: outlook.appeal.map(AppealView::from),
        settlement: None,
    }
}

fn next(step: Option<NextStep>) -> NextView {
    NextView {
        what: step.map(|step| step.what),
        who: match step.map(|step| step.what.who()) {
            Some(Turn::Member) => "you",
            Some(Turn::Staff) => "staff",
            Some(Turn::Planet) => "planet",
            Some(Turn::Wechat) => "wechat",
            None => "none",
        },
        until: step.map(|step| step.until),
    }
}

impl From<Day> for ProgressDay {
    fn from(day: Day) -> Self {
        Self {
            date: day.date,
            status: day.state,
            at: day.at,
            receipt: day.receipt.map(|receipt| ReceiptView {
                counted_at: receipt.counted_at,
                nth: receipt.nth,
                source: receipt.source,
            }),
        }
    }
}

impl From<WayBack> for ProgressRefund {
    fn from(
        WayBack {
            refund,
            rejected_for,
            listed_at,
            sent_at,
        }: WayBack,
    ) -> Self {
        Self {
            status: refund.status(),
            amount_fen: refund.proposal.amount_fen.get(),
            listed_at,
            decided_at: refund.state.decision().map(|decision| decision.at),
            sent_at,
            refunded_at: refund.state.refunded_at(),
            wechat_refund_id: refund.state.wechat_refund_id().map(str::to_owned),
            reason: rejected_for,
        }
    }
}
