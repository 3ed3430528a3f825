//! How a member is doing: their days, and what is still possible.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::calendar::{Day, calendar};
use crate::domain::eligibility::outlook;
use crate::domain::{CampStatus, CheckInSource, MatchStatus, MemberId, SyncId, Terms, Timestamp};
use crate::store::members::Member;
use crate::store::{Conn, camps, checkins, members, payments, syncs};

use super::rows::readable;
use super::{Context, Error, Result, proof};

/// How a member is doing.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The member.
    pub member_id: MemberId,
    /// The camp's name.
    pub camp_name: String,
    /// Where the camp is in its life.
    pub status: CampStatus,
    /// Whether it is sure which planet account the member is; until then the days are a claim's.
    pub identified: bool,
    /// The rules that the member agreed to.
    pub terms: Terms,
    /// Days of the camp that have begun.
    pub days_passed: i64,
    /// The days that count, without grace.
    pub checked_in_days: i64,
    /// By whose word; none before anything was stated of them.
    pub days_source: Option<CheckInSource>,
    /// Whether those suffice.
    pub eligible: bool,
    /// Whether they still can.
    pub reachable: bool,
    /// The first day on which they can; none once they suffice or cannot any more.
    pub earliest_eligible_date: Option<NaiveDate>,
    /// Every day of the camp.
    pub days: Vec<Day>,
    /// The moment as of which the planet's ranking was read; none before the first complete sync.
    pub synced_at: Option<Timestamp>,
    /// Whether the member has joined the group.
    pub joined: bool,
    /// What the member can write into a check-in to prove their account, while that could help.
    pub proof_code: Option<String>,
}

/// How one member is doing. Whether the caller may know is for the door to have asked.
///
/// # Errors
/// There is no such member.
pub async fn of_member(ctx: &Context, member_id: MemberId) -> Result<Progress> {
    let mut conn = ctx.db.read().await?;
    let member = members::by_id(&mut conn, member_id).await?;
    let member = member.ok_or(Error::NotFound)?;
    let camp = camps::by_id(&mut conn, member.camp_id).await?;
    let camp = camp.ok_or(Error::NotFound)?;
    let payment = payments::by_id(&mut conn, member.payment_id).await?;
    let terms = payment.as_ref().and_then(|payment| payment.terms);
    let terms = terms.unwrap_or(camp.terms);
    let synced_at = read_at(&mut conn, camp.current_sync).await?;
    let posts_read_at = read_at(&mut conn, camp.posts_sync).await?;
    let checked_in = days_of(&mut conn, &member, &terms).await?;
    drop(conn);
    let proof_code = match &payment {
        Some(payment) => proof::code_of(ctx, &member, payment).await?,
        None => None,
    };

    let today = ctx.today();
    // Nothing is known of the days of somebody whom no account is known of.
    let known_until = member.identity.planet_user_id.and(posts_read_at);
    let days = calendar(&terms, today, known_until, &checked_in);
    let checked_in_today = checked_in.contains_key(&today);
    let outlook = outlook(member.checked_in_days, checked_in_today, &terms, today);
    Ok(Progress {
        member_id,
        camp_name: camp.name,
        status: camp.status,
        identified: member.match_status == MatchStatus::Matched,
        terms,
        days_passed: terms.days_begun(today),
        checked_in_days: member.checked_in_days,
        days_source: member.days_source,
        eligible: member.eligible,
        reachable: outlook.reachable,
        earliest_eligible_date: outlook.earliest_eligible_date,
        days,
        synced_at,
        joined: member.joined,
        proof_code,
    })
}

async fn read_at(conn: &mut Conn, sync: Option<SyncId>) -> Result<Option<Timestamp>> {
    let Some(id) = sync else {
        return Ok(None);
    };
    Ok(syncs::by_id(conn, id).await?.map(|run| run.started_at))
}

async fn days_of(
    conn: &mut Conn,
    member: &Member,
    terms: &Terms,
) -> Result<BTreeMap<NaiveDate, Option<Timestamp>>> {
    let Some(account) = member.identity.planet_user_id else {
        return Ok(BTreeMap::new());
    };
    let (from, to) = (terms.start_date, terms.end_date);
    let check_ins = checkins::of_account(conn, member.camp_id, account, from, to).await?;
    Ok(readable(check_ins)
        .into_iter()
        .map(|check_in| (check_in.day, check_in.at))
        .collect())
}
