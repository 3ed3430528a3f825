//! Hashes passwords and compares them: argon2id, a few at a time, each in memory that is kept for
//! the next one. What has begun ends, whether or not its caller still waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::seldom::Seldom;
use super::{Error, Result};

/// Passwords hashed at once. Each takes 19 MiB and some 20 ms of a core.
const WORKERS: usize = 4;
/// Passwords that may wait for a worker; whoever comes after them is asked to come back.
const MAX_WAITING: usize = 32;
/// By then those who wait have had their turn.
const COME_BACK_AFTER: Duration = Duration::from_secs(2);

/// The memory of one worker.
type Memory = Vec<Block>;

/// Hashes passwords. Cheap to clone; all clones share the workers.
#[derive(Clone)]
pub struct Passwords(Arc<Pool>);

struct Pool {
    /// One for each password that is hashed or waits.
    places: Arc<Semaphore>,
    /// One for each that is hashed.
    turns: Arc<Semaphore>,
    /// Of workers at rest, the last one used on top: who signs in now and then needs only one.
    memory: Mutex<Vec<Memory>>,
    full: Seldom,
}

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Pool {
            places: Arc::new(Semaphore::new(WORKERS + MAX_WAITING)),
            turns: Arc::new(Semaphore::new(WORKERS)),
            memory: Mutex::default(),
            full: Seldom::new(),
        }))
    }
}

impl Passwords {
    /// Hashes a password into a PHC string. `salt` is new for every password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, password: SecretString, salt: Uuid) -> Result<SecretString> {
        let hashed = self.work(move |memory| hash(password.expose_secret(), salt, memory));
        Ok(hashed.await?.into())
    }

    /// Compares a password with a hash. Without a hash it takes as long and is wrong.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool> {
        self.work(move |memory| {
            let password = password.expose_secret();
            match &hash {
                Some(known) => is_of(password, known.expose_secret(), memory),
                None => self::hash(password, Uuid::nil(), memory).map(|_| false),
            }
        })
        .await
    }

    /// Does a piece of work in the memory of a worker. It is a task of its own, so that it is not
    /// cut off with its caller: who hangs up would otherwise try passwords for nothing.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else {
            if let Some(left_out) = self.0.full.turn() {
                tracing::warn!(
                    left_out,
                    "too many passwords to hash: callers are sent away"
                );
            }
            return Err(Error::Busy {
                retry_after: COME_BACK_AFTER,
            });
        };
        let pool = Arc::clone(&self.0);
        let done = tokio::spawn(async move {
            let _place = place;
            let turn = Arc::clone(&pool.turns).acquire_owned().await;
            let _turn = turn.map_err(|_| Error::Crypto("the workers are gone"))?;
            let hashed = tokio::task::spawn_blocking(move || {
                let mut memory = pool.take_memory();
                let done = work(&mut memory);
                pool.give_back(memory);
                done
            });
            hashed.await.map_err(|_| CUT_OFF)?
        });
        done.await.map_err(|_| CUT_OFF)?
    }
}

const CUT_OFF: Error = Error::Crypto("hashing was cut off");

impl Pool {
    fn take_memory(&self) -> Memory {
        let mut at_rest = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        at_rest.pop().unwrap_or_default()
    }

    fn give_back(&self, memory: Memory) {
        let mut at_rest = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        at_rest.push(memory);
    }
}

