//! An import on its way. Its rows are staged few at a time, so that nobody waits long for the
//! writer, and become accounts and rows of the roster in one transaction of few statements: who
//! reads the roster sees all of a file or none of it, since who is whom rests on who else there is.

use crate::domain::{PlanetUserId, Timestamp};

use super::db::run;
use super::planet_users::update_user;
use super::roster::merge_dates;
use super::{StoreResult, Tx};

/// Every name of the staged rows, one to a row.
macro_rules! staged_names {
    ($key:literal, $tail:literal) => {
        concat!(
            "SELECT n.",
            $key,
            ", n.kind, n.name, CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM (",
            "SELECT import, planet_user_id, member_number, 'nickname' AS kind, nickname AS name ",
            "FROM roster_staged UNION ALL ",
            "SELECT import, planet_user_id, member_number, 'card_name', card_name ",
            "FROM roster_staged UNION ALL ",
            "SELECT import, planet_user_id, member_number, 'wechat_nickname', wechat_nickname ",
            "FROM roster_staged) n WHERE n.import = $1 AND TRIM(n.name) <> '' ",
            $tail
        )
    };
}

/// The numbers of the staged accounts.
macro_rules! of_staged_accounts {
    ($head:literal) => {
        concat!(
            $head,
            " WHERE member_number IN (SELECT s.member_number FROM roster_staged s ",
            "WHERE s.import = $1 AND s.planet_user_id IS NOT NULL AND s.member_number IS NOT NULL)"
        )
    };
}

statements! {
    STAGE = "INSERT INTO roster_staged (import, place, planet_user_id, member_number, nickname, \
             card_name, wechat_nickname, staged_at, proves_number) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// A number is one account's.
    RELEASE_NUMBERS = "UPDATE planet_user SET member_number = NULL, linked_nickname = NULL, \
                       linked_card = NULL, updated_at = $2 \
                       WHERE EXISTS (SELECT 1 FROM roster_staged s WHERE s.import = $1 \
                       AND s.member_number = planet_user.member_number \
                       AND s.planet_user_id <> planet_user.planet_user_id)";
    KEEP_ACCOUNTS = concat!(
        "INSERT INTO planet_user (planet_user_id, member_number, nickname, card_name, ",
        "wechat_nickname, in_roster, created_at, updated_at) ",
        "SELECT s.planet_user_id, s.member_number, s.nickname, s.card_name, s.wechat_nickname, ",
        "TRUE, CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM roster_staged s ",
        "WHERE s.import = $1 AND s.planet_user_id IS NOT NULL ",
        update_user!()
    );
    /// A row with number and id needs no name to link them.
    PROVE_LINKS = "UPDATE planet_user SET linked_nickname = NULL, linked_card = NULL \
                   WHERE linked_nickname IS NOT NULL AND planet_user_id IN (SELECT s.planet_user_id \
                   FROM roster_staged s WHERE s.import = $1 AND s.proves_number)";
    KEEP_ACCOUNT_NAMES = concat!(
        "INSERT INTO planet_user_name (planet_user_id, kind, name, first_seen_at, last_seen_at) ",
        staged_names!(
            "planet_user_id",
            "AND n.planet_user_id IS NOT NULL \
             ON CONFLICT (planet_user_id, kind, name) DO UPDATE SET last_seen_at = $2"
        )
    );
    /// Rows without an account that turn out to be one: their names become names of the account.
    ABSORB_NAMES = concat!(
        "INSERT INTO planet_user_name (planet_user_id, kind, name, first_seen_at, last_seen_at) ",
        "SELECT s.planet_user_id, n.kind, n.name, n.first_seen_at, n.last_seen_at ",
        "FROM roster_staged s JOIN roster_entry_name n ON n.member_number = s.member_number ",
        "WHERE s.import = $1 AND s.planet_user_id IS NOT NULL ",
        merge_dates!()
    );
    END_ABSORBED_NAMES = of_staged_accounts!("DELETE FROM roster_entry_name");
    END_ABSORBED = of_staged_accounts!("DELETE FROM roster_entry");
    /// A sync may have found the account of a number since the file was read.
    KEEP_ROWS = "INSERT INTO roster_entry (member_number, nickname, card_name, wechat_nickname, \
                 created_at, updated_at) SELECT s.member_number, s.nickname, s.card_name, \
                 s.wechat_nickname, CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM roster_staged s \
                 WHERE s.import = $1 AND s.planet_user_id IS NULL AND NOT EXISTS (SELECT 1 \
                 FROM planet_user u WHERE u.member_number = s.member_number) \
                 ON CONFLICT (member_number) DO UPDATE SET nickname = excluded.nickname, \
                 card_name = excluded.card_name, wechat_nickname = excluded.wechat_nickname, \
                 updated_at = excluded.updated_at";
    KEEP_ROW_NAMES = concat!(
        "INSERT INTO roster_entry_name (member_number, kind, name, first_seen_at, last_seen_at) ",
        staged_names!(
            "member_number",
            "AND n.planet_user_id IS NULL AND EXISTS (SELECT 1 FROM roster_entry e \
             WHERE e.member_number = n.member_number) \
             ON CONFLICT (member_number, kind, name) DO UPDATE SET last_seen_at = $2"
        )
    );
    FORGET = "DELETE FROM roster_staged WHERE import = $1";
    FORGET_BEFORE = "DELETE FROM roster_staged WHERE staged_at < $1";
}

