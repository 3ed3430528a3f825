//! The nightly proof: the ledger, the orders and the refunds say the same about every payment, and
//! so the same about every camp and in all.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::ledger::{Account, ByStates, Disagreement};
use crate::domain::message::BooksDiffer;
use crate::domain::{CampId, PaymentId};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{Context, Result};
use crate::store::books::{self, BookedPayment};
use crate::store::ledger::{self, Balances};
use crate::store::{Conn, StoreError, StoreResult};

/// Payments that are compared at a time.
const AT_ONCE: i64 = 500;
/// How often a payment that seems to differ is looked at again.
const LOOKS_AGAIN: usize = 3;
/// Differences that are named one by one; more are counted.
const NAMED: usize = 100;

/// The result of an audit.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedBooks {
    /// Payments that were compared.
    pub payments: usize,
    /// Payments about which books and states disagree.
    pub different: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// Orders that were paid in another currency: kept, and in no account.
    pub foreign: Vec<String>,
    /// The sums of all accounts are equal to what the bank took in.
    pub is_balanced: bool,
}

/// One payment about which books and states disagree.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    pub order_no: String,
    pub camp_id: Option<CampId>,
    pub what: Vec<Disagreement>,
}

impl AuditedBooks {
    /// True if nothing disagrees.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.different == 0 && self.is_balanced
    }

    fn add(&mut self, difference: Difference) {
        self.different += 1;
        if self.differences.len() < NAMED {
            self.differences.push(difference);
        }
    }
}

/// Compares the whole ledger with the orders and refunds, a chunk at a time, and tells the admins
/// of a difference once a day. It changes nothing.
pub async fn audit(ctx: &Context) -> Result<AuditedBooks> {
    let audited = compare_all(&mut ctx.db.read().await?).await?;
    if !audited.is_clean() {
        tell(ctx, &audited).await?;
    }
    Ok(audited)
}

/// Compares the whole ledger of a database with its orders and refunds. It changes and tells nothing.
///
/// # Errors
/// The store cannot.
pub async fn compare_all(conn: &mut Conn) -> StoreResult<AuditedBooks> {
    let mut audited = AuditedBooks::default();
    let mut after = PaymentId(0);
    loop {
        let chunk = books::chunk(conn, after, AT_ONCE).await?;
        let Some(last) = chunk.last() else { break };
        after = last.payment_id;
        audited.payments += chunk.len();
        let foreign = chunk.iter().filter(|payment| payment.is_foreign);
        audited
            .foreign
            .extend(foreign.map(|payment| payment.order_no.clone()));
        let mut different = compare(conn, &chunk).await?;
        // States and ledger are read one after the other: what moved in between is looked at again.
        for _ in 0..LOOKS_AGAIN {
            if different.is_empty() {
                break;
            }
            let ids: Vec<PaymentId> = different.keys().copied().collect();
            let again = books::among(conn, &ids).await?;
            different = compare(conn, &again).await?;
        }
        different.into_values().for_each(|it| audited.add(it));
    }
    audited.is_balanced = is_balanced(&ledger::balances(conn, None).await?);
    Ok(audited)
}

/// The payments of a chunk about which books and states disagree.
async fn compare(
    conn: &mut Conn,
    chunk: &[BookedPayment],
) -> StoreResult<BTreeMap<PaymentId, Difference>> {
    let payments: Vec<PaymentId> = chunk.iter().map(|payment| payment.payment_id).collect();
    let mut positions = ledger::positions(conn, &payments).await?;
    let mut different = BTreeMap::new();
    for payment in chunk {
        let position = positions.remove(&payment.payment_id).transpose();
        let what = match (&payment.states, position) {
            (Ok(states), Ok(Some(position))) => position.disagreements(states),
            (Ok(states), Ok(None)) if *states == ByStates::default() => Vec::new(),
            (Ok(_), Ok(None)) => vec![Disagreement::Paid],
            (Err(error), _) => unreadable(error),
            (_, Err(error)) => unreadable(&error),
        };
        if !what.is_empty() {
            let difference = Difference {
                order_no: payment.order_no.clone(),
                camp_id: payment.camp_id,
                what,
            };
            different.insert(payment.payment_id, difference);
        }
    }
    Ok(different)
}

fn unreadable(error: &StoreError) -> Vec<Disagreement> {
    tracing::error!(%error, "the books of a payment cannot be read");
    vec![Disagreement::Unreadable]
}

/// bank = held + suspense + returned + settled_outside + kept + loss.
fn is_balanced(balances: &Balances) -> bool {
    let others = Account::ALL.iter().filter(|other| **other != Account::Bank);
    let others: i64 = others.map(|account| balances.of(*account)).sum();
    balances.of(Account::Bank) == others
}

async fn tell(ctx: &Context, audited: &AuditedBooks) -> Result<()> {
    let first = audited.differences.first();
    let differ = BooksDiffer {
        count: audited.different,
        order_no: first.map(|first| first.order_no.clone()),
    };
    let notice = Notice {
        content: differ.into(),
        camp_id: None,
        dedupe_key: ctx.today().to_string(),
    };
    let given = (ctx.settings.clone(), notice, ctx.now());
    ctx.transact(given, |tx, (settings, notice, now)| {
        Box::pin(async move { tell_deciders(tx, settings, notice, *now).await })
    })
    .await
}
