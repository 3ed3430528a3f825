//! Numbers, nonces and times in the shape that WeChat Pay gives them.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `2025-10-09T16:53:18+08:00`.
pub(super) fn beijing(time: DateTime<Utc>) -> String {
    shifted(time).format("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// 28 digits starting with `4200`, the Beijing day within.
pub(super) fn transaction_id(now: DateTime<Utc>) -> String {
    format!("4200002800{}{}", shifted(now).format("%Y%m%d"), digits(10))
}

/// 29 digits starting with `503`.
pub(super) fn refund_id(now: DateTime<Utc>) -> String {
    format!("503000028{}{}", shifted(now).format("%Y%m%d"), digits(12))
}

/// 36 characters starting with `wx`.
pub(super) fn prepay_id(now: DateTime<Utc>) -> String {
    format!("wx{}{}0000", shifted(now).format("%d%H%M%S%3f"), hex(19))
}

/// What a QR code of a native order says.
pub(super) fn code_url() -> String {
    format!("weixin://wxpay/bizpayurl?pr={}zz", alphanumeric(7))
}

/// `<hex>-<suffix>`.
pub(super) fn request_id(suffix: u32) -> String {
    format!("{}-{suffix}", hex(44).to_uppercase())
}

/// An openid for somebody who was not known before.
pub(super) fn openid() -> String {
    format!("o{}", alphanumeric(27))
}

/// `count` random letters and digits.
pub(super) fn alphanumeric(count: usize) -> String {
    from_alphabet(ALPHANUMERIC, count)
}

fn hex(count: usize) -> String {
    from_alphabet(b"0123456789abcdef", count)
}

fn digits(count: usize) -> String {
    from_alphabet(b"0123456789", count)
}

fn from_alphabet(alphabet: &[u8], count: usize) -> String {
    let mut rng = rand::rng();
    (0..count)
        .filter_map(|_| alphabet.get(rng.random_range(0..alphabet.len())))
        .map(|byte| char::from(*byte))
        .collect()
}

fn shifted(time: DateTime<Utc>) -> DateTime<Utc> {
    time.checked_add_signed(TimeDelta::hours(8)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let now = DateTime::from_timestamp(1_760_000_000, 0).unwrap();
        assert_eq!(beijing(now), "2025-10-09T16:53:20+08:00");
        assert_eq!(transaction_id(now).len(), 28);
        assert_eq!(refund_id(now).len(), 29);
        assert_eq!(prepay_id(now).len(), 36);
        assert!(prepay_id(now).starts_with("wx09165320000"));
        assert_ne!(prepay_id(now), prepay_id(now));
        assert!(request_id(268_512_771).ends_with("-268512771"));
    }
}
