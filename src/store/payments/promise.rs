//! What was promised with an order, as it keeps it.

use chrono::NaiveDate;

use crate::domain::promise::Promise;

/// The columns of a payment that say so; a payment of an order that we do not know has none.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct PromiseColumns {
    promise_list_by: Option<String>,
    promise_decision_by: Option<String>,
    promise_money_days: Option<i64>,
}

impl PromiseColumns {
    /// The promise; else what does not fit.
    pub(in crate::store) fn read(&self) -> Result<Option<Promise>, &'static str> {
        let (Some(list_by), Some(decision_by), Some(money_days)) = (
            &self.promise_list_by,
            &self.promise_decision_by,
            self.promise_money_days,
        ) else {
            return Ok(None);
        };
        let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| "a promised date");
        Ok(Some(Promise {
            list_by: day(list_by)?,
            decision_by: day(decision_by)?,
            money_days,
        }))
    }
}
