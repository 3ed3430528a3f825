//! AES-256-GCM under the APIv3 key (`AEAD_AES_256_GCM`, §3): opens notifications and platform
//! certificates. Lengths are checked before the cipher sees anything.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The only algorithm name WeChat Pay uses with RSA merchants (§3).
pub(super) const ALGORITHM: &str = "AEAD_AES_256_GCM";
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// Why a sealed text did not open. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum OpenError {
    #[error("the ciphertext is not base64")]
    NotBase64,
    #[error("the nonce is not 12 bytes long")]
    NonceLength,
    #[error("the ciphertext is shorter than its tag")]
    TooShort,
    #[error("the tag does not match: another APIv3 key or a changed text")]
    TagMismatch,
}

/// The APIv3 key, ready to open.
pub(super) struct ApiV3Key(LessSafeKey);

impl ApiV3Key {
    /// The key is used raw: 32 bytes, neither hex nor base64. `None` for any other length.
    pub(super) fn new(raw: &[u8]) -> Option<Self> {
        if raw.len() != KEY_BYTES {
            return None;
        }
        UnboundKey::new(&AES_256_GCM, raw)
            .ok()
            .map(|key| Self(LessSafeKey::new(key)))
    }

    /// Opens `base64(ciphertext || tag)`. Nonce and associated data are the UTF-8 bytes of the JSON
    /// strings, as they are.
    pub(super) fn open(
        &self,
        nonce: &str,
        associated_data: &str,
        ciphertext: &str,
    ) -> Result<Vec<u8>, OpenError> {
        let nonce: [u8; NONCE_LEN] = nonce
            .as_bytes()
            .try_into()
            .map_err(|_| OpenError::NonceLength)?;
        let mut sealed = STANDARD
            .decode(ciphertext)
            .map_err(|_| OpenError::NotBase64)?;
        if sealed.len() < TAG_BYTES {
            return Err(OpenError::TooShort);
        }
        let aad = Aad::from(associated_data.as_bytes());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| OpenError::TagMismatch)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    #[test]
    fn opens_the_vectors_and_the_official_certificate() {
        let own = vectors::json("aead.json");
        let official = vectors::json("official/official.json");
        let certificates = official["cases"].as_array().unwrap().iter();
        let certificates = certificates.filter(|case| case["id"] == "wechatpay-java-certificates");
        let mut opened = 0;
        for case in own["cases"].as_array().unwrap().iter().chain(certificates) {
            let text = |name: &str| case[name].as_str().unwrap();
            let key = ApiV3Key::new(text("key").as_bytes()).unwrap();
            let plain = key
                .open(text("nonce"), text("associated_data"), text("ciphertext"))
                .unwrap();
            assert_eq!(plain, text("plaintext").as_bytes(), "{case}");
            opened += 1;
        }
        assert_eq!(opened, 5);
    }

    #[test]
    fn refuses_what_cannot_be_a_sealed_text() {
        let key = ApiV3Key::new(b"TestApiV3Key0123456789abcdefABCD").unwrap();
        let cases = [
            (
                "abcdefghijk",
                "",
                "o++qngIi0lcnNX8LTV9UsQ==",
                OpenError::NonceLength,
            ),
            (
                "abcdefghijklm",
                "",
                "o++qngIi0lcnNX8LTV9UsQ==",
                OpenError::NonceLength,
            ),
            ("中文中文", "", "", OpenError::TooShort),
            ("abcdefghijkl", "", "AAAA", OpenError::TooShort),
            ("abcdefghijkl", "", "not base64!", OpenError::NotBase64),
            (
                "abcdefghijkl",
                "other",
                "o++qngIi0lcnNX8LTV9UsQ==",
                OpenError::TagMismatch,
            ),
            (
                "abcdefghijkl",
                "certificate",
                "p++qngIi0lcnNX8LTV9UsQ==",
                OpenError::TagMismatch,
            ),
        ];
        for (nonce, aad, sealed, expected) in cases {
            assert_eq!(
                key.open(nonce, aad, sealed),
                Err(expected),
                "{nonce} {aad} {sealed}"
            );
        }
        assert!(
            ApiV3Key::new(b"testAPIv3Key0000").is_none(),
            "16 bytes would be AES-128"
        );
    }
}
