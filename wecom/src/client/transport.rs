//! The network behind a trait: bytes out, bytes in. Knows no token and no errcode.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;

use super::error::TransportError;

/// The answer of a [`Transport`] to come.
pub type TransportFuture<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// Something that can carry one HTTP request and its response.
///
/// The default is `ReqwestTransport` (feature `reqwest`); tests and unusual networks bring their own. An
/// implementation must not follow redirects (the access token is in the query), must not log URLs,
/// and must set [`TransportError::may_have_been_sent`] unless it knows that nothing left.
pub trait Transport: Send + Sync + 'static {
    /// Carries `request`, reading at most [`HttpRequest::max_response_bytes`] of the answer.
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_>;
}

/// The two methods the platform uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
}

/// A request ready to be sent. `Debug` shows neither query nor body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Method,
    /// The whole URL, secrets in the query included.
    pub url: String,
    /// Content type and body of a POST.
    pub content: Option<(String, Bytes)>,
    /// A `Range` header, for large media.
    pub range: Option<String>,
    /// Largest body to read, in bytes; a larger one is an error.
    pub max_response_bytes: usize,
    /// Time that this call may take beyond others, since it moves a file.
    pub extra_time: Duration,
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
