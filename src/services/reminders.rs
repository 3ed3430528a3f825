//! The morning's reminders (PRD 8.1): the group that was not joined, the last day that comes, and the
//! list that waits after it. Each is told once: its key is what it is about, and the outbox drops a
//! second message of one key.

use chrono::{Days, TimeDelta};
use serde::Serialize;

use crate::domain::message::{EndsTomorrow, NotJoined, ReviewWaits};
use crate::store::reminders::{self, Camp, Payer};

use super::notify::{Notice, tell_coaches, tell_deciders, tell_payer};
use super::{Context, Result};

/// Who has not joined is reminded after so long.
const NOT_JOINED_AFTER: TimeDelta = TimeDelta::hours(24);
/// What the morning that it was for did not tell, since nobody ran, is told so many days later at most.
const LATE_DAYS: u64 = 3;
/// Messages that are put into the outbox in one transaction.
const AT_ONCE: usize = 50;

/// How many are reminded of what. Who has been before is among them, and gets nothing again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminded {
    /// Members who are not known to have joined.
    pub not_joined: usize,
    /// Members whose last day is tomorrow, and camps of which it is.
    pub ends_tomorrow: usize,
    /// Camps that have ended, with refunds that wait.
    pub ended: usize,
}

/// Whom a reminder goes to.
#[derive(Clone)]
enum Reader {
    Payer(String),
    Coaches,
    Deciders,
}

/// Reminds, of what the settings say.
///
/// # Errors
/// The store cannot; what was put into the outbox until then goes out.
pub async fn remind(ctx: &Context) -> Result<Reminded> {
    let switches = ctx.settings.reminders;
    let mut reminded = Reminded::default();
    let mut told = Vec::new();
    let mut conn = ctx.db.read().await?;
    let today = ctx.today();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let oldest = today
        .checked_sub_days(Days::new(LATE_DAYS))
        .unwrap_or(today);
    if switches.not_joined {
        let until = ctx.now().minus(NOT_JOINED_AFTER);
        let late = TimeDelta::days(i64::try_from(LATE_DAYS).unwrap_or_default());
        let payers = reminders::not_joined(&mut conn, until.minus(late), until).await?;
        reminded.not_joined = payers.len();
        told.extend(payers.into_iter().map(not_joined));
    }
    if switches.ends_tomorrow {
        let payers = reminders::last_day(&mut conn, tomorrow).await?;
        let camps = reminders::camps_ending(&mut conn, tomorrow).await?;
        reminded.ends_tomorrow = payers.len() + camps.len();
        told.extend(payers.into_iter().map(ends_tomorrow));
        told.extend(camps.into_iter().map(camp_ends_tomorrow));
    }
    if switches.ended {
        let camps = reminders::camps_to_review(&mut conn, oldest, today).await?;
        reminded.ended = camps.len();
        told.extend(camps.into_iter().map(review_waits));
    }
    drop(conn);
    for chunk in told.chunks(AT_ONCE) {
        tell(ctx, chunk.to_vec()).await?;
    }
    Ok(reminded)
}

fn not_joined(payer: Payer) -> (Reader, Notice) {
    let notice = Notice {
        content: NotJoined {
            camp_name: payer.camp_name,
        }
        .into(),
        camp_id: Some(payer.camp_id),
        dedupe_key: payer.payment_id.0.to_string(),
    };
    (Reader::Payer(payer.wecom_userid), notice)
}

fn ends_tomorrow(payer: Payer) -> (Reader, Notice) {
    let notice = Notice {
        content: EndsTomorrow {
            camp_name: payer.camp_name,
            checked_in_days: Some(payer.checked_in_days),
            required_days: Some(payer.required_days),
        }
        .into(),
        camp_id: Some(payer.camp_id),
        dedupe_key: payer.payment_id.0.to_string(),
    };
    (Reader::Payer(payer.wecom_userid), notice)
}

fn camp_ends_tomorrow(camp: Camp) -> (Reader, Notice) {
    let notice = Notice {
        dedupe_key: key_of(&camp),
        content: EndsTomorrow {
            camp_name: camp.name,
            checked_in_days: None,
            required_days: None,
        }
        .into(),
        camp_id: Some(camp.id),
    };
    (Reader::Coaches, notice)
}

fn review_waits(camp: Camp) -> (Reader, Notice) {
    let notice = Notice {
        dedupe_key: key_of(&camp),
        content: ReviewWaits {
            camp_id: camp.id,
            camp_name: camp.name,
            count: camp.waiting,
        }
        .into(),
        camp_id: Some(camp.id),
    };
    (Reader::Deciders, notice)
}

/// A camp whose last day was moved is reminded of anew.
fn key_of(camp: &Camp) -> String {
    format!("{}:{}", camp.id, camp.end_date)
}

async fn tell(ctx: &Context, notices: Vec<(Reader, Notice)>) -> Result<()> {
    ctx.transact((ctx.clone(), notices), |tx, (ctx, notices)| {
        Box::pin(async move {
            let now = ctx.now();
            for (reader, notice) in notices {
                match reader {
                    Reader::Payer(userid) => {
                        tell_payer(tx, &ctx.settings, Some(userid.as_str()), notice, now).await?
                    }
                    Reader::Coaches => tell_coaches(tx, notice, now).await?,
                    Reader::Deciders => tell_deciders(tx, &ctx.settings, notice, now).await?,
                }
            }
            Ok(())
        })
    })
    .await
}
