//! Camps as the staff API takes and gives them.

use std::borrow::Cow;

use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::domain::eligibility::Judgement;
use crate::domain::shown_name::visible;
use crate::domain::{
    CampId, CampStatus, GroupCode, MemberId, PlanetUserId, Timestamp, UploadId, UserId,
};
use crate::services::camps::{self, CampDetail, CampInput, PlanetProject, Sent, Statistics};
use crate::services::refund::{Flip, GoodwillProposals, OtherRules, WhatIf};
use crate::services::{Context, file_links};
use crate::web::Problem;
use crate::web::day::Day;

/// What staff fill in. Absent fields are missing in a new camp, and stay as they are in one that
/// is there. `null` (or an empty text or list) takes away what a camp can be without, as long as it
/// is not published; name, deposit, dates and days are never taken away, and a published camp keeps
/// all that it needed: 422.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CampBody {
    /// At most 50 characters.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    name: Sent<String>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>)]
    poster_upload_id: Sent<UploadId>,
    /// Over 0.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>)]
    deposit_fen: Sent<i64>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Sent<Day>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Sent<Day>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>)]
    total_days: Sent<i64>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>)]
    required_days: Sent<i64>,
    /// `null`: the configuration's default.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>)]
    grace_days: Sent<i64>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Vec<i64>>)]
    group_qr_upload_ids: Sent<Vec<UploadId>>,
    /// In place of `groupQrUploadIds`, with what is known of each.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Vec<GroupCodeBody>>)]
    group_codes: Sent<Vec<GroupCodeBody>>,
    /// HTML; at most 500 visible characters, sanitised.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    introduction: Sent<String>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Vec<i64>>)]
    coach_ids: Sent<Vec<UserId>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Vec<i64>>)]
    volunteer_ids: Sent<Vec<UserId>>,
    /// Until the camp is put away; with a `reason` once somebody has paid.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    planet_project_id: Sent<String>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    payee_id: Sent<String>,
    /// Never answered back.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    group_robot_key: Sent<SecretString>,
    /// Whether its settlement page is shown; without it, as it was.
    settlement_page: Option<bool>,
    /// Whether an urging names who has not checked in; without it, as it was.
    urge_by_name: Option<bool>,
    /// The chat of its group, as the smart robot is told it.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    smart_bot_chat_id: Sent<String>,
    /// Why; for the log.
    reason: Option<String>,
}

/// A code of the camp's group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupCodeBody {
    #[schema(value_type = i64)]
    upload_id: UploadId,
    /// So many members are shown it, before the next: 1 to 500, else 200.
    capacity: Option<i64>,
    /// From then on nobody gets in by it, and the next is shown.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl From<GroupCodeBody> for GroupCode {
    fn from(body: GroupCodeBody) -> Self {
        let plain = Self::plain(body.upload_id);
        Self {
            capacity: body.capacity.unwrap_or(plain.capacity),
            expires_at: body.expires_at,
            ..plain
        }
    }
}

/// Tells `null` from what is absent.
fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Sent<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A day as services want it.
fn date(sent: Sent<Day>) -> Sent<NaiveDate> {
    sent.map(|day| day.map(Into::into))
}

fn codes(sent: Sent<Vec<GroupCodeBody>>) -> Sent<Vec<GroupCode>> {
    sent.map(|codes| codes.map(|codes| codes.into_iter().map(Into::into).collect()))
}

impl From<CampBody> for CampInput {
    fn from(body: CampBody) -> Self {
        Self {
            name: body.name,
            poster: body.poster_upload_id,
            deposit_fen: body.deposit_fen,
            start_date: date(body.start_date),
            end_date: date(body.end_date),
            total_days: body.total_days,
            required_days: body.required_days,
            grace_days: body.grace_days,
            group_pictures: body.group_qr_upload_ids,
            group_codes: codes(body.group_codes),
            introduction: body.introduction,
            coaches: body.coach_ids,
            volunteers: body.volunteer_ids,
            planet_project_id: body.planet_project_id,
            payee_id: body.payee_id,
            group_robot_key: body.group_robot_key,
            settlement_page: body.settlement_page,
            urge_by_name: body.urge_by_name,
            smart_bot_chat_id: body.smart_bot_chat_id,
            reason: body.reason,
        }
    }
}

