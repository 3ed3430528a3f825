//! Money: integers of fen, never a float.

use serde::{Deserialize, Serialize};

/// An amount in fen (1/100 yuan). Never negative: a deposit, a payment and a refund are amounts,
/// their direction is said by what they are.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Fen(i64);

/// An amount that cannot be: negative, or beyond what an `i64` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of money")]
pub struct NotAnAmount;

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `fen`; negative numbers are refused.
    pub const fn new(fen: i64) -> Result<Self, NotAnAmount> {
        if fen < 0 {
            Err(NotAnAmount)
        } else {
            Ok(Self(fen))
        }
    }

    /// The number of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it overflows.
    pub fn checked_add(self, other: Self) -> Result<Self, NotAnAmount> {
        self.0.checked_add(other.0).map(Self).ok_or(NotAnAmount)
    }

    /// The difference, unless it would be negative.
    pub fn checked_sub(self, other: Self) -> Result<Self, NotAnAmount> {
        self.0
            .checked_sub(other.0)
            .ok_or(NotAnAmount)
            .and_then(Self::new)
    }

    /// The sum of many amounts, unless it overflows.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, NotAnAmount> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Yuan as people read it, without trailing zeros: `99`, `99.5`, `0.01` (contract, Chat).
    #[must_use]
    pub fn yuan(self) -> String {
        let (whole, cents) = (self.0 / 100, self.0 % 100);
        match (cents, cents % 10) {
            (0, _) => whole.to_string(),
            (_, 0) => format!("{whole}.{}", cents / 10),
            _ => format!("{whole}.{cents:02}"),
        }
    }
}

impl TryFrom<i64> for Fen {
    type Error = NotAnAmount;

    fn try_from(fen: i64) -> Result<Self, Self::Error> {
        Self::new(fen)
    }
}

impl From<Fen> for i64 {
    fn from(amount: Fen) -> Self {
        amount.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_has_no_trailing_zeros() {
        for (fen, shown) in [
            (0, "0"),
            (1, "0.01"),
            (10, "0.1"),
            (99, "0.99"),
            (9900, "99"),
            (9950, "99.5"),
            (9905, "99.05"),
        ] {
            assert_eq!(Fen::new(fen).unwrap().yuan(), shown);
        }
    }

    #[test]
    fn amounts_never_leave_their_range() {
        assert_eq!(Fen::new(-1), Err(NotAnAmount));
        assert_eq!(Fen(1).checked_sub(Fen(2)), Err(NotAnAmount));
        assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), Err(NotAnAmount));
        assert_eq!(Fen::sum([Fen(1), Fen(2), Fen(3)]), Ok(Fen(6)));
        assert!(serde_json::from_str::<Fen>("-5").is_err());
    }
}
