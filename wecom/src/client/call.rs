//! One call: URL with token, answer taken apart, token renewed once.

use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Client,
    codes::{self, ErrorClass},
    error::{Error, RawText},
    lenient, query,
    store::LiveToken,
    transport::{HttpRequest, HttpResponse, Method, Transport},
};
use crate::lenient_json;

/// Largest JSON answer read; a department of 10,000 members stays under it.
pub(crate) const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;
/// Life of a token or ticket if the answer does not say (wecom-app §4).
const LIFETIME: Duration = Duration::from_secs(7200);
/// Longest life believed of one.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// A line slower than this is not waited for: 20 MB take 80 seconds.
const SLOWEST_BYTES_PER_S: usize = 256 * 1024;
/// The token is renewed and the call repeated this often: once.
const RENEWALS: usize = 1;

/// A call without its token: `/cgi-bin/{path}?{query}`.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) content: Option<(String, Bytes)>,
    pub(crate) range: Option<String>,
    pub(crate) max_response_bytes: usize,
    pub(crate) extra_time: Duration,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        let max_response_bytes = MAX_JSON_BYTES;
        Self {
            method: Method::Get,
            path,
            query,
            content: None,
            range: None,
            max_response_bytes,
            extra_time: Duration::ZERO,
        }
    }

    pub(crate) fn post(
        path: &'a str,
        query: &'a [(&'a str, &'a str)],
        (content_type, body): (String, Vec<u8>),
    ) -> Self {
        Self {
            method: Method::Post,
            content: Some((content_type, body.into())),
            ..Self::get(path, query)
        }
    }

    /// Gives the call time to move a file of up to `bytes`.
    pub(crate) fn with_time_for(mut self, bytes: usize) -> Self {
        self.extra_time = Duration::from_secs((bytes / SLOWEST_BYTES_PER_S) as u64);
        self
    }

    pub(crate) fn request(&self, api_base: &str, secret: (&str, &str)) -> HttpRequest {
        let mut url = format!("{api_base}/cgi-bin/{}", self.path);
        let mut pairs = vec![secret];
        pairs.extend_from_slice(self.query);
        query::append(&mut url, &pairs);
        HttpRequest {
            method: self.method,
            url,
            content: self.content.clone(),
            range: self.range.clone(),
            max_response_bytes: self.max_response_bytes,
            extra_time: self.extra_time,
        }
    }
}

impl Client {
    /// Calls `GET /cgi-bin/{path}` with the access token and reads the JSON answer.
    ///
    /// For calls this crate has no method for; query values are percent-encoded here.
    ///
    /// # Errors
    /// [`Error`]; an `errcode` other than 0 is [`Error::Api`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        self.json(&Call::get(path, query)).await
    }

    /// Calls `POST /cgi-bin/{path}` with the access token and a JSON body, raw UTF-8.
    ///
    /// # Errors
    /// [`Error`]; an `errcode` other than 0 is [`Error::Api`].
    pub async fn post<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &B,
    ) -> Result<T, Error> {
        self.json(&Call::post(path, query, json_content(body)?))
            .await
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Error> {
        decode(&self.carry(call).await?)
    }

    /// Carries `call`, renewing the token at most once; an answer with an errcode is an error.
    pub(crate) async fn carry(&self, call: &Call<'_>) -> Result<HttpResponse, Error> {
        let mut renewals_left = RENEWALS;
        loop {
            let token = self.access_token().await?;
            let request = call.request(self.api_base(), ("access_token", token.expose_secret()));
            let response = self.transport().carry(request).await?;
            match refusal(&response) {
                None => return Ok(response),
                Some(error) if speaks_of_the_token(&error) => {
                    let may_help = self.inner.token.invalidate(&token);
                    if renewals_left == 0 || !may_help {
                        return Err(error);
                    }
                    renewals_left -= 1;
                }
                Some(error) => return Err(error),
            }
        }
    }

    /// The access token, fetched if necessary. For calls made by other means.
    ///
    /// # Errors
    /// [`Error::Token`] with the reason.
    pub async fn access_token(&self) -> Result<SecretString, Error> {
        let fetch = || {
            let client = self.clone();
            async move {
                let slot = &client.inner.token;
                client
                    .shared(slot, "access_token", client.fetch_token())
                    .await
            }
        };
        self.inner.token.get(fetch).await.map_err(Error::token)
    }

    /// Drops the cached access token, so that the next call fetches another.
    pub fn forget_access_token(&self) {
        self.inner.token.clear();
    }

    async fn fetch_token(&self) -> Result<LiveToken, Error> {
        let call = Call::get("gettoken", &[]);
        let mut request = call.request(self.api_base(), ("corpid", self.corp_id()));
        request.url.push_str("&corpsecret=");
        query::encode(&mut request.url, self.inner.secret.expose_secret());
        fetch_secret(&**self.transport(), request, "access_token").await
    }
}