/// A camp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CampView {
    #[schema(value_type = i64)]
    id: CampId,
    #[schema(value_type = String, example = "enrolling")]
    status: CampStatus,
    name: String,
    #[schema(value_type = Option<i64>)]
    poster_upload_id: Option<UploadId>,
    poster_url: Option<String>,
    deposit_fen: i64,
    #[schema(value_type = String, format = Date)]
    start_date: NaiveDate,
    #[schema(value_type = String, format = Date)]
    end_date: NaiveDate,
    total_days: i64,
    required_days: i64,
    grace_days: i64,
    /// Members who have paid.
    enrolled: i64,
    #[schema(value_type = Vec<i64>)]
    group_qr_upload_ids: Vec<UploadId>,
    /// Signed addresses, good for ten minutes.
    group_qr_urls: Vec<String>,
    group_codes: Vec<GroupCodeView>,
    /// Sanitised HTML.
    introduction: String,
    #[schema(value_type = Vec<i64>)]
    coach_ids: Vec<UserId>,
    #[schema(value_type = Vec<i64>)]
    volunteer_ids: Vec<UserId>,
    planet_project_id: Option<String>,
    payee_id: Option<String>,
    /// Whether a key is set; the key itself is never answered.
    group_robot_key_set: bool,
    /// Whether its settlement page is shown.
    settlement_page: bool,
    /// Whether an urging names who has not checked in.
    urge_by_name: bool,
    smart_bot_chat_id: Option<String>,
    /// Where members enroll.
    enroll_url: String,
    /// What has to be filled in before it can be published.
    missing: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A code of the camp's group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupCodeView {
    #[schema(value_type = i64)]
    upload_id: UploadId,
    /// A signed address, good for ten minutes.
    url: String,
    capacity: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl GroupCodeView {
    fn new(ctx: &Context, code: &GroupCode) -> Self {
        Self {
            upload_id: code.upload_id,
            url: file_links::signed_path(ctx, code.upload_id),
            capacity: code.capacity,
            expires_at: code.expires_at,
        }
    }
}

impl CampView {
    pub(super) fn new(ctx: &Context, detail: CampDetail) -> Self {
        let CampDetail {
            camp,
            form,
            enrolled,
        } = detail;
        let missing = form.missing().into_keys().map(Cow::into_owned).collect();
        let codes = || form.group_codes.iter();
        let group_codes: Vec<_> = codes().map(|code| GroupCodeView::new(ctx, code)).collect();
        Self {
            group_qr_urls: group_codes.iter().map(|code| code.url.clone()).collect(),
            group_qr_upload_ids: codes().map(|code| code.upload_id).collect(),
            group_codes,
            id: camp.id,
            status: camp.status,
            poster_url: form.poster.map(file_links::public_path),
            poster_upload_id: form.poster,
            deposit_fen: form.terms.deposit_fen.get(),
            start_date: form.terms.start_date,
            end_date: form.terms.end_date,
            total_days: form.terms.total_days,
            required_days: form.terms.required_days,
            grace_days: form.terms.grace_days,
            enrolled,
            name: form.name,
            introduction: form.introduction_html,
            coach_ids: form.coaches,
            volunteer_ids: form.volunteers,
            planet_project_id: form.planet_project_id,
            payee_id: form.payee_id,
            group_robot_key_set: camp.group_robot_key.is_some(),
            settlement_page: camp.settlement_page,
            urge_by_name: form.urge_by_name,
            smart_bot_chat_id: form.smart_bot_chat_id,
            enroll_url: camps::enroll_url(ctx, camp.id),
            missing,
            created_at: camp.created_at,
        }
    }
}

/// A camp and its sums.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CampWithStats {
    #[serde(flatten)]
    camp: CampView,
    stats: StatsView,
}

/// Sums and rates of a camp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatsView {
    /// Members.
    enrolled: i64,
    /// What came in.
    paid_fen: i64,
    /// Check-in days of all members among those that could be, 0 to 1.
    average_rate: f64,
    /// What went back.
    refunded_fen: i64,
    /// Refunds done among those on the list, 0 to 1.
    refund_rate: f64,
    /// Members in the group.
    joined: i64,
}

impl CampWithStats {
    pub(super) fn new(ctx: &Context, detail: CampDetail, statistics: Statistics) -> Self {
        let sums = statistics.sums;
        Self {
            camp: CampView::new(ctx, detail),
            stats: StatsView {
                enrolled: sums.enrolled,
                paid_fen: sums.paid_fen,
                average_rate: rate(statistics.average_permyriad),
                refunded_fen: sums.refunded_fen,
                refund_rate: rate(statistics.refunded_permyriad),
                joined: sums.joined,
            },
        }
    }
}

/// A share of 0 to 1.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate to be shown, at most 10,000 before the division; no money"
)]
fn rate(permyriad: i64) -> f64 {
    permyriad as f64 / 10_000.0
}

