//! Keys derived from the master key, and columns encrypted under it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// Bytes of a master key.
const MASTER_KEY_BYTES: usize = 32;
/// Bytes of a keyed hash: HMAC-SHA256.
pub const MAC_BYTES: usize = 32;
/// Bytes of the key id that stands before every sealed value.
const KEY_ID_BYTES: usize = 4;

/// An encrypted column: key id, nonce, ciphertext and tag. Which row and column it belongs to is
/// authenticated, so that a value cannot be moved elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// Why a key or a value is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The master key is not 32 bytes of base64.
    #[error("a master key must be 32 bytes in base64 (make one: openssl rand -base64 32)")]
    BadMasterKey,
    /// The value was sealed under a key that is not at hand.
    #[error("sealed under an unknown key; add the old one to security.previous_master_keys")]
    UnknownKey,
    /// The value was altered or moved.
    #[error("an encrypted value has been altered")]
    Altered,
    /// The operating system gave no randomness, or the cipher refused.
    #[error("the cipher failed")]
    Cipher,
}

/// The master key, those before it, and what is derived from them.
pub struct Keyring {
    present: MasterKey,
    previous: Vec<MasterKey>,
}

struct MasterKey {
    id: [u8; KEY_ID_BYTES],
    sealing: LessSafeKey,
    /// What the keys of all purposes are made from.
    purposes: hmac::Key,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.all().count())
    }
}

impl Keyring {
    /// A keyring of the present master key and those that are still readable.
    pub fn new(master: &SecretString, previous: &[SecretString]) -> Result<Self, KeyringError> {
        Ok(Self {
            present: MasterKey::new(master)?,
            previous: previous
                .iter()
                .map(MasterKey::new)
                .collect::<Result<_, _>>()?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.present).chain(&self.previous)
    }

    /// Encrypts a value for one place (`"payment_record.openid"`).
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Sealed, KeyringError> {
        let key = &self.present;
        let mut nonce = [0u8; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyringError::Cipher)?;
        let mut sealed = Vec::with_capacity(KEY_ID_BYTES + NONCE_LEN + plain.len() + 16);
        let mut body = plain.to_vec();
        let nonce_value = Nonce::assume_unique_for_key(nonce);
        key.sealing
            .seal_in_place_append_tag(nonce_value, Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| KeyringError::Cipher)?;
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut body);
        Ok(Sealed(sealed))
    }

    /// Decrypts a value of one place.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<Vec<u8>, KeyringError> {
        let (id, rest) = sealed
            .0
            .split_first_chunk::<KEY_ID_BYTES>()
            .ok_or(KeyringError::Altered)?;
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(KeyringError::Altered)?;
        let key = self
            .all()
            .find(|key| key.id == *id)
            .ok_or(KeyringError::UnknownKey)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key
            .sealing
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| KeyringError::Altered)?;
        Ok(plain.to_vec())
    }

    /// Decrypts a text of one place.
    pub fn open_text(&self, place: &str, sealed: &Sealed) -> Result<String, KeyringError> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| KeyringError::Altered)
    }

    /// A keyed hash under the present key, for looking up encrypted values, for tokens and links
    /// that we sign, and for the audit chain. Each purpose has its own derived key.
    #[must_use]
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; MAC_BYTES] {
        self.present.mac(purpose, data)
    }

    /// Whether `mac` is that of `data` under the present key or one before it.
    #[must_use]
    pub fn verify_mac(&self, purpose: &str, data: &[u8], mac: &[u8]) -> bool {
        self.all()
            .any(|key| constant_time::verify_slices_are_equal(&key.mac(purpose, data), mac).is_ok())
    }
}

impl MasterKey {
    fn new(text: &SecretString) -> Result<Self, KeyringError> {
        let bytes = STANDARD
            .decode(text.expose_secret().trim())
            .map_err(|_| KeyringError::BadMasterKey)?;
        let secret: [u8; MASTER_KEY_BYTES] =
            bytes.try_into().map_err(|_| KeyringError::BadMasterKey)?;
        let sealing = UnboundKey::new(&AES_256_GCM, &derive(&secret, "sealing")?)
            .map_err(|_| KeyringError::Cipher)?;
        let hash = digest::digest(&digest::SHA256, &derive(&secret, "key id")?);
        let id = hash
            .as_ref()
            .first_chunk()
            .copied()
            .ok_or(KeyringError::Cipher)?;
        let purposes = derive(&secret, "purposes")?;
        Ok(Self {
            id,
            sealing: LessSafeKey::new(sealing),
            purposes: hmac::Key::new(hmac::HMAC_SHA256, &purposes),
        })
    }

    /// One key per purpose, so that a token can never pass for an audit row. Nothing here can fail:
    /// what could has, when the key was read.
    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; MAC_BYTES] {
        let key = hmac::sign(&self.purposes, purpose.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(hmac::sign(&key, data).as_ref());
        mac
    }
}

/// The keys of a master key (HKDF-SHA256).
fn derive(secret: &[u8], purpose: &str) -> Result<[u8; 32], KeyringError> {
    let mut key = [0u8; 32];
    Salt::new(HKDF_SHA256, b"campkeeper")
        .extract(secret)
        .expand(&[purpose.as_bytes()], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| KeyringError::Cipher)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> SecretString {
        STANDARD.encode([byte; MASTER_KEY_BYTES]).into()
    }

    #[test]
    fn seals_for_one_place_only() {
        let keys = Keyring::new(&master(1), &[]).unwrap();
        let sealed = keys.seal("payment_record.openid", b"oUser").unwrap();
        assert_eq!(
            keys.open("payment_record.openid", &sealed).unwrap(),
            b"oUser"
        );
        assert_eq!(
            keys.open("system_config.value", &sealed),
            Err(KeyringError::Altered)
        );
        assert_ne!(
            keys.seal("payment_record.openid", b"oUser").unwrap(),
            sealed
        );
        for cut in 0..sealed.0.len() {
            assert!(
                keys.open("payment_record.openid", &Sealed(sealed.0[..cut].to_vec()))
                    .is_err()
            );
        }
    }

    #[test]
    fn rotation_keeps_old_values_readable() {
        let old = Keyring::new(&master(1), &[]).unwrap();
        let sealed = old.seal("x", b"secret").unwrap();
        let both = Keyring::new(&master(2), &[master(1)]).unwrap();
        assert_eq!(both.open("x", &sealed).unwrap(), b"secret");
        assert!(both.verify_mac("audit", b"row", &old.mac("audit", b"row")));
        let new = Keyring::new(&master(2), &[]).unwrap();
        assert_eq!(new.open("x", &sealed), Err(KeyringError::UnknownKey));
    }

    #[test]
    fn purposes_do_not_mix_and_bad_keys_are_refused() {
        let keys = Keyring::new(&master(1), &[]).unwrap();
        assert_ne!(keys.mac("token", b"x"), keys.mac("audit", b"x"));
        assert_ne!(keys.mac("", b"x"), [0; MAC_BYTES]);
        let other = Keyring::new(&master(2), &[]).unwrap();
        assert_ne!(keys.mac("token", b"x"), other.mac("token", b"x"));
        for bad in ["", "c2hvcnQ=", "not base64!"] {
            assert_eq!(
                Keyring::new(&bad.to_owned().into(), &[]).unwrap_err(),
                KeyringError::BadMasterKey
            );
        }
    }
}
