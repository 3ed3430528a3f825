//! Whether the platforms' calls reach us: the way from outside to our own doors.

use crate::catalogue::{Finding, Part};
use crate::platforms::probe;
use crate::platforms::wechat_pay::NOTICE_FAILURE_BODY;
use crate::services::inbox::{WECOM_APP, WECOM_CALLED_AT};
use crate::services::{Context, Error, Result, confirm_payment};
use crate::store::installation;
use wecom::callback::Envelope;

use super::outcome::{Checked, not_in_use};

/// Calls the callback as WeCom's console does when its address is saved.
pub(super) async fn look_at_callback(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::Callback;
    let Some(keys) = &ctx.clients.wecom_callback else {
        return Ok(not_in_use(&[PART], "wecom"));
    };
    let url = format!("{}{WECOM_CALLED_AT}", ctx.settings.public_url);
    let (echo, nonce) = (ctx.new_uuid().simple(), ctx.new_uuid().simple());
    let (echo, nonce) = (echo.to_string(), nonce.to_string());
    let now = ctx.wall_now().secs();
    let random = ctx.new_uuid().into_bytes();
    let sealed = Envelope::seal(keys, echo.as_bytes(), now, &nonce, random)
        .map_err(|_| Error::Crypto("an echo could not be sealed"))?;
    let address = format!("{url}?{}", sealed.to_echo_query());
    Ok(vec![match probe::get(&address, None).await {
        Err(_) => Checked::fail(PART, Finding::CallbackUnreachable { url }),
        Ok(seen) if seen.status != 200 || seen.body != echo.as_bytes() => {
            let status = seen.status;
            Checked::fail(PART, Finding::CallbackForeign { url, status })
        }
        Ok(_) => {
            let mut conn = ctx.db.read().await?;
            if installation::has_inbound(&mut conn, WECOM_APP).await? {
                Checked::ok(PART, Finding::CallbackGood)
            } else {
                Checked::warn(PART, Finding::CallbackNeverCalled { url })
            }
        }
    }])
}

/// Calls where WeChat Pay's notifications go, without a signature: only we refuse in those words.
pub(super) async fn look_at_notify(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::NotifyAddress;
    if ctx.clients.pay.is_none() {
        return Ok(not_in_use(&[PART], "wechat_pay"));
    }
    let url = format!(
        "{}{}",
        ctx.settings.public_url,
        confirm_payment::NOTIFIED_AT
    );
    Ok(vec![match probe::post(&url).await {
        Err(_) => Checked::fail(PART, Finding::NotifyUnreachable { url }),
        Ok(seen) if seen.status < 400 || seen.body != NOTICE_FAILURE_BODY.as_bytes() => {
            let status = seen.status;
            Checked::fail(PART, Finding::NotifyForeign { url, status })
        }
        Ok(_) => Checked::ok(PART, Finding::NotifyGood),
    }])
}
