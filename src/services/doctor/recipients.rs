//! Who gets the cards: whether they see the application, and may decide.

use futures::future::join_all;
use wecom::client::ErrorClass;

use crate::catalogue::{Finding, Part};
use crate::domain::staff::AccountStatus;
use crate::services::{Context, Result};
use crate::store::users;

use super::outcome::Checked;

/// Recipients that are looked up at most; more than a screen of them is nobody's list.
const LOOKED_UP: usize = 50;

pub(super) async fn look(ctx: &Context, is_online: bool) -> Result<Vec<Checked>> {
    const PART: Part = Part::Recipients;
    let recipients = &ctx.settings.recipients;
    if recipients.is_empty() {
        return Ok(vec![Checked::warn(PART, Finding::NoRecipients)]);
    }
    if is_online {
        let userids = unseen(ctx).await;
        if !userids.is_empty() {
            return Ok(vec![Checked::fail(
                PART,
                Finding::RecipientsUnseen { userids },
            )]);
        }
    }
    let userids = unknown(ctx).await?;
    Ok(vec![if userids.is_empty() {
        let count = recipients.len();
        Checked::ok(PART, Finding::RecipientsGood { count })
    } else {
        Checked::warn(PART, Finding::RecipientsUnknown { userids })
    }])
}

/// Recipients of whom WeCom says that it does not know them, or that they do not see the
/// application. What else it says is told of its own part.
async fn unseen(ctx: &Context) -> Vec<String> {
    let Some(wecom) = &ctx.clients.wecom else {
        return Vec::new();
    };
    let recipients = ctx.settings.recipients.iter().take(LOOKED_UP);
    let asked = join_all(recipients.map(async |userid| {
        let refused = wecom.user(userid).await.err();
        let class = refused.and_then(|error| error.class());
        (class == Some(ErrorClass::Recipient)).then(|| userid.clone())
    }));
    asked.await.into_iter().flatten().collect()
}

/// Recipients without an account that may be used.
async fn unknown(ctx: &Context) -> Result<Vec<String>> {
    let mut conn = ctx.db.read().await?;
    let mut unknown = Vec::new();
    for userid in ctx.settings.recipients.iter().take(LOOKED_UP) {
        let user = users::by_wecom_userid(&mut conn, &userid.to_lowercase()).await?;
        if user.is_none_or(|user| user.status != AccountStatus::Active) {
            unknown.push(userid.clone());
        }
    }
    Ok(unknown)
}
