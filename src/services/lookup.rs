//! What people ask for in a chat: which camps they may see, how a camp and its members are doing.

use std::collections::BTreeMap;

use crate::domain::eligibility::{Judgement, days_shown};
use crate::domain::staff::{Actor, Reach};
use crate::domain::{
    Action, BindStatus, CampId, CampStatus, MatchStatus, OrderStatus, RefundStatus, Terms,
    Timestamp,
};
use crate::store::camps::{self, Camp};
use crate::store::members::{self, Member, folded};
use crate::store::payments::{self, Person};
use crate::store::{refunds, syncs};

use super::{Context, Error, Result, reach_of, require};

/// Members that one question may list.
pub const MAX_MEMBERS_FOUND: usize = 8;
/// Days that a member may be short of to count as nearly there.
const NEARLY_DAYS: i64 = 2;

/// The camps that are of interest in a chat, those that need somebody first.
const SHOWN: [CampStatus; 6] = [
    CampStatus::Settling,
    CampStatus::Ended,
    CampStatus::Ongoing,
    CampStatus::Enrolling,
    CampStatus::Pending,
    CampStatus::Archived,
];

/// How a camp is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampProgress {
    /// Members who have paid.
    pub members: usize,
    /// Whose days suffice without grace.
    pub eligible: usize,
    /// Who need the grace days.
    pub by_grace: usize,
    /// Who are one or two days short, grace and all.
    pub nearly: usize,
    /// Whose planet account is not sure.
    pub unmatched: usize,
    /// Who are in the group.
    pub joined: usize,
    /// As of when the days are known; none before the first complete sync.
    pub synced_at: Option<Timestamp>,
}

/// How a member is doing.
#[derive(Debug, Clone)]
pub struct MemberProgress {
    /// The member.
    pub member: Member,
    /// The camp.
    pub camp: Camp,
    /// The rules that they agreed to.
    pub terms: Terms,
    /// What the days say.
    pub judgement: Judgement,
    /// Where the deposit's way back is; none where nobody has put it forward.
    pub refund: Option<RefundStatus>,
    /// Where the binding is.
    pub bind_status: BindStatus,
    /// The number of the order.
    pub order_no: String,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
}

impl MemberProgress {
    /// `8/7`, or `6+宽限1/7`.
    #[must_use]
    pub fn days_shown(&self) -> String {
        days_shown(self.member.checked_in_days, &self.terms)
    }

    /// The name by which staff know them.
    #[must_use]
    pub fn name(&self) -> &str {
        shown_name(&self.member)
    }
}

/// The planet nickname, else the WeChat one, else the member's number in words.
#[must_use]
pub fn shown_name(member: &Member) -> &str {
    let identity = &member.identity;
    [&identity.planet_nickname, &identity.wechat_nickname]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("未填昵称", String::as_str)
}

/// The camps in which `actor` may do `action`, those that need somebody first.
///
/// # Errors
/// [`Error::Forbidden`] if they may nowhere.
pub async fn camps_for(ctx: &Context, actor: &Actor, action: Action) -> Result<Vec<Camp>> {
    let reach = reach_of(actor, action)?;
    let mut conn = ctx.db.read().await?;
    let mut found = Vec::new();
    for status in SHOWN {
        for camp in camps::in_status(&mut conn, status).await? {
            let is_theirs = reach == Reach::All
                || camps::is_staffed_by(&mut conn, camp.id, actor.user_id).await?;
            if is_theirs {
                found.push(camp);
            }
        }
    }
    Ok(found)
}

