//! Whether the login at the planet still works, and whether somebody has to renew it.

use std::time::Duration;

use crate::domain::Message;
use crate::domain::message::{CookieDead, CookieExpiring};
use crate::platforms::zsxq;
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{Context, Result};

/// A login that lives shorter than this is to be renewed (zsxq §1).
pub(crate) const RENEW_BEFORE: Duration = Duration::from_secs(5 * SECONDS_PER_DAY);
pub(crate) const SECONDS_PER_DAY: u64 = 24 * 3600;

/// What is known of the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieState {
    /// It works.
    Alive {
        /// How long it still lives, where the planet says so.
        expires_in: Option<Duration>,
    },
    /// It is over: only a new one helps.
    Dead,
    /// The planet did not tell.
    Unknown,
}

impl CookieState {
    /// In one word, for the report of the job.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alive { .. } => "alive",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// Asks the planet, and tells the recipients once a day if they have to do something.
///
/// # Errors
/// The planet is not configured, or the store cannot.
pub async fn check_cookie(ctx: &Context) -> Result<CookieState> {
    let planet = ctx.planet()?;
    let state = match planet.self_user().await {
        Ok(_) => CookieState::Alive {
            expires_in: planet.cookie_expires_in(),
        },
        Err(zsxq::Error::CookieDead(death)) => {
            tracing::warn!(%death, "the planet's login is over");
            CookieState::Dead
        }
        Err(error) => {
            tracing::warn!(%error, "whether the planet's login works is not known");
            CookieState::Unknown
        }
    };
    match state {
        CookieState::Dead => {
            tell(ctx, CookieDead {}.into()).await?;
        }
        CookieState::Alive {
            expires_in: Some(left),
        } if left < RENEW_BEFORE => {
            let days_left = left.as_secs() / SECONDS_PER_DAY;
            tell(ctx, CookieExpiring { days_left }.into()).await?;
        }
        CookieState::Alive { .. } | CookieState::Unknown => {}
    }
    Ok(state)
}

async fn tell(ctx: &Context, content: Message) -> Result<()> {
    let (settings, now) = (ctx.settings.clone(), ctx.now());
    let notice = Notice {
        content,
        camp_id: None,
        dedupe_key: ctx.today().to_string(),
    };
    ctx.db
        .write(move |tx| Box::pin(async move { tell_deciders(tx, &settings, &notice, now).await }))
        .await
}
