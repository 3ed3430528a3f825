//! Identifiers that cannot be mixed up, and the numbers that WeChat Pay knows us by.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! row_id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_id!(
    /// A training camp.
    CampId,
    /// A payment attempt: one row of `payment_record`.
    PaymentId,
    /// A member of a camp: one confirmed payment.
    MemberId,
    /// A refund.
    RefundId,
    /// A member of staff.
    UserId,
    /// One run of a check-in sync.
    SyncId,
    /// An uploaded file.
    UploadId,
    /// An interactive card that was sent.
    CardId,
    /// An objection of a member.
    AppealId,
    /// Something in which a trade bill and the books differ.
    DifferenceId,
);

/// The account id of a planet user (10–15 digits, zsxq §3). In JSON it is a string, since
/// neighbours of it exceed 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanetUserId(pub i64);

impl From<i64> for PlanetUserId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl fmt::Display for PlanetUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for PlanetUserId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PlanetUserId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

macro_rules! merchant_number {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new number from a v4 UUID: 128 bits, so that nobody can guess another's.
            #[must_use]
            pub fn new(uuid: Uuid) -> Self {
                Self(format!(concat!($prefix, "{}"), crockford(uuid)))
            }

            /// Reads a number; anything that we cannot have made is `None`.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let tail = text.strip_prefix($prefix)?;
                let ours = tail.len() == 26 && tail.bytes().all(|b| CROCKFORD.contains(&b));
                ours.then(|| Self(text.to_owned()))
            }

            /// The number as WeChat Pay and people see it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

merchant_number!(
    /// `out_trade_no` of one payment attempt: `ord_` + 26 lower-case Crockford base32 characters,
    /// 30 of the 32 that WeChat Pay takes (wechat-pay-v3 §4.1).
    OrderNo,
    "ord_"
);
merchant_number!(
    /// `out_refund_no`, made once with the refund and used for every attempt: it is what makes a
    /// refund happen once (wechat-pay-v3 §7.2).
    RefundNo,
    "rfd_"
);

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The 128 bits of a UUID in 26 lower-case Crockford base32 characters. Lower case only, because
/// whether case counts at WeChat Pay is unconfirmed.
fn crockford(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26u32)
        .rev()
        .map(|place| {
            let digit = (bits >> (place * 5)) & 31;
            char::from(*CROCKFORD.get(digit as usize).unwrap_or(&b'0'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_wechat_pay_and_read_back() {
        let order = OrderNo::new(Uuid::from_u128(u128::MAX));
        assert_eq!(order.as_str(), "ord_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(order.as_str().len(), 30);
        assert_eq!(OrderNo::parse(order.as_str()), Some(order));
        assert_eq!(
            RefundNo::new(Uuid::nil()).as_str(),
            "rfd_00000000000000000000000000"
        );
        for foreign in [
            "",
            "ord_",
            "ord_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "rfd_7zzz",
            "4200001234",
        ] {
            assert_eq!(OrderNo::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn planet_ids_are_strings_in_json() {
        let id = PlanetUserId(300_000_000_000_007);
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"300000000000007\"");
        assert_eq!(
            serde_json::from_str::<PlanetUserId>("\"300000000000007\"").unwrap(),
            id
        );
    }
}
