//! The `Authorization` header: taken apart and checked exactly (wechat-pay-v3 §1).

use std::fmt;

/// Greatest difference between the header's clock and ours, seconds.
const CLOCK_DRIFT_SECONDS: u64 = 300;
/// Longest nonce.
const NONCE_CHARS: usize = 32;
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048 ";

/// The five fields of the header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) mchid: String,
    pub(super) nonce: String,
    pub(super) signature: String,
    pub(super) timestamp: String,
    pub(super) serial: String,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    Scheme,
    Syntax,
    UnknownField(String),
    RepeatedField(&'static str),
    MissingField(&'static str),
    Nonce,
    Timestamp,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => write!(f, "the scheme is not {SCHEME}"),
            Self::Syntax => f.write_str("not a list of key=\"value\""),
            Self::UnknownField(name) => write!(f, "unknown field {name}"),
            Self::RepeatedField(name) => write!(f, "{name} is given twice"),
            Self::MissingField(name) => write!(f, "{name} is missing"),
            Self::Nonce => write!(f, "nonce_str is not 1-{NONCE_CHARS} letters and digits"),
            Self::Timestamp => f.write_str("timestamp is not Unix seconds"),
        }
    }
}

impl Authorization {
    /// Reads the header. The order of the fields is free; each must be there once, no other may.
    pub(super) fn parse(header: &str) -> Result<Self, Malformed> {
        let list = header.strip_prefix(SCHEME).ok_or(Malformed::Scheme)?;
        let (mut mchid, mut nonce, mut signature, mut timestamp, mut serial) =
            (None, None, None, None, None);
        for part in list.split(',') {
            let (name, quoted) = part.split_once('=').ok_or(Malformed::Syntax)?;
            let value = quoted
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .filter(|value| !value.contains('"'))
                .ok_or(Malformed::Syntax)?;
            let (slot, name) = match name {
                "mchid" => (&mut mchid, "mchid"),
                "nonce_str" => (&mut nonce, "nonce_str"),
                "signature" => (&mut signature, "signature"),
                "timestamp" => (&mut timestamp, "timestamp"),
                "serial_no" => (&mut serial, "serial_no"),
                other => return Err(Malformed::UnknownField(other.to_owned())),
            };
            if slot.replace(value.to_owned()).is_some() {
                return Err(Malformed::RepeatedField(name));
            }
        }
        let nonce = nonce.ok_or(Malformed::MissingField("nonce_str"))?;
        if !(1..=NONCE_CHARS).contains(&nonce.len())
            || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Malformed::Nonce);
        }
        let timestamp = timestamp.ok_or(Malformed::MissingField("timestamp"))?;
        if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) || timestamp.parse::<i64>().is_err()
        {
            return Err(Malformed::Timestamp);
        }
        Ok(Self {
            mchid: mchid.ok_or(Malformed::MissingField("mchid"))?,
            nonce,
            signature: signature.ok_or(Malformed::MissingField("signature"))?,
            timestamp,
            serial: serial.ok_or(Malformed::MissingField("serial_no"))?,
        })
    }

    /// Whether the header's clock is within five minutes of `now` (Unix seconds).
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        self.timestamp
            .parse::<i64>()
            .is_ok_and(|timestamp| now.abs_diff(timestamp) <= CLOCK_DRIFT_SECONDS)
    }

    /// The text the signature covers: method, target and body exactly as sent.
    pub(super) fn signed_text(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("{method}\n{target}\n{}\n{}\n", self.timestamp, self.nonce);
        [head.as_bytes(), body, b"\n"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"n1\",\
         signature=\"AA==\",timestamp=\"1760000000\",serial_no=\"3775B6\"";

    #[test]
    fn order_of_fields_is_free() {
        let turned = "WECHATPAY2-SHA256-RSA2048 serial_no=\"3775B6\",timestamp=\"1760000000\",\
             signature=\"AA==\",nonce_str=\"n1\",mchid=\"1900000001\"";
        assert_eq!(Authorization::parse(GOOD), Authorization::parse(turned));
    }

    #[test]
    fn malformed_headers_are_named() {
        let cases = [
            ("Bearer x", Malformed::Scheme),
            (
                "WECHATPAY2-SHA256-RSA2048  mchid=\"1\"",
                Malformed::UnknownField(" mchid".into()),
            ),
            ("WECHATPAY2-SHA256-RSA2048 mchid=1", Malformed::Syntax),
            (
                "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",mchid=\"1\"",
                Malformed::RepeatedField("mchid"),
            ),
            (
                "WECHATPAY2-SHA256-RSA2048 mchid=\"1\"",
                Malformed::MissingField("nonce_str"),
            ),
            (
                "WECHATPAY2-SHA256-RSA2048 nonce_str=\"a b\"",
                Malformed::Nonce,
            ),
            (
                "WECHATPAY2-SHA256-RSA2048 nonce_str=\"a\",timestamp=\"1.5\"",
                Malformed::Timestamp,
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(Authorization::parse(header), Err(expected), "{header}");
        }
    }

    #[test]
    fn five_minutes_are_the_limit() {
        let header = Authorization::parse(GOOD).unwrap();
        assert!(header.is_fresh(1_760_000_300));
        assert!(!header.is_fresh(1_760_000_301));
        assert!(!header.is_fresh(1_759_999_699));
    }
}
