//! The job `watch`: keeps what is final, and tells people when a date passes, when nobody does
//! anything about it, and before WeChat Pay's year ends. Each thing is told once: its key is what has
//! newly come to be, and the outbox drops a second message of one key.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use crate::domain::custody::{Awaited, Turn};
use crate::domain::message::{MoneyNeeded, OverdueSteps, RefundsSlow, YearEnds};
use crate::domain::refund::REFUNDABLE_FOR;
use crate::domain::{CampId, CampStatus, Fen, Message, Role, Timestamp};
use crate::services::notify::{Notice, tell_deciders, tell_role};
use crate::services::rows::readable;
use crate::store::custody::{self, CustodyFilter};
use crate::store::{Tx, camps};

use super::forecast::{Likelihood, way_back};
use super::keep::{is_final, keep_final};
use super::{Context, Held, Result, survey_all};

/// People are told of a refund that WeChat Pay has been at for so long.
const SLOW_AFTER: TimeDelta = TimeDelta::days(3);
/// Days before the end of WeChat Pay's year at which people are told.
const YEAR_WARNINGS: [i64; 2] = [60, 30];
/// Days before a camp's last at which the sum to have ready is told.
const MONEY_TOLD_BEFORE: i64 = 3;

/// What one run of the watch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    pub in_custody: usize,
    pub overdue: usize,
    /// Refusals that became final.
    pub kept: usize,
}

/// Whom an overdue step is told to: one level more for each day that nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Deciders,
    Admins,
    SuperAdmins,
}

impl Level {
    const ALL: [Self; 3] = [Self::Deciders, Self::Admins, Self::SuperAdmins];

    /// A step is told to it once it is overdue for so long.
    const fn after(self) -> TimeDelta {
        TimeDelta::days(self as i64)
    }
}

/// Payments that one message is about.
struct Group {
    count: i64,
    sum: Fen,
    oldest: NaiveDate,
    newest: NaiveDate,
}

impl Group {
    fn add(&mut self, amount: Fen, day: NaiveDate) {
        self.count += 1;
        self.sum = self.sum.checked_add(amount).unwrap_or(self.sum);
        self.oldest = self.oldest.min(day);
        self.newest = self.newest.max(day);
    }
}

/// A message that is to be told, once its camp's name is known.
struct ToTell {
    level: Level,
    camp: Option<CampId>,
    key: String,
    content: Box<dyn FnOnce(Option<String>) -> Message + Send>,
}

/// Watches over what is in custody, once.
///
/// # Errors
/// Those of the store. What was kept and told until then stays so.
pub async fn watch(ctx: &Context) -> Result<Watched> {
    let held = {
        let mut conn = ctx.db.read().await?;
        survey_all(ctx, &mut conn, CustodyFilter::default()).await?
    };
    let mut watched = Watched {
        in_custody: held.len(),
        overdue: held
            .iter()
            .filter(|held| held.is_overdue(ctx.now()))
            .count(),
        kept: 0,
    };
    for held in held.iter().filter(|held| is_final(ctx, held)) {
        let kept = keep_final(ctx, held.payment.payment_id).await?;
        watched.kept += usize::from(kept);
    }
    let mut to_tell = overdue_steps(&held, ctx.now());
    to_tell.extend(year_ends(&held, ctx.now()));
    to_tell.extend(slow_refunds(ctx).await?);
    to_tell.extend(money_needed(ctx, &held).await?);
    let context = ctx.clone();
    ctx.db
        .write(move |tx| Box::pin(async move { tell_all(&context, tx, to_tell).await }))
        .await?;
    Ok(watched)
}

async fn tell_all(ctx: &Context, tx: &mut Tx, to_tell: Vec<ToTell>) -> Result<()> {
    for told in to_tell {
        let camp = match told.camp {
            Some(camp) => camps::by_id(tx, camp).await?,
            None => None,
        };
        let notice = Notice {
            content: (told.content)(camp.map(|camp| camp.name)),
            camp_id: told.camp,
            dedupe_key: told.key,
        };
        match told.level {
            Level::Deciders => tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await?,
            Level::Admins => tell_role(tx, Role::Admin, &notice, ctx.now()).await?,
            Level::SuperAdmins => tell_role(tx, Role::SuperAdmin, &notice, ctx.now()).await?,
        }
    }
    Ok(())
}

