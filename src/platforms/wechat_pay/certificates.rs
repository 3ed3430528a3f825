//! Platform certificates (§2.4): fetched, opened, verified, kept. Opening a notification makes no
//! call: one that names an unknown certificate only tells [`WechatPay::keep_certificates`], which
//! looks once in some minutes however many come, so that nobody outside can make us call at will.
//! WeChat Pay sends the notification again.

use super::aead::ALGORITHM;
use super::client::{Answer, WechatPay};
use super::error::Error;
use super::operation::Operation;
use super::refresh::{Times, passed};
use super::trust::{PUBLIC_KEY_ID_PREFIX, PlatformCertificate};
use super::verify::SignatureError;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use std::time::Duration;
use wecom::lenient_json::exact;

const CERTIFICATES_PATH: &str = "/v3/certificates";
/// The longest that WeChat Pay permits between two looks.
const REFRESH_AFTER: TimeDelta = TimeDelta::hours(12);
/// Between two fetches that nobody asked for, while keys are held: serials may be sent at random.
const PAUSE_WITH_KEYS: TimeDelta = TimeDelta::seconds(60);
/// The same while no key is held and no call can be made.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(5);
/// Between two fetches for what notifications name: anybody can send one.
const PAUSE_FOR_NOTICES: TimeDelta = TimeDelta::minutes(5);
/// How often it is looked whether a fetch is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The same while no key is held: doubled with every try that failed, up to [`LOOK_EVERY`].
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// One or two are usual.
const MAX_CERTIFICATES: usize = 32;

impl WechatPay {
    /// Whether platform certificates are the only keys.
    #[must_use]
    pub fn uses_certificates(&self) -> bool {
        self.keys().public_key_id().is_none()
    }

    /// Keeps the platform certificates at hand for as long as it is polled; it never ends. Where
    /// they are the only keys it fetches them at once, since a notification that comes before any
    /// call of ours could not be verified, and looks for successors in time. With a public key it
    /// fetches none before a notification names one: the merchant is moving then (§2.3).
    pub async fn keep_certificates(&self) {
        let (mut is_wanted, mut again_after) = (false, LOOK_AGAIN_AFTER);
        loop {
            is_wanted = self.fetch_if_due(is_wanted).await;
            let rest = if self.lacks_keys() {
                again_after
            } else {
                LOOK_EVERY
            };
            again_after = rest.saturating_mul(2).min(LOOK_EVERY);
            tokio::select! {
                () = self.refresh_state().wanted.notified() => is_wanted = true,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Fetches the list if it is time. Answers whether it still is wanted: too soon after the last
    /// look, it is put off.
    async fn fetch_if_due(&self, is_wanted: bool) -> bool {
        let mut times = self.refresh_state().times.lock().await;
        let now = self.now();
        let is_due = if self.lacks_keys() {
            times.may_try(now, PAUSE_WITHOUT_KEYS)
        } else if is_wanted && !times.was_told_none(now) {
            times.may_try(now, PAUSE_FOR_NOTICES)
        } else {
            self.is_old(&times, now)
        };
        if !is_due {
            return is_wanted && !times.was_told_none(now);
        }
        match self.fetch_into(&mut times).await {
            Ok(held) => tracing::info!(held, "platform certificates fetched"),
            Err(error) => tracing::warn!(%error, "platform certificates not fetched"),
        }
        false
    }

    /// After a notification that is not believed: if it names a certificate that is not held, the
    /// list is worth a look. No call goes out here.
    pub(super) fn want_certificate(&self, error: &SignatureError) {
        if let SignatureError::UnknownSerial { serial } = error
            && !serial.starts_with(PUBLIC_KEY_ID_PREFIX)
        {
            self.refresh_state().wanted.notify_one();
        }
    }

    fn lacks_keys(&self) -> bool {
        self.uses_certificates() && !self.keys().holds_certificates(self.now())
    }

    /// Whether it is time to look for successors of what is held.
    fn is_old(&self, times: &Times, now: DateTime<Utc>) -> bool {
        (self.uses_certificates() || times.taken_at.is_some())
            && times
                .taken_at
                .is_none_or(|taken| passed(taken, now, REFRESH_AFTER))
            && times.may_try(now, PAUSE_WITH_KEYS)
    }

    /// Fetches the platform certificates now and says how many are held. Needed with a public key
    /// only while a merchant moves from certificates to it: notifications may name either (§2.3).
    ///
    /// # Errors
    /// See [`Error::next_step`]; a merchant who has a public key only gets 404
    /// RESOURCE_NOT_EXISTS. The certificates held before stay.
    pub async fn refresh_certificates(&self) -> Result<usize, Error> {
        let mut times = self.refresh_state().times.lock().await;
        self.fetch_into(&mut times).await
    }

    /// Before a call: makes sure that there is a key to verify its answer with, and looks for
    /// successors when it is time.
    pub(super) async fn ensure_certificates(&self, operation: Operation) -> Result<(), Error> {
        let now = self.now();
        let state = &self.refresh_state().times;
        let mut times = if self.lacks_keys() {
            state.lock().await
        } else {
            // Somebody else is fetching: what is held will do meanwhile.
            let Ok(times) = state.try_lock() else {
                return Ok(());
            };
            times
        };
        // Asked again under the lock: another call may just have fetched.
        let due = if self.lacks_keys() {
            times.may_try(now, PAUSE_WITHOUT_KEYS)
        } else {
            self.is_old(&times, now)
        };
        let failure = if due {
            self.fetch_into(&mut times).await.err()
        } else {
            None
        };
        if !self.lacks_keys() {
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
        let mut times = self.refresh_state().times.lock().await;
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
            let refused = answer.refused();
            if refused.has_code(404, "RESOURCE_NOT_EXISTS") {
                times.none_at = Some(self.now());
            }
            return Err(refused);
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

#[derive(Deserialize)]
struct ListBody {
    data: Vec<EntryBody>,
}

#[derive(Deserialize)]
struct EntryBody {
    #[serde(deserialize_with = "exact")]
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
