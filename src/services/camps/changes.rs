//! What of a camp an edit changes, from what to what, as the audit has it.

use serde_json::{Map, Value, json};

use crate::domain::camp_form::CampForm;
use crate::domain::{GroupCode, UploadId};

/// A camp's form and the mark of its robot's key.
pub(super) struct Filled<'a> {
    pub(super) form: &'a CampForm,
    pub(super) robot_key: Option<String>,
}

/// The fields that differ.
pub(super) fn changes(was: &Filled<'_>, is: &Filled<'_>) -> Map<String, Value> {
    let (before, after) = (was.form, is.form);
    let pictures = |form: &CampForm| -> Vec<UploadId> {
        form.group_codes.iter().map(|code| code.upload_id).collect()
    };
    // What is known of a code beside its picture.
    let known = |form: &CampForm| -> Vec<GroupCode> {
        let codes = form.group_codes.iter().copied();
        codes
            .filter(|code| *code != GroupCode::plain(code.upload_id))
            .collect()
    };
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
            json!(pictures(before)),
            json!(pictures(after)),
        ),
        ("groupCodes", json!(known(before)), json!(known(after))),
        (
            "urgeByName",
            json!(before.urge_by_name),
            json!(after.urge_by_name),
        ),
        (
            "smartBotChatId",
            json!(before.smart_bot_chat_id),
            json!(after.smart_bot_chat_id),
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
