//! Links that were made by a name alone, once another person of that name turns up: the number goes
//! back to its row of the roster, and every match that rested on it waits for a person.

use serde_json::json;

use crate::domain::matching::Reason;
use crate::domain::roster::{self, KnownAccount, NameLink};
use crate::domain::{OrderStatus, Timestamp};
use crate::services::contest::{claim_status, doubt, readable_order};
use crate::services::matching::tell_people;
use crate::services::rows::readable;
use crate::services::{Context, Result};
use crate::store::audit::Entry;
use crate::store::members::{Identity, Member};
use crate::store::payments::Payment;
use crate::store::{Tx, members, planet_users, roster as rows};

use super::link;

/// The most that a match is worth whose account was found by a name of several.
const DOUBTED_CONFIDENCE: i64 = 50;

/// Undoes the links that what is known by now speaks against; answers how many. To be called by
/// the transaction that learns of accounts or rows, under `Lock::Decisions`.
pub(in crate::services) async fn unlink_namesakes(
    ctx: &Context,
    tx: &mut Tx,
    now: Timestamp,
) -> Result<usize> {
    let links = planet_users::name_links(tx).await?;
    if links.is_empty() {
        return Ok(0);
    }
    let unseen = link::unseen(tx).await?;
    let users = planet_users::all(tx).await?;
    let accounts: Vec<KnownAccount> = users.iter().map(link::account).collect();
    let had = planet_users::names(tx).await?;
    let doubtful = roster::doubtful(&links, &unseen, &accounts, &had);
    for link in &doubtful {
        unlink(ctx, tx, link, now).await?;
    }
    Ok(doubtful.len())
}

async fn unlink(ctx: &Context, tx: &mut Tx, link: &NameLink, now: Timestamp) -> Result<()> {
    let doubted = doubt_matches(ctx, tx, link, now).await?;
    rows::restore(tx, link, now).await?;
    planet_users::unlink(tx, link.account, now).await?;
    tracing::warn!(
        account = link.account.0,
        number = link.member_number,
        members = doubted,
        "a namesake turned up: a link by a name alone is undone"
    );
    tx.audit(Entry {
        actor: None,
        action: "roster.unlink",
        object_type: "planet_user",
        object_id: link.account.to_string(),
        details: json!({
            "memberNumber": {"from": link.member_number, "to": null},
            "reason": Reason::LinkDoubtful.to_string(),
            "membersDoubted": doubted,
        }),
        at: now,
    });
    Ok(())
}

/// Makes pending what may rest on a link. What a person has decided stands, and so does a match that
/// was proved or by which a deposit goes back; what stands without the link, the matcher finds again.
async fn doubt_matches(
    ctx: &Context,
    tx: &mut Tx,
    link: &NameLink,
    now: Timestamp,
) -> Result<usize> {
    let mut doubted = 0;
    for member in readable(members::matched_to_anywhere(tx, link.account).await?) {
        let Some((payment, _)) = readable_order(tx, &member).await? else {
            continue;
        };
        if !rests_on(&payment, link) || claim_status(tx, &member).await?.is_some() {
            continue;
        }
        let confidence = member.identity.confidence.min(DOUBTED_CONFIDENCE);
        let weakened = Member {
            identity: Identity {
                confidence,
                reasons: Vec::new(),
                ..member.identity
            },
            ..member
        };
        let member = doubt(tx, &weakened, Reason::LinkDoubtful, now).await?;
        tell_people(ctx, tx, member.camp_id, now).await?;
        doubted += 1;
    }
    Ok(doubted)
}

/// Says whether a match may rest on the row of a link: on its number or on its names. Who typed the
/// account's own id, or came by a link that we signed, needs neither.
fn rests_on(payment: &Payment, link: &NameLink) -> bool {
    let typed = payment.claim.planet_id.as_deref();
    let typed_id = typed.and_then(|typed| typed.parse::<i64>().ok());
    payment.status == OrderStatus::Paid
        && payment.claim.signed.is_none()
        && typed_id != Some(link.account.0)
}
