//! The client of one application of one corp: access token, calls, error classes.
//!
//! Calls are methods of [`Client`], written beside their types: [`crate::message`],
//! [`crate::menu`], [`crate::media`], [`crate::user`], [`crate::oauth`], [`crate::jssdk`],
//! [`crate::external_chat`], [`crate::group_robot`]. A call that has no method yet can be made with
//! [`Client::get`] and [`Client::post`]. This module knows no message and no card.

mod agent;
pub(crate) mod call;
pub mod codes;
pub(crate) mod disposition;
mod error;
pub(crate) mod lenient;
pub(crate) mod query;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
mod slot;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transport;

#[cfg(feature = "reqwest")]
use std::time::Duration;
use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    jssdk::TicketKind,
    limit::{self, LimitError},
};

pub use agent::{Agent, IpList};
pub(crate) use call::secret_field;
pub use codes::ErrorClass;
pub use error::{Error, RawText, TransportError};
#[cfg(feature = "reqwest")]
pub use reqwest_transport::ReqwestTransport;
pub(crate) use slot::Slot;
pub use store::{LiveToken, StoreFuture, TokenStore};
pub use transport::{HttpRequest, HttpResponse, Method, Transport, TransportFuture};

/// Base URL of the platform's API.
pub const API_BASE: &str = "https://qyapi.weixin.qq.com";
/// Base URL of the OAuth authorize page.
pub const OAUTH_BASE: &str = "https://open.weixin.qq.com";
/// Base URL of the web login page.
pub const LOGIN_BASE: &str = "https://login.work.weixin.qq.com";

/// Longest time for a whole call, unless told otherwise.
#[cfg(feature = "reqwest")]
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Longest time to connect, unless told otherwise.
#[cfg(feature = "reqwest")]
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for one self-built application (自建应用). Cheap to clone; clones share the token.
///
/// The access token is fetched when first needed, by one task for all callers, renewed five minutes
/// early in the background, and renewed once more when WeCom says 40014, 42001 or 40001, after which
/// the call is repeated once (wecom-app §4). Nothing else is retried here: ask
/// [`Error::is_retryable`]. Calls are made within a tokio runtime.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<dyn Transport>,
    api_base: String,
    oauth_base: String,
    login_base: String,
    corp_id: String,
    agent_id: u32,
    secret: SecretString,
    token: Slot,
    corp_ticket: Slot,
    agent_ticket: Slot,
    store: Option<Arc<dyn TokenStore>>,
    robots: crate::group_robot::Limiters,
}

impl Client {
    /// Starts a client for application `agent_id` of corp `corp_id`, with that application's
    /// secret.
    pub fn builder(
        corp_id: impl Into<String>,
        agent_id: u32,
        secret: impl Into<SecretString>,
    ) -> ClientBuilder {
        ClientBuilder {
            corp_id: corp_id.into(),
            agent_id,
            secret: secret.into(),
            api_base: API_BASE.into(),
            oauth_base: OAUTH_BASE.into(),
            login_base: LOGIN_BASE.into(),
            #[cfg(feature = "reqwest")]
            proxy: None,
            #[cfg(feature = "reqwest")]
            timeout: TIMEOUT,
            #[cfg(feature = "reqwest")]
            connect_timeout: CONNECT_TIMEOUT,
            transport: None,
            store: None,
        }
    }

