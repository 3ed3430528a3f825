//! Check-ins: one row per camp, planet account and Shanghai day, with the first time of that day.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::domain::calendar::Counted;
use crate::domain::{CampId, CheckInSource, PlanetUserId, SyncId, Timestamp, UnknownWord};

use super::db::{Conn, run};
use super::{Rows, StoreError, StoreResult, Tx};

const TABLE: &str = "checkin_record";
/// Rows of one `INSERT`: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 500;

statements! {
    NEWEST_POST_AT = "SELECT MAX(checked_in_at) FROM checkin_record \
                      WHERE camp_id = $1 AND source = 'post'";
    FROM_DAY = "SELECT planet_user_id, day, checked_in_at, topic_id, summary, source FROM checkin_record \
                WHERE camp_id = $1 AND day >= $2";
    STATED = "SELECT planet_user_id, day FROM checkin_record \
              WHERE camp_id = $1 AND imported_at IS NOT NULL";
    FORGET = "DELETE FROM checkin_record WHERE camp_id = $1 AND planet_user_id = $2 AND day = $3 \
              AND imported_at IS NULL";
    LEAVE_STATED = "UPDATE checkin_record SET source = 'import', checked_in_at = NULL, \
                    topic_id = NULL, summary = NULL, sync_id = NULL WHERE camp_id = $1 AND planet_user_id = $2 \
                    AND day = $3 AND source = 'post' AND imported_at IS NOT NULL";
    FORGET_POSTS = "DELETE FROM checkin_record WHERE camp_id = $1 AND source = 'post' \
                    AND imported_at IS NULL";
    LEAVE_ALL_STATED = "UPDATE checkin_record SET source = 'import', checked_in_at = NULL, \
                        topic_id = NULL, summary = NULL, sync_id = NULL WHERE camp_id = $1 AND source = 'post' \
                        AND imported_at IS NOT NULL";
    OF_ACCOUNT = "SELECT planet_user_id, day, checked_in_at, topic_id, summary, source FROM checkin_record \
                  WHERE camp_id = $1 AND planet_user_id = $2 AND day >= $3 AND day <= $4 \
                  ORDER BY day";
    COUNTED = "SELECT c.planet_user_id, c.day, c.checked_in_at, c.source, \
               COALESCE(y.finished_at, y.started_at, c.imported_at) FROM checkin_record c \
               LEFT JOIN sync_run y ON y.id = c.sync_id WHERE c.camp_id = $1 \
               AND c.planet_user_id = $2 AND c.day >= $3 AND c.day <= $4 ORDER BY c.day";
    DAYS_OF_ACCOUNTS = "SELECT planet_user_id, CAST(COUNT(*) AS BIGINT) FROM checkin_record \
                        WHERE camp_id = $1 AND day >= $2 AND day <= $3 \
                        GROUP BY planet_user_id ORDER BY planet_user_id";
}

/// One day of an account with a check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// The account.
    pub account: PlanetUserId,
    /// The day in Shanghai.
    pub day: NaiveDate,
    /// The first check-in of the day; none where only the day is known.
    pub at: Option<Timestamp>,
    /// The planet's post; none where it came from an import.
    pub topic_id: Option<String>,
    /// The beginning of the post, at most 40 characters; none where it has no words, or where there
    /// is no post.
    pub summary: Option<String>,
    /// A post or an import.
    pub source: CheckInSource,
}

#[derive(sqlx::FromRow)]
struct CheckInRow {
    planet_user_id: i64,
    day: String,
    checked_in_at: Option<i64>,
    topic_id: Option<String>,
    summary: Option<String>,
    source: String,
}

impl TryFrom<CheckInRow> for CheckIn {
    type Error = StoreError;

    fn try_from(row: CheckInRow) -> StoreResult<Self> {
        Ok(Self {
            account: PlanetUserId(row.planet_user_id),
            day: read_day(&row.day, row.planet_user_id)?,
            at: row.checked_in_at.map(Timestamp::from_micros),
            source: row.source.parse().map_err(|unknown: UnknownWord| {
                StoreError::Inconsistent {
                    table: TABLE,
                    id: row.planet_user_id,
                    what: unknown.to_string(),
                }
            })?,
            topic_id: row.topic_id,
            summary: row.summary,
        })
    }
}

fn read_day(text: &str, id: i64) -> StoreResult<NaiveDate> {
    text.parse().map_err(|_| StoreError::Inconsistent {
        table: TABLE,
        id,
        what: "a date".to_owned(),
    })
}

fn many(rows: Vec<CheckInRow>) -> Rows<CheckIn> {
    rows.into_iter().map(CheckIn::try_from).collect()
}

/// The newest post of a camp that is kept.
pub async fn newest_post_at(conn: &mut Conn, camp: CampId) -> StoreResult<Option<Timestamp>> {
    let (newest,): (Option<i64>,) =
        run!(conn, c => sqlx::query_as(NEWEST_POST_AT).bind(camp.0).fetch_one(c).await)?;
    Ok(newest.map(Timestamp::from_micros))
}

