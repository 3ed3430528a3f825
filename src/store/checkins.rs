//! Check-ins: one row per camp, planet account and Shanghai day, with the first time of that day.

use chrono::NaiveDate;

use crate::domain::{CampId, PlanetUserId, SyncId, Timestamp, UserId};

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::{StoreError, StoreResult, Tx};

/// Rows of one `INSERT`: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 500;

statements! {
    NEWEST_AT = "SELECT MAX(checked_in_at) FROM checkin_record WHERE camp_id = $1";
    FROM_DAY = "SELECT planet_user_id, day, checked_in_at, topic_id FROM checkin_record \
                WHERE camp_id = $1 AND day >= $2";
    FORGET = "DELETE FROM checkin_record WHERE camp_id = $1 AND planet_user_id = $2 AND day = $3";
    OF_ACCOUNT = "SELECT planet_user_id, day, checked_in_at, topic_id FROM checkin_record \
                  WHERE camp_id = $1 AND planet_user_id = $2 AND day >= $3 AND day <= $4 \
                  ORDER BY day";
    DAYS_OF_ACCOUNTS = "SELECT planet_user_id, CAST(COUNT(*) AS BIGINT) FROM checkin_record \
                        WHERE camp_id = $1 AND day >= $2 AND day <= $3 \
                        GROUP BY planet_user_id ORDER BY planet_user_id";
    PER_DAY = "SELECT day, CAST(COUNT(*) AS BIGINT) FROM checkin_record \
               WHERE camp_id = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day";
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
}

#[derive(sqlx::FromRow)]
struct CheckInRow {
    planet_user_id: i64,
    day: String,
    checked_in_at: Option<i64>,
    topic_id: Option<String>,
}

impl TryFrom<CheckInRow> for CheckIn {
    type Error = StoreError;

    fn try_from(row: CheckInRow) -> StoreResult<Self> {
        Ok(Self {
            account: PlanetUserId(row.planet_user_id),
            day: read_day(&row.day, row.planet_user_id)?,
            at: row.checked_in_at.map(Timestamp::from_micros),
            topic_id: row.topic_id,
        })
    }
}

fn read_day(text: &str, id: i64) -> StoreResult<NaiveDate> {
    text.parse().map_err(|_| StoreError::Inconsistent {
        table: "checkin_record",
        id,
        what: "a date".to_owned(),
    })
}

fn many(rows: Vec<CheckInRow>) -> StoreResult<Vec<CheckIn>> {
    rows.into_iter().map(CheckIn::try_from).collect()
}

/// The newest check-in of a camp that is kept.
pub async fn newest_at(conn: &mut Conn, camp: CampId) -> StoreResult<Option<Timestamp>> {
    let (newest,): (Option<i64>,) =
        run!(conn, c => sqlx::query_as(NEWEST_AT).bind(camp.0).fetch_one(c).await)?;
    Ok(newest.map(Timestamp::from_micros))
}

/// A camp's check-ins from a day on.
pub async fn from_day(conn: &mut Conn, camp: CampId, day: NaiveDate) -> StoreResult<Vec<CheckIn>> {
    many(run!(conn, c => sqlx::query_as(FROM_DAY)
        .bind(camp.0)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?)
}

/// Adds check-ins, or brings those of the same camp, account and day up to date. None may be in
/// the list twice.
pub async fn record(
    tx: &mut Tx,
    camp: CampId,
    sync: SyncId,
    check_ins: &[CheckIn],
) -> StoreResult<()> {
    const HEAD: &str = "INSERT INTO checkin_record (camp_id, planet_user_id, day, checked_in_at, \
                        topic_id, sync_id) ";
    const TAIL: &str = " ON CONFLICT (camp_id, planet_user_id, day) DO UPDATE \
                        SET checked_in_at = excluded.checked_in_at, \
                        topic_id = excluded.topic_id, sync_id = excluded.sync_id";
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
                    .push_bind(sync.0);
            });
            insert.push(TAIL);
            insert.build().execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// Drops a check-in whose post the planet no longer has.