/// How a camp is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PublishBody {
    /// Whether the planet's project is to be made, too.
    #[serde(default)]
    pub(super) create_planet_project: bool,
}

/// Other numbers for the rules of a camp, and whether to propose what follows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WhatIfBody {
    /// 1 to the camp's days; absent: as each order has it.
    required_days: Option<i64>,
    /// 0 to the required days.
    grace_days: Option<i64>,
    /// Proposes the deposits of those whose days would suffice (按善意退还).
    pub(super) propose: Option<ProposeGoodwillBody>,
}

/// Why deposits are to go back all the same.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeGoodwillBody {
    /// With its heading at most 200 characters.
    pub(super) reason: String,
}

impl WhatIfBody {
    pub(super) const fn rules(&self) -> OtherRules {
        OtherRules {
            required_days: self.required_days,
            grace_days: self.grace_days,
        }
    }
}

/// What other rules would mean.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WhatIfView {
    /// Members whose days suffice by their own rules.
    eligible: i64,
    would_be_eligible: i64,
    /// Members of whom the two differ and whose deposit is here.
    flips: Vec<FlipView>,
    /// The deposits of these.
    sum_fen: i64,
    /// How many were proposed; `null` unless that was asked for.
    proposed: Option<usize>,
    /// Those who could not be proposed.
    skipped: Vec<NotProposed>,
}

/// A member whom other rules would judge otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlipView {
    #[schema(value_type = i64)]
    member_id: MemberId,
    name: String,
    /// `eligible`, `by_grace` or `not_eligible`.
    #[schema(value_type = String, example = "not_eligible")]
    from: Judgement,
    #[schema(value_type = String, example = "by_grace")]
    to: Judgement,
}

/// Who was not proposed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NotProposed {
    #[schema(value_type = i64)]
    member_id: MemberId,
    /// The word that the single request would have been refused with.
    #[schema(example = "duplicate")]
    error: &'static str,
}

impl WhatIfView {
    pub(super) fn new(outcome: WhatIf, proposals: Option<GoodwillProposals>) -> Self {
        let flip = |flip: Flip| FlipView {
            member_id: flip.member,
            name: flip.name,
            from: flip.from,
            to: flip.to,
        };
        let proposed = proposals.as_ref().map(|done| done.proposed);
        let skipped = proposals.into_iter().flat_map(|done| done.skipped);
        Self {
            eligible: outcome.eligible,
            would_be_eligible: outcome.would_be_eligible,
            flips: outcome.flips.into_iter().map(flip).collect(),
            sum_fen: outcome.sum_fen.get(),
            proposed,
            skipped: skipped
                .map(|(member_id, error)| NotProposed {
                    member_id,
                    error: Problem::from(error).word(),
                })
                .collect(),
        }
    }
}

/// A running check-in project of the planet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanetProjectView {
    #[schema(example = "4848142421")]
    planet_project_id: String,
    title: String,
    /// The days that the planet asks for.
    total_days: Option<u32>,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
    /// `null` for one without an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Members who joined it.
    joined: Option<u64>,
    /// A camp names it.
    is_used: bool,
}

impl From<PlanetProject> for PlanetProjectView {
    fn from(PlanetProject { project, is_used }: PlanetProject) -> Self {
        Self {
            planet_project_id: project.checkin_id.to_string(),
            title: visible(&project.title),
            total_days: project.checkin_days,
            created_at: project.created_at.map(Timestamp::from),
            expires_at: project.expires_at.map(Timestamp::from),
            joined: project.joined_count,
            is_used,
        }
    }
}

/// Where members enroll.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnrollUrl {
    url: String,
    /// A picture of the same.
    qr_png_url: String,
}

impl EnrollUrl {
    pub(super) fn new(ctx: &Context, id: CampId) -> Self {
        Self {
            url: camps::enroll_url(ctx, id),
            qr_png_url: format!("/files/camps/{id}/enroll.png"),
        }
    }
}

/// For whom links are made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PersonalLinksBody {
    #[schema(value_type = Vec<String>)]
    pub(super) planet_user_ids: Vec<PlanetUserId>,
}

/// A link that vouches for one planet user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonalLink {
    #[schema(value_type = String)]
    planet_user_id: PlanetUserId,
    url: String,
}

impl From<(PlanetUserId, String)> for PersonalLink {
    fn from((planet_user_id, url): (PlanetUserId, String)) -> Self {
        Self {
            planet_user_id,
            url,
        }
    }
}
