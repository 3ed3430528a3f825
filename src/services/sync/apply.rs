//! What a whole, clean ranking changes, in the one transaction that makes it the deciding one.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::evidence::{self as rules, RankingBefore, Suspicion};
use crate::domain::{CampId, CheckInSource, MatchStatus, PlanetUserId, SyncId, Timestamp};
use crate::platforms::zsxq::{Post, RankedUser};
use crate::services::rows::readable;
use crate::services::{Context, Result, evidence, proof, roster};
use crate::store::camps::Camp;
use crate::store::checkins::{self, CheckIn};
use crate::store::members::{self, Member};
use crate::store::planet_users::{self, PlanetUser};
use crate::store::syncs::{self, Counts, RankedRow};
use crate::store::{Conn, Note, Tx, camps};

use super::claims;
use super::planet::Whole;

/// Looks whether a ranking that was read at `started_at` is odd beside the one that decides. Nobody
/// at all is odd in a camp that is over and has members whose account is known: then the project is
/// most likely not the camp's.
pub(super) async fn suspicion(
    conn: &mut Conn,
    camp: &Camp,
    whole: &Whole,
    started_at: Timestamp,
) -> Result<Option<Suspicion>> {
    let over_at = camp.terms.over_at();
    let before = match camp.current_sync {
        Some(id) => RankingBefore {
            people: accounts(&syncs::ranking(conn, id).await?).collect(),
            is_final: syncs::by_id(conn, id)
                .await?
                .is_some_and(|run| run.started_at >= over_at),
        },
        None => RankingBefore::default(),
    };
    let people: HashSet<PlanetUserId> = whole
        .ranking
        .iter()
        .map(|user| PlanetUserId(user.user_id))
        .collect();
    let may_be_final =
        people.is_empty() && started_at >= over_at && has_known_members(conn, camp.id).await?;
    Ok(rules::suspect(&before, &people, may_be_final))
}

async fn has_known_members(conn: &mut Conn, camp: CampId) -> Result<bool> {
    let members = readable(members::of_camp(conn, camp).await?);
    Ok(members
        .iter()
        .any(|member| member.match_status == MatchStatus::Matched))
}

/// Writes what was read, and what the calendar lacks; an error leaves nothing.
pub(super) async fn complete(
    ctx: &Context,
    tx: &mut Tx,
    id: SyncId,
    camp_id: CampId,
    whole: &Whole,
    now: Timestamp,
) -> Result<Counts> {
    let rows: Vec<RankedRow> = whole.ranking.iter().map(ranked_row).collect();
    syncs::add_ranking(tx, id, &rows).await?;
    keep_accounts(tx, whole, now).await?;
    roster::unlink_namesakes(ctx, tx, now).await?;
    let new_checkins = keep_check_ins(tx, id, camp_id, whole).await?;
    if whole.has_all_posts() {
        camps::point_at_posts(tx, camp_id, id, now).await?;
    }
    let counts = decide(ctx, tx, id, camp_id, whole.read_posts()).await?;
    Ok(Counts {
        new_checkins,
        ..counts
    })
}

/// Makes a run the one whose ranking, which is kept, decides: confirms the claims that it and the
/// `posts` prove, and judges the members.
pub(super) async fn decide(
    ctx: &Context,
    tx: &mut Tx,
    id: SyncId,
    camp_id: CampId,
    posts: &[Post],
) -> Result<Counts> {
    let now = ctx.now();
    camps::point_at_sync(tx, camp_id, id, now).await?;
    let mut members = readable(members::of_camp(tx, camp_id).await?);
    let entrants = syncs::entrants(tx, camp_id).await?;
    let note = Note::new("sync", format!("confirmed by sync {id}"), now);
    claims::confirm(tx, &mut members, &entrants, &note).await?;
    proof::recognize(ctx, tx, posts, &mut members, &note).await?;
    let newly_eligible = evidence::judge_camp(tx, camp_id, now).await?;
    let rows = syncs::ranking(tx, id).await?;
    syncs::prune_rankings(tx, camp_id, id).await?;
    Ok(Counts {
        members: count(rows.len()),
        new_checkins: 0,
        newly_eligible,
        unknown_users: unknown_users(&rows, &members),
    })
}

/// A row of the ranking as it is kept.
pub(super) fn ranked_row(user: &RankedUser) -> RankedRow {
    RankedRow {
        account: PlanetUserId(user.user_id),
        nickname: user.name.clone(),
        checked_in_days: i64::from(user.checkined_days),
    }
}

