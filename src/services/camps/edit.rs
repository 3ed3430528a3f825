//! Making and editing camps.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use secrecy::SecretString;
use serde_json::json;

use crate::catalogue::SyncFault;
use crate::domain::camp_form::CampForm;
use crate::domain::staff::{AccountStatus, Action, Actor, Role};
use crate::domain::{
    CampId, CampStatus, Fen, GroupCode, Machine as _, Terms, Timestamp, UploadId, UserId,
};
use crate::store::audit::Entry;
use crate::store::camp_edits::{self, CampFields};
use crate::store::camps::{self, Camp};
use crate::store::{Conn, Lock, Note, Sealed, Tx, checkins, payments, syncs, uploads, users};

use super::super::refund::worded;
use super::super::{
    Context, Error, FieldError, FieldErrors, Result, WrongState, evidence, require_anywhere,
};
use super::changes::{Filled, changes};
use super::introduction::{sanitised, visible_chars};
use super::robot_key::{mark, sealed_robot_key};
use super::{entry, found, note};

/// A field as staff send it. Absent, it stays as it is (in a new camp: missing); `Some(None)` takes
/// away what a camp can be without, and is refused for the rest.
pub type Sent<T> = Option<Option<T>>;

/// A camp as staff send it.
#[derive(Debug, Default)]
pub struct CampInput {
    /// At most 50 characters.
    pub name: Sent<String>,
    /// The picture at its head.
    pub poster: Sent<UploadId>,
    /// In fen, over 0.
    pub deposit_fen: Sent<i64>,
    /// The first day that counts.
    pub start_date: Sent<NaiveDate>,
    /// The last day that counts.
    pub end_date: Sent<NaiveDate>,
    /// Days of the planet's project.
    pub total_days: Sent<i64>,
    /// Days that earn the deposit back.
    pub required_days: Sent<i64>,
    /// Days that may be missing; without it, the configuration's default.
    pub grace_days: Sent<i64>,
    /// Pictures of the group's codes; what is known of those that stay, stays.
    pub group_pictures: Sent<Vec<UploadId>>,
    /// The same with what is known of each, in their place.
    pub group_codes: Sent<Vec<GroupCode>>,
    /// Rich text.
    pub introduction: Sent<String>,
    /// Its coaches.
    pub coaches: Sent<Vec<UserId>>,
    /// Its volunteers.
    pub volunteers: Sent<Vec<UserId>>,
    /// The planet's check-in project.
    pub planet_project_id: Sent<String>,
    /// 企业微信收款码ID.
    pub payee_id: Sent<String>,
    /// The key of its group's robot.
    pub group_robot_key: Sent<SecretString>,
    /// Whether its settlement page is shown; without it, as it was.
    pub settlement_page: Option<bool>,
    /// Whether an urging names who has not checked in; without it, as it was.
    pub urge_by_name: Option<bool>,
    /// The chat of its group, as the smart robot is told it.
    pub smart_bot_chat_id: Sent<String>,
    /// Why; needed for another project once somebody has paid.
    pub reason: Option<String>,
}

/// Makes a camp: a draft while something required is missing, else pending.
///
/// # Errors
/// [`Error::Invalid`] with what is wrong with each field.
pub async fn create(ctx: &Context, actor: &Actor, input: CampInput) -> Result<CampId> {
    require_anywhere(actor, Action::ManageCamps)?;
    let robot_key = sealed_robot_key(ctx, input.group_robot_key.as_ref())?.flatten();
    let default_grace = ctx.settings.default_grace_days;
    let is_settlement_shown = input.settlement_page.unwrap_or(false);
    let form = new_form(input, default_grace)?;
    refuse(form.problems(ctx.today(), None, &ctx.settings.promise))?;
    let details = json!({
        "name": form.name,
        "terms": form.terms,
        "groupCodes": form.group_codes,
        "coachIds": form.coaches,
        "volunteerIds": form.volunteers,
        "planetProjectId": form.planet_project_id,
        "groupRobotKey": mark(ctx.keys(), robot_key.as_ref())?,
        "settlementPage": is_settlement_shown,
        "urgeByName": form.urge_by_name,
        "smartBotChatId": form.smart_bot_chat_id,
    });
    let made = note(ctx, actor, "created");
    let audit = Entry {
        details,
        ..entry(ctx, actor, "camp.create", CampId(0))
    };
    let by = actor.user_id;
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let id = insert(tx, form, robot_key, by, &made).await?;
                camp_edits::set_settlement_page(tx, id, is_settlement_shown, made.at).await?;
                let object_id = id.to_string();
                tx.audit(Entry { object_id, ..audit });
                Ok(id)
            })
        })
        .await
}

