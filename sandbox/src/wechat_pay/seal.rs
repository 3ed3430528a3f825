//! The signature under everything that WeChat Pay says: answers and notifications alike
//! (wechat-pay-v3 §2.1).

use super::WechatPay;
use super::keys::{KeyRejected, Signer, signed_text};
use super::numbers;
use super::spoil::Spoil;

/// The `Wechatpay-*` headers and the body they belong to.
pub(super) struct Seal {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl WechatPay {
    /// Signs a response or notification; `spoil` makes it one that a careful receiver refuses.
    pub(super) fn seal(
        &self,
        signer: Signer,
        spoil: Option<Spoil>,
        body: String,
    ) -> Result<Seal, KeyRejected> {
        if spoil == Some(Spoil::Unsigned) {
            return Ok(Seal {
                headers: Vec::new(),
                body,
            });
        }
        let timestamp =
            spoil.map_or(0, Spoil::clock_shift) + self.world().clock.wall_now().timestamp();
        let nonce = numbers::alphanumeric(32);
        let signature = self
            .keys()
            .sign(signer, &signed_text(timestamp, &nonce, body.as_bytes()))?;
        let (signature, body) = match spoil {
            Some(spoil) => (spoil.signature(&signature), spoil.body(&body)),
            None => (signature, body),
        };
        let serial = spoil
            .and_then(Spoil::serial)
            .unwrap_or_else(|| signer.serial());
        Ok(Seal {
            headers: vec![
                ("Wechatpay-Timestamp", timestamp.to_string()),
                ("Wechatpay-Nonce", nonce),
                ("Wechatpay-Serial", serial.to_owned()),
                (
                    "Wechatpay-Signature-Type",
                    "WECHATPAY2-SHA256-RSA2048".to_owned(),
                ),
                ("Wechatpay-Signature", signature),
            ],
            body,
        })
    }
}
