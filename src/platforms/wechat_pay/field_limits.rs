//! What WeChat Pay takes in a request's fields (§0, §4, §7). Checked here, before anything is
//! signed, since a refused request costs a call and counts against the merchant's limit.

use super::error::Error;
use reqwest::Url;
use std::net::IpAddr;

/// Largest sum taken, in fen: a hundred million yuan. Far above any deposit; keeps nonsense out.
const MAX_AMOUNT_FEN: i64 = 10_000_000_000;
const MIN_OUT_TRADE_NO_BYTES: usize = 6;
const MAX_OUT_TRADE_NO_BYTES: usize = 32;
const MAX_OUT_REFUND_NO_BYTES: usize = 64;
/// The smaller one of orders (255) and refunds (256).
const MAX_NOTIFY_URL_BYTES: usize = 255;

/// Left behind when an emoji loses its 4-byte parts: zero-width joiner and variation selectors.
const EMOJI_REMAINS: [char; 3] = ['\u{200D}', '\u{FE0E}', '\u{FE0F}'];

/// Drops what WeChat Pay refuses (characters of four UTF-8 bytes, such as emoji) and control
/// characters, and cuts to `max_bytes` on a character boundary.
pub(super) fn fitted(text: &str, max_bytes: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(max_bytes));
    for character in text.trim().chars() {
        let refused = character.len_utf8() > 3
            || character.is_control()
            || EMOJI_REMAINS.contains(&character);
        // What stood before a space may have been refused: no text begins with one.
        if refused || (kept.is_empty() && character.is_whitespace()) {
            continue;
        }
        if kept.len() + character.len_utf8() > max_bytes {
            break;
        }
        kept.push(character);
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// `^[0-9A-Za-z_\-|*]{6,32}$` (§4.1).
pub(super) fn check_out_trade_no(number: &str) -> Result<(), Error> {
    let length = MIN_OUT_TRADE_NO_BYTES..=MAX_OUT_TRADE_NO_BYTES;
    if length.contains(&number.len()) && number.bytes().all(|byte| is_number_byte(byte, b"_-|*")) {
        return Ok(());
    }
    Err(invalid(
        "out_trade_no",
        "must be 6 to 32 of 0-9 A-Z a-z _ - | *",
    ))
}

/// `^[0-9A-Za-z_\-|*@]{1,64}$` (§4.1).
pub(super) fn check_out_refund_no(number: &str) -> Result<(), Error> {
    let length = 1..=MAX_OUT_REFUND_NO_BYTES;
    if length.contains(&number.len()) && number.bytes().all(|byte| is_number_byte(byte, b"_-|*@")) {
        return Ok(());
    }
    Err(invalid(
        "out_refund_no",
        "must be 1 to 64 of 0-9 A-Z a-z _ - | * @",
    ))
}

/// WeChat Pay's number of a payment (§7.1).
pub(super) fn check_transaction_id(id: &str) -> Result<(), Error> {
    if (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(invalid("transaction_id", "must be 1 to 32 of 0-9 A-Z a-z"))
}

pub(super) fn check_amount_fen(field: &'static str, amount_fen: i64) -> Result<(), Error> {
    if (1..=MAX_AMOUNT_FEN).contains(&amount_fen) {
        return Ok(());
    }
    Err(invalid(
        field,
        "must be at least 1 fen and not absurdly large",
    ))
}

/// Absolute https, public or loopback, no query, no fragment (§4).
pub(super) fn check_notify_url(address: &str) -> Result<(), Error> {
    let url = Url::parse(address).map_err(|_| invalid("notify_url", "is not an address"))?;
    if !is_secure_address(&url) {
        return Err(invalid("notify_url", "must be https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid(
            "notify_url",
            "must have neither query nor fragment",
        ));
    }
    if address.len() > MAX_NOTIFY_URL_BYTES {
        return Err(invalid("notify_url", "must have at most 255 bytes"));
    }
    Ok(())
}

/// For opaque texts, which are never cut: not empty, at most so many bytes, no control characters
/// and none of four bytes.
pub(super) fn check_opaque(field: &'static str, text: &str, max_bytes: usize) -> Result<(), Error> {
    if text.is_empty() || text.len() > max_bytes {
        return Err(invalid(field, "is empty or too long"));
    }
    if text
        .chars()
        .any(|character| character.is_control() || character.len_utf8() > 3)
    {
        return Err(invalid(field, "has characters that WeChat Pay refuses"));
    }
    Ok(())
}

/// https, or anything on loopback, which counts as https everywhere in this house.
pub(super) fn is_secure_address(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A number as a path segment: what is not unreserved is percent-encoded, and so it is signed.
pub(super) fn path_segment(number: &str) -> String {
    number
        .replace('|', "%7C")
        .replace('*', "%2A")
        .replace('@', "%40")
}

pub(super) fn invalid(field: &'static str, problem: &'static str) -> Error {
    Error::InvalidRequest { field, problem }
}

fn is_number_byte(byte: u8, marks: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || marks.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_descriptions_on_a_character_boundary() {
        let long = "押".repeat(50);
        let cases = [
            ("写作营押金", 127, "写作营押金"),
            ("早起🌅打卡营", 127, "早起打卡营"),
            ("🌅 早起营 🌅", 127, "早起营"),
            ("👨‍👩‍👧亲子营❤️", 127, "亲子营❤"),
            ("  a\nb\t ", 127, "ab"),
            ("写作营", 8, "写作"),
            ("写作营", 2, ""),
            (long.as_str(), 127, &long[..126]),
            ("ab  cd", 4, "ab"),
            ("🌅", 127, ""),
        ];
        for (text, max_bytes, expected) in cases {
            assert_eq!(fitted(text, max_bytes), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fitted_text_is_always_acceptable(text in "\\PC*|.*", max_bytes in 0usize..200) {
            let kept = fitted(&text, max_bytes);
            prop_assert!(kept.len() <= max_bytes);
            prop_assert!(kept.chars().all(|c| c.len_utf8() < 4 && !c.is_control()));
            prop_assert_eq!(fitted(&kept, max_bytes), kept);
        }
    }

    #[test]
    fn numbers() {
        let orders = [
            ("ord_01k73xq8zs5v9n3m2h7c4t6bwe", true),
            ("a|b*c-_9", true),
            ("abcdef", true),
            ("abcde", false),
            ("ord_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d", false),
            ("ord@01k73", false),
            ("ord 01k73", false),
            ("订单000001", false),
            ("ord_0/../1", false),
            ("", false),
        ];
        for (number, accepted) in orders {
            assert_eq!(check_out_trade_no(number).is_ok(), accepted, "{number}");
        }
        let refunds = [
            ("rfd_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d", true),
            ("r@1", true),
            ("r", true),
            ("", false),
            (&"r".repeat(65), false),
            ("r/1", false),
        ];
        for (number, accepted) in refunds {
            assert_eq!(check_out_refund_no(number).is_ok(), accepted, "{number}");
        }
        assert_eq!(path_segment("a|b*c-_9@"), "a%7Cb%2Ac-_9%40");
    }

    #[test]
    fn notify_addresses() {
        let long = format!("https://camp.example.com/{}", "a".repeat(240));
        let cases = [
            ("https://camp.example.com/api/webhook/wechat/payment", true),
            ("http://127.0.0.1:8080/api/webhook/wechat/payment", true),
            ("http://localhost:8080/pay", true),
            ("http://[::1]:8080/pay", true),
            ("http://camp.example.com/pay", false),
            ("http://127.0.0.1.example.com/pay", false),
            ("https://camp.example.com/pay?order=1", false),
            ("https://camp.example.com/pay#order", false),
            ("/api/webhook", false),
            ("ftp://127.0.0.1/pay", false),
            (long.as_str(), false),
        ];
        for (address, accepted) in cases {
            assert_eq!(check_notify_url(address).is_ok(), accepted, "{address}");
        }
    }

    #[test]
    fn amounts() {
        for (amount_fen, accepted) in [
            (1, true),
            (9_900, true),
            (0, false),
            (-1, false),
            (i64::MAX, false),
        ] {
            assert_eq!(
                check_amount_fen("total", amount_fen).is_ok(),
                accepted,
                "{amount_fen}"
            );
        }
    }
}
