//! The smart match: bindings whose seven days have passed, and claims that nothing has confirmed
//! yet.

use std::ops::AddAssign;

use serde::Serialize;

use crate::domain::matching::{self, Decision, Reason, Verdict};
use crate::domain::message::MatchWaiting;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{
    BindMethod, BindStatus, CampId, Machine as _, MatchStatus, MemberId, OrderStatus, PlanetUserId,
    Timestamp,
};
use crate::services::by_camp::FailedCamps;
use crate::services::notify::{Notice, tell_deciders};
use crate::services::rows::readable;
use crate::services::{Context, Error, Result};
use crate::store::members::{Identity, Member};
use crate::store::payments::Payment;
use crate::store::{Lock, Note, Tx, camps, members, payments};

use super::camp_members::{Accounts, CampMembers};
use super::choose::was_looked_at;
use super::decided;

const OPERATOR: &str = "smart-match";

/// The result of a run of the smart match, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Camps looked at.
    pub camps: u32,
    /// Expired bindings that were completed.
    pub matched: u32,
    /// Claims of members that were confirmed.
    pub confirmed: u32,
    /// Expired bindings that a person has to decide.
    pub for_people: u32,
    /// Members whom somebody else changed in the meantime; the next run looks at them again.
    pub overtaken: u32,
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.camps += other.camps;
        self.matched += other.matched;
        self.confirmed += other.confirmed;
        self.for_people += other.for_people;
        self.overtaken += other.overtaken;
    }
}

/// Matches the members of every camp that has anybody to match (job `smart-match`). Running it
/// again changes nothing.
///
/// # Errors
/// [`Error::PartlyDone`]: the others are matched all the same.
pub async fn smart_match(ctx: &Context) -> Result<Summary> {
    let (camps, accounts) = {
        let mut conn = ctx.db.read().await?;
        let camps = members::camps_to_match(&mut conn).await?;
        (camps, Accounts::load(&mut conn).await?)
    };
    let mut summary = Summary::default();
    let mut failed = FailedCamps::default();
    for camp in camps {
        let matched = match_one(ctx, &accounts, camp).await;
        summary += failed.unless(camp, matched).unwrap_or_default();
    }
    failed.end(summary)
}

/// Matches the members of one camp: what a sync has newly learnt may decide some. Costs two reads
/// where there is nobody to match.
pub async fn match_camp(ctx: &Context, camp: CampId) -> Result<Summary> {
    let mut conn = ctx.db.read().await?;
    let members = CampMembers::load(&mut conn, camp).await?;
    if !members.has_open() {
        return Ok(Summary::default());
    }
    let accounts = Accounts::load(&mut conn).await?;
    drop(conn);
    match_members(ctx, &accounts, &members).await
}

async fn match_one(ctx: &Context, accounts: &Accounts, camp: CampId) -> Result<Summary> {
    let members = CampMembers::load(&mut ctx.db.read().await?, camp).await?;
    match_members(ctx, accounts, &members).await
}