async fn insert(
    tx: &mut Tx,
    form: CampForm,
    robot_key: Option<Sealed>,
    by: UserId,
    note: &Note,
) -> Result<CampId> {
    check_references(tx, &form).await?;
    let status = form.unpublished_status();
    let fields = fields_of(&form, robot_key);
    let id = camp_edits::insert(tx, &fields, status, by, note).await?;
    camp_edits::set_group_codes(tx, id, &form.group_codes).await?;
    camp_edits::set_staff(tx, id, &form.coaches, &form.volunteers).await?;
    Ok(id)
}

/// Edits a camp. Which fields may still change depends on where it is in its life and on whether
/// anybody has paid.
///
/// # Errors
/// [`Error::Invalid`], or `Refusal::WrongState` for a field that is frozen.
pub async fn update(ctx: &Context, actor: &Actor, id: CampId, input: CampInput) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    let robot_key = sealed_robot_key(ctx, input.group_robot_key.as_ref())?;
    let (today, edited) = (ctx.today(), note(ctx, actor, "edited"));
    let default_grace = ctx.settings.default_grace_days;
    let promise = ctx.settings.promise;
    let audit = entry(ctx, actor, "camp.update", id);
    let project_changed = ctx.settings.catalogue.say(&SyncFault::ProjectChanged);
    let db = ctx.db.clone();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // For the payments, and for another who edits it: all its fields are written.
                tx.lock(Lock::Camp(id)).await?;
                if input.planet_project_id.is_some() {
                    // An approval rests on the days that another project takes away.
                    tx.lock(Lock::Decisions).await?;
                }
                let reason = input.reason.clone();
                let settlement_page = input.settlement_page;
                let camp = found(tx, id).await?;
                let before = form_of(tx, &camp).await?;
                let after = edited_form(before.clone(), input, default_grace)?;
                let has_payments = camps::has_payments(tx, id).await?;
                if let Some(field) = before.frozen_change(&after, camp.status, has_payments) {
                    return Err(frozen(field, camp.status).into());
                }
                refuse(after.problems(today, Some(&before.terms), &promise))?;
                check_references(tx, &after).await?;
                let was = Filled {
                    form: &before,
                    robot_key: mark(db.keys(), camp.group_robot_key.as_ref())?,
                };
                let key = robot_key.unwrap_or(camp.group_robot_key);
                let is = Filled {
                    form: &after,
                    robot_key: mark(db.keys(), key.as_ref())?,
                };
                let mut details = changes(&was, &is);
                details.insert("camp".to_owned(), json!(after.name));
                camp_edits::update(tx, id, &fields_of(&after, key), edited.at).await?;
                camp_edits::set_group_codes(tx, id, &after.group_codes).await?;
                camp_edits::set_staff(tx, id, &after.coaches, &after.volunteers).await?;
                settle_status(tx, id, camp.status, &after, &edited).await?;
                if let Some(to) = settlement_page
                    && camp_edits::set_settlement_page(tx, id, to, edited.at).await?
                {
                    let change = json!({"from": camp.settlement_page, "to": to});
                    details.insert("settlementPage".to_owned(), change);
                }
                if before.planet_project_id != after.planet_project_id {
                    let reason = match has_payments {
                        true => Some(worded("reason", &reason.unwrap_or_default())?),
                        false => reason,
                    };
                    details.insert("reason".to_owned(), json!(reason));
                    forget_project(tx, id, &project_changed, edited.at).await?;
                }
                let details = details.into();
                tx.audit(Entry { details, ..audit });
                Ok(())
            })
        })
        .await
}

/// Drops what was read from the project that a camp followed until now. A sync that still reads it
/// is given up: it finds its run ended, and writes nothing.
async fn forget_project(tx: &mut Tx, id: CampId, why: &str, now: Timestamp) -> Result<()> {
    syncs::drop_all(tx, id, why, now).await?;
    checkins::forget_posts(tx, id).await?;
    camps::point_at_nothing(tx, id, now).await?;
    payments::clear_refusals(tx, id);
    evidence::judge_camp(tx, id, now).await?;
    Ok(())
}

