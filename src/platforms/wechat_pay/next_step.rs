//! What may be done after a failed call: the tables of §11 as code.

use super::operation::Operation;

/// What the protocol allows after a failed call (§11). "The number" is `out_trade_no` for orders
/// and `out_refund_no` for refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Nothing took effect. The same call, same number, may be repeated after a pause.
    Repeat,
    /// It may have taken effect. Query by the number, or repeat the identical call with it; never
    /// use another number.
    QueryOrRepeat,
    /// The merchant's account lacks the money. Same number after topping up; not in a tight loop.
    RepeatAfterTopUp,
    /// Refused, yet something may stand under this number from an earlier call: query it, and
    /// believe what the query says.
    QueryFirst,
    /// Keys, permission, configuration or the request itself must be mended by a person; then the
    /// same number is still good.
    MendFirst,
    /// This number is used up. Query it to learn how it ended; a new attempt needs a new number.
    NewNumber,
    /// Refused for a reason that repeating does not change (risk rule, payer's account).
    GiveUp,
}

/// Whose trouble a call that asked for a refund, or about one, has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// This refund's: no other one is held up by it.
    Refund,
    /// The merchant account's: money, keys, rights or frequency. This refund has certainly not
    /// taken effect, and every other one would be refused as well.
    Merchant,
    /// Nobody knows: it may have taken effect.
    Unknown,
}

/// Codes that say that the merchant account cannot refund, whatever the refund (§11).
const OF_THE_MERCHANT: &[&str] = &[
    "NOT_ENOUGH",
    "SIGN_ERROR",
    "NO_AUTH",
    "MCH_NOT_EXISTS",
    "FREQUENCY_LIMITED",
];

/// Whose trouble an answer with this code is, of which `step` says what may be done.
pub(super) fn trouble_of(step: NextStep, code: Option<&str>) -> Trouble {
    match step {
        QueryOrRepeat => Trouble::Unknown,
        _ if code.is_some_and(|code| OF_THE_MERCHANT.contains(&code)) => Trouble::Merchant,
        // Nothing was sent, or something before WeChat Pay was in the way: the next call may do.
        Repeat => Trouble::Unknown,
        _ => Trouble::Refund,
    }
}

use NextStep::{GiveUp, MendFirst, NewNumber, QueryFirst, QueryOrRepeat, Repeat, RepeatAfterTopUp};

/// §11, orders: HTTP status, code, step.
const ORDER_STEPS: &[(u16, &str, NextStep)] = &[
    (202, "USER_PAYING", QueryOrRepeat),
    (400, "PARAM_ERROR", MendFirst),
    (400, "INVALID_REQUEST", QueryFirst),
    (400, "APPID_MCHID_NOT_MATCH", MendFirst),
    (400, "MCH_NOT_EXISTS", MendFirst),
    (400, "ORDER_CLOSED", NewNumber),
    (400, "ORDER_PAID", NewNumber),
    (401, "SIGN_ERROR", MendFirst),
    (403, "NO_AUTH", MendFirst),
    (403, "RULE_LIMIT", GiveUp),
    (403, "ACCOUNT_ERROR", GiveUp),
    (403, "TRADE_ERROR", GiveUp),
    (403, "NOT_ENOUGH", GiveUp),
    (403, "OUT_TRADE_NO_USED", NewNumber),
    (404, "ORDER_NOT_EXIST", QueryFirst),
    (429, "FREQUENCY_LIMITED", Repeat),
    (429, "RATELIMIT_EXCEEDED", Repeat),
    (429, "RATE_LIMITED", Repeat),
    (500, "SYSTEM_ERROR", QueryOrRepeat),
    (500, "BANK_ERROR", QueryOrRepeat),
    (503, "SERVICE_UNAVAILABLE", QueryOrRepeat),
    (500, "OPENID_MISMATCH", GiveUp),
    (500, "INVALID_TRANSACTIONID", GiveUp),
];

