//! Events of menu buttons that carry more than their key (wecom-app §2.2).

use super::{measure, number, optional, text};
use crate::hidden::hide_in_debug;
use crate::xml::Fields;

/// The result of a scan. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanCode {
    /// Key of the button.
    pub key: String,
    /// Usually `qrcode`.
    pub scan_type: String,
    /// Text of the code.
    pub result: String,
}

/// The button that the pictures came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureSource {
    /// `pic_sysphoto`: taken with the camera.
    Camera,
    /// `pic_photo_or_album`: taken with the camera or chosen from the album.
    CameraOrAlbum,
    /// `pic_weixin`: chosen from the album.
    Weixin,
}

/// Pictures a member sent through a menu button.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pictures {
    /// The kind of the button.
    pub source: PictureSource,
    /// Key of the button.
    pub key: String,
    /// Number of pictures, as the platform says.
    pub count: Option<u32>,
    /// MD5 of each picture in hex.
    pub md5_sums: Vec<String>,
}

/// A place a member chose through a menu button. `Debug` does not show it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SelectedLocation {
    /// Key of the button.
    pub key: String,
    /// Degrees north; XML name `Location_X`.
    pub latitude: Option<f64>,
    /// Degrees east; XML name `Location_Y`.
    pub longitude: Option<f64>,
    /// Zoom level of the map.
    pub scale: Option<i64>,
    /// Address in words.
    pub label: String,
    /// Name of the point of interest.
    pub poi_name: String,
    /// `wxwork` in WeCom; absent in the WeChat plug-in.
    pub app_type: Option<String>,
}

hide_in_debug!(ScanCode, SelectedLocation);

impl ScanCode {
    pub(super) fn parse(fields: &Fields) -> Self {
        let info = fields.element("ScanCodeInfo");
        Self {
            key: text(fields.get("EventKey")),
            scan_type: text(info.and_then(|info| info.get("ScanType"))),
            result: text(info.and_then(|info| info.get("ScanResult"))),
        }
    }
}

impl Pictures {
    /// Real callbacks repeat `PicList` once per picture, the documentation repeats `item`: both
    /// are read.
    pub(super) fn parse(source: PictureSource, fields: &Fields) -> Self {
        let info = fields.element("SendPicsInfo");
        let lists = info.into_iter().flat_map(|info| info.children());
        let md5_sums = lists
            .filter(|list| list.name() == "PicList")
            .flat_map(|list| list.children())
            .filter_map(|item| optional(item.get("PicMd5Sum")))
            .collect();
        Self {
            source,
            key: text(fields.get("EventKey")),
            count: number(info.and_then(|info| info.get("Count"))),
            md5_sums,
        }
    }
}

impl SelectedLocation {
    pub(super) fn parse(fields: &Fields) -> Self {
        let info = fields.element("SendLocationInfo");
        let get = |name| info.and_then(|info| info.get(name));
        Self {
            key: text(fields.get("EventKey")),
            latitude: measure(get("Location_X")),
            longitude: measure(get("Location_Y")),
            scale: number(get("Scale")),
            label: text(get("Label")),
            poi_name: text(get("Poiname")),
            app_type: optional(fields.get("AppType")),
        }
    }
}