async fn match_members(
    ctx: &Context,
    accounts: &Accounts,
    members: &CampMembers,
) -> Result<Summary> {
    let taken = members.taken(None);
    let verdicts = matching::assign(&members.claims(None), &accounts.candidates, &taken);
    let judged = verdicts.iter().filter_map(|verdict| {
        let id = verdict.claim.parse().map(MemberId).ok()?;
        let opinion = Opinion::of(verdict, accounts);
        let why = format!("匹配度 {}", verdict.score);
        opinion
            .leads_anywhere(members, id)
            .then_some((id, opinion, why))
    });
    let passed_over = members.passed_over();
    let passed_over =
        passed_over.map(|id| (id, Opinion::default(), Reason::NoneOfThese.to_string()));
    let mut summary = Summary {
        camps: 1,
        ..Summary::default()
    };
    // A member who cannot be decided about holds up nobody else; the camp has failed all the same.
    let mut failure = None;
    for (id, opinion, why) in judged.chain(passed_over) {
        let note = Note::new(OPERATOR, why, ctx.now());
        let context = ctx.clone();
        let done = ctx
            .db
            .write(move |tx| Box::pin(async move { apply(&context, tx, id, opinion, &note).await }))
            .await;
        match done {
            Ok(Outcome::Matched) => summary.matched += 1,
            Ok(Outcome::Confirmed) => summary.confirmed += 1,
            Ok(Outcome::ForPeople) => summary.for_people += 1,
            Ok(Outcome::Left) => {}
            Err(error) if error.is_conflict() => summary.overtaken += 1,
            Err(error) => {
                tracing::error!(member.id = id.0, %error, "a member is not matched");
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(summary), Err)
}

/// The machine's opinion of one member; by default none.
#[derive(Debug, Default)]
struct Opinion {
    /// The account that fits best, with its nickname.
    best: Option<(PlanetUserId, String)>,
    /// No account at all is like the member.
    finds_nobody: bool,
    score: u8,
    /// It may be taken without a person: sure enough, and nobody contests it.
    is_sure: bool,
    reasons: Vec<String>,
}

impl Opinion {
    fn of(verdict: &Verdict, accounts: &Accounts) -> Self {
        let contested = verdict
            .reasons
            .iter()
            .any(|reason| matches!(reason, Reason::Contested(_)));
        let best = verdict.best.as_deref();
        Self {
            best: best.and_then(|account| {
                let nickname = accounts.nickname(account).to_owned();
                Some((PlanetUserId(account.parse().ok()?), nickname))
            }),
            finds_nobody: best.is_none() && verdict.runners_up.is_empty(),
            score: verdict.score,
            is_sure: verdict.decision == Decision::Matched && !contested,
            reasons: verdict.reasons.iter().map(ToString::to_string).collect(),
        }
    }

    /// Leads to anything at all: an expired binding is decided or handed to people, unless the
    /// camp's first sync may still bring somebody who fits; a claim is confirmed if it is sure.
    fn leads_anywhere(&self, members: &CampMembers, id: MemberId) -> bool {
        match members.binding(id) {
            Some(BindStatus::Expired) => !(self.finds_nobody && members.may_still_learn(id)),
            Some(BindStatus::Completed) => self.is_sure,
            _ => false,
        }
    }

    /// The member as the account that fits best.
    fn identity(&self, member: &Member, account: PlanetUserId, nickname: &str) -> Identity {
        Identity {
            planet_user_id: Some(account),
            planet_nickname: nickname.to_owned(),
            wechat_nickname: member.identity.wechat_nickname.clone(),
            confidence: self.score.into(),
            reasons: self.reasons.clone(),
            looked_at_by: None,
        }
    }

    /// The member as nobody yet, with what a person is to know of the account that fits best; what
    /// a person has said already stays.
    fn question(&self, member: &Member) -> Identity {
        if was_looked_at(member) {
            return member.identity.clone();
        }
        let suspect = self.best.as_ref().map(|(account, nickname)| {
            let nickname = shown_nickname(nickname, Some(*account));
            format!("可能是“{nickname}”（{account}）")
        });
        Identity {
            confidence: self.score.into(),
            reasons: suspect.into_iter().chain(self.reasons.clone()).collect(),
            ..member.identity.clone()
        }
    }
}

enum Outcome {
    Matched,
    Confirmed,
    ForPeople,
    /// Nothing to decide, or nothing that the machine may.
    Left,
}

/// Applies an opinion to a member as they stand now.
async fn apply(
    ctx: &Context,
    tx: &mut Tx,
    id: MemberId,
    opinion: Opinion,
    note: &Note,
) -> Result<Outcome> {
    tx.lock(Lock::Decisions).await?;
    let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    let payment = payments::by_id(tx, member.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    if member.match_status != MatchStatus::Pending || payment.status != OrderStatus::Paid {
        return Ok(Outcome::Left);
    }
    let found = uncontested(tx, &member, &opinion).await?;
    match (payment.bind_status, found) {
        (BindStatus::Expired, Some(identity)) => {
            decided::matched(tx, &member, &identity, note).await?;
            let change = payment.bind_status.to(BindStatus::Completed)?;
            let method = Some(BindMethod::SmartMatch);
            payments::advance_binding(tx, payment.id, change, method, note);
            Ok(Outcome::Matched)
        }
        (BindStatus::Completed, Some(identity)) => {
            decided::matched(tx, &member, &identity, note).await?;
            Ok(Outcome::Confirmed)
        }
        (BindStatus::Expired, None) => {
            hand_over(tx, &member, &payment, &opinion, note).await?;
            if !was_looked_at(&member) {
                tell_people(ctx, tx, member.camp_id, note.at).await?;
            }
            Ok(Outcome::ForPeople)
        }
        _ => Ok(Outcome::Left),
    }
}

/// The member as the account the machine is sure of, unless anybody else of the camp has it or
/// claims it by now, or a person has said that the member is nobody.
async fn uncontested(tx: &mut Tx, member: &Member, opinion: &Opinion) -> Result<Option<Identity>> {
    let Some((account, nickname)) = opinion.best.as_ref().filter(|_| opinion.is_sure) else {
        return Ok(None);
    };
    if was_looked_at(member) {
        return Ok(None);
    }
    let claiming = readable(members::claiming(tx, member.camp_id, *account).await?);
    let alone = claiming.iter().all(|other| other.id == member.id);
    Ok(alone.then(|| opinion.identity(member, *account, nickname)))
}

/// Leaves an expired binding to people, with the reasons for the account that fits best.
async fn hand_over(
    tx: &mut Tx,
    member: &Member,
    payment: &Payment,
    opinion: &Opinion,
    note: &Note,
) -> Result<()> {
    let change = member.match_status.to(MatchStatus::Failed)?;
    members::set_match(tx, member.id, change, &opinion.question(member), note).await?;
    let change = payment.bind_status.to(BindStatus::ManualRequired)?;
    payments::advance_binding(tx, payment.id, change, None, note);
    Ok(())
}

/// Tells the deciders of a camp that somebody waits for them, once a day.
pub(in crate::services) async fn tell_people(
    ctx: &Context,
    tx: &mut Tx,
    camp_id: CampId,
    now: Timestamp,
) -> Result<()> {
    let camp = camps::by_id(tx, camp_id).await?.ok_or(Error::NotFound)?;
    let waiting = MatchWaiting {
        camp_id,
        camp_name: camp.name,
    };
    let notice = Notice {
        content: waiting.into(),
        camp_id: Some(camp_id),
        dedupe_key: format!("{camp_id}:{}", now.shanghai_day()),
    };
    tell_deciders(tx, &ctx.settings, &notice, now).await
}
