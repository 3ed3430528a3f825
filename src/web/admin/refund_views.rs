//! Refunds as the staff API gives them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::merchant::WaitingFor;
use crate::domain::refund::{AttemptOutcome, FailureReason, RefundState, SettlementWay};
use crate::domain::shown_name::{shown_nickname, visible};
use crate::domain::{
    CampId, MemberId, PlanetUserId, RefundFlag, RefundId, RefundKind, RefundStatus, SyncId,
    Timestamp,
};
use crate::services::refund::{Batch, Built, Detail, DryRun, Evidence, Rejected, Retried, Skipped};
use crate::store::attempts::Attempt;
use crate::store::refunds::{Listed, LogRow, Refund};
use crate::web::Problem;

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundView {
    #[schema(value_type = i64)]
    id: RefundId,
    refund_no: String,
    #[schema(value_type = String, example = "deposit")]
    kind: RefundKind,
    /// What a person must look at: `grace`, `days_disagree`, `posts_missing`, `attested`,
    /// `low_confidence`, `contested`, `appealed`, `rejected_before`.
    #[schema(value_type = Vec<String>)]
    flags: Vec<RefundFlag>,
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    #[schema(value_type = Option<i64>)]
    member_id: Option<MemberId>,
    order_no: String,
    amount_fen: i64,
    #[schema(value_type = String, example = "pending")]
    status: RefundStatus,
    /// Days of the planet, without grace.
    checked_in_days: i64,
    grace_days: Option<i64>,
    required_days: Option<i64>,
    eligible: bool,
    /// 0–100.
    confidence: i64,
    match_reasons: Vec<String>,
    proposal_hash: String,
    /// Why a person proposed it; empty where no person did.
    reason: String,
    /// Why a person has rejected what was proposed against the judgement before.
    rejected_before: Option<String>,
    /// The name of who decided.
    decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<Timestamp>,
    attempts: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Timestamp>,
    failure_reason: Option<String>,
    wechat_refund_id: Option<String>,
    /// What it waits for although it is let go: the merchant account cannot refund.
    #[schema(value_type = Option<String>, example = "merchant")]
    waiting_for: Option<WaitingFor>,
    #[schema(value_type = Option<String>, format = DateTime)]
    refunded_at: Option<Timestamp>,
    /// The number of the refund that took its place.
    replaced_by: Option<String>,
    /// `settled_outside` or `replaced`.
    closed_as: Option<&'static str>,
    /// By which way the payer got it, where it was settled outside.
    #[schema(value_type = Option<String>, example = "transfer")]
    closed_way: Option<SettlementWay>,
    /// How much of it the payer got.
    settled_fen: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> Self {
        let waiting_for = refund.waiting_for();
        let (proposal, state) = (refund.proposal, refund.state);
        let (decided_by, decided_at) = state
            .decision()
            .map(|decision| (decision.name.clone(), decision.at))
            .unzip();
        Self {
            id: refund.id,
            refund_no: refund.refund_no.to_string(),
            kind: proposal.kind,
            flags: proposal.flags,
            camp_id: refund.camp_id,
            member_id: refund.member_id,
            order_no: refund.order_no,
            amount_fen: proposal.amount_fen.get(),
            status: state.status(),
            checked_in_days: proposal.checked_in_days,
            grace_days: proposal.terms.map(|terms| terms.grace_days),
            required_days: proposal.terms.map(|terms| terms.required_days),
            eligible: refund.eligible,
            confidence: refund.provenance.confidence,
            match_reasons: refund.provenance.match_reasons,
            proposal_hash: refund.proposal_hash,
            reason: proposal.reason,
            rejected_before: refund.rejected_before,
            decided_by,
            decided_at,
            undo_until: state.undo_until(),
            attempts: state.attempts(),
            next_try_at: state.next_try_at(),
            failure_reason: state.failure_reason().map(FailureReason::word),
            wechat_refund_id: state.wechat_refund_id().map(str::to_owned),
            waiting_for,
            refunded_at: state.refunded_at(),
            replaced_by: state.replaced_by().map(ToString::to_string),
            closed_as: match &state {
                RefundState::Closed { closed_as, .. } => Some(closed_as.word()),
                _ => None,
            },
            closed_way: state.settlement().map(|settlement| settlement.way),
            settled_fen: state.settlement().map(|settlement| settlement.amount.get()),
            created_at: refund.created_at,
        }
    }
}

