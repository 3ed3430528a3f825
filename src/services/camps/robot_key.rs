//! The key of a camp's group robot: a secret, of which the audit has a mark only.

use secrecy::{ExposeSecret as _, SecretString};

use crate::store::{Keyring, Sealed};

use super::super::{Context, Error, FieldError, Result};

/// Where a robot key is sealed for.
pub const ROBOT_KEY_PLACE: &str = "training_camp.group_robot_key";
/// A group robot's key is a UUID (wecom-bots-h5 §2); longer texts are slips.
const MAX_ROBOT_KEY_BYTES: usize = 100;
/// The derived key of marks.
const MARK_PURPOSE: &str = "mark of a robot key";
/// Hexadecimal digits that tell one key from another.
const MARK_DIGITS: usize = 8;

/// The key sealed; `Some(None)` takes it away, `None` leaves it.
pub(super) fn sealed_robot_key(
    ctx: &Context,
    given: Option<&Option<SecretString>>,
) -> Result<Option<Option<Sealed>>> {
    let Some(given) = given else {
        return Ok(None);
    };
    let key = given.as_ref().map(|key| key.expose_secret().trim());
    match key.filter(|key| !key.is_empty()) {
        None => Ok(Some(None)),
        Some(key) if key.len() > MAX_ROBOT_KEY_BYTES || !is_key(key) => {
            Err(Error::invalid("groupRobotKey", FieldError::Malformed))
        }
        Some(key) => Ok(Some(Some(
            ctx.keys().seal(ROBOT_KEY_PLACE, key.as_bytes())?,
        ))),
    }
}

fn is_key(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What stands for a key in the audit: the same for the same key, and nothing to speak with.
pub(super) fn mark(keys: &Keyring, key: Option<&Sealed>) -> Result<Option<String>> {
    let Some(key) = key else {
        return Ok(None);
    };
    let mac = keys.mac(MARK_PURPOSE, &keys.open(ROBOT_KEY_PLACE, key)?);
    let mut mark: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    mark.truncate(MARK_DIGITS);
    Ok(Some(mark))
}
