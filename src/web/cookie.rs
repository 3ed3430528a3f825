//! Our cookies: out of reach of scripts, and where our address is https sent and set over https only,
//! by this host alone.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::services::Context;

use super::error::{Problem, WebResult};

/// Browsers take a cookie of such a name from this host over https only: neither a neighbour under
/// the same domain nor a page over http can put one there.
const HOST_ONLY: &str = "__Host-";

/// A cookie of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct OurCookie {
    /// Its name, where our address is not https.
    pub(super) name: &'static str,
    /// Whether it comes along from other sites.
    pub(super) same_site: SameSite,
    /// How long a browser keeps it; none until it is closed.
    pub(super) lives: Option<Duration>,
}

impl OurCookie {
    fn name(&self, ctx: &Context) -> String {
        if is_https(ctx) {
            format!("{HOST_ONLY}{}", self.name)
        } else {
            self.name.to_owned()
        }
    }

    /// What the browser holds of it.
    pub(super) fn read(&self, ctx: &Context, headers: &HeaderMap) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        let cookie = jar.get(&self.name(ctx))?;
        Some(cookie.value().to_owned())
    }

    /// `Set-Cookie` for a value.
    pub(super) fn set(&self, ctx: &Context, value: &str) -> WebResult<HeaderValue> {
        let mut cookie = self.built(ctx, value);
        if let Some(lives) = self.lives {
            cookie.set_max_age(Some(lives.try_into().unwrap_or_default()));
        }
        written(&cookie)
    }

    /// `Set-Cookie` that takes it away.
    pub(super) fn remove(&self, ctx: &Context) -> WebResult<HeaderValue> {
        let mut cookie = self.built(ctx, "");
        cookie.make_removal();
        written(&cookie)
    }

    fn built(&self, ctx: &Context, value: &str) -> Cookie<'static> {
        Cookie::build((self.name(ctx), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(is_https(ctx))
            .same_site(self.same_site)
            .build()
    }
}

fn is_https(ctx: &Context) -> bool {
    ctx.settings.public_url.starts_with("https://")
}

fn written(cookie: &Cookie<'_>) -> WebResult<HeaderValue> {
    HeaderValue::from_str(&cookie.to_string()).map_err(|error| Problem::internal(&error))
}