/// A refund and its member's names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedRefund {
    #[serde(flatten)]
    refund: RefundView,
    planet_nickname: String,
    wechat_nickname: String,
}

impl From<Listed> for ListedRefund {
    fn from(listed: Listed) -> Self {
        let account = listed.refund.proposal.planet_user_id;
        Self {
            refund: listed.refund.into(),
            planet_nickname: shown_nickname(&listed.planet_nickname, account),
            wechat_nickname: visible(&listed.wechat_nickname),
        }
    }
}

/// A refund with all that a decision needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundDetail {
    #[serde(flatten)]
    refund: ListedRefund,
    /// Its moves, oldest first.
    timeline: Vec<TimelineView>,
    evidence: EvidenceView,
}

impl From<Detail> for RefundDetail {
    fn from(detail: Detail) -> Self {
        Self {
            refund: detail.listed.into(),
            timeline: detail.timeline.into_iter().map(Into::into).collect(),
            evidence: detail.evidence.into(),
        }
    }
}

/// One move of a refund.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimelineView {
    /// None at birth.
    from_status: Option<String>,
    to_status: String,
    operator: String,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<LogRow> for TimelineView {
    fn from(row: LogRow) -> Self {
        Self {
            from_status: row.from_status,
            to_status: row.to_status,
            operator: row.operator,
            reason: row.reason,
            created_at: Timestamp::from_micros(row.created_at),
        }
    }
}

/// What a refund rests on, as of now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvidenceView {
    /// The complete sync that decides.
    #[schema(value_type = Option<i64>)]
    sync_id: Option<SyncId>,
    /// When it began to read the planet.
    #[schema(value_type = Option<String>, format = DateTime)]
    synced_at: Option<Timestamp>,
    /// Days of its ranking, 0 for an account that is not in it; none where there is no ranking.
    ranking_days: Option<i64>,
    /// The days of the camp on which the posts show a check-in.
    #[schema(value_type = Vec<String>)]
    post_days: Vec<NaiveDate>,
    #[schema(value_type = Option<String>)]
    planet_user_id: Option<PlanetUserId>,
    match_status: Option<&'static str>,
    confidence: Option<i64>,
    match_reasons: Vec<String>,
    /// Other members of the camp who claim the same account.
    rivals: i64,
    paid_fen: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    /// The page with the member's calendar.
    calendar_url: Option<String>,
    /// Whether the proposal still is what the facts support.
    is_current: bool,
    /// The calls that asked WeChat Pay for it, oldest first.
    calls: Vec<CallView>,
}

/// One call that asked WeChat Pay for a refund.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallView {
    /// 1 for the first.
    number: i64,
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// `accepted`, `refused`, `held_up` (the merchant account cannot refund) or `unknown`; null: it
    /// was never answered.
    #[schema(value_type = Option<String>, example = "accepted")]
    outcome: Option<AttemptOutcome>,
    /// WeChat Pay's code.
    error_code: Option<String>,
    /// WeChat Pay's `Request-ID`, which its support asks for.
    request_id: Option<String>,
    /// When WeChat Pay says that it accepted the refund.
    #[schema(value_type = Option<String>, format = DateTime)]
    wechat_created_at: Option<Timestamp>,
    mch_id: String,
    app_id: String,
    /// SHA-256 of the body, in hex.
    request_hash: String,
}

impl From<Attempt> for CallView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            sent_at: attempt.sent_at,
            answered_at: attempt.answered_at,
            outcome: attempt.outcome,
            error_code: attempt.error_code,
            request_id: attempt.request_id,
            wechat_created_at: attempt.wechat_created_at,
            mch_id: attempt.mch_id,
            app_id: attempt.app_id,
            request_hash: attempt.request_hash,
        }
    }
}

