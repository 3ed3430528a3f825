//! Posters and group codes, drawn.

use std::io::Cursor;

use anyhow::Context as _;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use qrcode::QrCode;

const POSTER: (u32, u32) = (960, 540);
const CODE_SIDE: u32 = 320;

/// A poster in a colour: a sun over hills, so that camps can be told apart at a glance.
pub(super) fn poster([red, green, blue]: [u8; 3]) -> anyhow::Result<Vec<u8>> {
    let (width, height) = POSTER;
    let shade = |percent: u32| {
        let part = |value: u8| u8::try_from(u32::from(value) * percent / 100).unwrap_or(u8::MAX);
        Rgb([part(red), part(green), part(blue)])
    };
    let light = |percent: u32| {
        let part = |value: u8| {
            let value = u32::from(value);
            u8::try_from(value + (255 - value) * percent / 100).unwrap_or(u8::MAX)
        };
        Rgb([part(red), part(green), part(blue)])
    };
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let from_sun = x.abs_diff(700).pow(2) + y.abs_diff(200).pow(2);
        // Two parabolas are hills enough.
        let near = 360 + x.abs_diff(240).pow(2) / 1400;
        let far = 300 + x.abs_diff(640).pow(2) / 2000;
        if y > near {
            shade(70)
        } else if y > far {
            shade(88)
        } else if from_sun < 90 * 90 {
            light(85)
        } else {
            light(40 * (height - y) / height)
        }
    });
    png(&picture.into())
}

/// The code of a group.
pub(super) fn group_code(group: &str) -> anyhow::Result<Vec<u8>> {
    let text = format!("https://work.weixin.qq.com/gm/{group}");
    let code = QrCode::new(text).context("a group code")?;
    let picture = code
        .render::<image::Luma<u8>>()
        .min_dimensions(CODE_SIDE, CODE_SIDE)
        .build();
    png(&picture.into())
}

fn png(picture: &DynamicImage) -> anyhow::Result<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}
