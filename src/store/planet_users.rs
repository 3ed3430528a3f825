//! Accounts of the planet, as the roster and the syncs know them, with every name they have had.

use crate::domain::roster::NameLink;
use crate::domain::{PlanetUserId, Timestamp};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::roster::{RosterRow, select_entry};
use super::{StoreResult, Tx, held};

const TABLE: &str = "planet_user";

macro_rules! select_user {
    ($tail:literal) => {
        concat!(
            "SELECT planet_user_id, member_number, nickname, card_name, wechat_nickname, ",
            "avatar_url, in_roster FROM planet_user ",
            $tail
        )
    };
}

/// What an account that is known already takes over; what is not known now stays as it was.
macro_rules! update_user {
    () => {
        concat!(
            "ON CONFLICT (planet_user_id) DO UPDATE ",
            "SET member_number = COALESCE(excluded.member_number, planet_user.member_number), ",
            "nickname = excluded.nickname, ",
            "card_name = CASE WHEN excluded.card_name = '' THEN planet_user.card_name ",
            "ELSE excluded.card_name END, ",
            "wechat_nickname = CASE WHEN excluded.wechat_nickname = '' ",
            "THEN planet_user.wechat_nickname ELSE excluded.wechat_nickname END, ",
            "avatar_url = COALESCE(excluded.avatar_url, planet_user.avatar_url), ",
            "in_roster = (planet_user.in_roster OR excluded.in_roster), ",
            "updated_at = excluded.updated_at"
        )
    };
}
pub(super) use update_user;

statements! {
    BY_ID = select_user!("WHERE planet_user_id = $1");
    BY_NUMBER = select_user!("WHERE member_number = $1");
    UNSEEN = select_entry!("WHERE member_number = $1");
    IDS = "SELECT planet_user_id FROM planet_user ORDER BY planet_user_id";
    ALL = select_user!("ORDER BY planet_user_id");
    UPSERT = concat!(
        "INSERT INTO planet_user (planet_user_id, member_number, nickname, card_name, ",
        "wechat_nickname, avatar_url, in_roster, created_at, updated_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ",
        update_user!()
    );
    ADD_NAME = "INSERT INTO planet_user_name (planet_user_id, kind, name, first_seen_at, \
                last_seen_at) VALUES ($1, $2, $3, $4, $4) \
                ON CONFLICT (planet_user_id, kind, name) DO UPDATE SET last_seen_at = $4";
    NAMES = "SELECT planet_user_id, name FROM planet_user_name WHERE kind <> 'wechat_nickname' \
             ORDER BY planet_user_id, last_seen_at DESC, kind, name";
    SET_LINK = "UPDATE planet_user SET linked_nickname = $2, linked_card = $3 \
                WHERE planet_user_id = $1";
    NAME_LINKS = "SELECT member_number, planet_user_id, linked_nickname, linked_card \
                  FROM planet_user WHERE linked_nickname IS NOT NULL AND member_number IS NOT NULL \
                  ORDER BY planet_user_id";
    UNLINK = "UPDATE planet_user SET member_number = NULL, in_roster = FALSE, \
              wechat_nickname = '', linked_nickname = NULL, linked_card = NULL, updated_at = $2 \
              WHERE planet_user_id = $1";
    NAMES_OF = "SELECT name FROM planet_user_name WHERE planet_user_id = $1 \
                AND kind <> 'wechat_nickname' ORDER BY last_seen_at DESC, kind, name";
}

/// An account of the planet.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PlanetUser {
    /// The account's id, as check-ins carry it.
    #[sqlx(try_from = "i64")]
    pub planet_user_id: PlanetUserId,
    /// 成员编号, where the roster knows it.
    pub member_number: Option<i64>,
    /// 用户昵称.
    pub nickname: String,
    /// 星球名片昵称; empty where there is none.
    pub card_name: String,
    /// 微信昵称; empty where it is not known.
    pub wechat_nickname: String,
    /// A picture; its address expires after some weeks.
    pub avatar_url: Option<String>,
    /// Whether the back office's roster has named it, and not only a sync.
    pub in_roster: bool,
}

/// Whom a typed “星球ID” names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A known account, by its id or its number.
    Account(PlanetUser),
    /// A row of the roster whose account nobody has seen.
    Unseen(RosterRow),
    /// Nobody.
    Nobody,
}

