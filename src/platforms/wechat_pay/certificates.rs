//! Platform certificates (§2.4): fetched, opened, verified, kept. Only our own calls lead to a
//! fetch, never a notification, so that nobody outside can make us call.

use super::aead::ALGORITHM;
use super::client::{Answer, WechatPay};
use super::error::{Error, Operation};
use super::trust::{PUBLIC_KEY_ID_PREFIX, PlatformCertificate};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::Mutex;

const CERTIFICATES_PATH: &str = "/v3/certificates";
/// The longest that WeChat Pay permits between two looks.
const REFRESH_AFTER: TimeDelta = TimeDelta::hours(12);
/// Between two fetches that nobody asked for, while keys are held: serials may be sent at random.
const PAUSE_WITH_KEYS: TimeDelta = TimeDelta::seconds(60);
/// The same while no key is held and no call can be made.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(5);
/// One or two are usual.
const MAX_CERTIFICATES: usize = 32;

/// When the list was last asked for, and last taken over. The lock is held during a fetch, so that
/// there is one at a time.
#[derive(Default)]
pub(super) struct RefreshState(Mutex<Times>);

#[derive(Default)]
struct Times {
    tried_at: Option<DateTime<Utc>>,
    taken_at: Option<DateTime<Utc>>,
}

impl WechatPay {
    /// Whether platform certificates are the only keys: then fetch them once at the start, since a
    /// notification that comes before any call of ours could not be verified.
    #[must_use]
    pub fn uses_certificates(&self) -> bool {
        self.keys().public_key_id().is_none()
    }

    /// Fetches the platform certificates now and says how many are held. Needed with a public key
    /// only while a merchant moves from certificates to it: notifications may name either (§2.3).
    ///
    /// # Errors
    /// See [`Error::next_step`]; a merchant who has a public key only gets 404
    /// RESOURCE_NOT_EXISTS. The certificates held before stay.
    pub async fn refresh_certificates(&self) -> Result<usize, Error> {
        let mut times = self.refresh_state().0.lock().await;
        self.fetch_into(&mut times).await
    }

    /// Before a call: makes sure that there is a key to verify its answer with, and looks for
    /// successors when it is time.
    pub(super) async fn ensure_certificates(&self, operation: Operation) -> Result<(), Error> {
        let now = self.now();
        let has_keys = !self.uses_certificates() || self.keys().holds_certificates(now);
        let state = &self.refresh_state().0;
        let mut times = if has_keys {
            // Somebody else is fetching: what is held will do meanwhile.
            let Ok(times) = state.try_lock() else {
                return Ok(());
            };
            times
        } else {
            state.lock().await
        };
        // Asked again under the lock: another call may just have fetched.
        let has_keys = !self.uses_certificates() || self.keys().holds_certificates(now);
        let due = if has_keys {
            let wanted = self.uses_certificates() || times.taken_at.is_some();
            wanted
                && times
                    .taken_at
                    .is_none_or(|taken| passed(taken, now, REFRESH_AFTER))
                && times.may_try(now, PAUSE_WITH_KEYS)
        } else {
            times.may_try(now, PAUSE_WITHOUT_KEYS)
        };
        let failure = if due {
            self.fetch_into(&mut times).await.err()
        } else {
            None
        };
        if self.keys().holds_certificates(now) || !self.uses_certificates() {
            if let Some(error) = failure {
                tracing::warn!(%error, "platform certificates not refreshed; using those held");
            }
            return Ok(());
        }
        Err(Error::NoCertificate {
            operation,
            source: failure.map(Box::new),
        })
    }

    /// After an answer that names an unknown certificate: true if the list was fetched.
    pub(super) async fn fetch_for_unknown_serial(&self, serial: &str) -> bool {
        if serial.starts_with(PUBLIC_KEY_ID_PREFIX) {
            return false;
        }
        let mut times = self.refresh_state().0.lock().await;
        let now = self.now();
        if self.keys().find(serial, now).is_some() {
            return true;
        }
        if !times.may_try(now, PAUSE_WITH_KEYS) {
            return false;
        }
        match self.fetch_into(&mut times).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "platform certificates not fetched for an unknown serial");
                false
            }
        }
    }

    async fn fetch_into(&self, times: &mut Times) -> Result<usize, Error> {
        times.tried_at = Some(self.now());
        let operation = Operation::FetchCertificates;
        let answer = self
            .exchange(operation, Method::GET, CERTIFICATES_PATH, Vec::new())
            .await?;
        if answer.status != 200 {
            return Err(answer.refused());
        }
        let now = self.now();
        let certificates = self.open_certificates(&answer, now)?;
        let held = certificates.len();
        // The list is verified with the very keys it carries: their seal, which only the holder of
        // the APIv3 key can make, has been checked by then (§2.1).
        let candidate = self.keys().with_certificates(certificates);
        answer
            .verify(&candidate, now)
            .map_err(|cause| answer.unverified(cause))?;
        self.keys().take_over(candidate);
        times.taken_at = Some(now);
        Ok(held)
    }

    /// All that open, carry their announced serial and have not expired; at least one.
    fn open_certificates(
        &self,
        answer: &Answer,
        now: DateTime<Utc>,
    ) -> Result<Vec<PlatformCertificate>, Error> {
        let list: ListBody = answer.read()?;
        let mut certificates = Vec::new();
        for entry in list.data.iter().take(MAX_CERTIFICATES) {
            match self.open_certificate(entry) {
                Ok(certificate) if certificate.valid_at(now) => certificates.push(certificate),
                Ok(_) => {}
                Err(problem) => tracing::warn!(problem, "a platform certificate is left out"),
            }
        }
        if certificates.is_empty() {
            return Err(answer.unexpected(
                "holds no valid certificate that the APIv3 key opens (is api_v3_key right?)",
            ));
        }
        Ok(certificates)
    }

    fn open_certificate(&self, entry: &EntryBody) -> Result<PlatformCertificate, &'static str> {
        let sealed = &entry.encrypt_certificate;
        if sealed.algorithm != ALGORITHM {
            return Err("is sealed by another algorithm");
        }
        let aad = sealed.associated_data.as_deref().unwrap_or_default();
        let pem = self
            .api_v3_key()
            .open(&sealed.nonce, aad, &sealed.ciphertext)
            .map_err(|_| "does not open with the APIv3 key")?;
        PlatformCertificate::from_pem(&pem, &entry.serial_no)
    }
}

impl Times {
    fn may_try(&self, now: DateTime<Utc>, pause: TimeDelta) -> bool {
        self.tried_at.is_none_or(|tried| passed(tried, now, pause))
    }
}

/// Also true when the clock was set back, so that a refresh is never put off for long.
fn passed(since: DateTime<Utc>, now: DateTime<Utc>, pause: TimeDelta) -> bool {
    now.signed_duration_since(since).abs() >= pause
}

#[derive(Deserialize)]
struct ListBody {
    data: Vec<EntryBody>,
}

#[derive(Deserialize)]
struct EntryBody {
    serial_no: String,
    encrypt_certificate: SealedBody,
}

#[derive(Deserialize)]
struct SealedBody {
    algorithm: String,
    nonce: String,
    associated_data: Option<String>,
    ciphertext: String,
}
