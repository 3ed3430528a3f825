//! Whether all that is set can be used.

use crate::catalogue::{Catalogue, Finding, Part};
use crate::config::ConfigError;
use crate::domain::FieldErrors;
use crate::services::configuration::{Configuration, ConfigureError};
use crate::services::{Context, Result};

use super::outcome::Checked;

pub(super) async fn look(ctx: &Context, configuration: &Configuration) -> Result<Vec<Checked>> {
    const PART: Part = Part::Configuration;
    let checked = match configuration.begin().await {
        Ok(beginning) if beginning.left_out().is_empty() => {
            Checked::ok(PART, Finding::ConfigurationGood)
        }
        Ok(beginning) => Checked::fail(
            PART,
            Finding::SettingsLeftOut {
                keys: beginning.left_out(),
            },
        ),
        Err(ConfigureError::Setting(error)) => {
            Checked::fail(PART, setting_wrong(&ctx.settings.catalogue, error))
        }
        Err(ConfigureError::Service(error)) => return Err(error),
    };
    Ok(vec![checked])
}

/// What is said of a key that cannot be used: the sentence beside its field.
pub(super) fn setting_wrong(catalogue: &Catalogue, error: ConfigError) -> Finding {
    let key = error.key.clone();
    let errors = FieldErrors::from([(error.key.into(), error.fault)]);
    let why = catalogue.fields(&errors).into_values().collect();
    Finding::SettingWrong { key, why }
}
