//! The job `watch`: keeps what is final, and tells people when a date passes, when nobody does
//! anything about it, and before WeChat Pay's year ends. Each thing is told once: its key is what has
//! newly come to be, and the outbox drops a second message of one key.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;
use serde_json::json;

use crate::domain::custody::{Awaited, NextStep, Turn, answer_of};
use crate::domain::message::{MoneyNeeded, OverdueSteps, RefundsSlow, YearEnds};
use crate::domain::refund::REFUNDABLE_FOR;
use crate::domain::{AppealStatus, CampId, CampStatus, Fen, Message, PaymentId, Role, Timestamp};
use crate::services::notify::{Notice, tell_deciders, tell_role};
use crate::services::rows::readable;
use crate::store::appeals::AppealFilter;
use crate::store::custody::{self, CustodyFilter, OverdueStep};
use crate::store::{Listing as _, Tx, camps};

use super::forecast::{Likelihood, way_back};
use super::keep::{is_final, keep_final};
use super::{Context, Error, Held, Result, survey_all};

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
    /// Rows that cannot be read: nobody watches over them until a person has mended them.
    pub unreadable: usize,
    /// Refusals that are final and could not be kept.
    pub failed: usize,
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

/// A step whose date has passed.
struct Overdue {
    payment: PaymentId,
    camp: Option<CampId>,
    next: NextStep,
    amount: Fen,
}

/// Watches over what is in custody, once. A payment at which that fails holds up no other.
///
/// # Errors
/// [`Error::PartlyDone`] while rows cannot be read, or a payment cannot be kept; and those of the
/// store. What was kept and told until then stays so.
pub async fn watch(ctx: &Context) -> Result<Watched> {
    let (held, unreadable) = {
        let mut conn = ctx.db.read().await?;
        survey_all(ctx, &mut conn, CustodyFilter::default()).await?
    };
    let mut overdue = overdue_of(&held, ctx.now());
    let unanswered = unanswered_at_rest(ctx, &held).await?;
    let mut watched = Watched {
        in_custody: held.len(),
        overdue: held
            .iter()
            .filter(|held| held.is_overdue(ctx.now()))
            .count()
            + unanswered.len(),
        kept: 0,
        unreadable,
        failed: 0,
    };
    overdue.extend(unanswered);
    for held in held.iter().filter(|held| is_final(ctx, held)) {
        match keep_final(ctx, held.payment.payment_id).await {
            Ok(kept) => watched.kept += usize::from(kept),
            Err(error) => {
                let payment = held.payment.payment_id.0;
                tracing::error!(payment, %error, "a payment cannot be kept");
                watched.failed += 1;
            }
        }
    }
    let mut to_tell = year_ends(&held, ctx.now());
    to_tell.extend(slow_refunds(ctx).await?);
    to_tell.extend(money_needed(ctx, &held).await?);
    let context = ctx.clone();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                to_tell.extend(remember_overdue(tx, &overdue, context.now()).await?);
                tell_all(&context, tx, to_tell).await
            })
        })
        .await?;
    if watched.unreadable + watched.failed > 0 {
        return Err(Error::PartlyDone(json!(watched)));
    }
    Ok(watched)
}

async fn tell_all(ctx: &Context, tx: &mut Tx, to_tell: Vec<ToTell>) -> Result<()> {
    for told in to_tell {
        let camp_name = camps::name(tx, told.camp).await?;
        let notice = Notice {
            content: (told.content)(camp_name),
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

/// The steps whose date has passed. A machine sees to the member's and to the end of an undo window.
fn overdue_of(held: &[Held], now: Timestamp) -> Vec<Overdue> {
    let is_for_people = |held: &&Held| {
        let what = held.next.what;
        held.is_overdue(now) && what.who() != Turn::Member && what != Awaited::Undo
    };
    let overdue = held.iter().filter(is_for_people).map(|held| Overdue {
        payment: held.payment.payment_id,
        camp: held.payment.camp_id,
        next: held.next,
        amount: held.amount,
    });
    overdue.collect()
}

/// Objections that nobody has answered in time although nothing of their payment is here any more: the
/// member is owed an answer all the same.
async fn unanswered_at_rest(ctx: &Context, held: &[Held]) -> Result<Vec<Overdue>> {
    let open = AppealFilter {
        status: Some(AppealStatus::Open),
        ..AppealFilter::default()
    };
    let open = readable(open.all(&mut ctx.db.read().await?).await?);
    let here: HashSet<PaymentId> = held.iter().map(|held| held.payment.payment_id).collect();
    let at_rest = open
        .into_iter()
        .filter(|it| !here.contains(&it.payment_id))
        .map(|it| Overdue {
            payment: it.payment_id,
            camp: it.camp_id,
            next: answer_of(ctx.settings.promise, it.appeal.made_at),
            amount: Fen::ZERO,
        });
    let overdue = at_rest.filter(|it| it.next.is_overdue(ctx.now()));
    Ok(overdue.collect())
}

/// Remembers which steps are overdue and since when that was seen, and answers what is to be told of
/// it: a step at once to those who decide, and to one level more for each day that nothing happens.
/// The message names all of its camp and kind, and goes out when one of them is new at that level.
async fn remember_overdue(tx: &mut Tx, overdue: &[Overdue], now: Timestamp) -> Result<Vec<ToTell>> {
    let known = custody::overdue(tx).await?.into_iter();
    let mut known: HashMap<_, _> = known.map(|step| (step.payment_id, step)).collect();
    let mut groups: BTreeMap<(Level, Option<CampId>, Awaited), Group> = BTreeMap::new();
    let mut news = BTreeSet::new();
    for step in overdue {
        let (what, until) = (step.next.what, step.next.until);
        let before = known.remove(&step.payment);
        let before = before.filter(|it| it.what == what.as_str() && it.until == until);
        let seen_at = before.as_ref().map_or(now, |before| before.seen_at);
        let told = before.map_or(-1, |before| before.level);
        let mut reached = told;
        for level in Level::ALL {
            if seen_at.max(until).plus(level.after()) > now {
                continue;
            }
            let key = (level, step.camp, what);
            add_to(&mut groups, key, step.amount, until.shanghai_day());
            if level as i64 > told {
                news.insert(key);
                reached = reached.max(level as i64);
            }
        }
        if reached > told {
            custody::keep_overdue(
                tx,
                &OverdueStep {
                    payment_id: step.payment,
                    what: what.to_string(),
                    until,
                    seen_at,
                    level: reached,
                },
            );
        }
    }
    for mended in known.into_keys() {
        custody::drop_overdue(tx, mended);
    }
    groups.retain(|key, _| news.contains(key));
    let told = groups.into_iter().map(|((level, camp, what), group)| {
        let key = format!("{}:{what}:{}", numbered(camp), now.micros());
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
    Ok(told.collect())
}

/// Payments that WeChat Pay will soon refund no more, by camp.
fn year_ends(held: &[Held], now: Timestamp) -> Vec<ToTell> {
    let mut groups: BTreeMap<(i64, Option<CampId>), Group> = BTreeMap::new();
    for held in held {
        let ends = held.payment.paid_at.plus(REFUNDABLE_FOR);
        for days in YEAR_WARNINGS {
            // All who paid on one day are told of together.
            let told_on = ends
                .shanghai_day()
                .checked_sub_signed(TimeDelta::days(days));
            if told_on.is_some_and(|day| day <= now.shanghai_day()) {
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
