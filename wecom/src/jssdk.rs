//! Tickets and signatures for the JS-SDK (wecom-bots-h5 §4.1). Tickets never leave the server.

use std::fmt::Write as _;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::client::{Client, Error, ErrorClass, LiveToken, secret_field};

/// One of the two tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketKind {
    /// The corp's, for `config`.
    Corp,
    /// The application's, for `agentConfig`.
    Agent,
}

/// The parameters of `ww.register`, spelt as the page wants them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JsSignature {
    /// Unix seconds.
    pub timestamp: i64,
    /// The nonce (`nonceStr` on the page).
    pub nonce_str: String,
    /// 40 lower-case hex digits.
    pub signature: String,
}

/// Signs `url` with a ticket: whatever follows a `#` is left out, nothing is re-encoded.
///
/// `timestamp_s` is in Unix seconds.
#[must_use]
pub fn sign(ticket: &str, nonce: &str, timestamp_s: i64, url: &str) -> String {
    let page = url.split('#').next().unwrap_or_default();
    let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp_s}&url={page}");
    let mut hex = String::with_capacity(40);
    for byte in Sha1::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

impl Client {
    /// The ticket, cached and fetched by one caller for all: WeCom allows 400 fetches an hour per
    /// corp and 100 per application.
    ///
    /// # Errors
    /// [`Error::Token`] with the reason.
    pub async fn js_ticket(&self, kind: TicketKind) -> Result<SecretString, Error> {
        let fetch = || {
            let client = self.clone();
            async move {
                let name = match kind {
                    TicketKind::Corp => "corp_ticket",
                    TicketKind::Agent => "agent_ticket",
                };
                let fetch = client.fetch_ticket(kind);
                client.shared(client.ticket_slot(kind), name, fetch).await
            }
        };
        let slot = self.ticket_slot(kind);
        slot.get(fetch).await.map_err(Error::token)
    }

    /// Drops the cached ticket, after a page has reported it as unusable (42012, 40093).
    pub fn forget_js_ticket(&self, kind: TicketKind) {
        self.ticket_slot(kind).clear();
    }

    /// Signs the page at `url` (as the page sees itself, query included) for `kind`.
    ///
    /// `nonce` and `timestamp_s` (Unix seconds) are the caller's; check the host of `url` against
    /// an allow-list first, or anybody may have pages signed.
    ///
    /// # Errors
    /// [`Error::Token`] when no ticket can be had.
    pub async fn js_signature(
        &self,
        kind: TicketKind,
        url: &str,
        nonce: &str,
        timestamp_s: i64,
    ) -> Result<JsSignature, Error> {
        let ticket = self.js_ticket(kind).await?;
        let signature = sign(ticket.expose_secret(), nonce, timestamp_s, url);
        Ok(JsSignature {
            timestamp: timestamp_s,
            nonce_str: nonce.to_owned(),
            signature,
        })
    }

    /// Asks once more when the platform calls its own ticket unusable.
    async fn fetch_ticket(&self, kind: TicketKind) -> Result<LiveToken, Error> {
        match self.ask_ticket(kind).await {
            Err(error) if error.class() == Some(ErrorClass::Ticket) => self.ask_ticket(kind).await,
            answer => answer,
        }
    }

    async fn ask_ticket(&self, kind: TicketKind) -> Result<LiveToken, Error> {
        let answer: Value = match kind {
            TicketKind::Corp => self.get("get_jsapi_ticket", &[]).await?,
            TicketKind::Agent => self.get("ticket/get", &[("type", "agent_config")]).await?,
        };
        secret_field(&answer, "ticket")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::Script;

    #[test]
    fn signatures_match_the_reference_vectors() {
        let official = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
        let page = "https://h5.example.com/m/pay?order=A-17&from=wx%20work";
        let decoded = "https://h5.example.com/m/pay?order=A-17&from=wx work";
        let corp = "corpTicketDemo-0001_abcXYZ";
        let agent = "agentTicketDemo-0002_kkQ";
        for (ticket, nonce, timestamp, url, expected) in [
            (
                official,
                "Wm3WZYTPz0wzccnW",
                1_414_587_457,
                "http://mp.weixin.qq.com?params=value",
                "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
            ),
            (
                corp,
                "Zx81qLm20PfT",
                1_760_000_000,
                page,
                "4507450d8ca592cc3aea69ffb649ae8b2ca63fb9",
            ),
            (
                agent,
                "Zx81qLm20PfT",
                1_760_000_000,
                page,
                "333e48ad3adfc0b6f0b0662352a0f9f061a3e05d",
            ),
            (
                corp,
                "Zx81qLm20PfT",
                1_760_000_000,
                decoded,
                "ada3b06223ab0aa6a3b515cf49a69c8d4393ae4e",
            ),
        ] {
            assert_eq!(sign(ticket, nonce, timestamp, url), expected, "{url}");
            assert_eq!(
                sign(ticket, nonce, timestamp, &format!("{url}#/a#b")),
                expected
            );
        }
    }

    #[tokio::test]
    async fn tickets_are_cached_apart_and_asked_for_again_once() {
        let script = Script::with_token()
            .then(r#"{"errcode":42012,"errmsg":"jsapi ticket"}"#)
            .then(r#"{"errcode":0,"ticket":"corp-1","expires_in":7200}"#)
            .then(r#"{"errcode":0,"ticket":"agent-1","expires_in":7200}"#)
            .then(r#"{"errcode":0,"ticket":"corp-2","expires_in":7200}"#);
        let client = script.client();
        for _ in 0..3 {
            let ticket = client.js_ticket(TicketKind::Corp).await.unwrap();
            assert_eq!(ticket.expose_secret(), "corp-1");
            let ticket = client.js_ticket(TicketKind::Agent).await.unwrap();
            assert_eq!(ticket.expose_secret(), "agent-1");
        }
        client.forget_js_ticket(TicketKind::Corp);
        let signed = client
            .js_signature(TicketKind::Corp, "https://a/#x", "n", 1)
            .await
            .unwrap();
        assert_eq!(signed.signature, sign("corp-2", "n", 1, "https://a/"));
        assert_eq!(
            serde_json::to_value(&signed).unwrap()["nonceStr"],
            serde_json::json!("n"),
            "capital S on the page"
        );
        assert_eq!(
            script.urls()[1..],
            [
                "get_jsapi_ticket?access_token=T1",
                "get_jsapi_ticket?access_token=T1",
                "ticket/get?access_token=T1&type=agent_config",
                "get_jsapi_ticket?access_token=T1",
            ]
        );
    }
}
