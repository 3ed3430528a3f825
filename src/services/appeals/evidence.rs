//! What we know of what a member objects to.

use chrono::{Days as DaySpan, NaiveDate};

use crate::domain::eligibility::Days;
use crate::domain::{RefundFlag, RefundStatus, Timestamp};
use crate::services::rows::{readable, readable_one};
use crate::store::appeals::Listed;
use crate::store::refunds::{self, Case};
use crate::store::{Conn, checkins};

use super::Result;

/// Days before and after the day of an objection whose check-ins are shown: a post just after
/// midnight is what many are about.
const NEARBY: DaySpan = DaySpan::new(1);

/// Our evidence beside a member's words.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The days that count, beside those that the terms ask for.
    pub days: Option<Days>,
    /// What the planet's ranking counts; none where it is not known.
    pub ranking_days: Option<i64>,
    /// Distinct days of posts.
    pub post_days: i64,
    pub imported_days: Option<i64>,
    pub attested_days: Option<i64>,
    /// None while the days are not known as of the end.
    pub eligible: Option<bool>,
    pub flags: Vec<RefundFlag>,
    /// As of when the ranking was read.
    pub ranked_at: Option<Timestamp>,
    /// Check-ins of the day, the one before and the one after.
    pub nearby: Vec<(NaiveDate, Option<Timestamp>)>,
    /// The person's no, where that is objected to.
    pub rejected: Option<RejectedBy>,
}

/// Somebody's no to a refund.
#[derive(Debug, Clone)]
pub struct RejectedBy {
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
}

/// The evidence about an objection; `case` is what is known of its payment.
pub(super) async fn evidence_of(
    conn: &mut Conn,
    listed: &Listed,
    case: Option<&Case>,
) -> Result<Evidence> {
    let Some(case) = case else {
        return Ok(Evidence::default());
    };
    let grounds = &case.grounds;
    let claimant = grounds.claimant.as_ref();
    let account = claimant.and_then(|claimant| claimant.planet_user_id);
    let counted = claimant.map(|claimant| claimant.evidence);
    let nearby = match (listed.appeal.day, listed.camp_id, account) {
        (Some(day), Some(camp), Some(account)) => {
            let from = day.checked_sub_days(NEARBY).unwrap_or(day);
            let to = day.checked_add_days(NEARBY).unwrap_or(day);
            let found = checkins::of_account(conn, camp, account, from, to).await?;
            let found = readable(found).into_iter();
            found.map(|check_in| (check_in.day, check_in.at)).collect()
        }
        _ => Vec::new(),
    };
    let is_judged = grounds.is_judged();
    Ok(Evidence {
        days: grounds
            .terms
            .map(|terms| Days::of(grounds.checked_in_days(), &terms)),
        ranking_days: counted.and_then(|it| it.ranking).map(|it| it.days),
        post_days: claimant.map_or(0, |claimant| claimant.post_days),
        imported_days: counted.and_then(|it| it.imported).map(|it| it.days),
        attested_days: counted.and_then(|it| it.attested).map(|it| it.days),
        eligible: is_judged.then(|| grounds.judgement().is_eligible()),
        flags: grounds.flags(),
        ranked_at: grounds.sync.map(|sync| sync.started_at),
        nearby,
        rejected: rejected(conn, case).await?,
    })
}

async fn rejected(conn: &mut Conn, case: &Case) -> Result<Option<RejectedBy>> {
    let Some(refund) = readable_one(refunds::of_payment(conn, case.payment_id).await)? else {
        return Ok(None);
    };
    let decision = refund.state.decision().cloned();
    let Some(decision) = decision.filter(|_| refund.status() == RefundStatus::Rejected) else {
        return Ok(None);
    };
    let last = refunds::timeline(conn, refund.id).await?.pop();
    Ok(Some(RejectedBy {
        by: decision.name,
        at: decision.at,
        reason: last.map_or_else(String::new, |row| row.reason),
    }))
}
