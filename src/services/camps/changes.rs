//! What of a camp an edit changes, from what to what, as the audit has it.

use serde_json::{Map, Value, json};

use crate::domain::camp_form::CampForm;

/// A camp's form and the mark of its robot's key.
pub(super) struct Filled<'a> {
    pub(super) form: &'a CampForm,
    pub(super) robot_key: Option<String>,
}

/// The fields that differ.
pub(super) fn changes(was: &Filled<'_>, is: &Filled<'_>) -> Map<String, Value> {
    let (before, after) = (was.form, is.form);
    let fields = [
        ("name", json!(before.name), json!(after.name)),
        ("posterUploadId", json!(before.poster), json!(after.poster)),
        ("terms", json!(before.terms), json!(after.terms)),
        (
            "introduction",
            json!(before.introduction_html),
            json!(after.introduction_html),
        ),
        (
            "groupQrUploadIds",
            json!(before.group_codes),
            json!(after.group_codes),
        ),
        ("coachIds", json!(before.coaches), json!(after.coaches)),
        (
            "volunteerIds",
            json!(before.volunteers),
            json!(after.volunteers),
        ),
        (
            "planetProjectId",
            json!(before.planet_project_id),
            json!(after.planet_project_id),
        ),
        ("payeeId", json!(before.payee_id), json!(after.payee_id)),
        ("groupRobotKey", json!(was.robot_key), json!(is.robot_key)),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    changed
        .map(|(field, from, to)| (field.to_owned(), json!({"from": from, "to": to})))
        .collect()
}