    /// The corp id (`ww…`).
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.inner.corp_id
    }

    /// The application's agent id.
    #[must_use]
    pub fn agent_id(&self) -> u32 {
        self.inner.agent_id
    }

    pub(crate) fn oauth_base(&self) -> &str {
        &self.inner.oauth_base
    }

    pub(crate) fn login_base(&self) -> &str {
        &self.inner.login_base
    }

    pub(crate) fn ticket_slot(&self, kind: TicketKind) -> &Slot {
        match kind {
            TicketKind::Corp => &self.inner.corp_ticket,
            TicketKind::Agent => &self.inner.agent_ticket,
        }
    }

    pub(crate) fn token_store(&self) -> Option<&dyn TokenStore> {
        self.inner.store.as_deref()
    }

    pub(crate) fn robot_limiters(&self) -> &crate::group_robot::Limiters {
        &self.inner.robots
    }

    pub(crate) fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    pub(crate) fn api_base(&self) -> &str {
        &self.inner.api_base
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api_base", &self.inner.api_base)
            .field("corp_id", &self.inner.corp_id)
            .field("agent_id", &self.inner.agent_id)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Client`].
#[must_use]
pub struct ClientBuilder {
    corp_id: String,
    agent_id: u32,
    secret: SecretString,
    api_base: String,
    oauth_base: String,
    login_base: String,
    #[cfg(feature = "reqwest")]
    proxy: Option<SecretString>,
    #[cfg(feature = "reqwest")]
    timeout: Duration,
    #[cfg(feature = "reqwest")]
    connect_timeout: Duration,
    transport: Option<Arc<dyn Transport>>,
    store: Option<Arc<dyn TokenStore>>,
}

impl ClientBuilder {
    /// Another API host (a stand-in, a private deployment): the part before `/cgi-bin`.
    pub fn api_base(mut self, url: impl Into<String>) -> Self {
        self.api_base = url.into();
        self
    }

    /// Another host for the OAuth authorize page.
    pub fn oauth_base(mut self, url: impl Into<String>) -> Self {
        self.oauth_base = url.into();
        self
    }

    /// Another host for the web login page.
    pub fn login_base(mut self, url: impl Into<String>) -> Self {
        self.login_base = url.into();
        self
    }

    /// A forward proxy (`http://user:pass@host:port`), for an egress with the fixed address that
    /// 企业可信IP asks for (wecom-app §12). Empty means none.
    #[cfg(feature = "reqwest")]
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Longest time for a whole call, default 15 s; a file of 20 MB has 80 s more.
    #[cfg(feature = "reqwest")]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Longest time to connect, default 5 s.
    #[cfg(feature = "reqwest")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Another transport; `proxy` and the time limits are then its own affair.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A store through which several instances share their tokens; none if each has its own.
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] for an empty corp id or secret, an unusable base URL or proxy.
    pub fn build(self) -> Result<Client, BuildError> {
        limit::present("corpid", &self.corp_id)?;
        limit::present("corpsecret", self.secret.expose_secret())?;
        let transport = self.chosen_transport()?;
        let inner = Inner {
            transport,
            api_base: base_url(&self.api_base)?,
            oauth_base: base_url(&self.oauth_base)?,
            login_base: base_url(&self.login_base)?,
            corp_id: self.corp_id,
            agent_id: self.agent_id,
            secret: self.secret,
            token: Slot::default(),
            corp_ticket: Slot::default(),
            agent_ticket: Slot::default(),
            store: self.store,
            robots: crate::group_robot::Limiters::default(),
        };
        Ok(Client {
            inner: Arc::new(inner),
        })
    }

    #[cfg(feature = "reqwest")]
    fn chosen_transport(&self) -> Result<Arc<dyn Transport>, BuildError> {
        if let Some(transport) = &self.transport {
            return Ok(Arc::clone(transport));
        }
        let proxy = self.proxy.as_ref().map(ExposeSecret::expose_secret);
        Ok(Arc::new(ReqwestTransport::new(
            self.timeout,
            self.connect_timeout,
            proxy,
        )?))
    }

    #[cfg(not(feature = "reqwest"))]
    fn chosen_transport(&self) -> Result<Arc<dyn Transport>, BuildError> {
        self.transport.clone().ok_or(BuildError::NoTransport)
    }
}

pub(crate) fn base_url(url: &str) -> Result<String, BuildError> {
    let has_scheme = url.starts_with("https://") || url.starts_with("http://");
    let is_bare = !url.contains(['?', '#']);
    if has_scheme && is_bare && limit::url("base_url", url).is_ok() {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(BuildError::BaseUrl(url.to_owned()))
    }
}

/// A client that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A base URL is not an absolute http(s) URL, or has a query or a fragment.
    #[error("not an http(s) base URL: {0}")]
    BaseUrl(String),
    /// The corp id, the secret or a robot's key is empty.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The proxy URL cannot be used (it is not shown, since it may hold a password).
    #[error("the proxy URL cannot be used")]
    Proxy,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http,
    /// No transport was given, and the feature `reqwest`, which brings one, is off.
    #[error("no transport was given")]
    NoTransport,
}
