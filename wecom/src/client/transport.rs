//! The network behind a trait: bytes out, bytes in. Knows no token and no errcode.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use super::{BuildError, error::TransportError};

/// The answer of a [`Transport`] to come.
pub type TransportFuture<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// Something that can carry one HTTP request and its response.
///
/// The default is [`ReqwestTransport`]; tests and unusual networks bring their own. An
/// implementation must not follow redirects (the access token is in the query), must not log URLs,
/// and must set [`TransportError::may_have_been_sent`] unless it knows that nothing left.
pub trait Transport: Send + Sync + 'static {
    /// Carries `request`, reading at most [`HttpRequest::max_response_bytes`] of the answer.
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_>;
}

/// The two methods the platform uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
}

/// A request ready to be sent. `Debug` shows neither query nor body.
#[derive(Clone)]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Method,
    /// The whole URL, secrets in the query included.
    pub url: String,
    /// Content type and body of a POST.
    pub content: Option<(String, Vec<u8>)>,
    /// A `Range` header, for large media.
    pub range: Option<String>,
    /// Largest body to read, in bytes; a larger one is an error.
    pub max_response_bytes: usize,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &path)
            .finish_non_exhaustive()
    }
}

/// A response whose body was read to the end. `Debug` does not show the body.
#[derive(Clone)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// `Content-Disposition`, as sent, decoded as UTF-8 with replacement.
    pub content_disposition: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The default transport: reqwest with rustls, no redirects, no proxy from the environment.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    http: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport with the given time limits, through `proxy` (`http://user:pass@host:port`) if
    /// one is given.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] for an unusable proxy URL, [`BuildError::Http`] when TLS cannot be
    /// set up.
    pub fn new(
        timeout: Duration,
        connect_timeout: Duration,
        proxy: Option<&str>,
    ) -> Result<Self, BuildError> {
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(proxy) = proxy.filter(|url| !url.is_empty()) {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| BuildError::Proxy)?;
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(|_| BuildError::Http)?;
        Ok(Self { http })
    }
}

impl Transport for ReqwestTransport {
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
        Box::pin(async move {
            let mut builder = match request.method {
                Method::Get => self.http.get(&request.url),
                Method::Post => self.http.post(&request.url),
            };
            if let Some(range) = request.range {
                builder = builder.header(reqwest::header::RANGE, range);
            }
            if let Some((content_type, body)) = request.content {
                builder = builder
                    .header(reqwest::header::CONTENT_TYPE, content_type)
                    .body(body);
            }
            let response = builder.send().await.map_err(|error| failure(&error))?;
            read(response, request.max_response_bytes).await
        })
    }
}

async fn read(
    mut response: reqwest::Response,
    max_bytes: usize,
) -> Result<HttpResponse, TransportError> {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let content_type = header(reqwest::header::CONTENT_TYPE);
    let content_disposition = header(reqwest::header::CONTENT_DISPOSITION);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > max_bytes {
            let detail = format!("the answer is larger than {max_bytes} bytes");
            return Err(TransportError {
                may_have_been_sent: true,
                detail,
            });
        }
        body.extend_from_slice(&chunk);
    }
    let status = response.status().as_u16();
    Ok(HttpResponse {
        status,
        content_type,
        content_disposition,
        body,
    })
}

/// Keeps the innermost reason ("connection refused") and drops everything that names the URL.
fn failure(error: &reqwest::Error) -> TransportError {
    let kind = match error {
        e if e.is_builder() => "bad request",
        e if e.is_connect() => "no connection",
        e if e.is_timeout() => "timed out",
        e if e.is_body() || e.is_decode() => "answer broken off",
        _ => "request failed",
    };
    let mut source = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(inner) = source {
        innermost = Some(inner);
        source = inner.source();
    }
    let detail = innermost.map_or_else(|| kind.to_owned(), |inner| format!("{kind}: {inner}"));
    TransportError {
        may_have_been_sent: !error.is_builder() && !error.is_connect(),
        detail,
    }
}