/// Before the start a field freezes with the first payment, afterwards with the start.
fn frozen(field: &str, status: CampStatus) -> WrongState {
    let field = field.to_owned();
    match status {
        CampStatus::Archived => WrongState::FrozenByArchive { field },
        CampStatus::Draft | CampStatus::Pending | CampStatus::Enrolling => {
            WrongState::FrozenByPayment { field }
        }
        _ => WrongState::FrozenByStart { field },
    }
}

/// A camp that is not published follows its form; one that is must stay complete.
async fn settle_status(
    tx: &mut Tx,
    id: CampId,
    status: CampStatus,
    form: &CampForm,
    note: &Note,
) -> Result<()> {
    if matches!(status, CampStatus::Draft | CampStatus::Pending) {
        let fitting = form.unpublished_status();
        if fitting != status {
            camps::advance(tx, id, status.to(fitting)?, note).await?;
        }
        Ok(())
    } else {
        refuse(form.missing())
    }
}

/// The form of a camp as it stands.
pub(super) async fn form_of(conn: &mut Conn, camp: &Camp) -> Result<CampForm> {
    let staff = camps::staff(conn, camp.id).await?;
    let of_role = |role: Role| {
        let people = staff.iter().filter(|person| person.role == role.as_str());
        people.map(|person| UserId(person.user_id)).collect()
    };
    Ok(CampForm {
        name: camp.name.clone(),
        poster: camp.poster,
        terms: camp.terms,
        introduction_chars: visible_chars(&camp.introduction_html),
        introduction_html: camp.introduction_html.clone(),
        group_codes: camps::group_codes(conn, camp.id).await?,
        coaches: of_role(Role::Coach),
        volunteers: of_role(Role::Volunteer),
        planet_project_id: camp.planet_project_id.clone(),
        payee_id: camp.payee_id.clone(),
        urge_by_name: camp.urge_by_name,
        smart_bot_chat_id: camp.smart_bot_chat_id.clone(),
    })
}

fn new_form(input: CampInput, default_grace_days: i64) -> Result<CampForm> {
    let mut missing = FieldErrors::new();
    let mut require = |is_there: bool, field: &'static str| {
        if !is_there {
            missing.insert(field.into(), FieldError::Missing);
        }
    };
    require(input.name.is_some(), "name");
    require(input.deposit_fen.is_some(), "depositFen");
    require(input.start_date.is_some(), "startDate");
    require(input.end_date.is_some(), "endDate");
    require(input.total_days.is_some(), "totalDays");
    require(input.required_days.is_some(), "requiredDays");
    refuse(missing)?;
    let blank = CampForm {
        name: String::new(),
        poster: None,
        terms: Terms {
            deposit_fen: Fen::ZERO,
            start_date: NaiveDate::default(),
            end_date: NaiveDate::default(),
            total_days: 0,
            required_days: 0,
            grace_days: default_grace_days,
        },
        introduction_html: String::new(),
        introduction_chars: 0,
        group_codes: Vec::new(),
        coaches: Vec::new(),
        volunteers: Vec::new(),
        planet_project_id: None,
        payee_id: None,
        urge_by_name: false,
        smart_bot_chat_id: None,
    };
    edited_form(blank, input, default_grace_days)
}

fn edited_form(mut form: CampForm, input: CampInput, default_grace_days: i64) -> Result<CampForm> {
    set_what_it_needs(&mut form, &input)?;
    if let Some(days) = input.grace_days {
        form.terms.grace_days = days.unwrap_or(default_grace_days);
    }
    form.poster = input.poster.unwrap_or(form.poster);
    if let Some(html) = input.introduction {
        form.introduction_html = sanitised(&html.unwrap_or_default());
        form.introduction_chars = visible_chars(&form.introduction_html);
    }
    form.group_codes = changed_codes(form.group_codes, input.group_pictures, input.group_codes)?;
    form.coaches = changed_list(form.coaches, input.coaches);
    form.volunteers = changed_list(form.volunteers, input.volunteers);
    form.planet_project_id = changed_text(form.planet_project_id, input.planet_project_id);
    form.payee_id = changed_text(form.payee_id, input.payee_id);
    form.urge_by_name = input.urge_by_name.unwrap_or(form.urge_by_name);
    form.smart_bot_chat_id = changed_text(form.smart_bot_chat_id, input.smart_bot_chat_id);
    Ok(form)
}

