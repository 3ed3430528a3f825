//! The stand-in of WeChat Pay.

use std::path::Path;

use axum::{Router, http::StatusCode};

use crate::{server::SandboxError, world::World};

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct WechatPay {
    world: World,
}

impl WechatPay {
    pub(crate) fn new(world: World, _key_dir: Option<&Path>) -> Result<Self, SandboxError> {
        Ok(Self { world })
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        format!(
            "[wechat_pay]\napi_base = \"{}/wechat-pay\"\n",
            self.world.base_url()
        )
    }
}

/// What the platform serves, mounted at `/wechat-pay`.
pub(crate) fn router(_platform: WechatPay) -> Router {
    // An own fallback keeps unknown paths behind the faults of the transport.
    Router::new().fallback(async || StatusCode::NOT_FOUND)
}

/// What people may do to it, mounted at `/control/wechat-pay`.
///
/// The phone page uses: GET `pending` → `[{outTradeNo, channel, description, amountFen, codeUrl,
/// h5Url}]`; POST `pay` `{outTradeNo}`; GET `notifications` → `[{at, kind, subject, status}]`, newest
/// last.
pub(crate) fn control_router(_platform: WechatPay) -> Router {
    Router::new()
}
