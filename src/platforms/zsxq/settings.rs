//! What the client is told at its start.

use std::net::IpAddr;

use reqwest::Url;
use secrecy::SecretString;
use thiserror::Error;

/// Requests made for one call before it is given up (zsxq §2).
pub const MAX_TRIES: usize = 5;

/// The address, the account and the manners of the client. Made by [`Settings::new`]; the fields
/// are open so that a configuration file or a test can change the defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.zsxq.com`, or a stand-in; a path is kept as a prefix. Plain http is taken on
    /// loopback only, since the cookie travels in it.
    pub api_base: String,
    /// The planet, 12–14 digits.
    pub group_id: i64,
    /// The bare token, or `zsxq_access_token=…` as copied from a browser.
    pub cookie: SecretString,
    /// Least rest between the end of one request and the start of the next. 0: none.
    pub min_interval_ms: u64,
    /// Up to so much is added at random to every rest and every back-off. 0: none.
    pub jitter_ms: u64,
    /// Requests (retries included) per Shanghai day. 0: no limit.
    pub calls_per_day: u32,
    /// How long a connection may take to come up.
    pub connect_timeout_ms: u64,
    /// How long a whole request may take, answer included.
    pub request_timeout_ms: u64,
    /// Rest after the 1st, 2nd, … failed try of a call. The last one follows the final try: it
    /// keeps the next call, whosesoever it is, away from a planet in trouble.
    pub backoff_ms: [u64; MAX_TRIES],
    /// The browser's User-Agent at the time of login: a different one is said to void the login
    /// (zsxq §1), so it never changes while running.
    pub user_agent: String,
}

impl Settings {
    /// Settings with the manners of zsxq §2 and §5: 1 s + 0–1 s between requests, 3,000 a day,
    /// back-off 2, 5, 10, 30, 60 s.
    pub fn new(api_base: impl Into<String>, group_id: i64, cookie: SecretString) -> Self {
        Self {
            api_base: api_base.into(),
            group_id,
            cookie,
            min_interval_ms: 1_000,
            jitter_ms: 1_000,
            calls_per_day: 3_000,
            connect_timeout_ms: 5_000,
            request_timeout_ms: 20_000,
            backoff_ms: [2_000, 5_000, 10_000, 30_000, 60_000],
            user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 \
                         (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
                .to_owned(),
        }
    }

    /// The base address without a trailing slash, in the one spelling that is signed and sent.
    pub(super) fn base(&self) -> Result<String, SettingsError> {
        let url = Url::parse(self.api_base.trim()).map_err(|_| SettingsError::ApiBase)?;
        let plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let guarded = match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback),
            _ => false,
        };
        if !plain || !guarded {
            return Err(SettingsError::ApiBase);
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }
}

/// A setting that cannot work. Never holds a value of a secret.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// Not an address, or plain http to a host that is not this machine.
    #[error("zsxq.api_base must be an https address (http only on loopback), without a query")]
    ApiBase,
    /// Not a positive number.
    #[error("zsxq.group_id must be the planet's number, 12 to 14 digits")]
    GroupId,
    /// No token found in it, or a token with blanks, line breaks or other junk.
    #[error("zsxq.cookie must be the bare token or zsxq_access_token=… without blanks")]
    Cookie,
    /// Cannot be sent as a header.
    #[error("the User-Agent must be plain visible ASCII")]
    UserAgent,
    /// The HTTP client could not be set up (TLS roots, for example).
    #[error("the HTTP client of the planet could not be set up")]
    HttpClient(#[source] reqwest::Error),
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_of(api_base: &str) -> Option<String> {
        Settings::new(api_base, 1, SecretString::from("t"))
            .base()
            .ok()
    }

    #[test]
    fn base_is_normalised_and_guarded() {
        let cases = [
            ("https://api.zsxq.com", Some("https://api.zsxq.com")),
            ("https://api.zsxq.com:443/", Some("https://api.zsxq.com")),
            (
                "http://127.0.0.1:9090/zsxq",
                Some("http://127.0.0.1:9090/zsxq"),
            ),
            ("http://[::1]:9090/zsxq/", Some("http://[::1]:9090/zsxq")),
            ("http://localhost:1", Some("http://localhost:1")),
            ("http://api.zsxq.com", None),
            ("https://u:p@api.zsxq.com", None),
            ("https://api.zsxq.com/?a=1", None),
            ("file:///etc/passwd", None),
            ("", None),
        ];
        for (given, expected) in cases {
            assert_eq!(base_of(given).as_deref(), expected, "{given}");
        }
    }
}
