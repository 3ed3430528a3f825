//! What a member is promised about the way back of their deposit.

use chrono::{Days, NaiveDate};

use super::{FieldError, Terms};

/// A camp's promise ends at the latest so many days after it was published: WeChat Pay refunds for a
/// year, and a month of that is left for what goes wrong.
const REFUNDABLE_DAYS: u64 = 335;

/// The promises that new orders are made with. Days are counted from the camp's last day, but for the
/// money, which is counted from the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromiseRules {
    /// Until the refund list is there, in days.
    pub list_within: u16,
    /// Until it is decided, in days.
    pub decision_within: u16,
    /// From the decision until the money is back, in days.
    pub money_within: u16,
    /// Until a refusal is final, in hours.
    pub appeal_hours: u16,
    /// From an objection until its answer, in days.
    pub answer_within: u16,
}

/// The promise of one order, frozen when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The refund list is there on this day.
    pub list_by: NaiveDate,
    /// It is decided on this day.
    pub decision_by: NaiveDate,
    /// So many days after the decision the money is back.
    pub money_days: i64,
}

impl PromiseRules {
    /// The promise of an order with these terms.
    #[must_use]
    pub fn promise(&self, terms: &Terms) -> Promise {
        let after = |days: u16| later(terms.end_date, days.into());
        Promise {
            list_by: after(self.list_within),
            decision_by: after(self.decision_within),
            money_days: self.money_within.into(),
        }
    }

    /// Why a camp cannot end as late as its terms say if it is published on a day; none if it can.
    #[must_use]
    pub fn objection(&self, terms: &Terms, published: NaiveDate) -> Option<FieldError> {
        let latest = self.latest_end(published);
        (terms.end_date > latest).then_some(FieldError::PromiseTooLate { latest })
    }

    /// The latest last day of a camp that is published on a day: its promise can then be kept before
    /// WeChat Pay refuses.
    #[must_use]
    pub fn latest_end(&self, published: NaiveDate) -> NaiveDate {
        let promised = u64::from(self.decision_within) + u64::from(self.money_within);
        later(published, REFUNDABLE_DAYS.saturating_sub(promised))
    }
}

impl Promise {
    /// The day on which the money is back if the decision was made as late as promised.
    #[must_use]
    pub fn money_by(&self) -> NaiveDate {
        money_by(self.decision_by, self.money_days)
    }
}

/// Whether a promise was kept: the decision was there by its day, and the money so many days after
/// the decision.
#[must_use]
pub fn was_kept(
    decision_by: NaiveDate,
    money_days: i64,
    decided_on: NaiveDate,
    refunded_on: NaiveDate,
) -> bool {
    decided_on <= decision_by && refunded_on <= money_by(decided_on, money_days)
}

fn money_by(decided_on: NaiveDate, money_days: i64) -> NaiveDate {
    later(decided_on, money_days.try_into().unwrap_or(0))
}

fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fen;

    const RULES: PromiseRules = PromiseRules {
        list_within: 2,
        decision_within: 3,
        money_within: 1,
        appeal_hours: 72,
        answer_within: 2,
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_promise_is_counted_from_the_last_day() {
        let terms = Terms {
            deposit_fen: Fen::new(9900).unwrap(),
            start_date: day("2026-01-01"),
            end_date: day("2026-01-30"),
            total_days: 30,
            required_days: 20,
            grace_days: 1,
        };
        let promise = RULES.promise(&terms);
        assert_eq!(promise.list_by, day("2026-02-01"));
        assert_eq!(promise.decision_by, day("2026-02-02"));
        assert_eq!(promise.money_by(), day("2026-02-03"));
    }

    #[test]
    fn a_promise_ends_335_days_after_publishing_at_the_latest() {
        let published = day("2026-01-01");
        let latest = RULES.latest_end(published);
        let money_by = latest + Days::new(4);
        assert_eq!((money_by - published).num_days(), 335);
    }
}
