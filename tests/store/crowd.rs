//! Camps with everything that lists and figures are about, invented from a seed: names that look
//! alike, rows of the same moment, and every status there is.

use campkeeper::domain::refund::Proposal;
use campkeeper::domain::{
    CampStatus, Fen, MatchStatus, OrderStatus, PaymentId, PlanetUserId, RefundKind, RefundStatus,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::rows::{self, Rows};
pub(crate) use crate::rows::{account, order_no};
use crate::support::TestDb;

pub(crate) const CAMPS: i64 = 4;
/// The coach of the first and the third camp.
pub(crate) const COACH: i64 = 102;
const MEMBERS: i64 = 130;
const NAMES: [&str; 6] = [
    "小明",
    "小明同学",
    "Early Bird",
    "early_bird",
    "林悦",
    "a%b",
];

/// A member, the payment that made them, and their refund.
pub(crate) struct Someone {
    pub(crate) id: i64,
    pub(crate) camp: i64,
    pub(crate) name: &'static str,
    pub(crate) match_status: MatchStatus,
    pub(crate) joined: bool,
    pub(crate) days: i64,
    pub(crate) eligible: bool,
    pub(crate) order_status: OrderStatus,
    pub(crate) paid_fen: i64,
    pub(crate) refund: Option<RefundStatus>,
}

fn someone(id: i64, random: &mut StdRng) -> Someone {
    Someone {
        id,
        // The last camp stays empty.
        camp: random.random_range(1..CAMPS),
        name: NAMES.choose(random).unwrap(),
        match_status: *MatchStatus::ALL.choose(random).unwrap(),
        joined: random.random_bool(0.7),
        days: random.random_range(0..=10),
        eligible: random.random_bool(0.5),
        order_status: *OrderStatus::ALL.choose(random).unwrap(),
        paid_fen: random.random_range(1..=20_000),
        refund: random
            .random_bool(0.6)
            .then(|| *RefundStatus::ALL.choose(random).unwrap()),
    }
}

fn refund_no(id: i64) -> String {
    format!("rfd_{id:026}")
}

/// Fills the store and tells who is in it.
pub(crate) async fn crowd(db: &TestDb, seed: u64) -> Vec<Someone> {
    let mut random = StdRng::seed_from_u64(seed);
    let people: Vec<Someone> = (1..=MEMBERS).map(|id| someone(id, &mut random)).collect();
    let messages =
        (0..40).map(|n| rows::message("note", "x").status(["pending", "sent", "failed"][n % 3]));
    // Above those that a house writes by itself.
    let audited = (1001..=1040).map(|n| rows::Audited::default().seq(n).object_id(n.to_string()));
    db.add(staff_and_camps()).await;
    db.add((
        people.iter().map(payment).collect::<Vec<_>>(),
        people.iter().map(member).collect::<Vec<_>>(),
        people.iter().filter_map(refund).collect::<Vec<_>>(),
        people.iter().flat_map(check_ins).collect::<Vec<_>>(),
        messages.collect::<Vec<_>>(),
        audited.collect::<Vec<_>>(),
    ))
    .await;
    people
}

fn staff_and_camps() -> impl Rows {
    let users = (101..=109)
        .map(|id| rows::staff(id, &format!("user{id}"), "coach", &format!("Coach {id}")));
    let camps = (1..=CAMPS).map(|id| {
        let status = CampStatus::ALL[usize::try_from(id).unwrap() + 1];
        // Two begin on the same day.
        let start = format!("2026-01-0{}", id / 2 + 1);
        rows::camp(id, &format!("Camp {id}"))
            .name_folded(format!("camp{id}"))
            .terms(([&start, "2026-01-20"], [10, 7, id % 3]))
            .status(status.as_str())
    });
    let leads = [1, 3].map(|camp| rows::lead(camp, COACH, "coach"));
    let (users, camps) = (users.collect::<Vec<_>>(), camps.collect::<Vec<_>>());
    (users, camps, leads, rows::sync(1, 0))
}

fn payment(one: &Someone) -> rows::Payment {
    // Nothing has come in yet for an order that was only made.
    let payment = match one.order_status {
        OrderStatus::Created => rows::open_order(one.id),
        status => rows::payment(one.id)
            .status(status.as_str())
            .paid_fen(one.paid_fen),
    };
    payment.camp_id(one.camp).created_at(one.id % 5)
}

fn member(one: &Someone) -> rows::Member {
    let names_folded = one.name.to_lowercase().replace(' ', "");
    rows::member(one.id)
        .camp_id(one.camp)
        .planet_nickname(one.name)
        .names_folded(format!("{names_folded} "))
        .match_status(one.match_status.as_str())
        .confidence(one.id % 101)
        .joined(one.joined)
        .checked_in_days(one.days)
        .eligible(one.eligible)
}

fn refund(one: &Someone) -> Option<rows::Refund> {
    use RefundStatus as Is;
    let status = one.refund?;
    let id = one.id;
    let proposal = Proposal {
        payment_id: PaymentId(id),
        kind: RefundKind::Deposit,
        amount_fen: Fen::new(one.paid_fen).unwrap(),
        checked_in_days: one.days,
        terms: None,
        planet_user_id: Some(PlanetUserId(account(id))),
        rivals: 0,
        flags: Vec::new(),
        reason: String::new(),
    };
    let refund = rows::refund(&refund_no(id), id, &order_no(id))
        .id(id)
        .camp_id(one.camp)
        .member_id(id)
        .status(status.as_str())
        .flags("")
        .is_clear(id % 2 == 0)
        .amount_fen(one.paid_fen)
        .checked_in_days(one.days)
        .confidence(id % 101)
        .proposal_version(Proposal::VERSION)
        .proposal(proposal.to_text().unwrap())
        .proposal_hash(proposal.hash().unwrap())
        .created_at(id % 5);
    let decided = |refund: rows::Refund| {
        let refund = refund.decided_by(COACH).decided_by_name("Coach");
        refund.decided_at(1)
    };
    let approved = |refund| decided(refund).first_approver(COACH).undo_until(60);
    Some(match status {
        Is::Pending => refund,
        Is::AwaitingSecond => decided(refund).first_approver(COACH),
        Is::Rejected => decided(refund),
        Is::Approved | Is::Processing => approved(refund),
        Is::Success => {
            let back = approved(refund).attempts(1).wechat_refund_id("5030");
            back.refunded_at(1)
        }
        Is::Failed | Is::ManualRequired => approved(refund).attempts(1).failure_reason("closed"),
        Is::Closed => {
            let failed = approved(refund).attempts(1).failure_reason("closed");
            let closed = failed.closed_by(COACH).closed_by_name("Coach");
            closed.closed_at(1).closed_way("cash").settled_fen(1)
        }
    })
}

/// Many of the same moment, and some of which only the day is known.
fn check_ins(one: &Someone) -> impl Iterator<Item = rows::CheckIn> {
    let (id, camp) = (one.id, one.camp);
    (1..=one.days.min(4)).map(move |day| {
        let at = (id % 3 != 0).then_some(id % 7);
        rows::check_in(account(id), day)
            .camp_id(camp)
            .checked_in_at(at)
    })
}
