//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::super::{Error, FieldError, Result};

/// Shortest password that is taken.
const MIN_CHARS: usize = 8;
/// Longest password that is taken: hashing must not be a way to keep us busy.
pub(super) const MAX_BYTES: usize = 256;
/// Passwords hashed at once. Each takes 19 MiB and some 20 ms of a core.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Stands in for the hash of an account that does not exist, so that it takes as long.
static NOBODY: OnceLock<String> = OnceLock::new();

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

/// Hashes a password into a PHC string. `salt` is new for every password.
pub(super) async fn hash(password: SecretString, salt: Uuid) -> Result<SecretString> {
    off_thread(move || hash_now(password.expose_secret(), salt).map(SecretString::from)).await?
}

/// Compares a password with a hash. Without a hash it takes as long and is wrong.
pub(super) async fn verify(password: SecretString, hash: Option<SecretString>) -> Result<bool> {
    off_thread(move || {
        let (known, text) = match &hash {
            Some(hash) => (true, hash.expose_secret().to_owned()),
            None => (false, nobody()?),
        };
        let hash = PasswordHash::new(&text).map_err(|_| Error::Crypto("a stored hash"))?;
        let right = Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok();
        Ok(right && known)
    })
    .await?
}

fn nobody() -> Result<String> {
    if let Some(hash) = NOBODY.get() {
        return Ok(hash.clone());
    }
    let hash = hash_now("nobody has this password", Uuid::nil())?;
    Ok(NOBODY.get_or_init(|| hash).clone())
}

fn hash_now(password: &str, salt: Uuid) -> Result<String> {
    let salt = SaltString::encode_b64(salt.as_bytes()).map_err(|_| Error::Crypto("a salt"))?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(|_| Error::Crypto("argon2"))?;
    Ok(hash.to_string())
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = HASHING
        .acquire()
        .await
        .map_err(|_| Error::Crypto("the queue of passwords is closed"))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Crypto("hashing was cut off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_that_of_its_hash_only() {
        let hashed = hash("correct horse".into(), Uuid::from_u128(7))
            .await
            .unwrap();
        assert!(hashed.expose_secret().starts_with("$argon2id$"));
        assert!(
            verify("correct horse".into(), Some(hashed.clone()))
                .await
                .unwrap()
        );
        assert!(!verify("correct mule".into(), Some(hashed)).await.unwrap());
        assert!(
            !verify("nobody has this password".into(), None)
                .await
                .unwrap()
        );
    }

    #[test]
    fn lengths_have_limits() {
        assert!(check(&"1234567".into()).is_err());
        assert!(check(&"12345678".into()).is_ok());
        assert!(check(&"八个汉字也可以呀".into()).is_ok());
        assert!(check(&"x".repeat(MAX_BYTES + 1).into()).is_err());
    }
}
