//! Linking the rows of a roster that has only numbers to the accounts that syncs have seen.

use std::collections::HashMap;

use crate::domain::roster::{self, KnownAccount, Names, Unseen};
use crate::domain::{PlanetUserId, Timestamp};
use crate::services::{Context, Result};
use crate::store::planet_users::{self, PlanetUser};
use crate::store::roster::{self as rows, RosterRow};
use crate::store::{Conn, Lock, Tx};

/// Links what a sync has newly seen; answers how many rows found their account.
pub async fn link_seen(ctx: &Context) -> Result<usize> {
    if unseen(&mut ctx.db.read().await?).await?.is_empty() {
        return Ok(0);
    }
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // A sync or an import that learns of a namesake has ended, or has not begun.
                tx.lock(Lock::Decisions).await?;
                link(tx, now).await
            })
        })
        .await
}

/// Links every row that means one account and no other.
pub(super) async fn link(tx: &mut Tx, now: Timestamp) -> Result<usize> {
    let unseen = unseen(tx).await?;
    if unseen.is_empty() {
        return Ok(0);
    }
    let users = planet_users::all(tx).await?;
    let accounts: Vec<KnownAccount> = users.iter().map(account).collect();
    let had = planet_users::names(tx).await?;
    let links = roster::link(&unseen, &accounts, &had);
    let unseen: HashMap<u32, &Unseen> = unseen.iter().map(|row| (row.member_number, row)).collect();
    let users: HashMap<PlanetUserId, &PlanetUser> = users
        .iter()
        .map(|user| (user.planet_user_id, user))
        .collect();
    for link in &links {
        let (number, id) = (link.member_number, link.account);
        let (Some(row), Some(user)) = (unseen.get(&number), users.get(&id)) else {
            continue;
        };
        let card_name = [&user.card_name, &row.names.card_name]
            .into_iter()
            .find(|name| !name.is_empty());
        let user = PlanetUser {
            member_number: Some(i64::from(number)),
            card_name: card_name.cloned().unwrap_or_default(),
            wechat_nickname: row.names.wechat_nickname.clone(),
            in_roster: true,
            ..(*user).clone()
        };
        planet_users::upsert(tx, &user, now).await?;
        let card = link.card_name.as_deref();
        planet_users::set_link(tx, id, &link.nickname, card).await?;
        rows::absorb(tx, i64::from(number), id).await?;
    }
    Ok(links.len())
}

/// Every account that is known.
pub(super) async fn accounts(conn: &mut Conn) -> Result<Vec<KnownAccount>> {
    Ok(planet_users::all(conn).await?.iter().map(account).collect())
}

/// Every row without an account.
pub(super) async fn unseen(conn: &mut Conn) -> Result<Vec<Unseen>> {
    let rows = rows::all(conn).await?;
    let unseen = |row: RosterRow| {
        Some(Unseen {
            member_number: row.member_number.try_into().ok()?,
            names: Names {
                nickname: row.nickname,
                card_name: row.card_name,
                wechat_nickname: row.wechat_nickname,
            },
        })
    };
    Ok(rows.into_iter().filter_map(unseen).collect())
}

pub(super) fn account(user: &PlanetUser) -> KnownAccount {
    KnownAccount {
        planet_user_id: user.planet_user_id,
        member_number: user.member_number.and_then(|number| number.try_into().ok()),
        names: Names {
            nickname: user.nickname.clone(),
            card_name: user.card_name.clone(),
            wechat_nickname: user.wechat_nickname.clone(),
        },
        in_roster: user.in_roster,
    }
}
