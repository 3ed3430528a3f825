//! Runs of the check-in sync and the rankings they saw. A run decides nothing unless its camp
//! points at it.

use crate::domain::evidence::Suspicion;
use crate::domain::{
    BindStatus, CampId, MemberId, PlanetUserId, SyncId, Timestamp, UnknownWord, UserId,
};

use super::db::{Conn, run};
use super::{StoreError, StoreResult, Tx, held};

const TABLE: &str = "sync_run";
/// Rows of one `INSERT`: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 500;
/// What stands with a run whose instance died.
const LEASE_LOST: &str = "同步中断：执行它的进程没有完成";

macro_rules! select_run {
    ($tail:literal) => {
        concat!(
            "SELECT id, camp_id, state, requested_by, started_at, finished_at, members, ",
            "new_checkins, newly_eligible, unknown_users, error, suspicion, confirmed_at, ",
            "confirmed_by, ",
            "(SELECT u.display_name FROM system_user u WHERE u.id = confirmed_by) AS confirmer \
             FROM sync_run ",
            $tail
        )
    };
}

statements! {
    BY_ID = select_run!("WHERE id = $1");
    NEWEST_FINISHED = select_run!(
        "WHERE camp_id = $1 AND state <> 'running' ORDER BY id DESC LIMIT 1"
    );
    BURY_DEAD = "UPDATE sync_run SET state = 'failed', finished_at = $2, error = $4 \
                 WHERE camp_id = $1 AND state = 'running' AND lease_until < $3";
    START = "INSERT INTO sync_run (camp_id, state, requested_by, started_at, members, \
             new_checkins, newly_eligible, unknown_users, lease_until) \
             VALUES ($1, 'running', $2, $3, 0, 0, 0, 0, $4) \
             ON CONFLICT (camp_id) WHERE state = 'running' DO NOTHING RETURNING id";
    RUNNING = "SELECT id FROM sync_run WHERE camp_id = $1 AND state = 'running'";
    EXTEND = "UPDATE sync_run SET lease_until = $2 WHERE id = $1 AND state = 'running'";
    FINISH = "UPDATE sync_run SET state = $2, finished_at = $3, members = $4, new_checkins = $5, \
              newly_eligible = $6, unknown_users = $7, error = $8 \
              WHERE id = $1 AND state = 'running'";
    RANKING = "SELECT planet_user_id, nickname, checked_in_days FROM sync_ranking \
               WHERE sync_id = $1 ORDER BY checked_in_days DESC, planet_user_id";
    PRUNE = "DELETE FROM sync_ranking WHERE sync_id IN \
             (SELECT id FROM sync_run WHERE camp_id = $1 AND id < $2) \
             AND sync_id NOT IN (SELECT current_sync_id FROM training_camp \
                                 WHERE id = $1 AND current_sync_id IS NOT NULL) \
             AND sync_id NOT IN (SELECT sync_id FROM refund_record \
                                 WHERE camp_id = $1 AND sync_id IS NOT NULL) \
             AND sync_id NOT IN (SELECT id FROM sync_run WHERE camp_id = $1 \
                                 AND state = 'partial' AND suspicion IS NOT NULL \
                                 AND id > COALESCE((SELECT current_sync_id FROM training_camp \
                                                    WHERE id = $1), 0))";
    SUSPECT = "UPDATE sync_run SET suspicion = $2 WHERE id = $1";
    CONFIRM = "UPDATE sync_run SET state = 'complete', newly_eligible = $2, unknown_users = $3, \
               error = NULL, confirmed_by = $4, confirmed_at = $5, confirm_reason = $6 \
               WHERE id = $1 AND state = 'partial' AND suspicion IS NOT NULL";
    GIVE_UP = "UPDATE sync_run SET state = 'failed', finished_at = COALESCE(finished_at, $2), \
               error = $3 WHERE camp_id = $1 \
               AND (state = 'running' OR (state = 'partial' AND suspicion IS NOT NULL))";
    DROP_RANKINGS = "DELETE FROM sync_ranking WHERE sync_id IN \
                     (SELECT id FROM sync_run WHERE camp_id = $1) \
                     AND sync_id NOT IN (SELECT sync_id FROM refund_record \
                                         WHERE camp_id = $1 AND sync_id IS NOT NULL)";
    ENTRANTS = "SELECT m.id, p.claimed_planet_id, p.claimed_nickname, p.bind_status FROM camp_member m JOIN payment_record p ON p.id = m.payment_id \
                WHERE m.camp_id = $1 ORDER BY m.id";
}

text_enum! {
    /// Where a run is.
    pub enum SyncState {
        /// Reading the planet.
        Running = "running",
        /// Everything was read and the checksum is clean: it may decide.
        Complete = "complete",
        /// Something was read, but not all of it, or not in one piece, or a person is to confirm it:
        /// kept apart.
        Partial = "partial",
        /// Nothing of use was read.
        Failed = "failed",
    }
}

