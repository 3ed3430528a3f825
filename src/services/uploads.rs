//! Uploaded pictures. What comes in is decoded and encoded anew, so that nothing but a picture is
//! ever stored. Posters are for everybody; all else opens only under an address that we signed.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use serde_json::json;

use crate::domain::UploadId;
use crate::domain::staff::{Action, Actor};
use crate::store::audit::Entry;
use crate::store::uploads;

use super::{Context, Error, Refusal, Result, file_links, require_anywhere};

/// The largest picture that is taken (contract).
pub const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;
/// The most pixels of a picture (design §8), by its header: a small file may unfold into a huge one.
pub const MAX_PIXELS: u64 = 16_000_000;
/// Pixels of a side at most.
const MAX_SIDE: u32 = 16_384;
/// The most bytes of its pixels, each of its channels at its depth.
const MAX_DECODED_BYTES: u64 = 64 * 1024 * 1024;
/// What reading a header may take: a colour profile may stand packed in it.
const MAX_HEADER_BYTES: u64 = 4 * 1024 * 1024;
/// How often the pixels are in memory: a progressive JPEG keeps all its coefficients while it is
/// decoded, and a picture that is turned is there twice.
const COPIES: u64 = 3;
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

/// Refuses who may not upload pictures, before room is kept for one.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn may_store(actor: &Actor) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)
}

/// Stores a picture.
///
/// # Errors
/// [`Refusal::TooLarge`], [`Refusal::TooManyPixels`], [`Refusal::NotAPicture`] for all that is not
/// JPEG or PNG by content, and [`Error::Busy`].
pub async fn store(ctx: &Context, actor: &Actor, bytes: Vec<u8>) -> Result<Uploaded> {
    may_store(actor)?;
    let Redrawn {
        bytes,
        content_type,
        extension,
    } = redrawn(ctx, bytes).await?;
    let key = ctx.files.put(&bytes, extension).await?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let (actor, now) = (actor.clone(), ctx.now());
    let id = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let (key, by) = (key.as_str(), actor.user_id);
                let id = uploads::insert(tx, key, content_type, size, Some(by), now).await?;
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

/// A picture drawn anew.
pub(super) struct Redrawn {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) extension: &'static str,
}

/// Draws a picture anew, within the memory that there is for that.
pub(super) async fn redrawn(ctx: &Context, bytes: Vec<u8>) -> Result<Redrawn> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(Refusal::TooLarge.into());
    }
    let room = ctx.decoding.for_a_picture(decoded_bytes(&bytes)? * COPIES);
    let room = room.await?;
    let redrawn = tokio::task::spawn_blocking(move || {
        // Kept until the picture is drawn, even if nobody waits for it any more.
        let _room = room;
        redraw(&bytes)
    });
    let (bytes, content_type, extension) = redrawn
        .await
        .map_err(|_| Error::Invariant("a picture could not be read to its end".to_owned()))??;
    Ok(Redrawn {
        bytes,
        content_type,
        extension,
    })
}

/// What a picture takes once it is decoded, by its header alone.
fn decoded_bytes(bytes: &[u8]) -> Result<u64> {
    let (decoder, _) = decoder(bytes, MAX_HEADER_BYTES)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let decoded = decoder.total_bytes();
    if pixels > MAX_PIXELS || decoded > MAX_DECODED_BYTES {
        return Err(too_many_pixels());
    }
    Ok(decoded)
}

fn too_many_pixels() -> Error {
    let megapixels = MAX_PIXELS / 1_000_000;
    Refusal::TooManyPixels { megapixels }.into()
}

/// Why the library does not take a picture.
fn undecodable(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_many_pixels(),
        _ => Refusal::NotAPicture.into(),
    }
}

/// Reads the header of a JPEG or PNG.
fn decoder(bytes: &[u8], max_alloc: u64) -> Result<(impl ImageDecoder + '_, ImageFormat)> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| Refusal::NotAPicture)?;
    let format = match reader.format() {
        Some(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => format,
        _ => return Err(Refusal::NotAPicture.into()),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(max_alloc);
    reader.limits(limits);
    Ok((reader.into_decoder().map_err(undecodable)?, format))
}

/// Decodes a picture and encodes it anew; the way it is to be held is drawn in.
fn redraw(bytes: &[u8]) -> Result<(Vec<u8>, &'static str, &'static str)> {
    let (mut decoder, format) = decoder(bytes, MAX_DECODED_BYTES + MAX_HEADER_BYTES)?;
    let orientation = decoder.orientation().map_err(undecodable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    if format == ImageFormat::Png {
        picture
            .write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
            .map_err(undecodable)?;
        return Ok((out, "image/png", "png"));
    }
    let encoder = JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
    let picture = DynamicImage::from(picture.into_rgb8());
    picture.write_with_encoder(encoder).map_err(undecodable)?;
    Ok((out, "image/jpeg", "jpg"))
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
        for bad in [b"".as_slice(), b"GIF89a", b"<svg/>", truncated] {
            let error = redraw(bad).unwrap_err();
            assert!(
                matches!(error, Error::Refused(Refusal::NotAPicture)),
                "{error}"
            );
        }
    }

    /// A PNG whose header says this and that has no pixels.
    fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
        let mut chunk = b"IHDR".to_vec();
        chunk.extend(width.to_be_bytes());
        chunk.extend(height.to_be_bytes());
        chunk.extend([depth, colour, 0, 0, 0]);
        let mut crc = flate2::Crc::new();
        crc.update(&chunk);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0D".to_vec();
        png.extend(chunk);
        png.extend(crc.sum().to_be_bytes());
        png.extend(b"\0\0\0\0IDAT\x35\xAF\x06\x1E\0\0\0\0IEND\xAE\x42\x60\x82");
        png
    }

    #[test]
    fn a_header_alone_says_that_a_picture_is_too_large() {
        let (rgb, rgba) = (2, 6);
        for (width, height, depth, colour) in [
            (8_192, 8_192, 16, rgba),
            (8_193, 8_193, 8, rgb),
            (4_000, 4_001, 8, rgb),
            (4_000, 4_000, 16, rgba),
            (16_385, 1, 8, rgb),
            (u32::MAX >> 1, u32::MAX >> 1, 8, rgb),
        ] {
            let refused = decoded_bytes(&header(width, height, depth, colour));
            let error = refused.unwrap_err();
            assert!(
                matches!(error, Error::Refused(Refusal::TooManyPixels { .. })),
                "{width} × {height}: {error}"
            );
        }
        let largest = decoded_bytes(&header(4_000, 4_000, 8, rgba)).unwrap();
        assert_eq!(largest, 64_000_000);
        assert_eq!(
            decoded_bytes(&header(16_000, 1_000, 8, rgb)).unwrap(),
            48_000_000
        );
    }
}
