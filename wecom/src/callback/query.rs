//! The query of a callback address: `msg_signature`, `timestamp`, `nonce` and, on GET, `echostr`.

use std::borrow::Cow;

/// Longest query that is looked at, in bytes. An `echostr` has about 90.
pub const MAX_QUERY_BYTES: usize = 8192;

/// The reason a query is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Longer than [`MAX_QUERY_BYTES`].
    #[error("the query is longer than {MAX_QUERY_BYTES} bytes")]
    TooLong,
    /// A parameter that must be there is missing or empty.
    #[error("the query has no `{0}`")]
    Missing(&'static str),
    /// A parameter is there twice.
    #[error("the query has `{0}` twice")]
    Repeated(&'static str),
    /// A percent sign is not followed by two hex digits, or the bytes are not UTF-8.
    #[error("the query is not percent-encoded UTF-8")]
    Encoding,
}

/// The parameters of a callback, decoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query<'a> {
    /// Signature in lower-case hex.
    pub msg_signature: Cow<'a, str>,
    /// Unix seconds as they were received: the text, not the number, is signed.
    pub timestamp: Cow<'a, str>,
    /// Nonce of the platform.
    pub nonce: Cow<'a, str>,
    /// The ciphertext to echo; only in the GET that verifies the address.
    pub echostr: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads the raw query of the request, that is the part after `?`, still percent-encoded.
    ///
    /// A `+` stays a `+`: it is base64 here, not a space (wecom-app §1.4). Unknown parameters are
    /// ignored.
    ///
    /// # Errors
    /// [`QueryError`] for missing, repeated, badly encoded or oversized parameters.
    pub fn parse(raw: &'a str) -> Result<Self, QueryError> {
        if raw.len() > MAX_QUERY_BYTES {
            return Err(QueryError::TooLong);
        }
        let (mut msg_signature, mut timestamp, mut nonce, mut echostr) = (None, None, None, None);
        let is_encoded = raw.contains('%');
        for pair in raw.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (slot, name) = match name {
                "msg_signature" => (&mut msg_signature, "msg_signature"),
                "timestamp" => (&mut timestamp, "timestamp"),
                "nonce" => (&mut nonce, "nonce"),
                "echostr" => (&mut echostr, "echostr"),
                _ => continue,
            };
            let value = if is_encoded {
                percent_decoded(value)?
            } else {
                Cow::Borrowed(value)
            };
            if slot.replace(value).is_some() {
                return Err(QueryError::Repeated(name));
            }
        }
        Ok(Self {
            msg_signature: required(msg_signature, "msg_signature")?,
            timestamp: required(timestamp, "timestamp")?,
            nonce: required(nonce, "nonce")?,
            echostr: echostr.filter(|text| !text.is_empty()),
        })
    }
}

fn required<'a>(
    value: Option<Cow<'a, str>>,
    name: &'static str,
) -> Result<Cow<'a, str>, QueryError> {
    value
        .filter(|text| !text.is_empty())
        .ok_or(QueryError::Missing(name))
}

fn percent_decoded(value: &str) -> Result<Cow<'_, str>, QueryError> {
    if !value.contains('%') {
        return Ok(Cow::Borrowed(value));
    }
    let mut pieces = value.split('%');
    let mut decoded = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or(QueryError::Encoding)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(QueryError::Encoding);
        }
        decoded.push(u8::from_str_radix(digits, 16).map_err(|_| QueryError::Encoding)?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| QueryError::Encoding)
}

/// Percent-encodes all but unreserved characters.
pub(super) fn percent_encoded(value: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query =
            Query::parse("nonce=n%2B1&echostr=a%2Fb%2Bc+d%3D%3D&msg_signature=s&timestamp=1&x=%25")
                .unwrap();
        assert_eq!(query.nonce, "n+1");
        assert_eq!(query.echostr.as_deref(), Some("a/b+c+d=="));
        let twice = Query::parse("msg_signature=%2541&timestamp=1&nonce=n").unwrap();
        assert_eq!(twice.msg_signature, "%41");
        assert_eq!(twice.echostr, None);
    }

    #[test]
    fn bad_queries_are_named() {
        let long = "a".repeat(MAX_QUERY_BYTES + 1);
        for (raw, expected) in [
            ("", QueryError::Missing("msg_signature")),
            (
                "msg_signature=&timestamp=1&nonce=n",
                QueryError::Missing("msg_signature"),
            ),
            ("msg_signature=s&nonce=n", QueryError::Missing("timestamp")),
            ("msg_signature=s&timestamp=1", QueryError::Missing("nonce")),
            ("nonce=1&nonce=2", QueryError::Repeated("nonce")),
            ("nonce=%", QueryError::Encoding),
            ("nonce=%4", QueryError::Encoding),
            ("nonce=%+1", QueryError::Encoding),
            ("nonce=%é", QueryError::Encoding),
            ("nonce=%ff", QueryError::Encoding),
            (long.as_str(), QueryError::TooLong),
        ] {
            assert_eq!(Query::parse(raw).unwrap_err(), expected, "{raw:.40}");
        }
    }

    proptest! {
        #[test]
        fn encoding_round_trips(value in "\\PC{1,40}") {
            let raw = format!("msg_signature=s&timestamp=1&nonce={}", percent_encoded(&value));
            prop_assert_eq!(Query::parse(&raw).unwrap().nonce, value);
        }

        #[test]
        fn arbitrary_queries_never_panic(raw in "\\PC{0,100}") {
            let _ = Query::parse(&raw);
        }
    }
}
