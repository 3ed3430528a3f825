//! Our clock against those of the platforms: WeChat Pay refuses what was signed five minutes ago.

use std::time::Duration;

use futures::future::join_all;
use secrecy::SecretString;

use crate::catalogue::{Finding, Part};
use crate::platforms::probe;
use crate::services::configuration::Configuration;
use crate::services::{Context, Result};

use super::outcome::Checked;

/// Off by more is to be mended; a slow answer may look like some seconds.
const OFF: u64 = 30;
/// Nearly outside WeChat Pay's window of 300 s.
const WRONG: u64 = 240;
/// Time for one platform.
const WITHIN: Duration = Duration::from_secs(6);

pub(super) async fn look(ctx: &Context, configuration: &Configuration) -> Result<Vec<Checked>> {
    const PART: Part = Part::Clock;
    let config = configuration.in_use().await?;
    let (wecom, pay) = (&config.wecom, &config.wechat_pay);
    let clients = &ctx.clients;
    let asked = [
        (clients.wecom.is_some(), &wecom.api_base, Some(&wecom.proxy)),
        (clients.pay.is_some(), &pay.api_base, None),
        (clients.planet.is_some(), &config.zsxq.api_base, None),
    ];
    let asked = asked.into_iter().filter(|(is_in_use, ..)| *is_in_use);
    let offs = join_all(asked.map(|(_, base, proxy)| seconds_off(ctx, base, proxy))).await;
    if offs.is_empty() {
        let finding = Finding::NotInUse {
            platform: "wecom".to_owned(),
        };
        return Ok(vec![Checked::off(PART, finding)]);
    }
    // Two of them would have to be wrong in the same way to blame us.
    let least = offs
        .into_iter()
        .flatten()
        .min_by_key(|off| off.unsigned_abs());
    Ok(vec![match least {
        None => Checked::warn(PART, Finding::ClockUnknown),
        Some(seconds) if seconds.unsigned_abs() > WRONG => {
            Checked::fail(PART, Finding::ClockWrong { seconds })
        }
        Some(seconds) if seconds.unsigned_abs() > OFF => {
            Checked::warn(PART, Finding::ClockOff { seconds })
        }
        Some(seconds) => Checked::ok(PART, Finding::ClockGood { seconds }),
    }])
}

/// Our clock minus a platform's, if it tells the time.
async fn seconds_off(ctx: &Context, base: &str, proxy: Option<&SecretString>) -> Option<i64> {
    let host = probe::host_of(base)?;
    let seen = tokio::time::timeout(WITHIN, probe::get(&host, proxy)).await;
    let there = seen.ok()?.ok()?.date?;
    Some(ctx.wall_now().secs().saturating_sub(there.timestamp()))
}