/// What a run found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts in the ranking.
    pub members: i64,
    /// Days with a check-in that were not known before.
    pub new_checkins: i64,
    /// Members whose days suffice now and did not before.
    pub newly_eligible: i64,
    /// Accounts in the ranking that no member of the camp claims.
    pub unknown_users: i64,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// Its row.
    pub id: SyncId,
    /// The camp.
    pub camp_id: CampId,
    /// Where it is.
    pub state: SyncState,
    /// A staff member's name, or `job`.
    pub requested_by: String,
    /// Business time: the moment as of which the planet was read.
    pub started_at: Timestamp,
    /// Business time.
    pub finished_at: Option<Timestamp>,
    /// What it found.
    pub counts: Counts,
    /// Why it is not complete, or what is missing all the same; for people.
    pub error: Option<String>,
    /// What was odd about its ranking.
    pub suspicion: Option<Suspicion>,
    /// Who has confirmed it, by name, and when.
    pub confirmed: Option<(String, Timestamp)>,
    /// Whose account that is: two people may have one name.
    pub confirmed_by: Option<UserId>,
}

impl SyncRun {
    /// Its ranking is whole and clean, but odd: it decides nothing before a person confirms it.
    #[must_use]
    pub fn waits_for_confirmation(&self) -> bool {
        self.state == SyncState::Partial && self.suspicion.is_some()
    }
}

/// Whether a run could be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs now, under this id.
    Now(SyncId),
    /// This one runs already.
    AlreadyRunning(SyncId),
}

/// One row of the ranking that a run saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedRow {
    /// The account.
    pub account: PlanetUserId,
    /// Its nickname then.
    pub nickname: String,
    /// Days by the planet's counting.
    pub checked_in_days: i64,
}

/// Who a member says to be.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// The member.
    pub member_id: MemberId,
    /// The planet number or id, as typed.
    pub claimed_planet_id: Option<String>,
    /// The planet nickname, as typed.
    pub claimed_nickname: Option<String>,
    /// Whether the order is bound: only then is the claim one to be confirmed.
    pub is_bound: bool,
}

#[derive(sqlx::FromRow)]
struct SyncRow {
    id: i64,
    camp_id: i64,
    state: String,
    requested_by: String,
    started_at: i64,
    finished_at: Option<i64>,
    members: i64,
    new_checkins: i64,
    newly_eligible: i64,
    unknown_users: i64,
    error: Option<String>,
    suspicion: Option<String>,
    confirmed_at: Option<i64>,
    confirmed_by: Option<i64>,
    confirmer: Option<String>,
}

impl TryFrom<SyncRow> for SyncRun {
    type Error = StoreError;

    fn try_from(row: SyncRow) -> StoreResult<Self> {
        let bad = |unknown: UnknownWord| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: unknown.to_string(),
        };
        let state = row.state.parse().map_err(bad)?;
        let suspicion = row.suspicion.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: SyncId(row.id),
            camp_id: CampId(row.camp_id),
            state,
            requested_by: row.requested_by,
            started_at: Timestamp::from_micros(row.started_at),
            finished_at: row.finished_at.map(Timestamp::from_micros),
            counts: Counts {
                members: row.members,
                new_checkins: row.new_checkins,
                newly_eligible: row.newly_eligible,
                unknown_users: row.unknown_users,
            },
            error: row.error,
            suspicion: suspicion.map_err(bad)?,
            confirmed: row
                .confirmer
                .zip(row.confirmed_at.map(Timestamp::from_micros)),
            confirmed_by: row.confirmed_by.map(UserId),
        })
    }
}

#[derive(sqlx::FromRow)]
struct EntrantRow {
    id: i64,
    claimed_planet_id: Option<String>,
    claimed_nickname: Option<String>,
    bind_status: String,
}

/// One run.
pub async fn by_id(conn: &mut Conn, id: SyncId) -> StoreResult<Option<SyncRun>> {
    let row: Option<SyncRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(SyncRun::try_from).transpose()
}

/// The newest run of a camp that has ended, whatever came of it.
pub async fn newest_finished(conn: &mut Conn, camp: CampId) -> StoreResult<Option<SyncRun>> {
    let row: Option<SyncRow> =
        run!(conn, c => sqlx::query_as(NEWEST_FINISHED).bind(camp.0).fetch_optional(c).await)?;
    row.map(SyncRun::try_from).transpose()
}

/// Starts a run unless one is running; one whose lease has run out is dead and counts as failed.
/// `now` is business time, `wall_now` and `lease_until` are wall time.
pub async fn start(
    tx: &mut Tx,
    camp: CampId,
    requested_by: &str,
    now: Timestamp,
    wall_now: Timestamp,
    lease_until: Timestamp,
) -> StoreResult<Started> {
    run!(tx, c => sqlx::query(BURY_DEAD)
        .bind(camp.0)
        .bind(now.micros())
        .bind(wall_now.micros())
        .bind(LEASE_LOST)
        .execute(c)
        .await
        .map(drop))?;
    let started: Option<(i64,)> = run!(tx, c => sqlx::query_as(START)
        .bind(camp.0)
        .bind(requested_by)
        .bind(now.micros())
        .bind(lease_until.micros())
        .fetch_optional(c)
        .await)?;
    if let Some((id,)) = started {
        return Ok(Started::Now(SyncId(id)));
    }
    let running: Option<(i64,)> =
        run!(tx, c => sqlx::query_as(RUNNING).bind(camp.0).fetch_optional(c).await)?;
    // It ended between the two statements: the caller runs the transaction again.
    let (id,) = running.ok_or(StoreError::Conflict)?;
    Ok(Started::AlreadyRunning(SyncId(id)))
}

