//! Signs with the merchant's private key: requests (§1) and the parameters that invoke the payment
//! in the page (§4.2). Both are RSASSA-PKCS1-v1_5 with SHA-256, base64.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::distr::{Alphanumeric, SampleString};

use super::pem;

/// Scheme of `Authorization` and value of `Wechatpay-Signature-Type`.
pub(super) const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
const NONCE_CHARS: usize = 32;
const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";

/// The signature could not be made; with a key that was read this does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the merchant key refused to sign")]
pub struct SigningFailed;

/// The merchant's private key and who it belongs to.
pub(super) struct MerchantSigner {
    mch_id: String,
    serial_no: String,
    key: RsaKeyPair,
}

/// What of a request is signed, besides time and nonce.
pub(super) struct SignedParts<'a> {
    /// Upper case.
    pub(super) method: &'a str,
    /// Path and query exactly as they go over the wire.
    pub(super) target: &'a str,
    /// The very bytes that are sent; empty without a body.
    pub(super) body: &'a [u8],
}

impl MerchantSigner {
    pub(super) fn new(mch_id: String, serial_no: String, key: RsaKeyPair) -> Self {
        Self {
            mch_id,
            serial_no,
            key,
        }
    }

    /// The value of the `Authorization` header (§1).
    pub(super) fn authorization(
        &self,
        parts: &SignedParts<'_>,
        timestamp: i64,
        nonce: &str,
    ) -> Result<String, SigningFailed> {
        let SignedParts {
            method,
            target,
            body,
        } = parts;
        let mut message = format!("{method}\n{target}\n{timestamp}\n{nonce}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let signature = self.sign(&message)?;
        let (mch_id, serial_no) = (&self.mch_id, &self.serial_no);
        Ok(format!(
            "{SCHEME} mchid=\"{mch_id}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
        ))
    }

    /// `paySign`: four lines, each ended by a line feed (§4.2).
    pub(super) fn pay_sign(
        &self,
        app_id: &str,
        timestamp: i64,
        nonce: &str,
        package: &str,
    ) -> Result<String, SigningFailed> {
        self.sign(format!("{app_id}\n{timestamp}\n{nonce}\n{package}\n").as_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<String, SigningFailed> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| SigningFailed)?;
        Ok(STANDARD.encode(signature))
    }
}

/// A fresh nonce: 32 of `[0-9A-Za-z]` from the thread's cryptographic generator.
pub(super) fn fresh_nonce() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), NONCE_CHARS)
}

/// Reads `apiclient_key.pem`: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), 2048 bits or
/// more. The error is a phrase that can follow the name of the key.
pub(super) fn read_private_key(pem: &str) -> Result<RsaKeyPair, &'static str> {
    let block = pem::read(pem, &[PKCS8, PKCS1])?;
    let key = match block.label.as_str() {
        PKCS8 => RsaKeyPair::from_pkcs8(&block.der),
        PKCS1 => RsaKeyPair::from_der(&block.der),
        "CERTIFICATE" => return Err("is a certificate, not a private key"),
        "PUBLIC KEY" => return Err("is a public key, not a private key"),
        "ENCRYPTED PRIVATE KEY" => return Err("is protected by a password"),
        _ => return Err("is a PEM file, but not of a private key"),
    };
    key.map_err(|_| "holds no RSA key of 2048 to 8192 bits")
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    #[test]
    fn authorization_equals_the_vectors_byte_for_byte() {
        let vectors = vectors::json("request_signing.json");
        let signer = vectors::merchant_signer();
        for case in vectors["cases"].as_array().unwrap() {
            let parts = SignedParts {
                method: case["method"].as_str().unwrap(),
                target: case["canonical_url"].as_str().unwrap(),
                body: case["body"].as_str().unwrap().as_bytes(),
            };
            let made = signer
                .authorization(
                    &parts,
                    case["timestamp"].as_i64().unwrap(),
                    case["nonce_str"].as_str().unwrap(),
                )
                .unwrap();
            assert_eq!(
                made,
                case["authorization"].as_str().unwrap(),
                "{}",
                case["name"]
            );
        }
    }

    #[test]
    fn pay_sign_equals_the_vector() {
        let vector = vectors::json("jsapi_pay_sign.json");
        let params = &vector["params"];
        let text = |name: &str| params[name].as_str().unwrap();
        let made = vectors::merchant_signer()
            .pay_sign(
                text("appId"),
                text("timeStamp").parse().unwrap(),
                text("nonceStr"),
                text("package"),
            )
            .unwrap();
        assert_eq!(made, text("paySign"));
    }

    #[test]
    fn signs_the_official_samples() {
        let official = vectors::json("official/official.json");
        let documented = official["doc_test_merchant_private_key_pem"]
            .as_str()
            .unwrap();
        let mut signed = 0;
        for case in official["cases"].as_array().unwrap() {
            let pem = match case["kind"].as_str().unwrap() {
                "request_sign" | "pay_sign" => documented,
                "raw_sign" => case["private_key_pem"].as_str().unwrap(),
                _ => continue,
            };
            let key = read_private_key(pem).unwrap();
            let signer = MerchantSigner::new(String::new(), String::new(), key);
            let message = case["message"].as_str().unwrap();
            assert_eq!(
                signer.sign(message.as_bytes()).unwrap(),
                case["signature"].as_str().unwrap(),
                "{}",
                case["id"]
            );
            signed += 1;
        }
        assert_eq!(signed, 4);
    }

    #[test]
    fn nonces_are_fresh_and_of_the_permitted_alphabet() {
        let (one, other) = (fresh_nonce(), fresh_nonce());
        assert_ne!(one, other);
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn says_what_is_wrong_with_a_private_key() {
        let cases = [
            ("", "is empty"),
            (
                &vectors::text("keys/merchant_cert.pem"),
                "is a certificate, not a private key",
            ),
            (
                &vectors::text("keys/merchant_public_key.pem"),
                "is a public key, not a private key",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "holds no RSA key of 2048 to 8192 bits",
            ),
        ];
        for (pem, expected) in cases {
            assert_eq!(read_private_key(pem).err(), Some(expected), "{pem}");
        }
    }
}
