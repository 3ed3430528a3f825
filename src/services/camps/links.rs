//! Links into the member pages: of a camp, and of a camp for one planet user.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Luma};
use qrcode::QrCode;

use crate::domain::staff::{Action, Actor};
use crate::domain::{CampId, PlanetUserId};

use super::super::{Context, Error, FieldError, Result, personal_links, require_anywhere};
use super::found;

/// Links made at once at most.
const MAX_LINKS: usize = 1_000;
/// Pixels of the QR code's side at least.
const QR_SIDE: u32 = 480;

/// Where members enroll in a camp.
#[must_use]
pub fn enroll_url(ctx: &Context, id: CampId) -> String {
    format!("{}/h5/camps/{id}", ctx.settings.public_url)
}

/// A PNG of a camp's QR code.
///
/// # Errors
/// [`Error::NotFound`] if there is no such camp.
pub async fn enroll_qr(ctx: &Context, id: CampId) -> Result<Vec<u8>> {
    found(&mut ctx.db.read().await?, id).await?;
    let code = QrCode::new(enroll_url(ctx, id))
        .map_err(|error| Error::Invariant(format!("a link fits no QR code: {error}")))?;
    let picture = code
        .render::<Luma<u8>>()
        .min_dimensions(QR_SIDE, QR_SIDE)
        .build();
    let mut png = Vec::new();
    DynamicImage::from(picture)
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .map_err(|error| Error::Invariant(format!("a QR code was not drawn: {error}")))?;
    Ok(png)
}

/// The personal links of many.
///
/// # Errors
/// [`Error::Invalid`] when there are too many.
pub async fn personal_urls(
    ctx: &Context,
    actor: &Actor,
    id: CampId,
    users: &[PlanetUserId],
) -> Result<Vec<(PlanetUserId, String)>> {
    require_anywhere(actor, Action::ManageCamps)?;
    if users.is_empty() {
        return Err(Error::invalid("planetUserIds", FieldError::Missing));
    }
    if users.len() > MAX_LINKS {
        let max = MAX_LINKS;
        return Err(Error::invalid("planetUserIds", FieldError::TooMany { max }));
    }
    if users.iter().any(|user| user.0 <= 0) {
        return Err(Error::invalid("planetUserIds", FieldError::Malformed));
    }
    let camp = found(&mut ctx.db.read().await?, id).await?;
    let links = users
        .iter()
        .map(|user| (*user, personal_links::url(ctx, id, *user, &camp.terms)));
    Ok(links.collect())
}
