//! The planet: whether the login works, for how long, and whose it is.

use crate::catalogue::{Finding, Part};
use crate::platforms::zsxq::{Error, Planet};
use crate::services::sync::{RENEW_BEFORE, SECONDS_PER_DAY};
use crate::services::{Context, Result};

use super::outcome::{Checked, not_in_use};

const PART: Part = Part::Planet;

pub(super) async fn look(ctx: &Context) -> Result<Vec<Checked>> {
    let Some(planet) = &ctx.clients.planet else {
        return Ok(not_in_use(&[PART], "zsxq"));
    };
    Ok(vec![match ask(planet).await {
        Ok(checked) => checked,
        Err(error) => {
            tracing::warn!(%error, "the planet was asked by the doctor");
            refused(planet, &error)
        }
    }])
}

async fn ask(planet: &Planet) -> Result<Checked, Error> {
    let account = planet.self_user().await?;
    let group = planet.group().await?;
    let left = planet.cookie_expires_in();
    let days = left.map(|left| left.as_secs() / SECONDS_PER_DAY);
    Ok(match (left, days) {
        (Some(left), Some(days)) if left < RENEW_BEFORE => {
            Checked::warn(PART, Finding::PlanetExpiring { days })
        }
        _ if !group.is_managed_by(account.user_id) => {
            Checked::warn(PART, Finding::PlanetNotAManager)
        }
        _ => Checked::ok(PART, Finding::PlanetGood { days }),
    })
}

fn refused(planet: &Planet, error: &Error) -> Checked {
    match error {
        Error::CookieDead(_) => Checked::fail(PART, Finding::PlanetLoginOver),
        Error::BudgetSpent { .. } => Checked::warn(PART, Finding::PlanetBudgetSpent),
        Error::Configuration { .. } | Error::Refused { .. } | Error::Gone { .. } => {
            let group_id = planet.group_id();
            Checked::fail(PART, Finding::PlanetNotAMember { group_id })
        }
        _ => Checked::fail(PART, Finding::PlanetSilent),
    }
}