/// A camp's check-ins from a day on.
pub async fn from_day(conn: &mut Conn, camp: CampId, day: NaiveDate) -> StoreResult<Rows<CheckIn>> {
    Ok(many(run!(conn, c => sqlx::query_as(FROM_DAY)
        .bind(camp.0)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?))
}

/// The days of a camp's accounts that files have named. One that cannot be read is left out:
/// [`from_day`] names it.
pub async fn stated(
    conn: &mut Conn,
    camp: CampId,
) -> StoreResult<HashSet<(PlanetUserId, NaiveDate)>> {
    let rows: Vec<(i64, String)> =
        run!(conn, c => sqlx::query_as(STATED).bind(camp.0).fetch_all(c).await)?;
    let day = |(id, day): (i64, String)| Some((PlanetUserId(id), read_day(&day, id).ok()?));
    Ok(rows.into_iter().filter_map(day).collect())
}

/// A day that a file names, and the time where it says one.
pub type StatedDay = ((PlanetUserId, NaiveDate), Option<Timestamp>);

/// Keeps days that a file names. Where there is a post, that stands, and that a file names the day
/// too is kept beside it.
pub async fn state(
    tx: &mut Tx,
    camp: CampId,
    days: &[StatedDay],
    now: Timestamp,
) -> StoreResult<()> {
    const HEAD: &str = "INSERT INTO checkin_record (camp_id, planet_user_id, day, checked_in_at, \
                        source, imported_at) ";
    const TAIL: &str = " ON CONFLICT (camp_id, planet_user_id, day) DO UPDATE \
                        SET imported_at = excluded.imported_at, checked_in_at = CASE \
                        WHEN checkin_record.source = 'post' THEN checkin_record.checked_in_at \
                        ELSE excluded.checked_in_at END";
    for rows in days.chunks(ROWS_PER_INSERT) {
        run!(tx, c => {
            let mut insert = sqlx::QueryBuilder::new(HEAD);
            insert.push_values(rows, |mut values, ((account, day), at)| {
                values
                    .push_bind(camp.0)
                    .push_bind(account.0)
                    .push_bind(day.to_string())
                    .push_bind(at.map(Timestamp::micros))
                    .push_bind(CheckInSource::Import.as_str())
                    .push_bind(now.micros());
            });
            insert.push(TAIL);
            insert.build().execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// Adds check-ins that a sync has read, or brings those of the same camp, account and day up to
/// date. None may be in the list twice.
pub async fn record(
    tx: &mut Tx,
    camp: CampId,
    sync: SyncId,
    check_ins: &[CheckIn],
) -> StoreResult<()> {
    const HEAD: &str = "INSERT INTO checkin_record (camp_id, planet_user_id, day, checked_in_at, \
                        topic_id, summary, source, sync_id) ";
    const TAIL: &str = " ON CONFLICT (camp_id, planet_user_id, day) DO UPDATE \
                        SET checked_in_at = excluded.checked_in_at, \
                        topic_id = excluded.topic_id, summary = excluded.summary, \
                        source = excluded.source, sync_id = excluded.sync_id";
    for rows in check_ins.chunks(ROWS_PER_INSERT) {
        run!(tx, c => {
            let mut insert = sqlx::QueryBuilder::new(HEAD);
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(camp.0)
                    .push_bind(row.account.0)
                    .push_bind(row.day.to_string())
                    .push_bind(row.at.map(Timestamp::micros))
                    .push_bind(&row.topic_id)
                    .push_bind(&row.summary)
                    .push_bind(row.source.as_str())
                    .push_bind(sync.0);
            });
            insert.push(TAIL);
            insert.build().execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// Drops a check-in whose post the planet no longer has. A day that a file has named stays as that.
pub async fn forget(
    tx: &mut Tx,
    camp: CampId,
    account: PlanetUserId,
    day: NaiveDate,
) -> StoreResult<()> {
    for sql in [FORGET, LEAVE_STATED] {
        run!(tx, c => sqlx::query(sql)
            .bind(camp.0)
            .bind(account.0)
            .bind(day.to_string())
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Drops all check-ins of a camp that posts tell of, and leaves the days that files have named.
pub async fn forget_posts(tx: &mut Tx, camp: CampId) -> StoreResult<()> {
    for sql in [FORGET_POSTS, LEAVE_ALL_STATED] {
        run!(tx, c => sqlx::query(sql).bind(camp.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// One account's check-ins in a camp between two days, both inclusive, in order.
pub async fn of_account(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<Rows<CheckIn>> {
    Ok(many(run!(conn, c => sqlx::query_as(OF_ACCOUNT)
        .bind(camp.0)
        .bind(account.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?))
}

/// Account, day, time, source, moment of counting.
type CountedRow = (i64, String, Option<i64>, String, Option<i64>);

/// One account's days with a check-in between two days, both inclusive, with the moment at which each
/// was counted.
pub async fn counted(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<Rows<(NaiveDate, Counted)>> {
    let rows: Vec<CountedRow> = run!(conn, c => sqlx::query_as(COUNTED)
        .bind(camp.0)
        .bind(account.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?;
    let read = |(id, day, at, source, counted_at): CountedRow| {
        let bad = |unknown: UnknownWord| StoreError::Inconsistent {
            table: TABLE,
            id,
            what: unknown.to_string(),
        };
        let counted = Counted {
            at: at.map(Timestamp::from_micros),
            counted_at: counted_at.map(Timestamp::from_micros),
            source: source.parse().map_err(bad)?,
        };
        Ok((read_day(&day, id)?, counted))
    };
    Ok(rows.into_iter().map(read).collect())
}

/// How many days each account has a check-in on, between two days, both inclusive: what the
/// ranking is cross-checked by.
pub async fn days_of_accounts(
    conn: &mut Conn,
    camp: CampId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<Vec<(PlanetUserId, i64)>> {
    let rows: Vec<(i64, i64)> = run!(conn, c => sqlx::query_as(DAYS_OF_ACCOUNTS)
        .bind(camp.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(account, days)| (PlanetUserId(account), days))
        .collect())
}
