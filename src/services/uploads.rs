//! Uploaded pictures. What comes in is decoded and encoded anew, so that nothing but a picture is
//! ever stored. Posters are for everybody; all else opens only under an address that we signed.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use serde_json::json;

use crate::domain::UploadId;
use crate::domain::staff::{Action, Actor};
use crate::store::audit::Entry;
use crate::store::uploads;

use super::{Context, Error, Refusal, Result, file_links, require_anywhere};

/// The largest picture that is taken (contract).
pub const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;
/// Pixels of a side at most: a small file may unfold into a huge picture.
const MAX_SIDE: u32 = 8_192;
/// Memory that decoding may take.
const MAX_DECODED_BYTES: u64 = 64 * 1024 * 1024;
const JPEG_QUALITY: u8 = 88;

/// A picture that was stored.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// What camps refer to.
    pub id: UploadId,
    /// Where it opens for the next ten minutes.
    pub url: String,
    /// `image/png` or `image/jpeg`.
    pub content_type: &'static str,
    /// Its size as stored.
    pub bytes: i64,
}

/// A picture to be shown.
#[derive(Debug)]
pub struct Shown {
    /// `image/png` or `image/jpeg`.
    pub content_type: String,
    /// The picture.
    pub bytes: Bytes,
    /// Whether everybody may see it.
    pub is_public: bool,
}

/// Stores a picture.
///
/// # Errors
/// [`Refusal::TooLarge`], and [`Refusal::NotAPicture`] for all that is not JPEG or PNG by content.
pub async fn store(ctx: &Context, actor: &Actor, bytes: Vec<u8>) -> Result<Uploaded> {
    require_anywhere(actor, Action::ManageCamps)?;
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(Refusal::TooLarge.into());
    }
    let (bytes, content_type, extension) = tokio::task::spawn_blocking(move || redraw(&bytes))
        .await
        .map_err(|_| Error::Invariant("a picture could not be read to its end".to_owned()))??;
    let key = ctx.files.put(&bytes, extension).await?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let (actor, now) = (actor.clone(), ctx.now());
    let id = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let (key, by) = (key.as_str(), actor.user_id);
                let id = uploads::insert(tx, key, content_type, size, by, now).await?;
                tx.audit(Entry {
                    actor: Some(actor),
                    action: "upload.create",
                    object_type: "upload",
                    object_id: id.to_string(),
                    details: json!({"contentType": content_type, "bytes": size}),
                    at: now,
                });
                Ok::<_, Error>(id)
            })
        })
        .await?;
    Ok(Uploaded {
        id,
        url: file_links::signed_path(ctx, id),
        content_type,
        bytes: size,
    })
}

/// Decodes a picture and encodes it anew; the way it is to be held is drawn in.
fn redraw(bytes: &[u8]) -> Result<(Vec<u8>, &'static str, &'static str)> {
    let not_a_picture = |_| Error::from(Refusal::NotAPicture);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| Refusal::NotAPicture)?;
    let format = reader.format();
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(not_a_picture)?;
    let orientation = decoder.orientation().map_err(not_a_picture)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(not_a_picture)?;
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    match format {
        Some(ImageFormat::Png) => {
            picture
                .write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
                .map_err(not_a_picture)?;
            Ok((out, "image/png", "png"))
        }
        Some(ImageFormat::Jpeg) => {
            let encoder = JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
            let picture = DynamicImage::from(picture.to_rgb8());
            picture.write_with_encoder(encoder).map_err(not_a_picture)?;
            Ok((out, "image/jpeg", "jpg"))
        }
        _ => Err(Refusal::NotAPicture.into()),
    }
}

/// Opens a picture: a poster, or one whose address we signed.
///
/// # Errors
/// [`Refusal::LinkExpired`] when the address's time is over; [`Error::NotFound`] for anything
/// that is not for this caller.
pub async fn open(ctx: &Context, id: UploadId, signature: Option<(i64, String)>) -> Result<Shown> {
    let is_signed = match signature {
        Some((until, mac)) => file_links::is_signed(ctx, id, until, &mac)?,
        None => false,
    };
    let upload = {
        let mut conn = ctx.db.read().await?;
        if !is_signed && !uploads::is_public(&mut conn, id).await? {
            return Err(Error::NotFound);
        }
        let upload = uploads::by_id(&mut conn, id).await?;
        upload.ok_or(Error::NotFound)?
    };
    let bytes = ctx.files.get(&upload.file_key.parse()?).await?;
    Ok(Shown {
        content_type: upload.content_type,
        bytes: bytes.ok_or(Error::NotFound)?,
        is_public: !is_signed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(side: u32) -> Vec<u8> {
        let mut out = Vec::new();
        DynamicImage::new_rgb8(side, side)
            .write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
            .unwrap();
        out
    }

    #[test]
    fn a_picture_is_drawn_anew_and_all_else_is_refused() {
        let (bytes, kind, _) = redraw(&png(8)).unwrap();
        assert_eq!(kind, "image/png");
        assert!(bytes.starts_with(b"\x89PNG"));
        // What hides behind the picture's end is gone.
        let mut polyglot = png(8);
        polyglot.extend_from_slice(b"<script>alert(1)</script>");
        let (bytes, ..) = redraw(&polyglot).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"<script>"));
        let truncated = &png(64)[..60];
        for bad in [
            b"".as_slice(),
            b"GIF89a",
            b"<svg/>",
            truncated,
            &png(MAX_SIDE + 1),
        ] {
            let error = redraw(bad).unwrap_err();
            assert!(
                matches!(error, Error::Refused(Refusal::NotAPicture)),
                "{error}"
            );
        }
    }
}