/// §11, refunds: HTTP status, code, step.
const REFUND_STEPS: &[(u16, &str, NextStep)] = &[
    (400, "PARAM_ERROR", MendFirst),
    (400, "INVALID_REQUEST", QueryFirst),
    (401, "SIGN_ERROR", MendFirst),
    (403, "NOT_ENOUGH", RepeatAfterTopUp),
    (403, "USER_ACCOUNT_ABNORMAL", GiveUp),
    (403, "NO_AUTH", MendFirst),
    (403, "REQUEST_BLOCKED", GiveUp),
    (404, "RESOURCE_NOT_EXISTS", MendFirst),
    (404, "MCH_NOT_EXISTS", MendFirst),
    (429, "FREQUENCY_LIMITED", Repeat),
    (429, "RATELIMIT_EXCEEDED", QueryOrRepeat),
    (429, "RATE_LIMITED", QueryOrRepeat),
    (500, "SYSTEM_ERROR", QueryOrRepeat),
    (500, "BANK_ERROR", QueryOrRepeat),
    (503, "SERVICE_UNAVAILABLE", QueryOrRepeat),
];

/// What may be done after an answer that is not a success.
pub(super) fn after_refusal(operation: Operation, status: u16, code: Option<&str>) -> NextStep {
    let row = steps_of(operation)
        .iter()
        .find(|(row_status, row_code, _)| {
            // Codes of server faults and rate limits are believed under any status. One that means
            // "refused" is not when the status says that the server failed.
            let believed = *row_status >= 429 || *row_status / 100 == status / 100;
            believed && code == Some(*row_code)
        });
    if let Some((_, _, step)) = row {
        let refused = matches!(step, MendFirst | GiveUp | NewNumber);
        // A refused close often means that the order was paid meanwhile (§5).
        let paid_meanwhile = operation == Operation::CloseOrder && refused;
        return if paid_meanwhile { QueryFirst } else { *step };
    }
    match status {
        429 if operation != Operation::CreateRefund => Repeat,
        400..=499 if code.is_some() && status != 429 => QueryFirst,
        // Without a readable code it is no word of WeChat Pay's: it proves nothing.
        _ => QueryOrRepeat,
    }
}

fn steps_of(operation: Operation) -> &'static [(u16, &'static str, NextStep)] {
    match operation {
        Operation::CreateRefund | Operation::QueryRefund => REFUND_STEPS,
        _ => ORDER_STEPS,
    }
}

