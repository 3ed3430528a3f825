//! What a file or a person states of somebody's days: a total, or of a file that it names them one by
//! one. The newest counts; those before it stay.

use crate::domain::{CampId, CheckInSource, MemberId, PlanetUserId, Timestamp, UserId};

use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    IMPORTED = "SELECT planet_user_id, days FROM stated_days \
                WHERE camp_id = $1 AND source = 'import' AND days IS NOT NULL \
                AND replaced_at IS NULL";
    ATTESTED = "SELECT s.days, s.reason, u.display_name, s.stated_at FROM stated_days s \
                JOIN system_user u ON u.id = s.stated_by \
                WHERE s.member_id = $1 AND s.source = 'attested' AND s.replaced_at IS NULL";
    REPLACE_IMPORTED = "UPDATE stated_days SET replaced_at = $3 WHERE camp_id = $1 \
                        AND planet_user_id = $2 AND source = 'import' AND replaced_at IS NULL";
    REPLACE_ATTESTED = "UPDATE stated_days SET replaced_at = $2 WHERE member_id = $1 \
                        AND source = 'attested' AND replaced_at IS NULL";
    ADD = "INSERT INTO stated_days (camp_id, source, planet_user_id, member_id, days, reason, \
           stated_by, stated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// Who states days, why and when.
#[derive(Debug, Clone)]
pub struct Statement {
    pub by: UserId,
    /// Empty for a file.
    pub reason: String,
    pub at: Timestamp,
}

/// Days that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    pub days: i64,
    pub reason: String,
    /// The name of who answers.
    pub by: String,
    pub at: Timestamp,
}

/// The totals that files state of a camp's accounts.
pub async fn imported(conn: &mut Conn, camp: CampId) -> StoreResult<Vec<(PlanetUserId, i64)>> {
    let rows: Vec<(i64, i64)> =
        run!(conn, c => sqlx::query_as(IMPORTED).bind(camp.0).fetch_all(c).await)?;
    let rows = rows.into_iter();
    Ok(rows.map(|(id, days)| (PlanetUserId(id), days)).collect())
}

/// The days that somebody answers for of a member.
pub async fn attested(conn: &mut Conn, member: MemberId) -> StoreResult<Option<Attested>> {
    let row: Option<(i64, String, String, i64)> =
        run!(conn, c => sqlx::query_as(ATTESTED).bind(member.0).fetch_optional(c).await)?;
    Ok(row.map(|(days, reason, by, at)| Attested {
        days,
        reason,
        by,
        at: Timestamp::from_micros(at),
    }))
}

/// Keeps the total that a file states of an account, in place of what was stated before; none for a
/// file that names the account's days one by one, which are counted where they stand.
pub async fn import(
    tx: &mut Tx,
    camp: CampId,
    account: PlanetUserId,
    days: Option<i64>,
    statement: &Statement,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(REPLACE_IMPORTED)
        .bind(camp.0)
        .bind(account.0)
        .bind(statement.at.micros())
        .execute(c)
        .await
        .map(drop))?;
    add(tx, camp, Of::Account(account), days, statement).await
}

/// Keeps the total that somebody answers for of a member, in place of the one before.
pub async fn attest(
    tx: &mut Tx,
    camp: CampId,
    member: MemberId,
    days: i64,
    statement: &Statement,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(REPLACE_ATTESTED)
        .bind(member.0)
        .bind(statement.at.micros())
        .execute(c)
        .await
        .map(drop))?;
    add(tx, camp, Of::Member(member), Some(days), statement).await
}

enum Of {
    Account(PlanetUserId),
    Member(MemberId),
}

async fn add(
    tx: &mut Tx,
    camp: CampId,
    of: Of,
    days: Option<i64>,
    statement: &Statement,
) -> StoreResult<()> {
    let (source, account, member) = match of {
        Of::Account(account) => (CheckInSource::Import, Some(account.0), None),
        Of::Member(member) => (CheckInSource::Attested, None, Some(member.0)),
    };
    run!(tx, c => sqlx::query(ADD)
        .bind(camp.0)
        .bind(source.as_str())
        .bind(account)
        .bind(member)
        .bind(days)
        .bind(&statement.reason)
        .bind(statement.by.0)
        .bind(statement.at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