/// Steps whose date has passed, by camp and kind. A machine sees to the member's and to the end of
/// an undo window.
fn overdue_steps(held: &[Held], now: Timestamp) -> Vec<ToTell> {
    let mut groups: BTreeMap<(Level, Option<CampId>, Awaited), Group> = BTreeMap::new();
    for held in held.iter().filter(|held| held.is_overdue(now)) {
        let (what, until) = (held.next.what, held.next.until);
        if what.who() == Turn::Member || what == Awaited::Undo {
            continue;
        }
        for level in Level::ALL {
            if until.plus(level.after()) < now {
                let key = (level, held.payment.camp_id, what);
                add_to(&mut groups, key, held.amount, until.shanghai_day());
            }
        }
    }
    let told = groups.into_iter().map(|((level, camp, what), group)| {
        let key = format!("{}:{what}:{}", numbered(camp), group.newest);
        let content = move |camp_name| {
            OverdueSteps {
                camp_name,
                what,
                count: group.count,
                sum: group.sum,
                since: group.oldest,
                is_escalated: level != Level::Deciders,
            }
            .into()
        };
        ToTell {
            level,
            camp,
            key,
            content: Box::new(content),
        }
    });
    told.collect()
}

/// Payments that WeChat Pay will soon refund no more, by camp.
fn year_ends(held: &[Held], now: Timestamp) -> Vec<ToTell> {
    let mut groups: BTreeMap<(i64, Option<CampId>), Group> = BTreeMap::new();
    for held in held {
        let ends = held.payment.paid_at.plus(REFUNDABLE_FOR);
        for days in YEAR_WARNINGS {
            if ends.minus(TimeDelta::days(days)) <= now {
                let key = (days, held.payment.camp_id);
                add_to(&mut groups, key, held.amount, ends.shanghai_day());
            }
        }
    }
    let told = groups.into_iter().map(|((days, camp), group)| {
        let key = format!("{}:{days}:{}", numbered(camp), group.newest);
        let content = move |camp_name| {
            YearEnds {
                camp_name,
                count: group.count,
                sum: group.sum,
                days,
                first: group.oldest,
            }
            .into()
        };
        ToTell {
            level: if days == YEAR_WARNINGS[0] {
                Level::Deciders
            } else {
                Level::SuperAdmins
            },
            camp,
            key,
            content: Box::new(content),
        }
    });
    told.collect()
}

/// Refunds that WeChat Pay has been at for days, by camp.
async fn slow_refunds(ctx: &Context) -> Result<Vec<ToTell>> {
    let mut conn = ctx.db.read().await?;
    let slow = custody::slow_refunds(&mut conn, ctx.now().minus(SLOW_AFTER)).await?;
    let mut of_camp: BTreeMap<Option<CampId>, Vec<String>> = BTreeMap::new();
    for (camp, refund_no) in slow {
        of_camp.entry(camp).or_default().push(refund_no);
    }
    let told = of_camp.into_iter().filter_map(|(camp, numbers)| {
        let (count, newest) = (numbers.len(), numbers.last()?.clone());
        let refund_no = numbers.first()?.clone();
        let content = move |camp_name| {
            RefundsSlow {
                camp_name,
                count,
                refund_no,
            }
            .into()
        };
        Some(ToTell {
            level: Level::Deciders,
            camp,
            key: newest,
            content: Box::new(content),
        })
    });
    Ok(told.collect())
}

/// The sums to have ready for camps that are about to end.
async fn money_needed(ctx: &Context, held: &[Held]) -> Result<Vec<ToTell>> {
    let mut conn = ctx.db.read().await?;
    let ongoing = readable(camps::in_status(&mut conn, CampStatus::Ongoing).await?);
    let about_to_end = ongoing.into_iter().filter(|camp| {
        let left = (camp.terms.end_date - ctx.today()).num_days();
        (0..=MONEY_TOLD_BEFORE).contains(&left)
    });
    let told = about_to_end.map(|camp| {
        let (mut least, mut most) = (Fen::ZERO, Fen::ZERO);
        for held in held
            .iter()
            .filter(|held| held.payment.camp_id == Some(camp.id))
        {
            let Some((_, likelihood)) = way_back(ctx, held) else {
                continue;
            };
            most = most.checked_add(held.amount).unwrap_or(most);
            if likelihood == Likelihood::Sure {
                least = least.checked_add(held.amount).unwrap_or(least);
            }
        }
        let end_date = camp.terms.end_date;
        let content = move |camp_name| {
            MoneyNeeded {
                camp_name,
                end_date,
                least,
                most,
            }
            .into()
        };
        ToTell {
            level: Level::Admins,
            camp: Some(camp.id),
            key: format!("{}:{end_date}", camp.id),
            content: Box::new(content),
        }
    });
    Ok(told.collect())
}

fn add_to<K: Ord>(groups: &mut BTreeMap<K, Group>, key: K, amount: Fen, day: NaiveDate) {
    let group = groups.entry(key).or_insert(Group {
        count: 0,
        sum: Fen::ZERO,
        oldest: day,
        newest: day,
    });
    group.add(amount, day);
}

/// The camp in a key; 0 for what belongs to none.
fn numbered(camp: Option<CampId>) -> i64 {
    camp.map_or(0, |camp| camp.0)
}
