//! Rows of the roster whose account nobody has seen yet, with every name they have had. A row whose
//! account becomes known moves to [`super::planet_users`], its names and their dates with it.

use crate::domain::roster::NameLink;
use crate::domain::{PlanetUserId, Timestamp};

use super::db::{Conn, run};
use super::{StoreResult, Tx};

macro_rules! select_entry {
    ($tail:literal) => {
        concat!(
            "SELECT member_number, nickname, card_name, wechat_nickname FROM roster_entry ",
            $tail
        )
    };
}

pub(super) use select_entry;

/// A name that both have had was seen first by the earlier and last by the later of them.
macro_rules! merge_dates {
    () => {
        concat!(
            "ON CONFLICT (planet_user_id, kind, name) DO UPDATE SET ",
            "first_seen_at = CASE WHEN excluded.first_seen_at < planet_user_name.first_seen_at ",
            "THEN excluded.first_seen_at ELSE planet_user_name.first_seen_at END, ",
            "last_seen_at = CASE WHEN excluded.last_seen_at > planet_user_name.last_seen_at ",
            "THEN excluded.last_seen_at ELSE planet_user_name.last_seen_at END"
        )
    };
}
pub(super) use merge_dates;

statements! {
    ALL = select_entry!("ORDER BY member_number");
    NAMES_OF = "SELECT name FROM roster_entry_name WHERE member_number = $1 \
                AND kind <> 'wechat_nickname' ORDER BY last_seen_at DESC, kind, name";
    MOVE_NAMES = concat!(
        "INSERT INTO planet_user_name (planet_user_id, kind, name, first_seen_at, last_seen_at) ",
        "SELECT CAST($2 AS BIGINT), kind, name, first_seen_at, last_seen_at ",
        "FROM roster_entry_name WHERE member_number = $1 ",
        merge_dates!()
    );
    RESTORE = "INSERT INTO roster_entry (member_number, nickname, card_name, wechat_nickname, \
               created_at, updated_at) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), \
               CAST($3 AS TEXT), u.wechat_nickname, CAST($5 AS BIGINT), CAST($5 AS BIGINT) \
               FROM planet_user u WHERE u.planet_user_id = $4 \
               ON CONFLICT (member_number) DO NOTHING";
    RESTORE_NAME = "INSERT INTO roster_entry_name (member_number, kind, name, first_seen_at, \
                    last_seen_at) VALUES ($1, $2, $3, $4, $4) \
                    ON CONFLICT (member_number, kind, name) DO UPDATE SET last_seen_at = $4";
    DELETE_NAMES = "DELETE FROM roster_entry_name WHERE member_number = $1";
    DELETE = "DELETE FROM roster_entry WHERE member_number = $1";
}

/// A row of the roster without an account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RosterRow {
    /// 成员编号.
    pub member_number: i64,
    /// 用户昵称.
    pub nickname: String,
    /// 星球名片昵称; empty where there is none.
    pub card_name: String,
    /// 微信昵称; empty where it is not known.
    pub wechat_nickname: String,
}

/// Every row.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<RosterRow>> {
    Ok(run!(conn, c => sqlx::query_as(ALL).fetch_all(c).await)?)
}

/// Every nickname and card name that a row has had, the newest first.
pub async fn names_of(conn: &mut Conn, number: i64) -> StoreResult<Vec<String>> {
    let rows: Vec<(String,)> =
        run!(conn, c => sqlx::query_as(NAMES_OF).bind(number).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Makes the number of a link a row without an account again, under the names that linked it. The next
/// import says what else it is called.
pub async fn restore(tx: &mut Tx, link: &NameLink, now: Timestamp) -> StoreResult<()> {
    let (number, card) = (i64::from(link.member_number), link.card_name.as_deref());
    run!(tx, c => sqlx::query(RESTORE)
        .bind(number)
        .bind(&link.nickname)
        .bind(card.unwrap_or_default())
        .bind(link.account.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    let names = [
        ("nickname", Some(link.nickname.as_str())),
        ("card_name", card),
    ];
    for (kind, name) in names {
        let Some(name) = name else { continue };
        run!(tx, c => sqlx::query(RESTORE_NAME)
            .bind(number)
            .bind(kind)
            .bind(name)
            .bind(now.micros())
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Ends the row of a number whose account is known now: its names become names of the account.
pub async fn absorb(tx: &mut Tx, number: i64, account: PlanetUserId) -> StoreResult<()> {
    run!(tx, c => sqlx::query(MOVE_NAMES)
        .bind(number)
        .bind(account.0)
        .execute(c)
        .await
        .map(drop))?;
    for statement in [DELETE_NAMES, DELETE] {
        run!(tx, c => sqlx::query(statement).bind(number).execute(c).await.map(drop))?;
    }
    Ok(())
}
