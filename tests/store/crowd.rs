//! Camps with everything that lists and figures are about, invented from a seed: names that look
//! alike, rows of the same moment, and every status there is.

use campkeeper::domain::refund::Proposal;
use campkeeper::domain::{
    CampStatus, Fen, MatchStatus, OrderStatus, PaymentId, PlanetUserId, RefundKind, RefundStatus,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

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

/// The account of the member with this number.
pub(crate) const fn account(id: i64) -> i64 {
    300_000_000_000_000 + id
}

pub(crate) fn order_no(id: i64) -> String {
    format!("ord_{id:026}")
}

fn refund_no(id: i64) -> String {
    format!("rfd_{id:026}")
}

/// Fills the store and tells who is in it.
pub(crate) async fn crowd(db: &TestDb, seed: u64) -> Vec<Someone> {
    let mut random = StdRng::seed_from_u64(seed);
    let people: Vec<Someone> = (1..=MEMBERS).map(|id| someone(id, &mut random)).collect();
    let mut sql = staff_and_camps();
    sql.push(insert(
        "payment_record (id, order_no, camp_id, status, amount_fen, paid_fen, bind_status, \
         expires_at, queries, created_at, updated_at)",
        people.iter().map(payment),
    ));
    sql.push(insert(
        "camp_member (id, camp_id, payment_id, planet_user_id, planet_nickname, wechat_nickname, \
         names_folded, match_status, confidence, match_reasons, joined, checked_in_days, eligible, \
         created_at, updated_at)",
        people.iter().map(member),
    ));
    sql.push("UPDATE payment_record SET member_id = id".to_owned());
    sql.push(insert(
        "refund_record (id, refund_no, camp_id, member_id, payment_id, order_no, status, kind, \
         flags, is_clear, amount_fen, checked_in_days, eligible, confidence, proposal, \
         proposal_hash, reason, polls, created_at, updated_at, first_approver, decided_by, \
         decided_by_name, decided_at, undo_until, attempts, failure_reason, wechat_refund_id, \
         refunded_at, closed_by, closed_by_name, closed_at, closed_way, settled_fen, \
         proposal_version, match_reasons)",
        people.iter().filter_map(refund),
    ));
    sql.push(insert(
        "checkin_record (camp_id, planet_user_id, day, checked_in_at, source, sync_id)",
        people.iter().flat_map(check_ins),
    ));
    sql.push(insert(
        "notification_message (kind, version, channel, priority, recipient, body, status, attempts, send_at, \
         created_at)",
        (0..40).map(|n| {
            let status = ["pending", "sent", "failed"][n % 3];
            format!("'note', 1, 'wecom_app', 'notice', 'x', '{{}}', '{status}', 0, 0, 0")
        }),
    ));
    sql.push(insert(
        "operation_log (seq, actor_name, role, action, object_type, object_id, details, channel, \
         created_at, mac)",
        // Above those that a house writes by itself.
        (1001..=1040).map(|n| {
            format!("{n}, 'system', 'system', 'a.b', 'x', '{n}', '{{}}', 'job', 0, BYTES'00'")
        }),
    ));
    db.run(&sql.join(";\n")).await;
    people
}

fn staff_and_camps() -> Vec<String> {
    let users = (101..=109)
        .map(|id| format!("{id}, 'user{id}', 'x', 'coach', 'Coach {id}', 'active', FALSE, 0, 0"));
    let camps = (1..=CAMPS).map(|id| {
        let status = CampStatus::ALL[usize::try_from(id).unwrap() + 1];
        // Two begin on the same day.
        let start = id / 2;
        format!(
            "{id}, 'Camp {id}', 'camp{id}', 9900, '2026-01-0{}', '2026-01-20', 10, 7, {}, '', \
             '{status}', 0, 0",
            start + 1,
            id % 3
        )
    });
    vec![
        insert(
            "system_user (id, username, password_hash, role, display_name, status, \
             must_change_password, created_at, updated_at)",
            users,
        ),
        insert(
            "training_camp (id, name, name_folded, deposit_fen, start_date, end_date, total_days, \
             required_days, grace_days, introduction_html, status, created_at, updated_at)",
            camps,
        ),
        insert(
            "camp_member_relation (camp_id, user_id, role)",
            [1, 3].map(|camp| format!("{camp}, {COACH}, 'coach'")),
        ),
        insert(
            "sync_run (id, camp_id, state, requested_by, started_at, members, new_checkins, \
             newly_eligible, unknown_users, lease_until)",
            ["1, 1, 'complete', 'job', 0, 0, 0, 0, 0, 0".to_owned()],
        ),
    ]
}

fn payment(one: &Someone) -> String {
    let Someone {
        id,
        camp,
        order_status,
        paid_fen,
        ..
    } = one;
    // Nothing has come in yet for an order that was only made.
    let paid_fen = if *order_status == OrderStatus::Created {
        "NULL".to_owned()
    } else {
        paid_fen.to_string()
    };
    format!(
        "{id}, '{}', {camp}, '{order_status}', 9900, {paid_fen}, 'completed', 0, 0, {}, 0",
        order_no(*id),
        id % 5
    )
}

fn member(one: &Someone) -> String {
    let Someone { id, camp, name, .. } = one;
    let names_folded = name.to_lowercase().replace(' ', "");
    format!(
        "{id}, {camp}, {id}, {}, '{name}', '', '{names_folded} ', '{}', {}, '[]', {}, {}, {}, 0, 0",
        account(*id),
        one.match_status,
        id % 101,
        one.joined,
        one.days,
        one.eligible
    )
}

fn refund(one: &Someone) -> Option<String> {
    let status = one.refund?;
    let Someone { id, camp, .. } = one;
    let proposal = Proposal {
        payment_id: PaymentId(*id),
        kind: RefundKind::Deposit,
        amount_fen: Fen::new(one.paid_fen).unwrap(),
        checked_in_days: one.days,
        terms: None,
        planet_user_id: Some(PlanetUserId(account(*id))),
        rivals: 0,
        flags: Vec::new(),
        reason: String::new(),
    };
    Some(format!(
        "{id}, '{}', {camp}, {id}, {id}, '{}', '{status}', 'deposit', '', {}, {}, {}, TRUE, {}, \
         '{}', '{}', '', 0, {}, 0, {}, {}, '[]'",
        refund_no(*id),
        order_no(*id),
        id % 2 == 0,
        one.paid_fen,
        one.days,
        id % 101,
        proposal.to_text().unwrap(),
        proposal.hash().unwrap(),
        id % 5,
        state_columns(status),
        Proposal::VERSION
    ))
}

/// What the columns hold of a refund in a status, from the first approver on.
fn state_columns(status: RefundStatus) -> String {
    use RefundStatus as Is;
    let by = format!("{COACH}, 'Coach', 1");
    let approved = format!("{COACH}, {by}, 60");
    let rest = match status {
        Is::Pending => {
            "NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL".to_owned()
        }
        Is::AwaitingSecond => {
            format!("{COACH}, {by}, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL")
        }
        Is::Rejected => format!("NULL, {by}, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL"),
        Is::Approved | Is::Processing => {
            format!("{approved}, 0, NULL, NULL, NULL, NULL, NULL, NULL")
        }
        Is::Success => format!("{approved}, 1, NULL, '5030', 1, NULL, NULL, NULL"),
        Is::Failed | Is::ManualRequired => {
            format!("{approved}, 1, 'closed', NULL, NULL, NULL, NULL, NULL")
        }
        Is::Closed => format!("{approved}, 1, 'closed', NULL, NULL, {by}"),
    };
    let settled = if status == Is::Closed {
        "'cash', 1"
    } else {
        "NULL, NULL"
    };
    format!("{rest}, {settled}")
}

/// Many of the same moment, and some of which only the day is known.
fn check_ins(one: &Someone) -> impl Iterator<Item = String> {
    let (id, camp) = (one.id, one.camp);
    (1..=one.days.min(4)).map(move |day| {
        let at = if id % 3 == 0 {
            "NULL".to_owned()
        } else {
            (id % 7).to_string()
        };
        format!("{camp}, {}, '2026-01-0{day}', {at}, 'post', 1", account(id))
    })
}

fn insert(into: &str, rows: impl IntoIterator<Item = String>) -> String {
    let rows: Vec<_> = rows.into_iter().map(|row| format!("({row})")).collect();
    format!("INSERT INTO {into} VALUES {}", rows.join(", "))
}
