//! The rules that a payer agreed to, as their payment keeps them.

use chrono::NaiveDate;

use crate::domain::{Fen, Terms};

/// The columns of a payment that say so; a payment of an order that we do not know has none.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct TermsColumns {
    start_date: Option<String>,
    end_date: Option<String>,
    total_days: Option<i64>,
    required_days: Option<i64>,
    grace_days: Option<i64>,
}

impl TermsColumns {
    /// The rules, with the deposit that was asked for; else what does not fit.
    pub(in crate::store) fn with(&self, deposit_fen: Fen) -> Result<Option<Terms>, &'static str> {
        let (Some(start), Some(end), Some(total_days), Some(required_days), Some(grace_days)) = (
            &self.start_date,
            &self.end_date,
            self.total_days,
            self.required_days,
            self.grace_days,
        ) else {
            return Ok(None);
        };
        let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| "a date");
        Ok(Some(Terms {
            deposit_fen,
            start_date: day(start)?,
            end_date: day(end)?,
            total_days,
            required_days,
            grace_days,
        }))
    }
}
