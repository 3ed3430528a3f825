//! The keys of WeChat Pay that we believe: the public key of the configuration, and platform
//! certificates (§2.3). Both kinds can be held at once, as during a merchant's move from the one to
//! the other; each message says by its serial which one it means.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use chrono::{DateTime, Utc};
use std::sync::{Arc, PoisonError, RwLock};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::pem;

/// What the id of a WeChat Pay public key begins with; certificates are named by hex serials.
pub(super) const PUBLIC_KEY_ID_PREFIX: &str = "PUB_KEY_ID_";

/// An RSA key of WeChat Pay, parsed once.
pub(super) struct VerifyKey(ParsedPublicKey);

impl VerifyKey {
    /// Reads `pub_key.pem` (SPKI). The error is a phrase that can follow the name of the key.
    pub(super) fn from_pem(pem: &str) -> Result<Self, &'static str> {
        let block = pem::read(pem, &["PUBLIC KEY"])?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&block.der),
            "CERTIFICATE" => Err("is a certificate, not a public key"),
            "PRIVATE KEY" | "RSA PRIVATE KEY" => Err("is a private key, not a public key"),
            _ => Err("is a PEM file, but not of a public key"),
        }
    }

    fn from_spki(der: &[u8]) -> Result<Self, &'static str> {
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .map(Self)
            .map_err(|_| "holds no RSA key of 2048 to 8192 bits")
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// A platform certificate: valid five years, replaced before it ends.
pub(super) struct PlatformCertificate {
    serial: String,
    not_after: DateTime<Utc>,
    key: Arc<VerifyKey>,
}

impl PlatformCertificate {
    /// Reads the PEM text of a certificate and checks that it carries the announced serial. The
    /// error is a phrase for the log.
    pub(super) fn from_pem(pem: &[u8], announced_serial: &str) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(pem).map_err(|_| "is not a text")?;
        let block = pem::read(text, &["CERTIFICATE"])?;
        let (_, certificate) =
            X509Certificate::from_der(&block.der).map_err(|_| "is not an X.509 certificate")?;
        let serial = hex_serial(certificate.raw_serial());
        if serial != normalised(announced_serial) {
            return Err("carries another serial than announced");
        }
        let not_after = certificate.validity().not_after.timestamp();
        let not_after =
            DateTime::from_timestamp(not_after, 0).ok_or("ends at an impossible time")?;
        let key = Arc::new(VerifyKey::from_spki(certificate.public_key().raw)?);
        Ok(Self {
            serial,
            not_after,
            key,
        })
    }

    pub(super) fn valid_at(&self, now: DateTime<Utc>) -> bool {
        now < self.not_after
    }
}

/// All keys that are believed at this moment.
pub(super) struct TrustedKeys {
    public_key: Option<(String, Arc<VerifyKey>)>,
    certificates: RwLock<Vec<PlatformCertificate>>,
}

impl TrustedKeys {
    /// Begins with the configured public key and its id, or with nothing (certificate mode).
    pub(super) fn new(public_key: Option<(String, VerifyKey)>) -> Self {
        let public_key = public_key.map(|(id, key)| (id, Arc::new(key)));
        Self {
            public_key,
            certificates: RwLock::default(),
        }
    }

    /// The key of exactly this serial, never "the only key there is". Expired certificates are not
    /// found. Serials are compared as numbers: case and leading zeros vary between sources.
    pub(super) fn find(&self, serial: &str, now: DateTime<Utc>) -> Option<Arc<VerifyKey>> {
        if serial.starts_with(PUBLIC_KEY_ID_PREFIX) {
            let (id, key) = self.public_key.as_ref()?;
            return (id == serial).then(|| Arc::clone(key));
        }
        let wanted = normalised(serial);
        let certificates = self
            .certificates
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut matching = certificates.iter().filter(|held| held.serial == wanted);
        matching
            .find(|held| held.valid_at(now))
            .map(|held| Arc::clone(&held.key))
    }

    /// The id that requests name, so that answers are signed with that key (§2.3).
    pub(super) fn public_key_id(&self) -> Option<&str> {
        self.public_key.as_ref().map(|(id, _)| id.as_str())
    }