/// Holds on to a run; `false` if it was declared dead in the meantime.
pub async fn extend(tx: &mut Tx, id: SyncId, lease_until: Timestamp) -> StoreResult<bool> {
    let held = run!(tx, c => sqlx::query(EXTEND)
        .bind(id.0)
        .bind(lease_until.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(held == 1)
}

/// Records how a run ended, if it still is this instance's to end.
pub async fn finish(
    tx: &mut Tx,
    id: SyncId,
    state: SyncState,
    counts: Counts,
    error: Option<&str>,
    now: Timestamp,
) -> StoreResult<()> {
    let ended = run!(tx, c => sqlx::query(FINISH)
        .bind(id.0)
        .bind(state.as_str())
        .bind(now.micros())
        .bind(counts.members)
        .bind(counts.new_checkins)
        .bind(counts.newly_eligible)
        .bind(counts.unknown_users)
        .bind(error)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if ended == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale {
            table: TABLE,
            id: id.0,
        })
    }
}

/// Keeps the ranking that a run saw. No account may be in it twice.
pub async fn add_ranking(tx: &mut Tx, id: SyncId, rows: &[RankedRow]) -> StoreResult<()> {
    const HEAD: &str =
        "INSERT INTO sync_ranking (sync_id, planet_user_id, nickname, checked_in_days) ";
    for rows in rows.chunks(ROWS_PER_INSERT) {
        run!(tx, c => {
            let mut insert = sqlx::QueryBuilder::new(HEAD);
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(id.0)
                    .push_bind(row.account.0)
                    .push_bind(&row.nickname)
                    .push_bind(row.checked_in_days);
            });
            insert.build().execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// The ranking that a run saw, most days first.
pub async fn ranking(conn: &mut Conn, id: SyncId) -> StoreResult<Vec<RankedRow>> {
    let rows: Vec<(i64, String, i64)> =
        run!(conn, c => sqlx::query_as(RANKING).bind(id.0).fetch_all(c).await)?;
    let row = |(account, nickname, checked_in_days)| RankedRow {
        account: PlanetUserId(account),
        nickname,
        checked_in_days,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Drops the rankings of a camp's runs before `newest` that nothing refers to: not the camp, no
/// refund, and nobody who is to confirm one.
pub async fn prune_rankings(tx: &mut Tx, camp: CampId, newest: SyncId) -> StoreResult<()> {
    run!(tx, c => sqlx::query(PRUNE).bind(camp.0).bind(newest.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Marks a run whose ranking decides nothing before a person confirms it.
pub async fn suspect(tx: &mut Tx, id: SyncId, suspicion: Suspicion) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SUSPECT)
        .bind(id.0)
        .bind(suspicion.as_str())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Somebody's word that an odd ranking is right.
#[derive(Debug, Clone)]
pub struct Confirmation {
    pub by: UserId,
    pub reason: String,
    pub at: Timestamp,
}

/// Completes a run that waits for it; [`StoreError::Stale`] if it does not.
pub async fn confirm(
    tx: &mut Tx,
    id: SyncId,
    counts: Counts,
    confirmation: &Confirmation,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(CONFIRM)
        .bind(id.0)
        .bind(counts.newly_eligible)
        .bind(counts.unknown_users)
        .bind(confirmation.by.0)
        .bind(confirmation.at.micros())
        .bind(&confirmation.reason)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Ends the runs of a camp that are under way or wait to be confirmed as failed, and drops all its
/// rankings but those that a refund names: none of them decides any more. `error` says why.
pub async fn drop_all(tx: &mut Tx, camp: CampId, error: &str, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(GIVE_UP)
        .bind(camp.0)
        .bind(now.micros())
        .bind(error)
        .execute(c)
        .await
        .map(drop))?;
    run!(tx, c => sqlx::query(DROP_RANKINGS).bind(camp.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Who the members of a camp say to be, by member.
pub async fn entrants(conn: &mut Conn, camp: CampId) -> StoreResult<Vec<Entrant>> {
    let rows: Vec<EntrantRow> =
        run!(conn, c => sqlx::query_as(ENTRANTS).bind(camp.0).fetch_all(c).await)?;
    let entrant = |row: EntrantRow| Entrant {
        member_id: MemberId(row.id),
        is_bound: row.bind_status == BindStatus::Completed.as_str(),
        claimed_planet_id: row.claimed_planet_id,
        claimed_nickname: row.claimed_nickname,
    };
    Ok(rows.into_iter().map(entrant).collect())
}
