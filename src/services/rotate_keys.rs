//! Rewrites under the present master key what is kept under an earlier one: every sealed column,
//! every MAC, and the tokens of the member pages. A chunk at a time, each in a transaction of its
//! own and each value guarded by what was read, while servers run; what is under the present key
//! already is passed over, so that a rotation which was cut off goes on where it was.

use std::fmt::Debug;

use serde::Serialize;

use crate::domain::PaymentId;
use crate::store::audit::{self, Place, Renewed};
use crate::store::payments::{OPENID, Payer};
use crate::store::rotation::{self, Key, SealedColumn, WithoutToken};
use crate::store::{Sealed, StoreError, master_key, system_config};

use super::{Context, Result, access_token, confirm_payment};

/// Rows that are rewritten in one transaction.
const CHUNK: i64 = 200;
/// Passes after the first at most.
const MAX_PASSES: usize = 8;

/// What became of the values of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The kind: `table.column`.
    pub kind: &'static str,
    /// Values that were looked at.
    pub seen: usize,
    /// Values that are under the present key now, and were not.
    pub rewritten: usize,
    /// Values that stay as they are: no key opens them, or the audit chain breaks before them.
    pub left: usize,
}

/// Rewrites everything. `tell` hears of each chunk how far its kind has come. Gives the counts of
/// all kinds; once nothing is left, the keys before the present one can go, but for those that backups
/// are sealed under. It is gone through again
/// until there is nothing to rewrite: a server that has not been restarted yet may still write under
/// the key before.
pub async fn rotate(ctx: &Context, tell: impl Fn(&Count)) -> Result<Vec<Count>> {
    let mut counts = pass(ctx, &tell).await?;
    for _ in 0..MAX_PASSES {
        let again = pass(ctx, &tell).await?;
        let is_over = again.iter().all(|count| count.rewritten == 0);
        for (count, again) in counts.iter_mut().zip(again) {
            *count = Count {
                seen: count.seen.max(again.seen),
                rewritten: count.rewritten + again.rewritten,
                ..again
            };
        }
        if is_over {
            break;
        }
    }
    if counts.iter().all(|count| count.left == 0) {
        master_key::renew(&ctx.db).await?;
    }
    Ok(counts)
}

/// Goes through everything once.
async fn pass(ctx: &Context, tell: &impl Fn(&Count)) -> Result<Vec<Count>> {
    let rotation = Rotation { ctx, tell };
    Ok(vec![
        rotation
            .reseal(&rotation::SETTINGS, |_, key| system_config::place(key))
            .await?,
        rotation.reseal(&rotation::ROBOT_KEYS, own_place).await?,
        rotation
            .reseal(&rotation::SESSION_OPENIDS, own_place)
            .await?,
        rotation.reseal(&rotation::RAW_NOTICES, own_place).await?,
        rotation.reseal(&rotation::EVENTS, own_place).await?,
        rotation.reseal(&rotation::CARD_CODES, own_place).await?,
        rotation
            .reseal(&rotation::STAFF_REQUESTS, own_place)
            .await?,
        rotation.payers().await?,
        rotation.tokens().await?,
        rotation.audit().await?,
    ])
}

/// What values are sealed for, but settings: their column.
fn own_place<K>(column: &str, _: &K) -> String {
    column.to_owned()
}

struct Rotation<'a, T> {
    ctx: &'a Context,
    tell: &'a T,
}

