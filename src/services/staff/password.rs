//! What a password has to be like.

use secrecy::{ExposeSecret as _, SecretString};

use super::super::FieldError;

/// Shortest password that is taken (design §8).
const MIN_CHARS: usize = 10;
/// Longest password that is taken: hashing must not be a way to keep us busy.
pub(super) const MAX_BYTES: usize = 256;
/// One a line, in lower case; lines with a `#` tell where they are from.
const COMMONEST: &str = include_str!("common_passwords.txt");

/// Says what is wrong with a new password of an account, if anything.
pub(super) fn check(username: &str, password: &SecretString) -> Result<(), FieldError> {
    let text = password.expose_secret();
    // Spaces around it make it no longer.
    if text.trim().chars().count() < MIN_CHARS {
        return Err(FieldError::TooShort { min: MIN_CHARS });
    }
    if text.len() > MAX_BYTES {
        return Err(FieldError::TooLong { max: MAX_BYTES });
    }
    // Capitals and spaces around it make a password no harder to guess.
    let folded = text.trim().to_lowercase();
    if folded == username.trim().to_lowercase() {
        return Err(FieldError::SameAsUsername);
    }
    let mut commonest = COMMONEST.lines().filter(|line| !line.starts_with('#'));
    if commonest.any(|common| common == folded) {
        return Err(FieldError::TooCommon);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_common_or_the_name_is_refused() {
        let check = |text: &str| check("wang.xiaoming", &text.into());
        for short in ["123456789", "12345678  ", "          "] {
            assert_eq!(
                check(short),
                Err(FieldError::TooShort { min: 10 }),
                "{short:?}"
            );
        }
        for common in ["1234567890", "Password123", " qwertyuiop ", "woaini1314"] {
            assert_eq!(check(common), Err(FieldError::TooCommon), "{common}");
        }
        assert_eq!(check("Wang.Xiaoming"), Err(FieldError::SameAsUsername));
        let long = FieldError::TooLong { max: MAX_BYTES };
        assert_eq!(check(&"x".repeat(MAX_BYTES + 1)), Err(long));
        for good in ["八个汉字再加两个字呀", "camp-demo-2026", "wang.xiaoming2"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_list_is_as_it_is_looked_up() {
        let lines = COMMONEST.lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        for line in lines {
            count += 1;
            assert_eq!(line, line.trim().to_lowercase());
            assert!(
                line.chars().count() >= MIN_CHARS,
                "{line} is refused anyway"
            );
        }
        assert!(count > 1000, "{count}");
    }
}
