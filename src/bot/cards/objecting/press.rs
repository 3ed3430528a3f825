//! The presses on the card of an objection.

use crate::bot::cards::draw;
use crate::bot::cards::press::Press;
use crate::domain::card::{AppealDecided, Outcome};
use crate::domain::message::{AppealOpened, DecidedBy};
use crate::domain::{AppealKind, AppealStatus, CardState, Machine as _};
use crate::services::appeals::{self, Verdict};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal, Result};

use super::view;

/// The question of the drop-down.
const REASON: &str = "reason";
/// The option that is no answer.
const UNCHOSEN: &str = "unchosen";
/// Answers to who is right about a day.
const GRANTED_DAY: &[(&str, &str)] = &[
    ("seen", "已核对，这一天算您打卡"),
    ("midnight", "零点前后发的，这一天算您打卡"),
    ("planet", "星球漏记了，这一天算您打卡"),
];
/// Answers to who is right about the verdict or a rejection.
const GRANTED: &[(&str, &str)] = &[
    ("seen", "已核对，押金由另一位同事复核后退回"),
    ("planet", "星球漏记了天数，押金由另一位同事复核后退回"),
    ("mistake", "之前判断有误，押金由另一位同事复核后退回"),
];
/// Answers to who is not.
const REFUSED_DAY: &[(&str, &str)] = &[
    ("nothing", "已核对，这一天没有找到您的打卡"),
    ("late", "已核对，打卡发在零点之后，算第二天"),
    ("elsewhere", "已核对，打卡没有发在本营的打卡项目里"),
];
const REFUSED: &[(&str, &str)] = &[
    ("days", "已核对，打卡天数确实不足"),
    ("stands", "已核对，维持原来的决定"),
    ("proof", "没有看到能证明的材料"),
];

pub(in crate::bot) async fn press(press: &Press<'_>, appeal: &AppealOpened) -> Result<Vec<Reply>> {
    let repeats = matches!(press.action, "grant" | "deny") && press.is_mine_again();
    if !press.is_open() && !repeats {
        return press.decided_already().await;
    }
    match press.action {
        "accept" => ask(press, appeal, Verdict::Accept).await,
        "refuse" => ask(press, appeal, Verdict::Refuse).await,
        "grant" => answer(press, appeal, Verdict::Accept).await,
        "deny" => answer(press, appeal, Verdict::Refuse).await,
        "back" => {
            let bot = press.turn.bot;
            press
                .show(&draw::proposal(bot, &press.card.proposal)?)
                .await
        }
        _ => press.decided_already().await,
    }
}

const fn answers(kind: AppealKind, verdict: Verdict) -> &'static [(&'static str, &'static str)] {
    match (kind, verdict) {
        (AppealKind::Day, Verdict::Accept) => GRANTED_DAY,
        (_, Verdict::Accept) => GRANTED,
        (AppealKind::Day, Verdict::Refuse) => REFUSED_DAY,
        (_, Verdict::Refuse) => REFUSED,
    }
}

async fn ask(press: &Press<'_>, appeal: &AppealOpened, verdict: Verdict) -> Result<Vec<Reply>> {
    let is_accepted = verdict == Verdict::Accept;
    let question = view::Answer::of(appeal, is_accepted, UNCHOSEN, answers(appeal.kind, verdict));
    press.show(&press.turn.bot.draw(&question)?).await
}

async fn answer(press: &Press<'_>, appeal: &AppealOpened, verdict: Verdict) -> Result<Vec<Reply>> {
    let picked = press.selected(REASON).first().map(String::as_str);
    let mut choices = answers(appeal.kind, verdict).iter();
    let Some((_, text)) = choices.find(|(key, _)| Some(*key) == picked) else {
        // The card asks once more: a click leaves its buttons pressed until it is changed.
        let mut told = ask(press, appeal, verdict).await?;
        told.push(press.turn.nothing_picked("choice"));
        return Ok(told);
    };
    let (ctx, actor) = (press.ctx(), &press.turn.actor);
    let change = CardState::Open.to(CardState::Decided)?;
    match appeals::answer(ctx, actor, appeal.appeal_id, verdict, text).await {
        Ok(_) => {
            let decided = AppealDecided {
                made: press.turn.decided_now(),
                is_accepted: verdict == Verdict::Accept,
                answer: (*text).to_owned(),
            };
            press.decide(change, Outcome::Answered(decided)).await
        }
        Err(Error::Refused(Refusal::AlreadyDecided { by, at, status })) => {
            let decided = AppealDecided {
                is_accepted: status == AppealStatus::Accepted.as_str(),
                made: DecidedBy { by, at },
                answer: appeals::answer_text(ctx, appeal.appeal_id).await?,
            };
            // This very click, whose process died before it could show so, or somebody elsewhere.
            if decided.made.by == actor.name {
                return press.decide(change, Outcome::Answered(decided)).await;
            }
            press.too_late(&Outcome::Answered(decided)).await
        }
        Err(error) => Err(error),
    }
}
