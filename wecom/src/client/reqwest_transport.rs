//! The default transport. Knows no token and no errcode.

use std::time::Duration;

use super::{
    BuildError, HttpRequest, HttpResponse, Method, Transport, TransportError, TransportFuture,
};

/// The default transport: reqwest with rustls, no redirects, no proxy from the environment.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    http: reqwest::Client,
    timeout: Duration,
}

impl ReqwestTransport {
    /// A transport with the given time limits (files get [`HttpRequest::extra_time`] on top), through `proxy` (`http://user:pass@host:port`) if
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
            .connect_timeout(connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(proxy) = proxy.filter(|url| !url.is_empty()) {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| BuildError::Proxy)?;
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(|_| BuildError::Http)?;
        Ok(Self { http, timeout })
    }
}

impl Transport for ReqwestTransport {
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
        Box::pin(async move {
            let builder = match request.method {
                Method::Get => self.http.get(&request.url),
                Method::Post => self.http.post(&request.url),
            };
            let mut builder = builder.timeout(self.timeout + request.extra_time);
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
                is_permanent: true,
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
        is_permanent: error.is_builder(),
        detail,
    }
}
