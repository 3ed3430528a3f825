//! The keys of the stand-in: throw-away test keys, compiled in.
//!
//! Knows how to sign as WeChat Pay, how to verify the merchant, and how to seal a resource with
//! the APIv3 key (wechat-pay-v3 §1, §2, §3). Knows nothing of orders.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The merchant number of the stand-in's only merchant.
pub const MERCHANT_ID: &str = "1900000001";
/// The application id that is bound to the merchant from the start.
pub const APP_ID: &str = "wx1234567890abcdef";
/// Serial of the merchant's API certificate, as `Authorization` names it.
pub const MERCHANT_SERIAL: &str = "3775B6A45ACD588826D15E583A95F5DD0123ABCD";
/// The APIv3 key: 32 ASCII bytes, used raw.
pub const API_V3_KEY: &str = "TestApiV3Key0123456789abcdefABCD";
/// Id of the WeChat Pay public key (public-key mode).
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012025100900123456000001";
/// Serial of the platform certificate (certificate mode).
pub const PLATFORM_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
/// What the merchant signs its requests with (PKCS#8 PEM).
pub const MERCHANT_PRIVATE_KEY_PEM: &str = include_str!("../../keys/merchant_private_key.pem");
/// The merchant's API certificate (PEM).
pub const MERCHANT_CERTIFICATE_PEM: &str = include_str!("../../keys/merchant_cert.pem");
/// The WeChat Pay public key a merchant downloads in public-key mode (SPKI PEM).
pub const PUBLIC_KEY_PEM: &str = include_str!("../../keys/wechatpay_pub_public_key.pem");
/// The platform certificate, delivered by `/v3/certificates` in certificate mode (PEM).
pub const PLATFORM_CERTIFICATE_PEM: &str = include_str!("../../keys/platform_cert.pem");

const MERCHANT_PUBLIC_KEY_PEM: &str = include_str!("../../keys/merchant_public_key.pem");
const PUBLIC_KEY_SIGNER_PEM: &str = include_str!("../../keys/wechatpay_pub_private_key.pem");
const PLATFORM_SIGNER_PEM: &str = include_str!("../../keys/platform_private_key.pem");

/// A key of the stand-in could not be read or used; it means that a file in `keys/` is broken.
#[derive(Debug, thiserror::Error)]
#[error("a key of the WeChat Pay stand-in cannot be used: {0}")]
pub(super) struct KeyRejected(&'static str);

/// Which of WeChat Pay's two private keys signs a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The key behind `PUB_KEY_ID_…`.
    PublicKey,
    /// The key of the platform certificate.
    Platform,
}

impl Signer {
    /// What `Wechatpay-Serial` says for this key.
    pub(super) fn serial(self) -> &'static str {
        match self {
            Self::PublicKey => PUBLIC_KEY_ID,
            Self::Platform => PLATFORM_SERIAL,
        }
    }
}

/// All keys, parsed once.
pub(super) struct Keyring {
    public_key_signer: RsaKeyPair,
    platform_signer: RsaKeyPair,
    merchant: Vec<u8>,
    api_v3: LessSafeKey,
}

impl Keyring {
    pub(super) fn load() -> Result<Self, KeyRejected> {
        let api_v3 = UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes())
            .map_err(|_unspecified| KeyRejected("APIv3 key"))?;
        Ok(Self {
            public_key_signer: private_key(PUBLIC_KEY_SIGNER_PEM)?,
            platform_signer: private_key(PLATFORM_SIGNER_PEM)?,
            merchant: der(MERCHANT_PUBLIC_KEY_PEM)?,
            api_v3: LessSafeKey::new(api_v3),
        })
    }

    /// Base64 of RSASSA-PKCS1-v1_5 with SHA-256 over `message`.
    pub(super) fn sign(&self, signer: Signer, message: &[u8]) -> Result<String, KeyRejected> {
        let pair = match signer {
            Signer::PublicKey => &self.public_key_signer,
            Signer::Platform => &self.platform_signer,
        };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .map_err(|_unspecified| KeyRejected("signing"))?;
        Ok(STANDARD.encode(signature))
    }

    /// Whether `signature` (base64) is the merchant's over `message`.
    pub(super) fn merchant_signed(&self, message: &[u8], signature: &str) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.merchant);
        STANDARD
            .decode(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok())
    }

    /// `ct || tag` in base64, under the APIv3 key (§3).
    ///
    /// # Errors
    /// When `nonce` is not 12 bytes long.
    pub(super) fn seal(
        &self,
        nonce: &str,
        associated_data: &str,
        plaintext: &str,
    ) -> Result<String, KeyRejected> {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes())
            .map_err(|_unspecified| KeyRejected("nonce"))?;
        let mut sealed = plaintext.as_bytes().to_vec();
        self.api_v3
            .seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut sealed)
            .map_err(|_unspecified| KeyRejected("sealing"))?;
        Ok(STANDARD.encode(sealed))
    }
}

