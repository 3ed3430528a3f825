//! What every stand-in shares: the clock, the faults, the violations, the addresses.

use std::sync::{Arc, Mutex};

use crate::{clock::SandboxClock, faults::Faults, lock::lock, violations::Violations};

/// The surroundings of a stand-in. Clones share everything.
#[derive(Clone)]
pub struct World {
    /// Wall clock and movable business time.
    pub clock: SandboxClock,
    /// Faults that tests and the control panel have ordered.
    pub faults: Faults,
    /// What callers did that the real platforms forbid.
    pub violations: Violations,
    /// For requests of the stand-ins to the application: no proxy, no redirects.
    pub http: reqwest::Client,
    addresses: Arc<Mutex<Addresses>>,
}

#[derive(Default)]
struct Addresses {
    base_url: String,
    app_url: Option<String>,
}

impl World {
    pub(crate) fn new(clock: SandboxClock, http: reqwest::Client) -> Self {
        let violations = Violations::new(clock.clone());
        Self {
            clock,
            faults: Faults::default(),
            violations,
            http,
            addresses: Arc::new(Mutex::new(Addresses::default())),
        }
    }

    /// Where this sandbox is served, for example `http://127.0.0.1:9090`, without a final slash.
    pub fn base_url(&self) -> String {
        lock(&self.addresses).base_url.clone()
    }

    /// Where the application is served, without a final slash; `None` until somebody has said so.
    pub fn app_url(&self) -> Option<String> {
        lock(&self.addresses).app_url.clone()
    }

    pub(crate) fn set_base_url(&self, url: String) {
        lock(&self.addresses).base_url = url;
    }

    pub(crate) fn set_app_url(&self, url: Option<String>) {
        lock(&self.addresses).app_url = url.map(|url| url.trim_end_matches('/').to_owned());
    }
}
