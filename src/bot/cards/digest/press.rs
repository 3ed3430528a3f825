//! The presses on the digest of a camp.

use crate::bot::cards::approving::list::{self, Keys};
use crate::bot::cards::approving::view::DigestConfirm;
use crate::bot::cards::batch::press::next;
use crate::bot::cards::press::Press;
use crate::bot::cards::{anew, draw};
use crate::domain::card::{Digest, RefundShown};
use crate::services::inbox::Reply;
use crate::services::{Result, refund};

/// Why somebody does without the posts, as it is recorded.
const WAIVED: &str = "在卡片上按排行认定";

pub(in crate::bot) async fn press(press: &Press<'_>, digest: &Digest) -> Result<Vec<Reply>> {
    let all = || -> Vec<&RefundShown> { digest.clear.iter().collect() };
    match press.action {
        "pass" | "back" | "posts" if !press.is_open() => press.decided_already().await,
        "pass" => {
            let keys = Keys::new("confirm", "back");
            list::confirm(press, &digest.camp, &all(), keys, DigestConfirm).await
        }
        "back" => {
            let layout = draw::proposal(press.turn.bot, &press.card.proposal)?;
            press.show(&layout).await
        }
        "posts" => {
            let (ctx, actor) = (press.ctx(), &press.turn.actor);
            refund::waive_posts(ctx, actor, digest.camp.id, WAIVED).await?;
            Ok(anew::instead(press).await?.into_iter().collect())
        }
        "confirm" => list::approve(press, &all()).await,
        "batch" | "next" => next(press, digest.camp.id).await,
        "undo" => list::undo(press).await,
        _ => press.decided_already().await,
    }
}
