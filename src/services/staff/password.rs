//! What a password has to be like.

use secrecy::{ExposeSecret as _, SecretString};

use super::super::FieldError;

/// Shortest password that is taken.
const MIN_CHARS: usize = 8;
/// Longest password that is taken: hashing must not be a way to keep us busy.
pub(super) const MAX_BYTES: usize = 256;

/// Says what is wrong with a new password, if anything.
pub(super) fn check(password: &SecretString) -> Result<(), FieldError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_CHARS {
        Err(FieldError::TooShort { min: MIN_CHARS })
    } else if text.len() > MAX_BYTES {
        Err(FieldError::TooLong { max: MAX_BYTES })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_limits() {
        assert!(check(&"1234567".into()).is_err());
        assert!(check(&"12345678".into()).is_ok());
        assert!(check(&"八个汉字也可以呀".into()).is_ok());
        assert!(check(&"x".repeat(MAX_BYTES + 1).into()).is_err());
    }
}