/// Asks for a token or ticket: `{name: "…", "expires_in": seconds}`.
async fn fetch_secret(
    transport: &dyn Transport,
    request: HttpRequest,
    name: &'static str,
) -> Result<LiveToken, Error> {
    let response = transport.carry(request).await?;
    if let Some(error) = refusal(&response) {
        return Err(error);
    }
    secret_field(&decode::<Value>(&response)?, name)
}

/// Takes a token or ticket out of an answer. The answer is not kept in the error. One that does not
/// say how long it lives is taken to live as long as the reference says (wecom-app §4).
pub(crate) fn secret_field(answer: &Value, name: &'static str) -> Result<LiveToken, Error> {
    let value = answer
        .get(name)
        .and_then(Value::as_str)
        .filter(|value| !value.is_empty() && lenient_json::is_exact(value));
    let seconds = answer
        .get("expires_in")
        .and_then(lenient::number)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    let lifetime = seconds.map_or(LIFETIME, Duration::from_secs);
    let lifetime = lifetime.min(MAX_LIFETIME);
    match value {
        Some(value) => Ok(LiveToken {
            value: value.into(),
            lifetime,
        }),
        None => Err(Error::protocol(name, b"")),
    }
}

pub(crate) fn json_content<B: Serialize + ?Sized>(body: &B) -> Result<(String, Vec<u8>), Error> {
    let bytes = serde_json::to_vec(body)
        .map_err(|_| Error::protocol("a body that can be written as JSON", b""))?;
    Ok(("application/json".into(), bytes))
}

/// The error an answer carries, if it carries one.
pub(crate) fn refusal(response: &HttpResponse) -> Option<Error> {
    let ok = (200..300).contains(&response.status);
    let status = || {
        (!ok).then_some(Error::Status {
            status: response.status,
        })
    };
    if !looks_like_json(response) {
        return status();
    }
    let Ok(answer) = lenient_json::from_slice::<Value>(&response.body) else {
        return status();
    };
    let Some(code) = answer.get("errcode") else {
        return status();
    };
    match lenient::number(code) {
        Some(0) => status(),
        Some(code) => {
            let message = answer
                .get("errmsg")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Some(Error::Api {
                code,
                message: RawText::from_bytes(message.as_bytes()),
            })
        }
        None => Some(Error::protocol("an integer errcode", &response.body)),
    }
}

/// Media come as bytes and their errors as JSON; the content type tells which (wecom-app §10).
fn looks_like_json(response: &HttpResponse) -> bool {
    let declared = response.content_type.as_deref().unwrap_or_default();
    let binary = ["image/", "audio/", "video/", "application/octet-stream"];
    !binary.iter().any(|prefix| declared.starts_with(prefix))
        && response.content_disposition.is_none()
}

pub(crate) fn decode<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, Error> {
    let answer: Value = lenient_json::from_slice(&response.body)
        .map_err(|_| Error::protocol("a JSON answer", &response.body))?;
    if !answer.is_object() {
        return Err(Error::protocol("a JSON object", &response.body));
    }
    serde_json::from_value(answer)
        .map_err(|_| Error::protocol("the documented fields", &response.body))
}

fn speaks_of_the_token(error: &Error) -> bool {
    error
        .code()
        .is_some_and(|code| matches!(codes::class(code), ErrorClass::Token | ErrorClass::Secret))
}
