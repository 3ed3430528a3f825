//! Settlement pages: made from the ledger, in editions that are never changed.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use crate::domain::ledger::Account;
use crate::domain::refund::Unwritable;
use crate::domain::settlement::{Class, Classes, Line, Step, Tree, parts_of};
use crate::domain::{CampId, PaymentId};
use crate::store::audit::Entry;
use crate::store::settlements::{self, Edition, NewEdition};
use crate::store::{Lock, Tx, ledger};

use super::{Context, Error, Refusal, Result, access_token};

/// What salts are made under.
const PURPOSE: &str = "settlement salt";
/// Bytes of a salt: 128 bits.
const SALT_BYTES: usize = 16;

/// One's own lines with what proves them.
#[derive(Debug, Clone)]
pub struct OwnLines {
    pub public_id: String,
    /// The largest first; a payment of which a part was settled otherwise has two.
    pub lines: Vec<(Line, Vec<Step>)>,
}

/// Publishes an edition of a camp; `false` if the last one says it all.
///
/// # Errors
/// The books of a payment contradict each other.
pub async fn publish(ctx: &Context, camp: CampId) -> Result<bool> {
    ctx.transact((ctx.clone(), camp), |tx, (ctx, camp)| {
        Box::pin(async move {
            // Whoever moves its money meanwhile is waited for.
            tx.lock(Lock::Decisions).await?;
            write(ctx, tx, *camp).await
        })
    })
    .await
}

async fn write(ctx: &Context, tx: &mut Tx, camp: CampId) -> Result<bool> {
    let last = settlements::last_of_camp(tx, camp).await?;
    let public_id = ctx.new_uuid().simple().to_string();
    let (mut lines, classes) = lines_of(ctx, tx, camp, &public_id).await?;
    if lines.is_empty() {
        return Ok(false);
    }
    if let Some(last) = &last {
        let before = settlements::lines(tx, last.id).await?;
        if told(&before) == told(&lines) {
            return Ok(false);
        }
    }
    // By their hashes: the order tells nothing of who paid when.
    lines.sort_by_key(|(_, line)| line.leaf());
    let leaves: Vec<Line> = lines.iter().map(|(_, line)| line.clone()).collect();
    let root = Tree::of(&leaves).root().ok_or(Error::NotFound)?;
    let edition = NewEdition {
        camp_id: camp,
        edition: last.as_ref().map_or(1, |last| last.edition + 1),
        public_id,
        replaces: last.map(|last| last.public_id),
        root: hex(&root.hash),
        classes,
        lines,
    };
    let written = serde_json::to_string(&classes).map_err(Unwritable::from)?;
    settlements::add(tx, &edition, &written, ctx.now()).await?;
    tx.audit(Entry {
        actor: None,
        action: "settlement.publish",
        object_type: "camp",
        object_id: camp.to_string(),
        details: json!({
            "edition": edition.edition,
            "replaces": edition.replaces,
            "root": edition.root,
            "classes": classes,
        }),
        at: ctx.now(),
    });
    Ok(true)
}

/// What lines say, without their salts and places.
fn told(lines: &[(PaymentId, Line)]) -> BTreeSet<(PaymentId, &'static str, i64)> {
    let told = lines
        .iter()
        .map(|(payment, line)| (*payment, line.result.as_str(), line.amount_fen));
    told.collect()
}

/// The lines of a camp as the ledger has them, and its classes.
async fn lines_of(
    ctx: &Context,
    tx: &mut Tx,
    camp: CampId,
    public_id: &str,
) -> Result<(Vec<(PaymentId, Line)>, Classes)> {
    let payers = settlements::payers(tx, camp).await?;
    let ids: Vec<PaymentId> = payers.iter().map(|(id, _)| *id).collect();
    let mut positions = ledger::positions(tx, &ids).await?;
    let mut lines = Vec::with_capacity(ids.len());
    let mut classes = Classes::default();
    let mut people: HashMap<&'static str, BTreeSet<Vec<u8>>> = HashMap::new();
    for (payment, payer) in payers {
        let Some(position) = positions.remove(&payment).transpose()? else {
            continue;
        };
        // Who cannot be told from others counts as one of their own.
        let payer = payer.unwrap_or_else(|| payment.0.to_be_bytes().to_vec());
        let mut add = |class: &mut Class, word: &'static str, fen: i64| {
            class.count += 1;
            class.fen += fen;
            let of_class = people.entry(word).or_default();
            of_class.insert(payer.clone());
            class.people = i64::try_from(of_class.len()).unwrap_or(i64::MAX);
        };
        add(&mut classes.paid, "paid", position.balance(Account::Bank));
        for (result, amount_fen) in parts_of(&position) {
            add(classes.of(result), result.as_str(), amount_fen);
            let secret = format!("{public_id}:{payment}:{result}");
            let mac = ctx.keys().mac(PURPOSE, secret.as_bytes());
            let salt = hex(&mac[..SALT_BYTES]);
            let line = Line {
                result,
                amount_fen,
                salt,
            };
            lines.push((payment, line));
        }
    }
    Ok((lines, classes))
}

/// The edition at an address.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn edition(ctx: &Context, public_id: &str) -> Result<Edition> {
    let found = settlements::by_public_id(&mut ctx.db.read().await?, public_id).await?;
    found.ok_or(Error::NotFound)
}

/// The lines of the payer who holds `token`, in the newest edition that has them.
///
/// # Errors
/// `token_invalid`, `token_expired`, `not_your_order`; [`Error::NotFound`] while there is none.
pub async fn own_lines(ctx: &Context, token: &str, order_no: &str) -> Result<OwnLines> {
    let payment = access_token::payment(ctx, token).await?;
    if payment.order_no != order_no {
        return Err(Refusal::NotYourOrder.into());
    }
    let mut conn = ctx.db.read().await?;
    let edition = settlements::last_of_payment(&mut conn, payment.id).await?;
    let edition = edition.ok_or(Error::NotFound)?;
    let all = settlements::lines(&mut conn, edition.id).await?;
    let leaves: Vec<Line> = all.iter().map(|(_, line)| line.clone()).collect();
    let tree = Tree::of(&leaves);
    let mut lines: Vec<(Line, Vec<Step>)> = all
        .into_iter()
        .enumerate()
        .filter(|(_, (id, _))| *id == payment.id)
        .map(|(nth, (_, line))| (line, tree.path(nth)))
        .collect();
    lines.sort_by_key(|(line, _)| std::cmp::Reverse(line.amount_fen));
    Ok(OwnLines {
        public_id: edition.public_id,
        lines,
    })
}

/// The address of the newest edition that has a payment; none while there is none.
pub async fn address_of(ctx: &Context, payment: PaymentId) -> Result<Option<String>> {
    let found = settlements::last_of_payment(&mut ctx.db.read().await?, payment).await?;
    Ok(found.map(|edition| edition.public_id))
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
