//! The sealed envelope: what travels between WeCom and a callback address, in both directions.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::query::percent_encoded;
use super::{Freshness, MAX_BODY_BYTES, OpenError, Query};
use crate::crypto::{CryptoError, Keys};
use crate::lenient_json;
use crate::xml::{self, Writer};

/// An encrypted and signed message with what is needed to verify it again.
///
/// WeCom sends it as XML (applications) or JSON (smart robots) plus a query; replies go back in
/// the same form. It holds no secret and nothing readable, so an inbox can keep it as it is (it
/// is `Serialize`) and open it later with [`Freshness::any`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Envelope {
    /// Base64 ciphertext.
    pub encrypt: String,
    /// Signature in lower-case hex.
    pub msg_signature: String,
    /// Unix seconds as text: the text is signed.
    pub timestamp: String,
    /// Nonce, signed too.
    pub nonce: String,
}

impl Envelope {
    /// Takes an application's POST: the ciphertext from the XML body, the rest from the query.
    ///
    /// `ToUserName` and `AgentID` of the envelope are ignored: no signature covers them.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`], [`OpenError::BodyNotUtf8`], [`OpenError::EnvelopeXml`] or
    /// [`OpenError::NoCiphertext`].
    pub fn from_xml(query: &Query<'_>, body: &[u8]) -> Result<Self, OpenError> {
        Ok(Self::with_query(query, ciphertext(body)?.into_owned()))
    }

    /// Takes a smart robot's POST: `{"encrypt":".."}`, also spelt `Encrypt`.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`], [`OpenError::BodyNotUtf8`] or [`OpenError::NoCiphertext`].
    pub fn from_json(query: &Query<'_>, body: &[u8]) -> Result<Self, OpenError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(alias = "Encrypt")]
            encrypt: String,
        }
        let body: Body = lenient_json::from_slice(body_text(body)?.as_bytes())
            .map_err(|_| OpenError::NoCiphertext)?;
        Ok(Self::with_query(query, body.encrypt.trim().to_owned()))
    }

    /// Encrypts and signs a message. Replies are sealed so; a stand-in for the platform seals its
    /// callbacks the same way.
    ///
    /// `timestamp_s` are Unix seconds; `random` must be fresh for every call.
    ///
    /// # Errors
    /// [`CryptoError::MessageLength`] for a message of 4 GiB or more.
    pub fn seal(
        keys: &Keys,
        message: &[u8],
        timestamp_s: i64,
        nonce: &str,
        random: [u8; 16],
    ) -> Result<Self, CryptoError> {
        let encrypt = keys.encrypt(message, random)?;
        let timestamp = timestamp_s.to_string();
        let msg_signature = keys.sign(&timestamp, nonce, &encrypt);
        Ok(Self {
            encrypt,
            msg_signature,
            timestamp,
            nonce: nonce.to_owned(),
        })
    }

    /// Verifies the signature, then the age, then decrypts.
    ///
    /// # Errors
    /// [`OpenError::Crypto`], [`OpenError::Timestamp`] or [`OpenError::Stale`].
    pub fn decrypt(&self, keys: &Keys, freshness: Freshness) -> Result<Vec<u8>, OpenError> {
        let signed = Signed {
            encrypt: &self.encrypt,
            msg_signature: &self.msg_signature,
            timestamp: &self.timestamp,
            nonce: &self.nonce,
        };
        signed.decrypt(keys, freshness)
    }

    /// The query that the platform appends to the address, percent-encoded, without `?`.
    pub fn to_query(&self) -> String {
        format!(
            "msg_signature={}&timestamp={}&nonce={}",
            percent_encoded(&self.msg_signature),
            percent_encoded(&self.timestamp),
            percent_encoded(&self.nonce),
        )
    }

    /// The query of the GET that verifies an address: as [`Envelope::to_query`] with `echostr`.
    pub fn to_echo_query(&self) -> String {
        format!(
            "{}&echostr={}",
            self.to_query(),
            percent_encoded(&self.encrypt)
        )
    }

    /// The body of the platform's POST to an application (wecom-app §1.5).
    pub fn to_request_xml(&self, corp_id: &str, agent_id: Option<i64>) -> String {
        let mut writer = Writer::new(self.encrypt.len() + 160);
        writer.cdata("ToUserName", corp_id);
        if let Some(agent_id) = agent_id {
            writer.cdata("AgentID", &agent_id.to_string());
        }
        writer.cdata("Encrypt", &self.encrypt);
        writer.finish()
    }

    /// The body of the platform's POST to a smart robot (wecom-bots-h5 §1.2).
    pub fn to_request_json(&self) -> String {
        serde_json::json!({ "encrypt": self.encrypt }).to_string()
    }

    /// The body that answers an application's callback (wecom-app §1.6). The tag is `TimeStamp`.
    pub fn to_reply_xml(&self) -> String {
        let mut writer = Writer::new(self.encrypt.len() + 240);
        writer
            .cdata("Encrypt", &self.encrypt)
            .cdata("MsgSignature", &self.msg_signature)
            .bare("TimeStamp", &self.timestamp)
            .cdata("Nonce", &self.nonce);
        writer.finish()
    }

    /// The body that answers a smart robot's callback (wecom-bots-h5 §1.2): `msgsignature` without
    /// underscore, `timestamp` as a number.
    ///
    /// # Errors
    /// [`OpenError::Timestamp`] if the timestamp is not a number, as it may be in an envelope
    /// that was received and not sealed here.
    pub fn to_reply_json(&self) -> Result<String, OpenError> {
        let timestamp: i64 = self.timestamp.parse().map_err(|_| OpenError::Timestamp)?;
        Ok(serde_json::json!({
            "encrypt": self.encrypt,
            "msgsignature": self.msg_signature,
            "timestamp": timestamp,
            "nonce": self.nonce,
        })
        .to_string())
    }

    fn with_query(query: &Query<'_>, encrypt: String) -> Self {
        Self {
            encrypt,
            msg_signature: query.msg_signature.clone().into_owned(),
            timestamp: query.timestamp.clone().into_owned(),
            nonce: query.nonce.clone().into_owned(),
        }
    }
}

/// The parts of an envelope, wherever they lie: opening a request copies none of them.
pub(super) struct Signed<'a> {
    pub(super) encrypt: &'a str,
    pub(super) msg_signature: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) nonce: &'a str,
}

impl Signed<'_> {
    pub(super) fn decrypt(&self, keys: &Keys, freshness: Freshness) -> Result<Vec<u8>, OpenError> {
        keys.verify(self.msg_signature, self.timestamp, self.nonce, self.encrypt)?;
        freshness.check(self.timestamp)?;
        Ok(keys.decrypt(self.encrypt)?)
    }
}

/// The text of `Encrypt` in an application's POST.
pub(super) fn ciphertext(body: &[u8]) -> Result<Cow<'_, str>, OpenError> {
    xml::top_level_text(body_text(body)?, "Encrypt")
        .map_err(OpenError::EnvelopeXml)?
        .filter(|text| !text.is_empty())
        .ok_or(OpenError::NoCiphertext)
}

fn body_text(body: &[u8]) -> Result<&str, OpenError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(OpenError::TooLarge);
    }
    std::str::from_utf8(body).map_err(|_| OpenError::BodyNotUtf8)
}
