//! How a member is doing: their days, and what is still possible.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::calendar::{Counted, Day, DayState, calendar};
use crate::domain::eligibility::outlook;
use crate::domain::{CampStatus, CheckInSource, MatchStatus, MemberId, SyncId, Terms, Timestamp};
use crate::store::camps::Camp;
use crate::store::members::Member;
use crate::store::{Conn, appeals, camps, checkins, members, payments, syncs};

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
    let today = ctx.today();
    let days = days_of(&mut conn, &member, &camp, &terms, today).await?;
    drop(conn);
    let proof_code = match &payment {
        Some(payment) => proof::code_of(ctx, &member, payment).await?,
        None => None,
    };
    let checked_in_today = days
        .iter()
        .any(|day| day.date == today && day.state == DayState::CheckedIn);
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

/// What is known of one day of a member; none where it is no day of theirs.
pub(super) async fn state_of_day(
    conn: &mut Conn,
    member: &Member,
    camp: &Camp,
    terms: &Terms,
    today: NaiveDate,
    date: NaiveDate,
) -> Result<Option<DayState>> {
    let days = days_of(conn, member, camp, terms, today).await?;
    let found = days.into_iter().find(|day| day.date == date);
    Ok(found.map(|day| day.state))
}

/// Every day of a member's dates. Nothing is known of the days of somebody whom no account is known
/// of, but for those that an objection made count.
async fn days_of(
    conn: &mut Conn,
    member: &Member,
    camp: &Camp,
    terms: &Terms,
    today: NaiveDate,
) -> Result<Vec<Day>> {
    let posts_read_at = read_at(conn, camp.posts_sync).await?;
    let granted = appeals::granted_days(conn, member.id).await?;
    let by_objection = |at| Counted {
        at: None,
        counted_at: Some(at),
        source: CheckInSource::Attested,
    };
    let granted = granted.into_iter();
    let mut checked_in: BTreeMap<NaiveDate, Counted> =
        granted.map(|(day, at)| (day, by_objection(at))).collect();
    let account = member.identity.planet_user_id;
    if let Some(account) = account {
        let (from, to) = (terms.start_date, terms.end_date);
        let seen = checkins::counted(conn, member.camp_id, account, from, to).await?;
        checked_in.extend(readable(seen));
    }
    let known_until = account.and(posts_read_at);
    Ok(calendar(terms, today, known_until, &checked_in))
}