/// The people of a ranking.
pub(super) fn accounts(rows: &[RankedRow]) -> impl Iterator<Item = PlanetUserId> {
    rows.iter().map(|row| row.account)
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Everybody whom the ranking or a post names. The ranking is read last into the map: it also has
/// the picture.
async fn keep_accounts(tx: &mut Tx, whole: &Whole, now: Timestamp) -> Result<()> {
    let account = |user_id, name: &str, alias: &str, avatar_url: Option<String>| PlanetUser {
        planet_user_id: PlanetUserId(user_id),
        member_number: None,
        nickname: name.to_owned(),
        card_name: alias.to_owned(),
        wechat_nickname: String::new(),
        avatar_url,
        in_roster: false,
    };
    let of_post = |post: &Post| account(post.user_id, &post.name, &post.alias, None);
    let of_rank = |user: &RankedUser| {
        let avatar_url = user.avatar_url.clone();
        account(user.user_id, &user.name, &user.alias, avatar_url)
    };
    let posts = whole.read_posts().iter().rev().map(of_post);
    let accounts: BTreeMap<PlanetUserId, PlanetUser> = posts
        .chain(whole.ranking.iter().map(of_rank))
        .map(|user| (user.planet_user_id, user))
        .collect();
    for user in accounts.values() {
        planet_users::upsert(tx, user, now).await?;
    }
    Ok(())
}

/// One check-in per account and day, the earliest. Days of which every post was read are made
/// equal to what was read, deletions included; answers how many days are new.
async fn keep_check_ins(tx: &mut Tx, id: SyncId, camp_id: CampId, whole: &Whole) -> Result<i64> {
    let since = Timestamp::from(whole.since);
    let read = earliest(whole.read_posts());
    let kept: HashMap<(PlanetUserId, NaiveDate), CheckIn> =
        readable(checkins::from_day(tx, camp_id, since.shanghai_day()).await?)
            .into_iter()
            .map(|check_in| ((check_in.account, check_in.day), check_in))
            .collect();
    let has_all = whole.has_all_posts();
    let is_whole_day = |day| has_all && Timestamp::start_of_day(day) >= since;

    let mut new = 0;
    let mut changed = Vec::new();
    for (key, check_in) in &read {
        match kept.get(key) {
            None => {
                new += 1;
                changed.push(check_in.clone());
            }
            Some(old) if old == check_in => {}
            Some(old) => {
                let is_imported = old.source == CheckInSource::Import;
                let is_earlier = old.at.is_none_or(|old| check_in.at < Some(old));
                if is_imported || is_earlier || is_whole_day(key.1) {
                    changed.push(check_in.clone());
                }
            }
        }
    }
    checkins::record(tx, camp_id, id, &changed).await?;
    for (key, old) in &kept {
        // What an import brought has no post that could be gone.
        let is_gone = old.source == CheckInSource::Post && !read.contains_key(key);
        if is_gone && is_whole_day(key.1) && whole.is_sure_of_gaps() {
            checkins::forget(tx, camp_id, key.0, key.1).await?;
        }
    }
    Ok(new)
}

/// The first post of each account on each Shanghai day.
fn earliest(posts: &[Post]) -> BTreeMap<(PlanetUserId, NaiveDate), CheckIn> {
    let mut first: BTreeMap<(PlanetUserId, NaiveDate), CheckIn> = BTreeMap::new();
    for post in posts {
        let (account, day) = (PlanetUserId(post.user_id), post.shanghai_date());
        let check_in = CheckIn {
            account,
            day,
            at: Some(Timestamp::from(post.created_at)),
            topic_id: Some(post.topic_id.to_string()),
            summary: Some(post.summary.clone()).filter(|text| !text.is_empty()),
            source: CheckInSource::Post,
        };
        first
            .entry((account, day))
            .and_modify(|kept| {
                if check_in.at < kept.at {
                    *kept = check_in.clone();
                }
            })
            .or_insert(check_in);
    }
    first
}

/// Accounts in the ranking that no member claims.
fn unknown_users(rows: &[RankedRow], members: &[Member]) -> i64 {
    let claimed: HashSet<PlanetUserId> = members
        .iter()
        .filter_map(|member| member.identity.planet_user_id)
        .collect();
    let unknown = accounts(rows).filter(|account| !claimed.contains(account));
    count(unknown.count())
}
