//! Query strings, percent-encoded by RFC 3986 (`%20`, never `+`).

use std::fmt::Write as _;

/// Appends `?a=b&c=d` to `url`.
pub(crate) fn append(url: &mut String, pairs: &[(&str, &str)]) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        encode(url, value);
    }
}

/// Percent-encodes everything but the unreserved characters.
pub(crate) fn encode(into: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                into.push(char::from(byte));
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(into, "%{byte:02X}");
            }
        }
    }
}

/// Takes percent-encoding off; nothing if it is broken or not UTF-8.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn decoding_undoes_encoding_and_survives_nonsense() {
        let mut encoded = String::new();
        super::encode(&mut encoded, "名 %+&.pdf");
        assert_eq!(super::decode(&encoded).as_deref(), Some("名 %+&.pdf"));
        for broken in ["%", "%4", "%GG", "%FF"] {
            assert_eq!(super::decode(broken), None);
        }
    }

    #[test]
    fn values_are_encoded_once_and_completely() {
        let mut url = "https://a.example/x".to_owned();
        super::append(&mut url, &[("u", "https://b/?c=d&e f"), ("n", "李-_.~")]);
        assert_eq!(
            url,
            "https://a.example/x?u=https%3A%2F%2Fb%2F%3Fc%3Dd%26e%20f&n=%E6%9D%8E-_.~"
        );
    }
}
