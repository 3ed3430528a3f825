//! Looks at the whole installation: each part says what it is and, if it is not well, what to do.
//! Nothing is changed, nobody is written to, and no money moves.
//!
//! The parts are looked at side by side, each within its time: one that hangs loses no other.

mod books;
mod clock;
mod configuration;
mod disk;
mod outcome;
mod pay;
mod planet;
mod reachable;
mod recipients;
mod robots;
mod wecom;

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};

use crate::catalogue::{Catalogue, Finding, Part};
use crate::config::ConfigError;
use crate::domain::Action;
use crate::domain::staff::Actor;

use super::configuration::Configuration;
use super::{Context, Error, FieldError, LiveContext, Result, require_anywhere};

pub use outcome::{Checked, State};

/// How long a part may take.
const WITHIN: Duration = Duration::from_secs(10);

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// All but what asks somebody outside.
    Offline,
    /// What works with WeCom.
    Wecom,
    /// What works with WeChat Pay.
    WechatPay,
    /// What works with the planet.
    Planet,
}

/// What was found, part by part.
#[derive(Debug)]
pub struct Report {
    /// The parts, in the order that they are to be mended in.
    pub checks: Vec<Checked>,
    /// What tells it.
    pub catalogue: Arc<Catalogue>,
}

impl Report {
    /// True if nothing fails.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|it| it.state != State::Fail)
    }

    /// The report of an installation that does not even start: a part, and nothing of the others.
    #[must_use]
    pub fn of_start(part: Part, finding: Finding, catalogue: Arc<Catalogue>) -> Self {
        Self {
            checks: vec![Checked::fail(part, finding)],
            catalogue,
        }
    }

    /// The same for a key that is missing or malformed.
    #[must_use]
    pub fn of_setting(error: ConfigError, catalogue: Arc<Catalogue>) -> Self {
        let finding = configuration::setting_wrong(&catalogue, error);
        Self::of_start(Part::Configuration, finding, catalogue)
    }
}

/// Looks at a scope for a super admin, by what is stored at this moment.
///
/// # Errors
/// [`Error::Forbidden`] for anybody else; the store cannot be read.
pub async fn examine_for(
    live: &LiveContext,
    configuration: &Configuration,
    actor: &Actor,
    scope: Scope,
) -> Result<Report> {
    require_anywhere(actor, Action::ManageConfig)?;
    match configuration.wait_until_followed(live).await {
        // What is wrong with the database is told with all else.
        Ok(()) | Err(Error::Store(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(examine(&live.snapshot(), configuration, scope).await)
}

/// Tries a platform, by its word in the API, for a super admin.
///
/// # Errors
/// As [`examine_for`], and [`Error::Invalid`] for a platform that there is not.
pub async fn examine_platform_for(
    live: &LiveContext,
    configuration: &Configuration,
    actor: &Actor,
    platform: &str,
) -> Result<Report> {
    require_anywhere(actor, Action::ManageConfig)?;
    let scope = match platform {
        "wecom" => Scope::Wecom,
        "wechat-pay" => Scope::WechatPay,
        "zsxq" => Scope::Planet,
        _ => return Err(Error::invalid("platform", FieldError::Unknown)),
    };
    examine_for(live, configuration, actor, scope).await
}

/// Looks at a scope.
pub async fn examine(ctx: &Context, configuration: &Configuration, scope: Scope) -> Report {
    let mut looks: Vec<BoxFuture<'_, Vec<Checked>>> = Vec::new();
    let whole = matches!(scope, Scope::Whole | Scope::Offline);
    if whole {
        looks.push(within(
            &[Part::Configuration],
            configuration::look(ctx, configuration),
        ));
        looks.push(within(&[Part::Database], books::look_at_database(ctx)));
        looks.push(within(&[Part::Disk], disk::look(ctx, configuration)));
        looks.push(within(&[Part::Backup], books::look_at_backup(ctx)));
        looks.push(within(&[Part::Books], books::look_at_books(ctx)));
    }
    let is_online = scope != Scope::Offline;
    if is_online {
        if scope != Scope::Planet {
            looks.push(within(&[Part::Clock], clock::look(ctx, configuration)));
        }
        if matches!(scope, Scope::Whole | Scope::Wecom) {
            looks.push(within(wecom::PARTS, wecom::look(ctx)));
            looks.push(within(&[Part::Callback], reachable::look_at_callback(ctx)));
            looks.push(within(&[Part::GroupRobots], robots::look(ctx)));
        }
        if matches!(scope, Scope::Whole | Scope::WechatPay) {
            looks.push(within(&[Part::WechatPay], pay::look(ctx)));
            looks.push(within(
                &[Part::NotifyAddress],
                reachable::look_at_notify(ctx),
            ));
        }
        if matches!(scope, Scope::Whole | Scope::Planet) {
            looks.push(within(&[Part::Planet], planet::look(ctx)));
        }
    }
    if whole || scope == Scope::Wecom {
        looks.push(within(
            &[Part::Recipients],
            recipients::look(ctx, is_online),
        ));
    }
    let mut checks: Vec<Checked> = join_all(looks).await.into_iter().flatten().collect();
    checks.sort_by_key(|it| it.part);
    Report {
        checks,
        catalogue: Arc::clone(&ctx.settings.catalogue),
    }
}

/// What a look finds; where it takes too long or cannot look, the first of its parts says so.
fn within<'a>(
    parts: &'a [Part],
    look: impl Future<Output = Result<Vec<Checked>>> + Send + 'a,
) -> BoxFuture<'a, Vec<Checked>> {
    Box::pin(async move {
        let finding = match tokio::time::timeout(WITHIN, look).await {
            Ok(Ok(checked)) => return checked,
            Ok(Err(error)) => {
                tracing::error!(%error, ?parts, "a part of the installation could not be looked at");
                match error {
                    Error::Store(_) => Finding::DatabaseSilent,
                    _ => Finding::Internal,
                }
            }
            Err(_) => Finding::TimedOut {
                seconds: WITHIN.as_secs(),
            },
        };
        let mut parts = parts.iter();
        let first = parts.next().map(|part| Checked::fail(*part, finding));
        first
            .into_iter()
            .chain(outcome::blocked(parts.as_slice()))
            .collect()
    })
}