/// Old interfaces write `ORDERNOTEXIST`, newer ones `ORDER_NOT_EXIST` (§11).
pub(super) fn modern_spelling(code: &str) -> String {
    let upper = code.trim().to_ascii_uppercase();
    let bare = upper.replace('_', "");
    let mut known = ORDER_STEPS
        .iter()
        .chain(REFUND_STEPS)
        .map(|(_, known, _)| *known);
    known
        .find(|known| known.replace('_', "") == bare)
        .map_or(upper, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::error::{ApiError, Error};
    use super::*;

    fn coded(operation: Operation, status: u16, code: &str) -> Error {
        let body = format!(r#"{{"code":"{code}","message":"说明"}}"#);
        Error::Api(Box::new(ApiError::read(
            operation,
            status,
            body.as_bytes(),
            None,
        )))
    }

    #[test]
    fn whose_trouble_a_refund_has_met() {
        use Trouble::{Merchant, Refund, Unknown};
        for (status, code, trouble) in [
            (403, "NOT_ENOUGH", Merchant),
            (403, "NOTENOUGH", Merchant),
            (401, "SIGN_ERROR", Merchant),
            (403, "NO_AUTH", Merchant),
            (404, "MCH_NOT_EXISTS", Merchant),
            (429, "FREQUENCY_LIMITED", Merchant),
            (429, "RATELIMIT_EXCEEDED", Unknown),
            (429, "RATE_LIMITED", Unknown),
            (429, "", Unknown),
            (400, "PARAM_ERROR", Refund),
            (400, "INVALID_REQUEST", Refund),
            (403, "USER_ACCOUNT_ABNORMAL", Refund),
            (403, "REQUEST_BLOCKED", Refund),
            (404, "RESOURCE_NOT_EXISTS", Refund),
            (403, "SOMETHING_NEW", Refund),
            (500, "SYSTEM_ERROR", Unknown),
            // The status says that the server failed: the code is no refusal.
            (500, "NOT_ENOUGH", Unknown),
            (502, "SIGN_ERROR", Unknown),
            (202, "ACCEPTED", Unknown),
        ] {
            let error = coded(Operation::CreateRefund, status, code);
            assert_eq!(error.trouble(), trouble, "{status} {code}");
        }
        let operation = Operation::CreateRefund;
        let no_keys = Error::NoCertificate {
            operation,
            source: Some(Box::new(coded(
                Operation::FetchCertificates,
                401,
                "SIGN_ERROR",
            ))),
        };
        assert_eq!(no_keys.trouble(), Merchant);
        let source = None;
        assert_eq!(
            Error::NoCertificate { operation, source }.trouble(),
            Unknown
        );
        let (field, problem) = ("amount.refund", "is less than 1");
        assert_eq!(Error::InvalidRequest { field, problem }.trouble(), Refund);
    }

    #[test]
    fn refund_answers() {
        // Columns: status, code, outcome unknown, retry with the same number by a machine.
        let cases = [
            (500, "SYSTEM_ERROR", true, true),
            (403, "NOT_ENOUGH", false, true),
            (403, "NOTENOUGH", false, true),
            (429, "FREQUENCY_LIMITED", false, true),
            (429, "RATELIMIT_EXCEEDED", true, true),
            (429, "SOMETHING_NEW", true, true),
            (403, "USER_ACCOUNT_ABNORMAL", false, false),
            (404, "RESOURCE_NOT_EXISTS", false, false),
            (404, "MCH_NOT_EXISTS", false, false),
            (400, "INVALID_REQUEST", false, false),
            (400, "PARAM_ERROR", false, false),
            (401, "SIGN_ERROR", false, false),
            (403, "NO_AUTH", false, false),
            (403, "REQUEST_BLOCKED", false, false),
            (500, "SOMETHING_NEW", true, true),
            (502, "SERVICE_UNAVAILABLE", true, true),
            (400, "SYSTEM_ERROR", true, true),
            (500, "PARAM_ERROR", true, true),
            (202, "ACCEPTED", true, true),
            (302, "", true, true),
            (403, "SOMETHING_NEW", false, false),
            (403, "", true, true),
        ];
        for (status, code, unknown, retry) in cases {
            let error = coded(Operation::CreateRefund, status, code);
            assert_eq!(error.outcome_unknown(), unknown, "{status} {code}");
            assert_eq!(error.is_retryable_same_number(), retry, "{status} {code}");
        }
    }

    #[test]
    fn order_answers() {
        let create = [
            (202, "USER_PAYING", QueryOrRepeat),
            (400, "PARAM_ERROR", MendFirst),
            (400, "INVALID_REQUEST", QueryFirst),
            (400, "APPID_MCHID_NOT_MATCH", MendFirst),
            (400, "MCH_NOT_EXISTS", MendFirst),
            (400, "ORDER_CLOSED", NewNumber),
            (400, "ORDERPAID", NewNumber),
            (401, "SIGN_ERROR", MendFirst),
            (403, "NO_AUTH", MendFirst),
            (403, "RULE_LIMIT", GiveUp),
            (403, "OUT_TRADE_NO_USED", NewNumber),
            (429, "FREQUENCY_LIMITED", Repeat),
            (429, "RATELIMIT_EXCEEDED", Repeat),
            (429, "", Repeat),
            (500, "SYSTEM_ERROR", QueryOrRepeat),
            (500, "BANKERROR", QueryOrRepeat),
            (500, "OPENID_MISMATCH", GiveUp),
            (500, "INVALID_TRANSACTIONID", GiveUp),
            (503, "", QueryOrRepeat),
        ];
        for (status, code, step) in create {
            assert_eq!(
                coded(Operation::CreateOrder, status, code).next_step(),
                step,
                "{status} {code}"
            );
        }
        let close = [
            (400, "ORDER_PAID", QueryFirst),
            (400, "INVALID_REQUEST", QueryFirst),
            (404, "ORDER_NOT_EXIST", QueryFirst),
            (403, "TRADE_ERROR", QueryFirst),
            (429, "RATE_LIMITED", Repeat),
            (500, "SYSTEM_ERROR", QueryOrRepeat),
        ];
        for (status, code, step) in close {
            let error = coded(Operation::CloseOrder, status, code);
            assert_eq!(error.next_step(), step, "{status} {code}");
        }
    }
}