/// The text of a response or notification that its signature covers (§2.1).
pub(super) fn signed_text(timestamp: i64, nonce: &str, body: &[u8]) -> Vec<u8> {
    [
        timestamp.to_string().as_bytes(),
        b"\n",
        nonce.as_bytes(),
        b"\n",
        body,
        b"\n",
    ]
    .concat()
}

fn private_key(pem: &str) -> Result<RsaKeyPair, KeyRejected> {
    RsaKeyPair::from_pkcs8(&der(pem)?).map_err(|_rejected| KeyRejected("private key"))
}

fn der(pem: &str) -> Result<Vec<u8>, KeyRejected> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD
        .decode(base64.trim())
        .map_err(|_decode| KeyRejected("PEM"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::wechat_pay::authorization::Authorization;

    fn cases(vectors: &str) -> Vec<Value> {
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        vectors["cases"].as_array().unwrap().clone()
    }

    fn text<'a>(case: &'a Value, pointer: &str) -> &'a str {
        case.pointer(pointer).unwrap().as_str().unwrap()
    }

    #[test]
    fn requests_of_the_vectors_are_the_merchants() {
        let keys = Keyring::load().unwrap();
        for case in cases(include_str!("../../tests/vectors/request_signing.json")) {
            let header = Authorization::parse(text(&case, "/authorization")).unwrap();
            assert_eq!(header.serial, MERCHANT_SERIAL);
            assert!(header.is_fresh(1_760_000_000));
            let [method, target, body] =
                ["/method", "/canonical_url", "/body"].map(|pointer| text(&case, pointer));
            let signed = header.signed_text(method, target, body.as_bytes());
            assert_eq!(signed, text(&case, "/message").as_bytes());
            assert!(keys.merchant_signed(&signed, &header.signature));
            let other = header.signed_text(method, target, format!("{body} ").as_bytes());
            assert!(!keys.merchant_signed(&other, &header.signature));
        }
    }

    #[test]
    fn pay_parameters_of_the_vectors_are_the_merchants() {
        let vector: Value =
            serde_json::from_str(include_str!("../../tests/vectors/jsapi_pay_sign.json")).unwrap();
        let keys = Keyring::load().unwrap();
        let message = text(&vector, "/message").as_bytes();
        assert!(keys.merchant_signed(message, text(&vector, "/params/paySign")));
    }

    #[test]
    fn we_sign_as_the_vectors_byte_for_byte() {
        let keys = Keyring::load().unwrap();
        let notifications = cases(include_str!(
            "../../tests/vectors/notify_payment_success.json"
        ));
        let responses = cases(include_str!("../../tests/vectors/response_verify.json"));
        let genuine = |case: &&Value| text(case, "/expect") == "ok";
        let mut signed = 0;
        for case in notifications.iter().chain(&responses).filter(genuine) {
            let header = |name: &str| text(case, &format!("/headers/Wechatpay-{name}"));
            let signer = match header("Serial") {
                PUBLIC_KEY_ID => Signer::PublicKey,
                PLATFORM_SERIAL => Signer::Platform,
                other => panic!("{other}"),
            };
            let timestamp = header("Timestamp").parse().unwrap();
            let message = signed_text(timestamp, header("Nonce"), text(case, "/body").as_bytes());
            assert_eq!(keys.sign(signer, &message).unwrap(), header("Signature"));
            signed += 1;
        }
        assert_eq!(signed, 6);
    }

    #[test]
    fn we_seal_as_the_vectors_byte_for_byte() {
        let keys = Keyring::load().unwrap();
        for case in cases(include_str!("../../tests/vectors/aead.json")) {
            if case["key"] != API_V3_KEY {
                continue;
            }
            let [nonce, aad, plaintext] =
                ["/nonce", "/associated_data", "/plaintext"].map(|pointer| text(&case, pointer));
            assert_eq!(
                keys.seal(nonce, aad, plaintext).unwrap(),
                text(&case, "/ciphertext")
            );
        }
        assert!(keys.seal("short", "", "x").is_err());
    }
}
