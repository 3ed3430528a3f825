//! Pictures that members bring with an objection: drawn anew like all others, so that nothing of the
//! camera stays in them, and gone 90 days after the answer.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::UploadId;
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

/// Takes a picture back that the payer who holds `token` has sent and that no objection has yet.
///
/// # Errors
/// `token_invalid`, `token_expired`; [`Error::NotFound`] for any other picture.
pub async fn remove_picture(ctx: &Context, token: &str, upload: UploadId) -> Result<()> {
    let payment = access_token::payment(ctx, token).await?;
    let (id, order_no, now) = (payment.id, payment.order_no, ctx.now());
    let removed = ctx.db.write(move |tx| {
        Box::pin(async move {
            // Whoever objects with it at the same time is waited for.
            tx.lock(Lock::Decisions).await?;
            let key = appeals::free_picture(tx, upload, id).await?;
            let key = key.ok_or(Error::NotFound)?;
            appeals::drop_picture(tx, upload).await?;
            let holders = rows::count_of_file(tx, &key).await?;
            tx.audit(Entry {
                actor: None,
                action: "upload.delete",
                object_type: "upload",
                object_id: upload.to_string(),
                details: json!({"orderNo": order_no}),
                at: now,
            });
            Ok::<_, Error>((key, holders))
        })
    });
    // Equal pictures share one file.
    let (key, holders) = removed.await?;
    if holders == 0 {
        ctx.files.delete(&key.parse()?).await?;
    }
    Ok(())
}

/// Deletes the pictures whose time is over; how many. One at which that fails holds up no other.
///
/// # Errors
/// [`Error::PartlyDone`] where some could not be deleted; those of the store.
pub async fn forget_pictures(ctx: &Context) -> Result<u64> {
    let before = ctx.now().minus(KEPT_FOR);
    let (mut forgotten, mut failed) = (0_u64, 0_u64);
    let mut last = UploadId(0);
    loop {
        let over = {
            let mut conn = ctx.db.read().await?;
            appeals::pictures_over(&mut conn, before, last, CHUNK).await?
        };
        if over.is_empty() || ctx.stop.is_cancelled() {
            break;
        }
        for (upload, key) in over {
            last = upload;
            match forget(ctx, upload, &key).await {
                Ok(()) => forgotten += 1,
                Err(error) => {
                    // Where its row is gone already, nothing but this still names the file.
                    tracing::error!(upload = upload.0, key, %error, "a picture cannot be forgotten");
                    failed += 1;
                }
            }
        }
    }
    if failed > 0 {
        let figures = json!({ "appealPictures": forgotten, "failed": failed });
        return Err(Error::PartlyDone(figures));
    }
    Ok(forgotten)
}

/// Deletes one picture: the row first, so that none is left which opens nothing. Equal pictures share
/// a file, and what shows a settlement besides stays.
async fn forget(ctx: &Context, upload: UploadId, key: &str) -> Result<()> {
    let file = key.to_owned();
    let dropped = ctx.db.write(move |tx| {
        Box::pin(async move {
            appeals::drop_picture(tx, upload).await?;
            let holders = rows::count_of_file(tx, &file).await?;
            Ok::<_, Error>(holders)
        })
    });
    if dropped.await? == 0 {
        ctx.files.delete(&key.parse()?).await?;
    }
    Ok(())
}