fn hash(password: &str, salt: Uuid, memory: &mut Memory) -> Result<String> {
    let salt = SaltString::encode_b64(salt.as_bytes()).map_err(|_| Error::Crypto("a salt"))?;
    let params = Params::default();
    let output = output(password, salt.as_salt(), &params, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|_| Error::Crypto("argon2"))?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Whether a hash is that of a password; it says itself how it was made.
fn is_of(password: &str, hash: &str, memory: &mut Memory) -> Result<bool> {
    let unusable = || Error::Crypto("a stored hash");
    let hash = PasswordHash::new(hash).map_err(|_| unusable())?;
    let params = Params::try_from(&hash).map_err(|_| unusable())?;
    let is_ours = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        // Nobody grows the memory of a worker by what they have stored.
        && params.block_count() <= Params::default().block_count();
    let (Some(salt), Some(expected), true) = (hash.salt, hash.hash, is_ours) else {
        return Err(unusable());
    };
    // Takes as long wherever the two differ.
    Ok(output(password, salt, &params, memory)? == expected)
}

fn output(password: &str, salt: Salt<'_>, params: &Params, memory: &mut Memory) -> Result<Output> {
    memory.resize(Params::default().block_count(), Block::new());
    let mut salt_bytes = [0; Salt::MAX_LENGTH];
    let salt = salt
        .decode_b64(&mut salt_bytes)
        .map_err(|_| Error::Crypto("a salt"))?;
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    Output::init_with(length, |out| {
        let hashed = argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory);
        Ok(hashed?)
    })
    .map_err(|_| Error::Crypto("argon2"))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    #[tokio::test]
    async fn a_password_is_that_of_its_hash_only() {
        let passwords = Passwords::default();
        let hashed = passwords
            .hash("correct horse".into(), Uuid::from_u128(7))
            .await
            .unwrap();
        for (password, hash, expected) in [
            ("correct horse", Some(hashed.clone()), true),
            ("correct mule", Some(hashed), false),
            ("nobody has this password", None, false),
        ] {
            let is_right = passwords.verify(password.into(), hash).await.unwrap();
            assert_eq!(is_right, expected, "{password}");
        }
    }

    /// The library's own way, with memory of its own, agrees with ours both ways.
    #[tokio::test]
    async fn hashes_are_those_of_the_library() {
        let passwords = Passwords::default();
        let ours = passwords
            .hash("correct horse".into(), Uuid::from_u128(7))
            .await
            .unwrap();
        let parsed = PasswordHash::new(ours.expose_secret()).unwrap();
        let library = Argon2::default();
        assert_eq!(library.verify_password(b"correct horse", &parsed), Ok(()));
        let salt = SaltString::encode_b64(Uuid::from_u128(7).as_bytes()).unwrap();
        let theirs = library.hash_password(b"correct horse", &salt).unwrap();
        assert_eq!(theirs.to_string(), ours.expose_secret());
    }

    #[tokio::test]
    async fn a_hash_that_asks_for_more_memory_is_refused() {
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let more = Params::new(Params::DEFAULT_M_COST + 8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, more);
        let hash = argon2.hash_password(b"x", &salt).unwrap().to_string();
        let passwords = Passwords::default();
        let refused = passwords.verify("x".into(), Some(hash.into()));
        assert!(matches!(refused.await, Err(Error::Crypto(_))));
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_and_memory_is_kept() {
        let passwords = Passwords::default();
        let callers = (0..WORKERS + MAX_WAITING + 5).map(|_| {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.verify("x".into(), None).await })
        });
        let (mut done, mut sent_away) = (0, 0);
        for caller in callers.collect::<Vec<_>>() {
            match caller.await.unwrap() {
                Ok(_) => done += 1,
                Err(Error::Busy { .. }) => sent_away += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((done, sent_away), (WORKERS + MAX_WAITING, 5));
        let kept = passwords.0.memory.lock().unwrap().len();
        assert!((1..=WORKERS).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn what_has_begun_ends_without_its_caller() {
        let passwords = Passwords::default();
        let (tell, told) = std::sync::mpsc::channel();
        let caller = passwords.work(move |_| {
            std::thread::sleep(Duration::from_millis(50));
            tell.send(()).map_err(|_| CUT_OFF)
        });
        let hung_up = tokio::time::timeout(Duration::from_millis(1), caller).await;
        assert!(hung_up.is_err());
        let ended = tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_secs(5)));
        assert_eq!(ended.await.unwrap(), Ok(()));
    }
}
