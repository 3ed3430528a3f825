//! The calendar of a camp: every member and every day, at once.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::domain::calendar::{Counted, Day, calendar};
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, MatchStatus, MemberId, PlanetUserId, Terms, Timestamp};
use crate::services::rows::readable;
use crate::services::{Context, Error, Result, require};
use crate::store::members::Member;
use crate::store::{Conn, camps, checkins, evidence, members, syncs};

/// A camp's members and their days.
#[derive(Debug, Clone)]
pub struct CampCalendar {
    /// The camp's name.
    pub camp_name: String,
    /// From the first day that counts for anybody to the last, in order.
    pub days: Vec<NaiveDate>,
    /// The members, by their rows.
    pub members: Vec<MemberDays>,
    /// The moment as of which the deciding ranking was read.
    pub ranked_at: Option<Timestamp>,
    /// The moment as of which the posts were read, which the days are.
    pub posts_read_at: Option<Timestamp>,
}

/// A member and their days.
#[derive(Debug, Clone)]
pub struct MemberDays {
    /// The member.
    pub id: MemberId,
    /// The account, if one is known.
    pub account: Option<PlanetUserId>,
    /// By which people read of them.
    pub name: String,
    /// Whether it is sure which account they are.
    pub match_status: MatchStatus,
    /// The rules of their order.
    pub terms: Terms,
    /// The days that count, without grace.
    pub checked_in_days: i64,
    /// Whether those suffice.
    pub eligible: bool,
    /// The days of their own rules.
    pub days: Vec<Day>,
}

/// Reads the calendar of a camp.
///
/// # Errors
/// There is no such camp, or `actor` may not see it.
pub async fn camp_calendar(ctx: &Context, actor: &Actor, id: CampId) -> Result<CampCalendar> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, id).await?;
    let camp = camps::by_id(&mut conn, id).await?.ok_or(Error::NotFound)?;
    let evidence = readable(evidence::of_camp(&mut conn, id).await?);
    let terms: HashMap<MemberId, Terms> = evidence
        .iter()
        .filter_map(|member| Some((member.member_id, member.terms?)))
        .collect();
    let rows = readable(members::of_camp(&mut conn, id).await?);
    let first = terms.values().map(|terms| terms.start_date);
    let first = first.chain([camp.terms.start_date]).min();
    let mut checked_in = checked_in(&mut conn, id, first.unwrap_or(camp.terms.start_date)).await?;
    let ranked_at = match camp.current_sync {
        Some(sync) => syncs::by_id(&mut conn, sync).await?,
        None => None,
    };
    let posts_read_at = match camp.posts_sync {
        Some(sync) => syncs::by_id(&mut conn, sync).await?,
        None => None,
    };
    drop(conn);
    let posts_read_at = posts_read_at.map(|run| run.started_at);
    let today = ctx.today();
    let members: Vec<MemberDays> = rows
        .into_iter()
        .map(|member| {
            let terms = terms.get(&member.id).copied().unwrap_or(camp.terms);
            days_of(member, terms, today, posts_read_at, &mut checked_in)
        })
        .collect();
    let dates = members.iter().flat_map(|member| member.days.iter());
    let (from, to) = dates.fold(
        (camp.terms.start_date, camp.terms.end_date),
        |(from, to), day| (from.min(day.date), to.max(day.date)),
    );
    Ok(CampCalendar {
        camp_name: camp.name,
        days: from.iter_days().take_while(|day| *day <= to).collect(),
        members,
        ranked_at: ranked_at.map(|run| run.started_at),
        posts_read_at,
    })
}

type DaysOfAccounts = HashMap<PlanetUserId, BTreeMap<NaiveDate, Counted>>;

async fn checked_in(conn: &mut Conn, camp: CampId, first: NaiveDate) -> Result<DaysOfAccounts> {
    let mut days = DaysOfAccounts::new();
    for check_in in readable(checkins::from_day(conn, camp, first).await?) {
        let of_account = days.entry(check_in.account).or_default();
        let counted = Counted {
            at: check_in.at,
            counted_at: None,
            source: check_in.source,
        };
        of_account.insert(check_in.day, counted);
    }
    Ok(days)
}

fn days_of(
    member: Member,
    terms: Terms,
    today: NaiveDate,
    posts_read_at: Option<Timestamp>,
    checked_in: &mut DaysOfAccounts,
) -> MemberDays {
    let account = member.identity.planet_user_id;
    // Nothing is known of the days of somebody whom no account is known of.
    let known_until = account.and(posts_read_at);
    let own = match account {
        Some(account) => checked_in.entry(account).or_default(),
        None => &mut BTreeMap::new(),
    };
    MemberDays {
        days: calendar(&terms, today, known_until, own),
        id: member.id,
        account,
        name: member.identity.shown_name(),
        match_status: member.match_status,
        terms,
        checked_in_days: member.checked_in_days,
        eligible: member.eligible,
    }
}
