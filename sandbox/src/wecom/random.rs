//! Texts that nobody can guess.

/// Unguessable text of 32 hex digits.
pub(crate) fn secret_text() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