/// How a camp is doing.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may see it.
pub async fn camp_progress(ctx: &Context, actor: &Actor, camp: &Camp) -> Result<CampProgress> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, camp.id).await?;
    let all = members::of_camp(&mut conn, camp.id).await?;
    let synced_at = match camp.current_sync {
        Some(id) => syncs::by_id(&mut conn, id).await?.map(|run| run.started_at),
        None => None,
    };
    let count = |wanted: &dyn Fn(&Member) -> bool| all.iter().filter(|m| wanted(m)).count();
    let judged = |member: &Member| Judgement::of(member.checked_in_days, &camp.terms);
    let short = |member: &Member| camp.terms.required_days - member.checked_in_days;
    Ok(CampProgress {
        members: all.len(),
        eligible: count(&|member| judged(member) == Judgement::Eligible),
        by_grace: count(&|member| judged(member) == Judgement::ByGrace),
        nearly: count(&|member| {
            let is_short = (1..=NEARLY_DAYS).contains(&short(member));
            is_short && judged(member) == Judgement::NotEligible
        }),
        unmatched: count(&|member| member.match_status != MatchStatus::Matched),
        joined: count(&|member| member.joined),
        synced_at,
    })
}

/// The members of a camp whose names or planet account hold `text`, at most
/// [`MAX_MEMBERS_FOUND`]; the ones called exactly so alone, if there are any.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may see the camp.
pub async fn find_members(
    ctx: &Context,
    actor: &Actor,
    camp: &Camp,
    text: &str,
) -> Result<Vec<MemberProgress>> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, camp.id).await?;
    let wanted = folded(text);
    let names = |member: &Member| {
        let identity = &member.identity;
        let id = identity.planet_user_id.map(|id| id.to_string());
        [
            folded(&identity.planet_nickname),
            folded(&identity.wechat_nickname),
            id.unwrap_or_default(),
        ]
    };
    let all = members::of_camp(&mut conn, camp.id).await?;
    let (exact, partly): (Vec<Member>, Vec<Member>) = all
        .into_iter()
        .filter(|member| names(member).iter().any(|name| name.contains(&wanted)))
        .partition(|member| names(member).contains(&wanted));
    let found = if exact.is_empty() { partly } else { exact };
    let mut shown = Vec::new();
    for member in found.into_iter().take(MAX_MEMBERS_FOUND) {
        shown.push(judge(&mut conn, member, camp.clone()).await?);
    }
    Ok(shown)
}

/// The places in camps that a corp member has paid for, newest first.
pub async fn own_places(ctx: &Context, wecom_userid: &str) -> Result<Vec<MemberProgress>> {
    let mut conn = ctx.db.read().await?;
    let person = Person {
        wecom_userid: Some(wecom_userid.to_lowercase()),
        ..Person::default()
    };
    let mut places = BTreeMap::new();
    for payment in payments::of_person(&mut conn, &person).await? {
        let has_paid = matches!(
            payment.status,
            OrderStatus::Paid | OrderStatus::Refunding | OrderStatus::Refunded
        );
        let (Some(member_id), true) = (payment.member_id, has_paid) else {
            continue;
        };
        let Some(member) = members::by_id(&mut conn, member_id).await? else {
            continue;
        };
        if let Some(camp) = camps::by_id(&mut conn, member.camp_id).await? {
            let place = judge(&mut conn, member, camp).await?;
            places.insert(std::cmp::Reverse(place.member.id), place);
        }
    }
    Ok(places.into_values().collect())
}

/// The camp of a number, if `actor` may do `action` there.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn camp(ctx: &Context, actor: &Actor, action: Action, id: CampId) -> Result<Camp> {
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, id).await?.ok_or(Error::NotFound)?;
    require(&mut conn, actor, action, id).await?;
    Ok(camp)
}

async fn judge(
    conn: &mut crate::store::Conn,
    member: Member,
    camp: Camp,
) -> Result<MemberProgress> {
    let payment = payments::by_id(conn, member.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    let refund = refunds::of_payment(conn, payment.id).await?;
    // What the system has taken back was never a person's word.
    let refund = refund.filter(|refund| !refund.was_withdrawn_by_system());
    let terms = payment.terms.unwrap_or(camp.terms);
    Ok(MemberProgress {
        refund: refund.map(|refund| refund.status()),
        bind_status: payment.bind_status,
        order_no: payment.order_no,
        paid_at: payment.paid_at,
        judgement: Judgement::of(member.checked_in_days, &terms),
        member,
        camp,
        terms,
    })
}