/// Sets the fields that no camp is without, draft or not: each is replaced, and never taken away.
fn set_what_it_needs(form: &mut CampForm, input: &CampInput) -> Result<()> {
    fn set<T: Clone>(slot: &mut T, sent: &Sent<T>) -> bool {
        if let Some(Some(value)) = sent {
            slot.clone_from(value);
        }
        !matches!(sent, Some(None))
    }
    let terms = &mut form.terms;
    let mut deposit_fen = terms.deposit_fen.get();
    let set = [
        ("name", set(&mut form.name, &input.name)),
        ("depositFen", set(&mut deposit_fen, &input.deposit_fen)),
        ("startDate", set(&mut terms.start_date, &input.start_date)),
        ("endDate", set(&mut terms.end_date, &input.end_date)),
        ("totalDays", set(&mut terms.total_days, &input.total_days)),
        (
            "requiredDays",
            set(&mut terms.required_days, &input.required_days),
        ),
    ];
    let taken_away = set.into_iter().filter(|(_, is_there)| !is_there);
    refuse(
        taken_away
            .map(|(field, _)| (field.into(), FieldError::Missing))
            .collect(),
    )?;
    form.name = form.name.trim().to_owned();
    terms.deposit_fen =
        Fen::new(deposit_fen).map_err(|_| Error::invalid("depositFen", FieldError::NotPositive))?;
    Ok(())
}

/// The group's codes as they were sent, each picture once: by themselves, or with what is known of
/// them, and not in both ways.
fn changed_codes(
    before: Vec<GroupCode>,
    pictures: Sent<Vec<UploadId>>,
    codes: Sent<Vec<GroupCode>>,
) -> Result<Vec<GroupCode>> {
    if pictures.is_some() && codes.is_some() {
        let other = "groupQrUploadIds".into();
        return Err(Error::invalid(
            "groupCodes",
            FieldError::NotExactlyOne { other },
        ));
    }
    let known = |upload: UploadId| before.iter().find(|code| code.upload_id == upload);
    let as_known = |upload| known(upload).copied().unwrap_or(GroupCode::plain(upload));
    let mut after = match (pictures, codes) {
        (Some(pictures), _) => pictures
            .unwrap_or_default()
            .into_iter()
            .map(as_known)
            .collect(),
        (None, Some(codes)) => codes.unwrap_or_default(),
        (None, None) => before,
    };
    let mut seen = BTreeSet::new();
    after.retain(|code| seen.insert(code.upload_id));
    Ok(after)
}

/// The list that was sent, each once; none takes the old one away.
fn changed_list<T: Ord + Copy>(before: Vec<T>, sent: Sent<Vec<T>>) -> Vec<T> {
    sent.map_or(before, |items| distinct(items.unwrap_or_default()))
}

/// The first of each, in order.
fn distinct<T: Ord + Copy>(items: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(*item))
        .collect()
}

/// An empty text takes the old one away, as none does.
fn changed_text(before: Option<String>, sent: Sent<String>) -> Option<String> {
    match sent {
        Some(text) => text
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()),
        None => before,
    }
}

fn fields_of(form: &CampForm, group_robot_key: Option<Sealed>) -> CampFields {
    CampFields {
        name: form.name.clone(),
        poster: form.poster,
        terms: form.terms,
        introduction_html: form.introduction_html.clone(),
        planet_project_id: form.planet_project_id.clone(),
        payee_id: form.payee_id.clone(),
        group_robot_key,
        urge_by_name: form.urge_by_name,
        smart_bot_chat_id: form.smart_bot_chat_id.clone(),
    }
}

/// Refuses a form that refers to what is not there.
async fn check_references(conn: &mut Conn, form: &CampForm) -> Result<()> {
    let mut wrong = FieldErrors::new();
    let codes = form.group_codes.iter();
    let codes = codes.map(|code| ("groupQrUploadIds", code.upload_id));
    let poster = form.poster.iter().map(|id| ("posterUploadId", *id));
    for (field, id) in poster.chain(codes) {
        if uploads::by_id(conn, id).await?.is_none() {
            wrong.insert(field.into(), FieldError::Unknown);
        }
    }
    let coaches = form.coaches.iter().map(|id| ("coachIds", *id));
    let volunteers = form.volunteers.iter().map(|id| ("volunteerIds", *id));
    for (field, id) in coaches.chain(volunteers) {
        let user = users::by_id(conn, id).await?;
        if user.is_none_or(|user| user.status != AccountStatus::Active) {
            wrong.insert(field.into(), FieldError::Unknown);
        }
    }
    refuse(wrong)
}

fn refuse(wrong: FieldErrors) -> Result<()> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(wrong))
    }
}
