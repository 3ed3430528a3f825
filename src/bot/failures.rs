//! Why a refund did not work, in words for those who have to do something about it. The codes are
//! WeChat Pay's, in small letters, and our own: `abnormal`, `closed`, `mismatch`, `refused`.

/// What happened, and what to do next.
pub(super) fn told(code: &str) -> String {
    let known = match code {
        "not_enough" => "商户余额不足。请先给商户号充值，再点“重试”。",
        "user_account_abnormal" => {
            "会员的微信账户异常，收不了款。请会员处理好账户后点“重试”，或线下退款后在审核页登记。"
        }
        "abnormal" => {
            "会员的零钱或银行卡状态异常，微信支付没能退回。请在商户平台处理，或线下退款后在审核页登记。"
        }
        "mismatch" => {
            "这笔退款与订单或微信支付的记录对不上，没有退款。请在商户平台核对订单，\
             处理好后在审核页登记。"
        }
        "closed" => "微信支付关闭了这笔退款。点“重试”会换一个新单号再退。",
        "frequency_limited" | "rate_limited" | "ratelimit_exceeded" => {
            "微信支付说请求太频繁。请过几分钟点“重试”。"
        }
        "system_error" | "service_unavailable" | "bank_error" => {
            "微信支付系统繁忙。请过几分钟点“重试”。"
        }
        "no_auth" | "sign_error" | "mch_not_exists" | "appid_mchid_not_match" => {
            "商户号的设置或退款权限有误。请管理员检查微信支付设置，再点“重试”。"
        }
        "resource_not_exists" | "order_not_exist" | "mch_order_not_exist" => {
            "微信支付查不到这笔订单。请在商户平台核对订单，再点“重试”。"
        }
        code => return other(code),
    };
    known.to_owned()
}

fn other(code: &str) -> String {
    format!(
        "微信支付拒绝了退款（{code}）。请在商户平台查看原因，处理好后点“重试”，\
         或线下退款后在审核页登记。"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_to_do_next() {
        let codes = [
            "not_enough",
            "user_account_abnormal",
            "abnormal",
            "closed",
            "mismatch",
            "frequency_limited",
            "system_error",
            "no_auth",
            "resource_not_exists",
            "something_new",
        ];
        for code in codes {
            let told = told(code);
            assert!(told.contains("请") || told.contains("点“重试”"), "{told}");
            let is_shown = told.contains(code);
            assert_eq!(is_shown, code == "something_new", "{told}");
        }
    }
}