/// Every account that is known.
pub async fn ids(conn: &mut Conn) -> StoreResult<Vec<PlanetUserId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(IDS).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| PlanetUserId(id)).collect())
}

/// Whom a typed id or number names.
pub async fn named(conn: &mut Conn, typed: &str) -> StoreResult<Named> {
    let Ok(number) = typed.trim().parse::<i64>() else {
        return Ok(Named::Nobody);
    };
    let ask = |sql| Statement::new(sql).bind(number);
    let [by_id, by_number, unseen] = conn.ask([ask(BY_ID), ask(BY_NUMBER), ask(UNSEEN)]).await?;
    let account = match by_id.read_one()? {
        Some(user) => Some(user),
        None => by_number.read_one()?,
    };
    Ok(match (account, unseen.read_one()?) {
        (Some(user), _) => Named::Account(user),
        (None, Some(row)) => Named::Unseen(row),
        (None, None) => Named::Nobody,
    })
}

/// One account by the number that a member can read or by its id: “星球ID” means both.
pub async fn find(conn: &mut Conn, typed: &str) -> StoreResult<Option<PlanetUser>> {
    Ok(match named(conn, typed).await? {
        Named::Account(user) => Some(user),
        Named::Unseen(_) | Named::Nobody => None,
    })
}

/// Every account.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<PlanetUser>> {
    Ok(run!(conn, c => sqlx::query_as(ALL).fetch_all(c).await)?)
}

/// Every nickname and card name that accounts have had, the newest of each account first.
pub async fn names(conn: &mut Conn) -> StoreResult<Vec<(PlanetUserId, String)>> {
    let rows: Vec<(i64, String)> = run!(conn, c => sqlx::query_as(NAMES).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (PlanetUserId(id), name))
        .collect())
}

/// Every nickname and card name that an account has had, the newest first.
pub async fn names_of(conn: &mut Conn, account: PlanetUserId) -> StoreResult<Vec<String>> {
    let rows: Vec<(String,)> =
        run!(conn, c => sqlx::query_as(NAMES_OF).bind(account.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Notes that an account has its number by its names alone: the nickname, or nickname and card name.
pub async fn set_link(
    tx: &mut Tx,
    account: PlanetUserId,
    nickname: &str,
    card_name: Option<&str>,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_LINK)
        .bind(account.0)
        .bind(nickname)
        .bind(card_name)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, account.0)
}

/// The links that rest on names alone.
pub async fn name_links(conn: &mut Conn) -> StoreResult<Vec<NameLink>> {
    let rows: Vec<(i64, i64, String, Option<String>)> =
        run!(conn, c => sqlx::query_as(NAME_LINKS).fetch_all(c).await)?;
    let link = |(number, account, nickname, card_name): (i64, _, _, _)| {
        Some(NameLink {
            member_number: number.try_into().ok()?,
            account: PlanetUserId(account),
            nickname,
            card_name,
        })
    };
    Ok(rows.into_iter().filter_map(link).collect())
}

/// Takes its number from an account, and what else the row of the roster said of it.
pub async fn unlink(tx: &mut Tx, account: PlanetUserId, now: Timestamp) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(UNLINK)
        .bind(account.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, account.0)
}

/// Adds an account or brings it up to date; what is not known now stays as it was. Names are
/// remembered with their dates, so that a rename does not break a match.
pub async fn upsert(tx: &mut Tx, user: &PlanetUser, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(UPSERT)
        .bind(user.planet_user_id.0)
        .bind(user.member_number)
        .bind(&user.nickname)
        .bind(&user.card_name)
        .bind(&user.wechat_nickname)
        .bind(&user.avatar_url)
        .bind(user.in_roster)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    let names = [
        ("nickname", &user.nickname),
        ("card_name", &user.card_name),
        ("wechat_nickname", &user.wechat_nickname),
    ];
    for (kind, name) in names
        .into_iter()
        .filter(|(_, name)| !name.trim().is_empty())
    {
        run!(tx, c => sqlx::query(ADD_NAME)
            .bind(user.planet_user_id.0)
            .bind(kind)
            .bind(name)
            .bind(now.micros())
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}
