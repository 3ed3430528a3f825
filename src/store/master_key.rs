//! A text that was sealed when the database was first opened: it tells whether the master keys at
//! hand are those of the database, before anything is read or written under the wrong ones.

use super::bundle::Statement;
use super::{Db, KeyringError, Sealed, StoreError, StoreResult};

/// The column that the text is sealed for.
const PLACE: &str = "master_key_check.sealed";
const TEXT: &[u8] = b"campkeeper";

statements! {
    KEEP = "INSERT INTO master_key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    READ = "SELECT sealed FROM master_key_check WHERE id = 1";
    RENEW = "UPDATE master_key_check SET sealed = $1 WHERE id = 1";
}

/// Says whether one of the keys opens the database; one that is new is theirs.
pub async fn fits(db: &Db) -> StoreResult<bool> {
    let kept = match kept(db).await? {
        Some(kept) => kept,
        None => first(db).await?,
    };
    opens(db, kept)
}

/// The same, without keeping anything: one that is new is anybody's.
pub async fn would_fit(db: &Db) -> StoreResult<bool> {
    match kept(db).await? {
        Some(kept) => opens(db, kept),
        None => Ok(true),
    }
}

async fn kept(db: &Db) -> StoreResult<Option<Vec<u8>>> {
    let kept: Option<(Vec<u8>,)> = db.read().await?.ask_one(Statement::new(READ)).await?;
    Ok(kept.map(|(kept,)| kept))
}

fn opens(db: &Db, kept: Vec<u8>) -> StoreResult<bool> {
    match db.keys().open(PLACE, &Sealed(kept)) {
        Ok(_) => Ok(true),
        Err(KeyringError::UnknownKey) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Keeps the text of a new database, unless another instance is faster; the one that is kept.
async fn first(db: &Db) -> StoreResult<Vec<u8>> {
    let sealed = db.keys().seal(PLACE, TEXT)?;
    db.write(move |tx| {
        Box::pin(async move {
            tx.put_off(Statement::new(KEEP).bind(&sealed.0));
            let kept: Option<(Vec<u8>,)> = tx.ask_one(Statement::new(READ)).await?;
            let (kept,) = kept.ok_or(StoreError::Unanswered)?;
            Ok(kept)
        })
    })
    .await
}

/// Says that all of the database is under the present key.
pub async fn renew(db: &Db) -> StoreResult<()> {
    let sealed = db.keys().seal(PLACE, TEXT)?;
    db.write(move |tx| {
        Box::pin(async move {
            tx.put_off(Statement::new(RENEW).bind(&sealed.0).guarded(PLACE, 1));
            Ok(())
        })
    })
    .await
}
