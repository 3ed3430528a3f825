//! Checks a request body against a table of its documented fields.
//!
//! Strict as the real gateway: an unknown key, a `null`, a wrong type, a value too long or an
//! emoji is a `PARAM_ERROR` (wechat-pay-v3 §0). Knows no particular request: the tables are in
//! [`super::requests`].

use serde_json::{Map, Value, json};

use super::answer::Refusal;

/// One documented key of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

/// What a value must be.
pub(super) enum Kind {
    /// A string of `min..=max` bytes that satisfies `check`.
    Text {
        min: usize,
        max: usize,
        check: fn(&str) -> bool,
    },
    /// An integer of at least this.
    Integer {
        min: i64,
    },
    Bool,
    Object(&'static [Field]),
    List(&'static Kind),
}

/// A required key.
pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: true,
        kind,
    }
}

/// A key that may be absent.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: false,
        kind,
    }
}

/// Any text of 1 to `max` bytes.
pub(super) const fn text(max: usize) -> Kind {
    Kind::Text {
        min: 1,
        max,
        check: |_| true,
    }
}

/// Text of 1 to `max` bytes that satisfies `check`.
pub(super) const fn checked(max: usize, check: fn(&str) -> bool) -> Kind {
    Kind::Text { min: 1, max, check }
}

/// Parses the body and checks it against `fields`.
pub(super) fn check(body: &[u8], fields: &'static [Field]) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|_syntax| {
        Refusal::param(
            "the body is JSON in UTF-8",
            "请求体不是合法的JSON",
            json!({"location": "body"}),
        )
    })?;
    let Some(object) = value.as_object() else {
        return Err(wrong("/", &value, "not an object"));
    };
    let mut unknown = Vec::new();
    collect_unknown(object, fields, "/body", &mut unknown);
    if !unknown.is_empty() {
        return Err(Refusal::param(
            "only documented keys",
            "请求中含有未在API文档中定义的参数",
            json!({"location": null, "value": unknown}),
        ));
    }
    check_object(object, fields, "")?;
    Ok(value)
}

fn collect_unknown(
    object: &Map<String, Value>,
    fields: &'static [Field],
    path: &str,
    unknown: &mut Vec<String>,
) {
    for (name, value) in object {
        let here = format!("{path}/{name}");
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            unknown.push(here);
            continue;
        };
        match (&field.kind, value) {
            (Kind::Object(inner), Value::Object(object)) => {
                collect_unknown(object, inner, &here, unknown);
            }
            (Kind::List(Kind::Object(inner)), Value::Array(items)) => {
                for object in items.iter().filter_map(Value::as_object) {
                    collect_unknown(object, inner, &here, unknown);
                }
            }
            _ => {}
        }
    }
}

fn check_object(
    object: &Map<String, Value>,
    fields: &'static [Field],
    path: &str,
) -> Result<(), Refusal> {
    for field in fields {
        let here = format!("{path}/{}", field.name);
        match object.get(field.name) {
            Some(value) => check_value(value, &field.kind, &here)?,
            None if field.required => return Err(wrong(&here, &Value::Null, "required")),
            None => {}
        }
    }
    Ok(())
}

fn check_value(value: &Value, kind: &'static Kind, path: &str) -> Result<(), Refusal> {
    match (kind, value) {
        (Kind::Text { min, max, check }, Value::String(text)) => {
            if text.chars().any(|c| c.len_utf8() > 3) {
                return Err(wrong(
                    path,
                    value,
                    "characters of four bytes are not accepted",
                ));
            }
            if !(*min..=*max).contains(&text.len()) {
                return Err(wrong(
                    path,
                    value,
                    &format!("not {min} to {max} bytes long"),
                ));
            }
            if !check(text) {
                return Err(wrong(path, value, "not of the documented form"));
            }
            Ok(())
        }
        (Kind::Integer { min }, Value::Number(number)) => match number.as_i64() {
            Some(number) if number >= *min => Ok(()),
            _ => Err(wrong(
                path,
                value,
                &format!("not an integer of at least {min}"),
            )),
        },
        (Kind::Bool, Value::Bool(_)) => Ok(()),
        (Kind::Object(fields), Value::Object(object)) => check_object(object, fields, path),
        (Kind::List(kind), Value::Array(items)) => items
            .iter()
            .try_for_each(|item| check_value(item, kind, path)),
        _ => Err(wrong(path, value, "of the wrong type")),
    }
}

fn wrong(path: &str, value: &Value, issue: &str) -> Refusal {
    Refusal::param(
        "every field has its documented form",
        format!("参数错误：{path}"),
        json!({"location": "body", "field": path, "value": value, "issue": issue}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &[Field] = &[required("total", Kind::Integer { min: 1 })];
    const FIELDS: &[Field] = &[
        required("name", text(6)),
        optional("flag", Kind::Bool),
        optional("amount", Kind::Object(INNER)),
        optional("list", Kind::List(&Kind::Object(INNER))),
    ];

    #[test]
    fn documented_bodies_pass() {
        for body in [
            r#"{"name":"你好"}"#,
            r#"{"name":"x","flag":true,"amount":{"total":1},"list":[{"total":2},{"total":3}]}"#,
        ] {
            check(body.as_bytes(), FIELDS).unwrap();
        }
    }

    #[test]
    fn everything_else_is_a_param_error() {
        let cases = [
            ("", "/"),
            ("[]", "/"),
            ("{}", "/name"),
            (r#"{"name":null}"#, "/name"),
            (r#"{"name":""}"#, "/name"),
            (r#"{"name":"1234567"}"#, "/name"),
            (r#"{"name":"🎉"}"#, "/name"),
            (r#"{"name":"x","flag":"true"}"#, "/flag"),
            (r#"{"name":"x","amount":{"total":0}}"#, "/amount/total"),
            (r#"{"name":"x","amount":{"total":1.5}}"#, "/amount/total"),
            (r#"{"name":"x","amount":{"total":"1"}}"#, "/amount/total"),
            (r#"{"name":"x","list":[{}]}"#, "/list/total"),
        ];
        for (body, field) in cases {
            let refusal = check(body.as_bytes(), FIELDS).unwrap_err();
            let answer = refusal.answer().body.unwrap();
            assert_eq!(answer["code"], "PARAM_ERROR", "{body}");
            if !body.is_empty() {
                assert_eq!(answer["detail"]["field"], field, "{body}");
            }
        }
    }

    #[test]
    fn unknown_keys_are_listed_by_path() {
        let body =
            br#"{"name":"x","payer":{},"amount":{"total":1,"x":2},"list":[{"total":1,"y":0}]}"#;
        let answer = check(body, FIELDS).unwrap_err().answer().body.unwrap();
        assert_eq!(answer["message"], "请求中含有未在API文档中定义的参数");
        assert_eq!(answer["detail"]["location"], Value::Null);
        let mut listed: Vec<_> = answer["detail"]["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap())
            .collect();
        listed.sort_unstable();
        assert_eq!(listed, ["/body/amount/x", "/body/list/y", "/body/payer"]);
    }
}
