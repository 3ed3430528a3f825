//! What people ask for in a chat: which camps they may see, how a camp and its members are doing.

use std::collections::BTreeMap;

use crate::domain::eligibility::{Judgement, days_shown};
use crate::domain::staff::{Actor, Reach};
use crate::domain::{
    Action, BindStatus, CampId, CampStatus, OrderStatus, RefundStatus, Terms, Timestamp,
};
use crate::store::camp_lists::CampFilter;
use crate::store::camps::{self, Camp};
use crate::store::members::{self, Member};
use crate::store::payments::{self, Person};
use crate::store::reports::{self, AlikeMembers};
use crate::store::{Listing as _, member_search, refunds, syncs};

use super::member_lists::Attainment;
use super::rows::readable;
use super::{Context, Error, Result, presence, reach_of, require};

/// Members that one question may list.
pub const MAX_MEMBERS_FOUND: usize = 8;

/// The camps that are of interest in a chat, those that need somebody first.
static SHOWN: [CampStatus; 6] = [
    CampStatus::Settling,
    CampStatus::Ended,
    CampStatus::Ongoing,
    CampStatus::Enrolling,
    CampStatus::Pending,
    CampStatus::Archived,
];

/// The progress of a camp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampProgress {
    /// Members who have paid.
    pub members: i64,
    /// Whose days suffice without grace.
    pub eligible: i64,
    /// Who need the grace days.
    pub by_grace: i64,
    /// Whose days suffice with one more.
    pub one_short: i64,
    /// Who are more than a day short.
    pub not_yet: i64,
    /// Days per member, in tenths, rounded down; none of nobody.
    pub average_tenths: Option<i64>,
    /// Whose planet account is not sure.
    pub unmatched: i64,
    /// Who are in the group.
    pub joined: i64,
    /// As of when the days are known; none before the first complete sync.
    pub synced_at: Option<Timestamp>,
    /// Of one camp alone: who has checked in today, where the posts tell.
    pub today: Option<Today>,
    /// Of one camp alone: the newest sync is the one that decides, and it read the posts.
    pub is_complete: bool,
}

/// Who has checked in today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    pub came: i64,
    pub absent: i64,
}

/// The progress of a member.
#[derive(Debug, Clone)]
pub struct MemberProgress {
    pub member: Member,
    pub camp: Camp,
    /// The rules that they agreed to.
    pub terms: Terms,
    /// What the days say.
    pub judgement: Judgement,
    /// Where the deposit's way back is; none where nobody has put it forward.
    pub refund: Option<RefundStatus>,
    pub bind_status: BindStatus,
    pub order_no: String,
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
    pub fn name(&self) -> String {
        self.member.identity.shown_name()
    }
}

/// Finds the camps in which `actor` may do `action`, those that need somebody first.
///
/// # Errors
/// [`Error::Forbidden`] if they may nowhere.
pub async fn camps_for(ctx: &Context, actor: &Actor, action: Action) -> Result<Vec<Camp>> {
    let reach = reach_of(actor, action)?;
    let filter = CampFilter {
        statuses: &SHOWN,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        ..CampFilter::default()
    };
    let mut conn = ctx.db.read().await?;
    let mut camps = readable(filter.all(&mut conn).await?);
    let need = |camp: &Camp| SHOWN.iter().position(|status| *status == camp.status);
    camps.sort_by_key(|camp| (need(camp), camp.id));
    Ok(camps)
}

/// Tells how a camp is doing.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may see it.
pub async fn camp_progress(ctx: &Context, actor: &Actor, camp: &Camp) -> Result<CampProgress> {
    let all = progress_of_camps(ctx, actor, std::slice::from_ref(camp)).await?;
    let progress = all.into_iter().next().ok_or(Error::NotFound)?;
    let presence = presence::on(ctx, actor, camp, ctx.today()).await?;
    let mut conn = ctx.db.read().await?;
    let newest = syncs::newest_finished(&mut conn, camp.id).await?;
    let newest = newest.map(|run| run.id);
    Ok(CampProgress {
        today: presence.known_at().map(|_| Today {
            came: presence.came,
            absent: i64::try_from(presence.absent.len()).unwrap_or(i64::MAX),
        }),
        is_complete: newest.is_some() && newest == camp.current_sync && newest == camp.posts_sync,
        ..progress
    })
}

/// Tells how each of some camps is doing, in their order.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may see all of them.
pub async fn progress_of_camps(
    ctx: &Context,
    actor: &Actor,
    camps: &[Camp],
) -> Result<Vec<CampProgress>> {
    let mut conn = ctx.db.read().await?;
    for camp in camps {
        require(&mut conn, actor, Action::ViewCamp, camp.id).await?;
    }
    let ids: Vec<CampId> = camps.iter().map(|camp| camp.id).collect();
    let members = reports::alike_members(&mut conn, &ids).await?;
    let synced_at = reports::synced_at(&mut conn, &ids).await?;
    let progress = camps.iter().map(|camp| {
        let members = members.get(&camp.id).map_or(&[][..], Vec::as_slice);
        count(members, &camp.terms, synced_at.get(&camp.id).copied())
    });
    Ok(progress.collect())
}

fn count(groups: &[AlikeMembers], terms: &Terms, synced_at: Option<Timestamp>) -> CampProgress {
    let count = |wanted: &dyn Fn(&AlikeMembers) -> bool| {
        let wanted = groups.iter().filter(|group| wanted(group));
        wanted.map(|group| group.members).sum()
    };
    let standing = |wanted: Attainment| {
        count(&|group: &AlikeMembers| Attainment::of(group.checked_in_days, terms) == wanted)
    };
    let members = count(&|_| true);
    let days = groups
        .iter()
        .map(|group| group.checked_in_days.saturating_mul(group.members));
    CampProgress {
        members,
        average_tenths: (members > 0).then(|| days.sum::<i64>().saturating_mul(10) / members),
        eligible: standing(Attainment::Eligible),
        by_grace: standing(Attainment::ByGrace),
        one_short: standing(Attainment::OneShort),
        not_yet: standing(Attainment::NotYet),
        unmatched: count(&|group| !group.is_matched),
        joined: count(&|group| group.has_joined),
        synced_at,
        today: None,
        is_complete: false,
    }
}

/// Finds the members of a camp whom `text` means, at most [`MAX_MEMBERS_FOUND`]; the ones called
/// exactly so alone, if there are any.
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
    let limit = i64::try_from(MAX_MEMBERS_FOUND).unwrap_or(i64::MAX);
    let found = member_search::in_camp(&mut conn, camp.id, text, limit).await?;
    let mut shown = Vec::new();
    for member in readable(found) {
        shown.push(judge(&mut conn, member, camp.clone()).await?);
    }
    Ok(shown)
}

/// Finds the places in camps that a corp member has paid for, newest first.
pub async fn own_places(ctx: &Context, wecom_userid: &str) -> Result<Vec<MemberProgress>> {
    let mut conn = ctx.db.read().await?;
    let person = Person {
        wecom_userid: Some(wecom_userid.to_lowercase()),
        ..Person::default()
    };
    let mut places = BTreeMap::new();
    for payment in readable(payments::of_person(&mut conn, &person).await?) {
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

/// Finds the camp of a number, if `actor` may do `action` there.
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
