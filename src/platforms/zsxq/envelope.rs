//! The envelope of every answer (zsxq §2): `succeeded` decides first, then `code`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom::lenient_json;

use super::error::{Failure, FailureClass, PlanetText};

/// Everything but the data. Other fields are skipped unread.
#[derive(Deserialize)]
struct Head {
    succeeded: bool,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    info: Value,
    #[serde(default)]
    message: Value,
}

#[derive(Deserialize)]
struct Body<T> {
    resp_data: T,
}

/// Reads one answer, past bad strings in it. The body is parsed twice on success, so that fields
/// nobody asked for (the owner's phone number, zsxq §4.1) are never taken out of it.
pub(super) fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Failure> {
    let is_success = (200..300).contains(&status);
    match lenient_json::from_slice::<Head>(body) {
        Ok(head) if head.succeeded && is_success => lenient_json::from_slice::<Body<T>>(body)
            .map(|body| body.resp_data)
            .map_err(|error| Failure::Shape {
                line: error.line(),
                column: error.column(),
            }),
        Ok(head) if !head.succeeded => Err(refusal(status, &head)),
        _ if is_success => Err(Failure::Unreadable),
        _ => Err(Failure::Http(status)),
    }
}

/// A code we know beats the HTTP status; a status we know beats a code we do not.
fn refusal(status: u16, head: &Head) -> Failure {
    let text = PlanetText::new(
        [&head.error, &head.info, &head.message]
            .into_iter()
            .filter_map(Value::as_str)
            .find(|text| !text.trim().is_empty())
            .unwrap_or_default(),
    );
    let code = head
        .code
        .as_i64()
        .or_else(|| head.code.as_str()?.trim().parse().ok());
    let by_body = match code {
        Some(code) => Failure::Code { code, text },
        None => Failure::NoCode { text },
    };
    let by_status = Failure::Http(status);
    let status_is_told =
        !(200..300).contains(&status) && by_status.class() != FailureClass::RetryOnce;
    if by_body.class() == FailureClass::RetryOnce && status_is_told {
        by_status
    } else {
        by_body
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        n: u32,
    }

    fn code(code: i64, text: &str) -> Result<Answer, Failure> {
        Err(Failure::Code {
            code,
            text: PlanetText::new(text),
        })
    }

    type Case = (u16, &'static str, Result<Answer, Failure>);

    fn check(cases: impl IntoIterator<Item = Case>) {
        for (status, body, expected) in cases {
            assert_eq!(
                read::<Answer>(status, body.as_bytes()),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn success_is_read() {
        check([
            (
                200,
                r#"{"succeeded":true,"resp_data":{"n":3}}"#,
                Ok(Answer { n: 3 }),
            ),
            (
                200,
                r#"{"code":0,"succeeded":true,"resp_data":{"n":3,"x":[]}}"#,
                Ok(Answer { n: 3 }),
            ),
        ]);
    }

    #[test]
    fn success_with_other_data_is_told_by_its_place() {
        let shape = |column| Err(Failure::Shape { line: 1, column });
        check([
            (200, r#"{"succeeded":true}"#, shape(18)),
            (200, r#"{"succeeded":true,"resp_data":{"n":-3}}"#, shape(37)),
        ]);
    }

    #[test]
    fn a_bad_string_loses_neither_an_answer_nor_a_refusal() {
        let read = |body: &[u8]| read::<Answer>(200, body);
        for body in [
            &b"\xef\xbb\xbf{\"succeeded\":true,\"resp_data\":{\"n\":3,\"x\":\"a\nb\"}}"[..],
            br#"{"succeeded":true,"info":"\ud83d","resp_data":{"x":["\udc00"],"n":3}}"#,
            b"{\"succeeded\":true,\"resp_data\":{\"x\":\"\xe5\xb0\",\"n\":3}}",
        ] {
            assert_eq!(
                read(body),
                Ok(Answer { n: 3 }),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        let refused = b"{\"succeeded\":false,\"code\":1059,\"error\":\"a\nb\"}";
        assert_eq!(read(refused), code(1059, "ab"));
    }

    #[test]
    fn refusals_keep_code_and_first_text() {
        check([
            (
                200,
                r#"{"succeeded":false,"code":52010,"info":"","resp_data":{},"error":"未加入"}"#,
                code(52010, "未加入"),
            ),
            (
                200,
                r#"{"succeeded":false,"code":"1059","info":"内部错误"}"#,
                code(1059, "内部错误"),
            ),
            (
                200,
                r#"{"succeeded":false,"code":1059,"error":" ","message":"m"}"#,
                code(1059, "m"),
            ),
            (
                200,
                r#"{"succeeded":false}"#,
                Err(Failure::NoCode {
                    text: PlanetText::default(),
                }),
            ),
        ]);
    }

    #[test]
    fn the_better_known_of_code_and_status_wins() {
        check([
            (401, r#"{"succeeded":false,"code":401}"#, code(401, "")),
            (401, r#"{"succeeded":false,"code":1059}"#, code(1059, "")),
            (
                401,
                r#"{"succeeded":false,"code":77777}"#,
                Err(Failure::Http(401)),
            ),
            (429, r#"{"succeeded":false}"#, Err(Failure::Http(429))),
            (404, r#"{"succeeded":false,"code":52001}"#, code(52001, "")),
        ]);
    }

    #[test]
    fn what_is_no_envelope_is_judged_by_status() {
        check([
            (401, "", Err(Failure::Http(401))),
            (502, "<html>bad gateway</html>", Err(Failure::Http(502))),
            (
                500,
                r#"{"succeeded":true,"resp_data":{"n":3}}"#,
                Err(Failure::Http(500)),
            ),
            (200, "<html>login</html>", Err(Failure::Unreadable)),
            (
                200,
                r#"{"succeeded":true,"resp_data":{"n":"#,
                Err(Failure::Unreadable),
            ),
            (200, r#"{"resp_data":{"n":3}}"#, Err(Failure::Unreadable)),
        ]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_a_failure(status in 100u16..600, body: Vec<u8>) {
            let _ = read::<Answer>(status, &body);
        }

        #[test]
        fn any_code_is_taken(code: i64) {
            let body = format!(r#"{{"succeeded":false,"code":{code}}}"#);
            let failure = read::<Answer>(200, body.as_bytes()).unwrap_err();
            prop_assert_eq!(failure.code(), Some(code));
        }
    }
}
