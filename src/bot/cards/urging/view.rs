//! The view of an urging that is to be let go.

use serde::Serialize;

use crate::bot::replies::clock;
use crate::bot::templates::views;
use crate::domain::card::UrgePreview;

views! {
    Preview => "urge.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Preview {
    camp_name: String,
    missing: i64,
    came: i64,
    unknown: i64,
    as_of: String,
}

impl Preview {
    pub(in crate::bot) fn of(preview: &UrgePreview) -> Self {
        Self {
            camp_name: preview.camp.name.clone(),
            missing: preview.missing,
            came: preview.came,
            unknown: preview.unknown,
            as_of: clock(preview.as_of),
        }
    }
}