impl<T: Fn(&Count)> Rotation<'_, T> {
    async fn reseal<K: Key + Debug>(
        &self,
        column: &'static SealedColumn<K>,
        place: impl Fn(&str, &K) -> String,
    ) -> Result<Count> {
        let mut count = Count::of(column.name);
        let mut after = K::default();
        loop {
            let page = {
                let mut conn = self.ctx.db.read().await?;
                column.page(&mut conn, after.clone(), CHUNK).await?
            };
            let Some((last, _)) = page.last() else {
                return Ok(count);
            };
            after = last.clone();
            count.seen += page.len();
            let mut renewed = Vec::new();
            for (key, old) in page {
                if self.ctx.keys().is_present(&old.0) {
                    continue;
                }
                match self.sealed_anew(&place(column.name, &key), &old) {
                    Ok(new) => renewed.push((key, old, new)),
                    Err(error) => count.leave(&key, &error),
                }
            }
            count.rewritten += renewed.len();
            let write = self.ctx.db.write(move |tx| {
                Box::pin(async move {
                    for (key, old, new) in renewed {
                        column.renew(tx, key, &old, &new);
                    }
                    Ok::<_, StoreError>(())
                })
            });
            write.await?;
            (self.tell)(&count);
        }
    }

    fn sealed_anew(&self, place: &str, old: &Sealed) -> Result<Sealed> {
        let keys = self.ctx.keys();
        Ok(keys.seal(place, &keys.open(place, old)?)?)
    }

    /// Openids go with their MACs.
    async fn payers(&self) -> Result<Count> {
        let mut count = Count::of(OPENID);
        let mut after = 0;
        loop {
            let page = {
                let mut conn = self.ctx.db.read().await?;
                rotation::payers(&mut conn, after, CHUNK).await?
            };
            let Some((last, _)) = page.last() else {
                return Ok(count);
            };
            after = last.0;
            count.seen += page.len();
            let mut renewed = Vec::new();
            for (id, old) in page {
                if self.is_present(&old) {
                    continue;
                }
                match self.payer_anew(&old) {
                    Ok(new) => renewed.push((id, old, new)),
                    Err(error) => count.leave(&id, &error),
                }
            }
            self.keep_payers(renewed, &mut count).await?;
            (self.tell)(&count);
        }
    }

    fn is_present(&self, payer: &Payer) -> bool {
        let keys = self.ctx.keys();
        keys.is_present(&payer.openid.0) && keys.is_present(&payer.openid_mac)
    }

    fn payer_anew(&self, old: &Payer) -> Result<Payer> {
        let openid = self.ctx.keys().open_text(OPENID, &old.openid)?;
        confirm_payment::payer(self.ctx, &openid)
    }

    /// Keeps a chunk, or row by row what can be: two instances with different present keys may each
    /// have taken a payer of one camp for the first.
    async fn keep_payers(
        &self,
        rows: Vec<(PaymentId, Payer, Payer)>,
        count: &mut Count,
    ) -> Result<()> {
        match self.renew_payers(rows.clone()).await {
            Ok(()) => count.rewritten += rows.len(),
            Err(error) if error.is_conflict() => {
                for row in rows {
                    let id = row.0;
                    match self.renew_payers(vec![row]).await {
                        Ok(()) => count.rewritten += 1,
                        Err(error) => count.leave(&id, &error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn renew_payers(&self, rows: Vec<(PaymentId, Payer, Payer)>) -> Result<()> {
        self.ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    for (id, old, new) in &rows {
                        rotation::renew_payer(tx, *id, old, new);
                    }
                    Ok(())
                })
            })
            .await
    }

    /// A token is made anew under the present key; the one that its member holds stays good as long.
    async fn tokens(&self) -> Result<Count> {
        let mut count = Count::of("access_token.token_hash");
        let mut after = 0;
        loop {
            let page = {
                let mut conn = self.ctx.db.read().await?;
                let present = self.ctx.keys().present_id();
                rotation::without_token(&mut conn, present, after, CHUNK).await?
            };
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = last.payment.0;
            count.seen += page.len();
            count.rewritten += page.len();
            let (db, now) = (self.ctx.db.clone(), self.ctx.now());
            let write = self.ctx.db.write(move |tx| {
                Box::pin(async move {
                    for row in page {
                        let WithoutToken {
                            payment,
                            order_no,
                            expires_at,
                        } = row;
                        access_token::add(tx, db.keys(), payment, &order_no, expires_at, now);
                    }
                    Ok::<_, StoreError>(())
                })
            });
            write.await?;
            (self.tell)(&count);
        }
    }

    async fn audit(&self) -> Result<Count> {
        let mut count = Count::of("operation_log.mac");
        let mut place = Place::default();
        loop {
            let (db, from) = (self.ctx.db.clone(), place.clone());
            let write = self.ctx.db.write(move |tx| {
                Box::pin(async move { audit::renew(tx, db.keys(), from, CHUNK).await })
            });
            match write.await? {
                Renewed::UpTo(reached, renewed) => {
                    count.seen = usize::try_from(reached.seq).unwrap_or(usize::MAX);
                    count.rewritten += renewed;
                    place = reached;
                }
                Renewed::Whole => return Ok(count),
                Renewed::Broken(broken) => {
                    tracing::error!(
                        ?broken,
                        "the audit chain is broken: its rest is not rewritten"
                    );
                    count.left += 1;
                    return Ok(count);
                }
            }
            (self.tell)(&count);
        }
    }
}

impl Count {
    fn of(kind: &'static str) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    fn leave(&mut self, row: &impl Debug, error: &super::Error) {
        tracing::error!(kind = self.kind, ?row, %error, "a value cannot be rewritten");
        self.left += 1;
    }
}
