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
/// Bytes of the key id that stands before every sealed value and every stored MAC.
const KEY_ID_BYTES: usize = 4;
/// Master keys at most: the present one, and those before it that a rotation still reads.
pub const MAX_KEYS: usize = 4;

/// Names the master key that something was made under.
pub type KeyId = [u8; KEY_ID_BYTES];

/// What a stored MAC is looked up by: one MAC under each readable key, the present one first, each
/// with the id of its key before it. Places without a key are empty.
pub type Macs = [Option<Vec<u8>>; MAX_KEYS];

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
    /// More keys than are read.
    #[error("there are more than {MAX_KEYS} master keys; rotate, then remove what is old")]
    TooManyKeys,
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
    id: KeyId,
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
        if previous.len() >= MAX_KEYS {
            return Err(KeyringError::TooManyKeys);
        }
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

    /// The id of the present key.
    #[must_use]
    pub const fn present_id(&self) -> KeyId {
        self.present.id
    }

    /// True for a sealed value or a stored MAC of the present key.
    #[must_use]
    pub fn is_present(&self, made: &[u8]) -> bool {
        made.starts_with(&self.present.id)
    }

    /// Makes a keyed hash under the present key, for links that we sign. Each purpose has its own
    /// derived key.
    #[must_use]
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; MAC_BYTES] {
        self.present.mac(purpose, data)
    }

    /// Makes the same under every readable key, the present one first.
    pub fn macs(
        &self,
        purpose: &str,
        data: &[u8],
    ) -> impl Iterator<Item = (KeyId, [u8; MAC_BYTES])> {
        self.all().map(move |key| (key.id, key.mac(purpose, data)))
    }

    /// Makes a keyed hash that is kept, with the id of its key before it.
    #[must_use]
    pub fn kept_mac(&self, purpose: &str, data: &[u8]) -> Vec<u8> {
        self.present.kept_mac(purpose, data)
    }

    /// Makes what a kept MAC of `data` is looked up by.
    #[must_use]
    pub fn lookup(&self, purpose: &str, data: &[u8]) -> Macs {
        let mut macs = self.all().map(|key| key.kept_mac(purpose, data));
        std::array::from_fn(|_| macs.next())
    }

    /// Says whether `kept` is the MAC of `data` under the readable key that it names.
    #[must_use]
    pub fn verify_kept_mac(&self, purpose: &str, data: &[u8], kept: &[u8]) -> bool {
        self.all().any(|key| {
            let mac = key.kept_mac(purpose, data);
            constant_time::verify_slices_are_equal(&mac, kept).is_ok()
        })
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

    fn kept_mac(&self, purpose: &str, data: &[u8]) -> Vec<u8> {
        [self.id.as_slice(), &self.mac(purpose, data)].concat()
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
        assert!(
            both.is_present(&new.seal("x", b"secret").unwrap().0) && !both.is_present(&sealed.0)
        );
    }

    #[test]
    fn a_kept_mac_names_its_key_and_is_found_under_every_readable_one() {
        let old = Keyring::new(&master(1), &[]).unwrap();
        let both = Keyring::new(&master(2), &[master(1)]).unwrap();
        let (kept, renewed) = (
            old.kept_mac("openid", b"o1"),
            both.kept_mac("openid", b"o1"),
        );
        let macs = both.lookup("openid", b"o1");
        assert_eq!(
            macs,
            [Some(renewed.clone()), Some(kept.clone()), None, None]
        );
        assert!(both.is_present(&renewed) && !both.is_present(&kept));
        assert!(both.verify_kept_mac("openid", b"o1", &kept));
        assert!(!both.verify_kept_mac("openid", b"o2", &kept));
        assert!(!old.verify_kept_mac("openid", b"o1", &renewed));
        let previous: Vec<SecretString> = (2..6).map(master).collect();
        let refused = Keyring::new(&master(1), &previous).unwrap_err();
        assert_eq!(refused, KeyringError::TooManyKeys);
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
