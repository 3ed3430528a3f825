//! Looks at an address as anybody could: whether it answers, with what, and what time it is there.
//! Nothing of ours is sent along.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, Method, Proxy, RequestBuilder, Url, header, redirect};
use secrecy::{ExposeSecret, SecretString};

/// Longest time for a look.
const WITHIN: Duration = Duration::from_secs(8);
/// So much of a body is read.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// What was seen at an address.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The HTTP status.
    pub status: u16,
    /// What time it was there, where it says so.
    pub date: Option<DateTime<Utc>>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Nothing was seen at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// It is no address, or its proxy is none.
    #[error("no address that can be called")]
    Address,
    /// Nobody is there: no such name, no connection, a certificate that is not trusted.
    #[error("no connection")]
    NotConnected,
    /// Somebody is there and says nothing.
    #[error("no answer")]
    Unanswered,
}

/// Gets an address; of one with a proxy, by it. Redirects are not followed.
///
/// # Errors
/// [`ProbeError`].
pub async fn get(address: &str, proxy: Option<&SecretString>) -> Result<Seen, ProbeError> {
    look(request(Method::GET, address, proxy)?).await
}

/// Posts an empty object to an address.
///
/// # Errors
/// [`ProbeError`].
pub async fn post(address: &str) -> Result<Seen, ProbeError> {
    let request = request(Method::POST, address, None)?;
    let request = request.header(header::CONTENT_TYPE, "application/json");
    look(request.body("{}")).await
}

/// The host of an address, where its clock is asked for: `https://api.example.com/`.
#[must_use]
pub fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    url.join("/").ok().map(Into::into)
}

/// The host name of an address, with its port unless that is the usual one.
#[must_use]
pub fn domain_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn request(
    method: Method,
    address: &str,
    proxy: Option<&SecretString>,
) -> Result<RequestBuilder, ProbeError> {
    let url = Url::parse(address).map_err(|_| ProbeError::Address)?;
    let builder = Client::builder()
        .timeout(WITHIN)
        .redirect(redirect::Policy::none());
    let builder = match proxy.map(ExposeSecret::expose_secret) {
        Some(proxy) if !proxy.is_empty() => {
            builder.proxy(Proxy::all(proxy).map_err(|_| ProbeError::Address)?)
        }
        // A proxy of the environment leads to the platforms, not to this machine.
        _ if is_this_machine(&url) => builder.no_proxy(),
        _ => builder,
    };
    let client = builder.build().map_err(|_| ProbeError::Address)?;
    Ok(client.request(method, url))
}

fn is_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<std::net::IpAddr>();
        bare == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

async fn look(request: RequestBuilder) -> Result<Seen, ProbeError> {
    let failed = |error: reqwest::Error| {
        if error.is_connect() {
            ProbeError::NotConnected
        } else {
            ProbeError::Unanswered
        }
    };
    let mut response = request.send().await.map_err(failed)?;
    let date = response.headers().get(header::DATE);
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    let mut seen = Seen {
        status: response.status().as_u16(),
        date: date.map(|date| date.to_utc()),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let room = MAX_BODY_BYTES.saturating_sub(seen.body.len());
        seen.body.extend(chunk.iter().take(room));
        if seen.body.len() >= MAX_BODY_BYTES {
            break;
        }
    }
    Ok(seen)
}
