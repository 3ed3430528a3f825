//! The accounts of a merchant.

use serde::{Deserialize, Serialize};

/// Account of the merchant that a refund is taken from, spelled as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FundsAccount {
    /// What payers have paid and is not settled yet: the usual one.
    #[default]
    Unsettled,
    /// What the merchant has at hand.
    Available,
}

impl FundsAccount {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unsettled => "UNSETTLED",
            Self::Available => "AVAILABLE",
        }
    }
}