pub async fn forget(
    tx: &mut Tx,
    camp: CampId,
    account: PlanetUserId,
    day: NaiveDate,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(FORGET)
        .bind(camp.0)
        .bind(account.0)
        .bind(day.to_string())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// One account's check-ins in a camp between two days, both inclusive, in order.
pub async fn of_account(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<Vec<CheckIn>> {
    many(run!(conn, c => sqlx::query_as(OF_ACCOUNT)
        .bind(camp.0)
        .bind(account.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?)
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

/// How many accounts checked in on each day, between two days, both inclusive; days with none
/// are left out.
pub async fn per_day(
    conn: &mut Conn,
    camp: CampId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<Vec<(NaiveDate, i64)>> {
    let rows: Vec<(String, i64)> = run!(conn, c => sqlx::query_as(PER_DAY)
        .bind(camp.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?;
    rows.into_iter()
        .map(|(day, count)| Ok((read_day(&day, camp.0)?, count)))
        .collect()
}

/// Which check-ins a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one camp.
    pub camp: Option<CampId>,
    /// Of the camps that somebody leads or serves.
    pub staffed_by: Option<UserId>,
    /// Of members with this in one of their names, or of the account with this id.
    pub text: Option<String>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, inclusive.
    pub to: Option<NaiveDate>,
}

/// A check-in as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ListedCheckIn {
    /// The camp.
    pub camp_id: i64,
    /// The account.
    pub planet_user_id: i64,
    /// Its nickname, where a sync or the roster has named it.
    pub planet_nickname: Option<String>,
    /// The member of the camp who is known to be that account.
    pub member_id: Option<i64>,
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Microseconds.
    pub checked_in_at: Option<i64>,
}

const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT)";
const COLUMNS: &str = "SELECT r.camp_id, r.planet_user_id, u.nickname AS planet_nickname, \
    m.id AS member_id, r.day, r.checked_in_at";
const FROM: &str = " FROM checkin_record r \
    LEFT JOIN camp_member m ON m.camp_id = r.camp_id AND m.planet_user_id = r.planet_user_id \
    AND m.match_status = 'matched' LEFT JOIN planet_user u ON u.planet_user_id = r.planet_user_id \
    WHERE TRUE";
const PAGE: &str = "ORDER BY r.day DESC, r.checked_in_at DESC, r.planet_user_id LIMIT ";

impl Filter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp {
            conditions.value("AND r.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND r.camp_id", user);
        }
        if let Some(from) = self.from {
            conditions.value("AND r.day >= ", Bind::Text(from.to_string()), "");
        }
        if let Some(to) = self.to {
            conditions.value("AND r.day <= ", Bind::Text(to.to_string()), "");
        }
        if let Some(text) = &self.text {
            // No account has the id 0.
            let account = Bind::Number(text.trim().parse().unwrap_or(0));
            conditions.value("AND (r.planet_user_id = ", account, "");
            conditions.contains("OR m.names_folded LIKE ", text, ")");
        }
        conditions
    }
}

/// A page of the check-ins that a filter lets through, newest first, and how many there are.
pub async fn list(
    conn: &mut Conn,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<ListedCheckIn>, i64)> {
    let found = filter.conditions();
    let count = found.statement(&format!("{COUNT}{FROM}"), "");
    let mut page = filter.conditions();
    page.value(PAGE, Bind::Number(limit), "");
    page.value("OFFSET ", Bind::Number(offset), "");
    let rows = page.statement(&format!("{COLUMNS}{FROM}"), "");
    let (total,): (i64,) = run!(conn, c =>
        bind_all!(sqlx::query_as(sqlx::AssertSqlSafe(count)), found).fetch_one(c).await)?;
    let rows: Vec<ListedCheckIn> = run!(conn, c =>
        bind_all!(sqlx::query_as(sqlx::AssertSqlSafe(rows)), page).fetch_all(c).await)?;
    Ok((rows, total))
}
