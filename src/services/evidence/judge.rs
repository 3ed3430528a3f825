//! Gives members the days that count, from all that is stated of them.

use std::collections::BTreeSet;

use crate::domain::eligibility::Judgement;
use crate::domain::{CampId, MemberId, Timestamp};
use crate::store::evidence::{self, LastRead, MemberEvidence};
use crate::store::{Conn, Tx, members};

use crate::services::rows::readable;
use crate::services::{Error, Result};

/// The settling camps that are to be read again: somebody's own last day has ended since the ranking
/// was read, or the posts.
pub(in crate::services) async fn awaited(
    conn: &mut Conn,
    now: Timestamp,
) -> Result<BTreeSet<CampId>> {
    let is_awaited = |read: &LastRead| {
        let next_day = read.last_day.and_then(|day| day.succ_opt());
        next_day
            .map(Timestamp::start_of_day)
            .is_some_and(|over_at| {
                let is_old = |read_at: Timestamp| read_at < over_at;
                over_at <= now
                    && (read.ranked_at.is_none_or(is_old) || read.posts_at.is_some_and(is_old))
            })
    };
    let all = evidence::last_read(conn).await?.into_iter();
    Ok(all.filter(is_awaited).map(|read| read.camp_id).collect())
}

/// Gives every member of a camp the days that count, and judges them by the terms of their own
/// order; answers how many are eligible now and were not before.
pub(in crate::services) async fn judge_camp(
    tx: &mut Tx,
    camp: CampId,
    now: Timestamp,
) -> Result<i64> {
    let mut newly_eligible = 0;
    for member in readable(evidence::of_camp(tx, camp).await?) {
        let is_eligible = judge(tx, &member, now).await?;
        newly_eligible += i64::from(is_eligible && !member.eligible);
    }
    Ok(newly_eligible)
}

/// Gives one member the days that count, so that nobody has to wait for the next sync.
pub(in crate::services) async fn judge_member(
    tx: &mut Tx,
    id: MemberId,
    now: Timestamp,
) -> Result<()> {
    let member = evidence::of_member(tx, id).await?;
    judge(tx, &member.ok_or(Error::NotFound)?, now).await?;
    Ok(())
}

async fn judge(tx: &mut Tx, member: &MemberEvidence, now: Timestamp) -> Result<bool> {
    let deciding = member.evidence.deciding();
    let (days, source) = deciding.map_or((0, None), |it| (it.days, Some(it.source)));
    let is_eligible = member
        .terms
        .as_ref()
        .is_some_and(|terms| Judgement::of(days, terms).is_eligible());
    let before = (member.checked_in_days, member.days_source, member.eligible);
    if (days, source, is_eligible) != before {
        members::set_days(tx, member.member_id, days, source, is_eligible, now).await?;
    }
    Ok(is_eligible)
}