/// A row of the file as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedRow {
    /// Its place in the import.
    pub place: i64,
    /// Its account, where one is known.
    pub planet_user_id: Option<PlanetUserId>,
    /// 成员编号, where one is known.
    pub member_number: Option<i64>,
    /// 用户昵称.
    pub nickname: String,
    /// 星球名片昵称; empty where there is none.
    pub card_name: String,
    /// 微信昵称; empty where it is not known.
    pub wechat_nickname: String,
    /// The file names number and account in one row.
    pub proves_number: bool,
}

/// Stages one row of an import.
pub async fn stage(
    tx: &mut Tx,
    import: &str,
    row: &StagedRow,
    wall_now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(STAGE)
        .bind(import)
        .bind(row.place)
        .bind(row.planet_user_id.map(|id| id.0))
        .bind(row.member_number)
        .bind(&row.nickname)
        .bind(&row.card_name)
        .bind(&row.wechat_nickname)
        .bind(wall_now.micros())
        .bind(row.proves_number)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Makes everything that an import has staged accounts and rows of the roster. Names are remembered
/// with their dates, those of unchanged rows too: they were seen today.
pub async fn keep(tx: &mut Tx, import: &str, now: Timestamp) -> StoreResult<()> {
    for statement in [RELEASE_NUMBERS, KEEP_ACCOUNTS, KEEP_ACCOUNT_NAMES] {
        at(tx, statement, import, now).await?;
    }
    for statement in [PROVE_LINKS, ABSORB_NAMES, END_ABSORBED_NAMES, END_ABSORBED] {
        of(tx, statement, import).await?;
    }
    for statement in [KEEP_ROWS, KEEP_ROW_NAMES] {
        at(tx, statement, import, now).await?;
    }
    Ok(())
}

/// Forgets what an import has staged.
pub async fn forget(tx: &mut Tx, import: &str) -> StoreResult<()> {
    of(tx, FORGET, import).await
}

/// Forgets what imports have left that were cut off.
pub async fn forget_before(tx: &mut Tx, wall: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(FORGET_BEFORE)
        .bind(wall.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

async fn at(tx: &mut Tx, sql: &'static str, import: &str, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(sql)
        .bind(import)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

async fn of(tx: &mut Tx, sql: &'static str, import: &str) -> StoreResult<()> {
    run!(tx, c => sqlx::query(sql).bind(import).execute(c).await.map(drop))?;
    Ok(())
}
