//! WeChat Pay: a signed question about an order, which moves nothing.

use crate::catalogue::{Finding, Part};
use crate::platforms::wechat_pay::{Error, WechatPay};
use crate::services::{Context, Result};
use crate::store::installation;

use super::outcome::{Checked, not_in_use};

const PART: Part = Part::WechatPay;

/// Asks about the newest order that was paid, since an answer about one is signed; before there is
/// one, about one that there is not.
pub(super) async fn look(ctx: &Context) -> Result<Vec<Checked>> {
    let Some(pay) = &ctx.clients.pay else {
        return Ok(not_in_use(&[PART], "wechat_pay"));
    };
    let known = installation::newest_paid_order(&mut ctx.db.read().await?).await?;
    let order_no = known.unwrap_or_else(|| {
        let mut number = format!("doctor{}", ctx.new_uuid().simple());
        number.truncate(32);
        number
    });
    let checked = match ask(pay, &order_no).await {
        Ok(finding) => Checked::ok(PART, finding),
        Err(error) => {
            tracing::warn!(%error, "WeChat Pay was asked by the doctor");
            Checked::fail(PART, finding_of(&error))
        }
    };
    Ok(vec![checked])
}

async fn ask(pay: &WechatPay, order_no: &str) -> Result<Finding, Error> {
    let mch_id = pay.mch_id().to_owned();
    if pay.uses_certificates() {
        // They are sealed under the APIv3 key and signed: all keys are tried.
        pay.refresh_certificates().await?;
    }
    let is_known = pay.query_order(order_no).await?.is_some();
    Ok(if is_known || pay.uses_certificates() {
        Finding::PayGood { mch_id }
    } else {
        Finding::PaySigned { mch_id }
    })
}

fn finding_of(error: &Error) -> Finding {
    match error {
        Error::NotConnected { .. } | Error::Unanswered { .. } => Finding::PaySilent,
        Error::Unverified { .. } => Finding::PayUnverified,
        Error::Signing(_) => Finding::PaySignatureRefused,
        Error::Api(refused) => match refused.code.as_deref() {
            Some("SIGN_ERROR") => Finding::PaySignatureRefused,
            _ if refused.status == 401 => Finding::PaySignatureRefused,
            _ if refused.status >= 500 => Finding::PaySilent,
            code => Finding::PayRefuses {
                code: code.map_or_else(|| refused.status.to_string(), str::to_owned),
            },
        },
        Error::NoCertificate {
            source: Some(source),
            ..
        } => match finding_of(source) {
            Finding::PayRefuses { .. } | Finding::PayUnverified => Finding::PayCertificates,
            other => other,
        },
        Error::NoCertificate { .. } | Error::UnexpectedAnswer { .. } => Finding::PayCertificates,
        Error::InvalidRequest { .. } => Finding::Internal,
    }
}
