//! Pictures that members bring with an objection: drawn anew like all others, so that nothing of the
//! camera stays in them, and gone 90 days after the answer.

use chrono::TimeDelta;
use serde_json::json;

use crate::services::uploads::{self, Redrawn, Uploaded};
use crate::services::{access_token, file_links};
use crate::store::audit::Entry;
use crate::store::{Lock, appeals, uploads as rows};

use super::{Context, Error, FieldError, Result};

/// Pictures of one order at most.
pub(super) const MAX_PICTURES: usize = 3;
/// How long a picture stays after the answer.
const KEPT_FOR: TimeDelta = TimeDelta::days(90);
/// Pictures that are forgotten in one round.
const CHUNK: i64 = 100;

/// Stores a picture of the payer who holds `token`, for the objection that they are about to make.
///
/// # Errors
/// `token_invalid`, `token_expired`; [`Error::Invalid`] for more than three of an order; those of a
/// picture.
pub async fn store_picture(ctx: &Context, token: &str, bytes: Vec<u8>) -> Result<Uploaded> {
    let payment = access_token::payment(ctx, token).await?;
    let too_many = || {
        let max = MAX_PICTURES;
        Error::invalid("file", FieldError::TooMany { max })
    };
    let is_full = |count: i64| usize::try_from(count).is_ok_and(|count| count >= MAX_PICTURES);
    if is_full(appeals::count_pictures(&mut ctx.db.read().await?, payment.id).await?) {
        return Err(too_many());
    }
    let Redrawn {
        bytes,
        content_type,
        extension,
    } = uploads::redrawn(ctx, bytes).await?;
    let key = ctx.files.put(&bytes, extension).await?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let (id, order_no, now) = (payment.id, payment.order_no, ctx.now());
    let stored = ctx.db.write(move |tx| {
        Box::pin(async move {
            // Two at once are not one too many.
            tx.lock(Lock::Decisions).await?;
            if is_full(appeals::count_pictures(tx, id).await?) {
                return Err(too_many());
            }
            let upload = rows::insert(tx, key.as_str(), content_type, size, None, now).await?;
            appeals::add_picture(tx, upload, id, now).await?;
            tx.audit(Entry {
                actor: None,
                action: "upload.create",
                object_type: "upload",
                object_id: upload.to_string(),
                details: json!({"orderNo": order_no, "contentType": content_type, "bytes": size}),
                at: now,
            });
            Ok::<_, Error>(upload)
        })
    });
    let id = stored.await?;
    Ok(Uploaded {
        id,
        url: file_links::signed_path(ctx, id),
        content_type,
        bytes: size,
    })
}

/// Deletes the pictures whose time is over; how many.
///
/// # Errors
/// Those of the store and of the files.
pub async fn forget_pictures(ctx: &Context) -> Result<u64> {
    let mut forgotten = 0;
    loop {
        let before = ctx.now().minus(KEPT_FOR);
        let over = {
            let mut conn = ctx.db.read().await?;
            appeals::pictures_over(&mut conn, before, CHUNK).await?
        };
        if over.is_empty() || ctx.stop.is_cancelled() {
            return Ok(forgotten);
        }
        for (upload, key) in over {
            // The file first: a row without one shows nothing, a file without a row is never found.
            // Equal pictures share one.
            let holders = rows::count_of_file(&mut ctx.db.read().await?, &key).await?;
            if holders <= 1 {
                ctx.files.delete(&key.parse()?).await?;
            }
            ctx.db
                .write(move |tx| Box::pin(async move { appeals::drop_picture(tx, upload).await }))
                .await?;
            forgotten += 1;
        }
    }
}