impl From<Evidence> for EvidenceView {
    fn from(evidence: Evidence) -> Self {
        let sync = evidence.grounds.sync;
        let claimant = evidence.grounds.claimant;
        let known = claimant.as_ref();
        Self {
            sync_id: sync.map(|sync| sync.id),
            synced_at: sync.map(|sync| sync.started_at),
            ranking_days: known.and_then(|claimant| claimant.evidence.ranking.map(|it| it.days)),
            post_days: evidence.post_days,
            planet_user_id: known.and_then(|claimant| claimant.planet_user_id),
            match_status: known.map(|claimant| claimant.match_status.as_str()),
            confidence: known.map(|claimant| claimant.confidence),
            rivals: known.map_or(0, |claimant| claimant.rivals),
            match_reasons: claimant.map_or_else(Vec::new, |claimant| claimant.match_reasons),
            paid_fen: evidence.grounds.paid.get(),
            paid_at: evidence.paid_at,
            calendar_url: evidence.calendar_url,
            is_current: evidence.is_current,
            calls: evidence.calls.into_iter().map(CallView::from).collect(),
        }
    }
}

/// A refund that was left out of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SkippedView {
    #[schema(value_type = i64)]
    id: RefundId,
    /// The word that the single request would have been refused with.
    #[schema(example = "already_decided")]
    error: &'static str,
}

impl From<Skipped> for SkippedView {
    fn from(skipped: Skipped) -> Self {
        Self {
            id: skipped.id,
            error: Problem::from(skipped.error).word(),
        }
    }
}

/// What became of a batch, or would.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchApproved {
    approved: usize,
    sum_fen: i64,
    /// Until when all of it can be withdrawn; none in a dry run.
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<Timestamp>,
    skipped: Vec<SkippedView>,
}

impl BatchApproved {
    /// Says of these, too, that they were left out.
    pub(super) fn and_skipped(mut self, skipped: Vec<Skipped>) -> Self {
        self.skipped.extend(skipped.into_iter().map(Into::into));
        self
    }
}

impl From<Batch> for BatchApproved {
    fn from(batch: Batch) -> Self {
        Self {
            approved: batch.approved.len(),
            sum_fen: batch.sum_fen.get(),
            undo_until: batch.undo_until,
            skipped: batch.skipped.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DryRun> for BatchApproved {
    fn from(dry: DryRun) -> Self {
        Self {
            approved: dry.approvable.len(),
            sum_fen: dry.sum_fen.get(),
            undo_until: None,
            skipped: dry.skipped.into_iter().map(Into::into).collect(),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchRejected {
    rejected: usize,
    skipped: Vec<SkippedView>,
}

impl From<Rejected> for BatchRejected {
    fn from(done: Rejected) -> Self {
        Self {
            rejected: done.rejected.len(),
            skipped: done.skipped.into_iter().map(Into::into).collect(),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchRetried {
    retried: usize,
    skipped: Vec<SkippedView>,
}

impl From<Retried> for BatchRetried {
    fn from(done: Retried) -> Self {
        Self {
            retried: done.retried.len(),
            skipped: done.skipped.into_iter().map(Into::into).collect(),
        }
    }
}

/// What building a list did, and what waits for a decision now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BuiltView {
    added: i64,
    refreshed: i64,
    withdrawn: i64,
    clear_count: i64,
    clear_fen: i64,
    look_count: i64,
    look_fen: i64,
    not_eligible: i64,
    /// Members of whom nothing is known yet as of the end of their own terms.
    waiting: i64,
}

impl From<Built> for BuiltView {
    fn from(built: Built) -> Self {
        Self {
            added: built.added,
            refreshed: built.refreshed,
            withdrawn: built.withdrawn,
            clear_count: built.clear.count,
            clear_fen: built.clear.sum_fen.get(),
            look_count: built.to_look_at.count,
            look_fen: built.to_look_at.sum_fen.get(),
            not_eligible: built.not_eligible,
            waiting: built.waiting,
        }
    }
}
