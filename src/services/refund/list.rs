//! Refunds as staff see them: the list, one with its evidence, and how a batch fared.

use chrono::NaiveDate;

use crate::domain::refund::Grounds;
use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, Fen, RefundId, RefundStatus, Timestamp};
use crate::services::reach_of;
use crate::services::rows::logged;
use crate::store::attempts::{self, Attempt};
use crate::store::refunds::{self, Filter, Listed, LogRow, Refund};
use crate::store::{Conn, Listing as _, Page, PageRequest};

use super::proposal::proposed_now;
use super::{Context, Error, Result, load, name_of};

/// One refund with all that a decision needs.
#[derive(Debug)]
pub struct Detail {
    /// The refund and its member's names.
    pub listed: Listed,
    /// Its log, oldest first.
    pub timeline: Vec<LogRow>,
    pub evidence: Evidence,
}

/// The facts behind a refund, as of now.
#[derive(Debug)]
pub struct Evidence {
    /// Payment, member, sync.
    pub grounds: Grounds,
    pub paid_at: Option<Timestamp>,
    /// The days of the camp on which the posts show a check-in.
    pub post_days: Vec<NaiveDate>,
    /// The page with the member's calendar; none where there is no member.
    pub calendar_url: Option<String>,
    /// True while the facts support the proposal as it is.
    pub is_current: bool,
    /// The calls that asked WeChat Pay for it, oldest first.
    pub calls: Vec<Attempt>,
}

/// Counts of where the refunds of a list stand, told when a batch is through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// The money went back.
    pub succeeded: usize,
    /// Need a person, or were settled by one.
    pub failed: usize,
    /// Still on their way.
    pub under_way: usize,
    /// Withdrawn or rejected since.
    pub not_approved: usize,
    /// The first of those that need a person.
    pub failures: Vec<Failure>,
}

/// A refund that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub amount: Fen,
    /// The word of a [`FailureReason`](crate::domain::refund::FailureReason).
    pub reason: String,
}

/// Failures that are named.
const MAX_NAMED: usize = 8;

/// The refunds of a filter that `actor` may review.
pub(in crate::services) fn seen_by(actor: &Actor, filter: Filter) -> Result<Filter> {
    let own = reach_of(actor, Action::ReviewRefunds)? == Reach::OwnCamps;
    Ok(Filter {
        staffed_by: own.then_some(actor.user_id),
        ..filter
    })
}

/// Reads a page of the refunds that `actor` may review, newest first.
pub async fn page(
    ctx: &Context,
    actor: &Actor,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Listed>> {
    let filter = seen_by(actor, filter)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

/// One refund with its timeline and its evidence.
pub async fn one(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Detail> {
    let mut conn = ctx.db.read().await?;
    let refund = load(&mut conn, actor, Action::ReviewRefunds, id).await?;
    let case = refunds::case_of_payment(&mut conn, refund.payment_id).await?;
    let case = case.ok_or(Error::NotFound)?;
    let claimant = case.grounds.claimant.as_ref();
    let account = claimant.and_then(|claimant| claimant.planet_user_id);
    let post_days = match (refund.camp_id, account, &case.grounds.terms) {
        (Some(camp), Some(account), Some(terms)) => {
            refunds::post_days(&mut conn, camp, account, terms).await?
        }
        _ => Vec::new(),
    };
    let calendar_url = refund
        .member_id
        .map(|member| format!("{}/admin/members/{member}", ctx.settings.public_url));
    let is_current = proposed_now(&refund, &case.grounds).as_ref() == Some(&refund.proposal);
    let timeline = refunds::timeline(&mut conn, id).await?;
    let due = case.grounds.terms.map(|terms| terms.deposit_fen);
    Ok(Detail {
        evidence: Evidence {
            grounds: case.grounds,
            paid_at: case.paid_at,
            post_days,
            calendar_url,
            is_current,
            calls: attempts::of_refund(&mut conn, id).await?,
        },
        listed: Listed {
            refund,
            planet_nickname: case.planet_nickname,
            wechat_nickname: case.wechat_nickname,
            due,
        },
        timeline,
    })
}

/// Counts where the given refunds stand. Asks no permission: it tells numbers to the person who
/// approved the list.
pub async fn outcomes(ctx: &Context, ids: &[RefundId]) -> Result<Outcomes> {
    let mut conn = ctx.db.read().await?;
    let refunds = refunds::by_ids(&mut conn, ids).await?;
    let mut outcomes = Outcomes::default();
    for id in ids {
        let Ok(refund) = refunds.get(id).ok_or(Error::NotFound)? else {
            // A row that fits no state: only people can mend it.
            outcomes.failed += 1;
            continue;
        };
        let counter = match refund.status() {
            RefundStatus::Success => &mut outcomes.succeeded,
            RefundStatus::ManualRequired | RefundStatus::Closed => &mut outcomes.failed,
            RefundStatus::Pending | RefundStatus::AwaitingSecond | RefundStatus::Rejected => {
                &mut outcomes.not_approved
            }
            RefundStatus::Approved | RefundStatus::Processing | RefundStatus::Failed => {
                &mut outcomes.under_way
            }
        };
        *counter += 1;
        let needs_person = refund.status() == RefundStatus::ManualRequired;
        if needs_person && outcomes.failures.len() < MAX_NAMED {
            outcomes.failures.push(failure(&mut conn, refund).await?);
        }
    }
    Ok(outcomes)
}

async fn failure(conn: &mut Conn, refund: &Refund) -> Result<Failure> {
    let reason = refund.state.failure_reason();
    Ok(Failure {
        name: name_of(conn, refund).await?,
        amount: refund.proposal.amount_fen,
        reason: reason.map_or_else(String::new, |reason| reason.word()),
    })
}