    pub(super) fn holds_certificates(&self, now: DateTime<Utc>) -> bool {
        let certificates = self
            .certificates
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        certificates.iter().any(|held| held.valid_at(now))
    }

    /// The same public key with other certificates, to verify the list that brought them.
    pub(super) fn with_certificates(&self, certificates: Vec<PlatformCertificate>) -> Self {
        Self {
            public_key: self.public_key.clone(),
            certificates: RwLock::new(certificates),
        }
    }

    /// Takes over the certificates of a verified candidate, in place of those held.
    pub(super) fn take_over(&self, candidate: Self) {
        let certificates = candidate
            .certificates
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        *self
            .certificates
            .write()
            .unwrap_or_else(PoisonError::into_inner) = certificates;
    }
}

fn hex_serial(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02X}");
    }
    normalised(&hex)
}

fn normalised(serial: &str) -> String {
    serial.trim_start_matches('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    const LATER: i64 = 1_760_000_000;

    fn at(unix_seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(unix_seconds, 0).unwrap()
    }

    fn certificate() -> PlatformCertificate {
        let pem = vectors::text("keys/platform_cert.pem");
        PlatformCertificate::from_pem(pem.as_bytes(), vectors::PLATFORM_SERIAL).unwrap()
    }

    #[test]
    fn finds_certificates_by_the_value_of_their_serial() {
        let keys = TrustedKeys::new(None);
        assert!(!keys.holds_certificates(at(LATER)));
        keys.take_over(keys.with_certificates(vec![certificate()]));
        assert!(keys.holds_certificates(at(LATER)));
        let lower = vectors::PLATFORM_SERIAL.to_lowercase();
        let cases = [
            (vectors::PLATFORM_SERIAL, true),
            (lower.as_str(), true),
            ("005157F09EFDC096DE15EBE81A47057A7232F1B8E1", true),
            ("5157F09EFDC096DE15EBE81A47057A7232F1B8E2", false),
            ("3775B6A45ACD588826D15E583A95F5DD0123ABCD", false),
            (vectors::PUBLIC_KEY_ID, false),
            ("", false),
            ("0", false),
        ];
        for (serial, found) in cases {
            assert_eq!(keys.find(serial, at(LATER)).is_some(), found, "{serial}");
        }
    }

    #[test]
    fn an_expired_certificate_is_no_key() {
        let keys = TrustedKeys::new(None).with_certificates(vec![certificate()]);
        // keys/platform_cert.pem ends on 2045-01-01.
        let end = 2_366_841_600;
        assert!(keys.find(vectors::PLATFORM_SERIAL, at(end - 1)).is_some());
        assert!(keys.find(vectors::PLATFORM_SERIAL, at(end)).is_none());
        assert!(!keys.holds_certificates(at(end)));
    }

    #[test]
    fn a_certificate_must_carry_the_announced_serial() {
        let pem = vectors::text("keys/platform_cert.pem");
        let other = PlatformCertificate::from_pem(pem.as_bytes(), "5157").err();
        assert_eq!(other, Some("carries another serial than announced"));
        let nothing = PlatformCertificate::from_pem(b"", "5157").err();
        assert_eq!(nothing, Some("is empty"));
        let key = vectors::text("keys/platform_public_key.pem");
        let key = PlatformCertificate::from_pem(key.as_bytes(), "5157").err();
        assert_eq!(key, Some("is not an X.509 certificate"));
    }

    #[test]
    fn says_what_is_wrong_with_a_public_key() {
        let cases = [
            (
                vectors::text("keys/platform_cert.pem"),
                "is a certificate, not a public key",
            ),
            (
                vectors::text("keys/merchant_private_key.pem"),
                "is a private key, not a public key",
            ),
            (
                "PUB_KEY".to_owned(),
                "is not a PEM file: it has no -----BEGIN … ----- line",
            ),
        ];
        for (pem, expected) in cases {
            assert_eq!(VerifyKey::from_pem(&pem).err(), Some(expected));
        }
    }
}
