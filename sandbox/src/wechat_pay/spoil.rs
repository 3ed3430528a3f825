//! Messages that a careful receiver refuses: probes and forgeries (wechat-pay-v3 §2.1, §2.2).

/// How far a stale message's clock is behind, seconds; 300 would already be refused.
const STALE_SECONDS: i64 = 900;
/// What every signature probe begins with.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";
/// A serial that belongs to nobody.
const UNKNOWN_SERIAL: &str = "PUB_KEY_ID_0119000000012025100900999999000009";

/// One way to spoil a signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoil {
    /// A probe whose signature is base64 of 256 bytes, as long as a real one.
    Probe,
    /// A probe whose signature is no base64 at all.
    ProbeNotBase64,
    /// Names a key that nobody has.
    WrongSerial,
    /// Properly signed, a quarter of an hour ago.
    Stale,
    /// One byte of the body was changed after signing.
    Tampered,
    /// No `Wechatpay-*` headers at all.
    Unsigned,
}

impl Spoil {
    pub(super) const ALL: [Self; 6] = [
        Self::Probe,
        Self::ProbeNotBase64,
        Self::WrongSerial,
        Self::Stale,
        Self::Tampered,
        Self::Unsigned,
    ];

    /// Name of the fault that spoils a response.
    pub(super) fn response_fault(self) -> &'static str {
        match self {
            Self::Probe => "probe_response",
            Self::ProbeNotBase64 => "probe_response_not_base64",
            Self::WrongSerial => "wrong_serial_response",
            Self::Stale => "stale_response",
            Self::Tampered => "tampered_response",
            Self::Unsigned => "unsigned_response",
        }
    }

    /// Name of the fault that sends a spoiled notification before the genuine one.
    pub(super) fn notification_fault(self) -> &'static str {
        match self {
            Self::Probe => "probe_notification",
            Self::ProbeNotBase64 => "probe_notification_not_base64",
            Self::WrongSerial => "wrong_serial_notification",
            Self::Stale => "stale_notification",
            Self::Tampered => "tampered_notification",
            Self::Unsigned => "unsigned_notification",
        }
    }

    /// Seconds added to the timestamp.
    pub(super) fn clock_shift(self) -> i64 {
        if self == Self::Stale {
            -STALE_SECONDS
        } else {
            0
        }
    }

    /// The serial named instead of the true one.
    pub(super) fn serial(self) -> Option<&'static str> {
        (self == Self::WrongSerial).then_some(UNKNOWN_SERIAL)
    }

    /// The signature sent instead of the genuine one.
    pub(super) fn signature(self, genuine: &str) -> String {
        match self {
            Self::Probe => {
                let rest = genuine.get(PROBE_PREFIX.len()..).unwrap_or_default();
                format!("{PROBE_PREFIX}{rest}")
            }
            Self::ProbeNotBase64 => format!("{PROBE_PREFIX}{genuine}"),
            _ => genuine.to_owned(),
        }
    }

    /// The body sent instead of the signed one.
    pub(super) fn body(self, signed: &str) -> String {
        if self != Self::Tampered {
            return signed.to_owned();
        }
        // The last letter or digit changes: in a notification a byte of its nonce, in an answer
        // of its last value. It stays JSON, so only the signature can tell.
        let Some((at, letter)) = signed
            .char_indices()
            .rev()
            .find(|(_, letter)| letter.is_ascii_alphanumeric())
        else {
            return format!("{signed} ");
        };
        let other = if letter == '1' { '2' } else { '1' };
        let mut changed = signed.to_owned();
        changed.replace_range(at..=at, &other.to_string());
        changed
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_two_forms_of_probe() {
        let genuine = STANDARD.encode([7; 256]);
        let long_enough = Spoil::Probe.signature(&genuine);
        assert_eq!(STANDARD.decode(&long_enough).unwrap().len(), 256);
        assert!(long_enough.starts_with(PROBE_PREFIX));
        let odd = Spoil::ProbeNotBase64.signature(&genuine);
        assert!(odd.starts_with(PROBE_PREFIX));
        STANDARD.decode(&odd).unwrap_err();
    }

    #[test]
    fn a_tampered_body_is_another_one_of_the_same_length() {
        let body = r#"{"nonce":"Kj7QIyUiYx1q"}"#;
        let tampered = Spoil::Tampered.body(body);
        assert_ne!(tampered, body);
        assert_eq!(tampered.len(), body.len());
        assert_eq!(Spoil::Stale.body(body), body);
    }
}
