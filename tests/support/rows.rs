//! Rows past the services, to set a scene: each is what a plain scene has, but for what a test sets.
//! Here alone stands which columns a table has and what has to go with a row of it. Whoever needs a
//! broken row adds a good one and breaks it.

#![allow(
    dead_code,
    clippy::wrong_self_convention,
    reason = "no test needs every row and column; setters are named as the columns"
)]

use campkeeper::services::access_token;

use crate::support::TestDb;

/// First and last day, days in all, days needed, days of grace.
pub type Terms<'a> = ([&'a str; 2], [i64; 3]);
pub const TEN_DAYS: Terms<'static> = (["2026-01-01", "2026-01-10"], [10, 7, 1]);
pub const SEVEN_DAYS: Terms<'static> = (["2026-01-01", "2026-01-07"], [7, 5, 1]);
pub const DEPOSIT_FEN: i64 = 9900;
/// In the year 2100: never, while a scene plays.
const NEVER: i64 = 4_102_444_800_000_000;

impl TestDb {
    /// Adds rows: one, or several in a tuple, an array or a list.
    pub async fn add(&self, rows: impl Rows) {
        self.run(&script(rows)).await;
    }
}

/// What adds rows, all or none.
pub fn script(rows: impl Rows) -> String {
    let mut script = vec!["BEGIN".to_owned()];
    rows.write(&mut script);
    script.push("COMMIT".to_owned());
    script.join(";\n")
}

/// What can be added.
pub trait Rows {
    /// Adds its statements to a script.
    fn write(&self, script: &mut Vec<String>);
}

/// A statement as it stands, for what rests on rows that are there.
impl Rows for String {
    fn write(&self, script: &mut Vec<String>) {
        script.push(self.clone());
    }
}

impl<R: Rows> Rows for Vec<R> {
    fn write(&self, script: &mut Vec<String>) {
        self.iter().for_each(|row| row.write(script));
    }
}

impl<R: Rows, const N: usize> Rows for [R; N] {
    fn write(&self, script: &mut Vec<String>) {
        self.iter().for_each(|row| row.write(script));
    }
}

macro_rules! tuples {
    ($(($($row:ident)+))+) => {$(
        impl<$($row: Rows),+> Rows for ($($row,)+) {
            #[expect(non_snake_case, reason = "named as their types")]
            fn write(&self, script: &mut Vec<String>) {
                let ($($row,)+) = self;
                $($row.write(script);)+
            }
        }
    )+};
}
tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// Rows that may be there already.
pub struct IfNew<R>(pub R);

impl<R: Rows> Rows for IfNew<R> {
    fn write(&self, script: &mut Vec<String>) {
        let from = script.len();
        self.0.write(script);
        for statement in &mut script[from..] {
            statement.push_str(" ON CONFLICT DO NOTHING");
        }
    }
}

/// A column's value as SQL writes it, if it has one.
trait Cell {
    fn literal(&self) -> Option<String>;
}

#[derive(Clone, Copy, Default)]
pub struct Int(Option<i64>);

impl From<i64> for Int {
    fn from(value: i64) -> Self {
        Self(Some(value))
    }
}

impl From<Option<i64>> for Int {
    fn from(value: Option<i64>) -> Self {
        Self(value)
    }
}

impl Cell for Int {
    fn literal(&self) -> Option<String> {
        self.0.map(|value| value.to_string())
    }
}

#[derive(Clone, Default)]
pub struct Text(Option<String>);

impl<T: Into<String>> From<T> for Text {
    fn from(value: T) -> Self {
        Self(Some(value.into()))
    }
}

impl Cell for Text {
    fn literal(&self) -> Option<String> {
        let text = self.0.as_ref()?;
        Some(format!("'{}'", text.replace('\'', "''")))
    }
}

#[derive(Clone, Copy, Default)]
pub struct Truth(bool);

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        Self(value)
    }
}

impl Cell for Truth {
    fn literal(&self) -> Option<String> {
        Some(if self.0 { "TRUE" } else { "FALSE" }.to_owned())
    }
}

#[derive(Clone, Default)]
pub struct Bytes(Option<Vec<u8>>);

impl From<Vec<u8>> for Bytes {
    fn from(value: Vec<u8>) -> Self {
        Self(Some(value))
    }
}

impl Cell for Bytes {
    fn literal(&self) -> Option<String> {
        let hex = self.0.iter().flatten().map(|byte| format!("{byte:02x}"));
        self.0
            .is_some()
            .then(|| format!("BYTES'{}'", hex.collect::<String>()))
    }
}

/// What a column holds where no test says otherwise.
macro_rules! cell {
    ($type:ty) => {
        <$type>::default()
    };
    ($type:ty, $plain:expr) => {
        <$type>::from($plain)
    };
}

/// Each row by its table and columns, with a setter a column. `then` gives what goes with it.
macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident in $table:ident $(then $then:ident)?
        { $($column:ident: $type:ident $(= $plain:expr)?),+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $row { $($column: $type),+ }

        impl Default for $row {
            fn default() -> Self {
                Self { $($column: cell!($type $(, $plain)?)),+ }
            }
        }

        impl $row {
            $(pub fn $column(mut self, value: impl Into<$type>) -> Self {
                self.$column = value.into();
                self
            })+
        }

        impl Rows for $row {
            fn write(&self, script: &mut Vec<String>) {
                let cells = [$((stringify!($column), self.$column.literal())),+];
                script.push(insert(stringify!($table), cells));
                $(self.$then(script);)?
            }
        }
    )+};
}

fn insert<const N: usize>(table: &str, cells: [(&str, Option<String>); N]) -> String {
    let set = cells
        .into_iter()
        .filter_map(|(column, it)| Some((column, it?)));
    let (columns, values): (Vec<&str>, Vec<String>) = set.unzip();
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        columns.join(", "),
        values.join(", ")
    )
}

rows! {
    Staff in system_user {
        id: Int, username: Text, password_hash: Text = "", role: Text, display_name: Text,
        wecom_userid: Text, status: Text = "active", must_change_password: Truth,
        created_at: Int = 0, updated_at: Int = 0
    }
    Lead in camp_member_relation { camp_id: Int, user_id: Int, role: Text }
    /// Of ten days, and running.
    Camp in training_camp {
        id: Int, name: Text, name_folded: Text, deposit_fen: Int = DEPOSIT_FEN, start_date: Text,
        end_date: Text, total_days: Int, required_days: Int, grace_days: Int,
        introduction_html: Text = "", planet_project_id: Text, group_robot_key: Bytes,
        status: Text = "ongoing", current_sync_id: Int, posts_sync_id: Int,
        created_at: Int = 0, updated_at: Int = 0
    }
    Upload in upload {
        id: Int, file_key: Text = "x", content_type: Text = "image/png", bytes: Int = 1,
        created_at: Int = 0
    }
    GroupCode in camp_group_code { camp_id: Int = 1, position: Int = 0, upload_id: Int }
    /// An account that the roster names.
    Account in planet_user {
        planet_user_id: Int, member_number: Int, nickname: Text, card_name: Text = "",
        wechat_nickname: Text = "", in_roster: Truth = true, created_at: Int = 0,
        updated_at: Int = 0
    }
    /// A complete one of the first camp.
    Sync in sync_run {
        id: Int, camp_id: Int = 1, state: Text = "complete", requested_by: Text = "job",
        started_at: Int = 0, finished_at: Int, members: Int = 0, new_checkins: Int = 0,
        newly_eligible: Int = 0, unknown_users: Int = 0, lease_until: Int = 0, suspicion: Text
    }
    Ranked in sync_ranking {
        sync_id: Int = 1, planet_user_id: Int, nickname: Text, checked_in_days: Int
    }
    /// A post that the first sync of the first camp has read.
    CheckIn in checkin_record {
        camp_id: Int = 1, planet_user_id: Int, day: Text, checked_in_at: Int, summary: Text,
        source: Text = "post", sync_id: Int = 1
    }
    /// A deposit of the first camp that was paid, by somebody who is known.
    Payment in payment_record then book {
        id: Int, order_no: Text, camp_id: Int = 1, channel: Text, status: Text = "paid",
        flag: Text, amount_fen: Int = DEPOSIT_FEN, paid_fen: Int = DEPOSIT_FEN, paid_at: Int = 0,
        transaction_id: Text, wecom_userid: Text, start_date: Text, end_date: Text,
        total_days: Int, required_days: Int, grace_days: Int, promise_list_by: Text,
        promise_decision_by: Text, promise_money_days: Int, claimed_planet_id: Text,
        claimed_nickname: Text, wechat_nickname: Text, bind_status: Text = "completed",
        expires_at: Int = 0, next_query_at: Int, queries: Int = 0, created_at: Int = 0,
        updated_at: Int = 0
    }
    /// Somebody whose account is known.
    Member in camp_member then link {
        id: Int, camp_id: Int = 1, payment_id: Int, planet_user_id: Int, planet_nickname: Text,
        wechat_nickname: Text = "", names_folded: Text, match_status: Text = "matched",
        confidence: Int = 100, match_reasons: Text = "[]", joined: Truth,
        checked_in_days: Int = 0, eligible: Truth, created_at: Int = 0, updated_at: Int = 0
    }
    Token in access_token {
        token_hash: Bytes, payment_id: Int, key_id: Bytes = vec![0], expires_at: Int = NEVER,
        created_at: Int = 0
    }
    /// A total that the first member of the staff attests of a member of the first camp.
    Attested in stated_days {
        camp_id: Int = 1, source: Text = "attested", member_id: Int, days: Int, reason: Text = "",
        stated_by: Int = 1, stated_at: Int = 0
    }
    /// Of a deposit, which waits for a decision.
    Refund in refund_record {
        id: Int, refund_no: Text, camp_id: Int = 1, member_id: Int, payment_id: Int,
        order_no: Text, status: Text = "pending", kind: Text = "deposit", flags: Text = "[]",
        is_clear: Truth = true, amount_fen: Int = DEPOSIT_FEN, sync_id: Int,
        checked_in_days: Int = 0, eligible: Truth = true, confidence: Int = 100,
        proposal_version: Int = 2, proposal: Text = "{}", proposal_hash: Text = "",
        match_reasons: Text = "[]", reason: Text = "", first_approver: Int, decided_by: Int,
        decided_by_name: Text, decided_at: Int, undo_until: Int, attempts: Int = 0,
        polls: Int = 0, failure_reason: Text, wechat_refund_id: Text, refunded_at: Int,
        closed_by: Int, closed_by_name: Text, closed_at: Int, closed_way: Text, settled_fen: Int,
        replaced_by: Text, created_at: Int = 0, updated_at: Int = 0
    }
    MemberMove in member_status_log {
        member_id: Int, from_status: Text, to_status: Text, operator: Text, operator_id: Int,
        reason: Text = "", created_at: Int = 0
    }
    RefundMove in refund_status_log {
        refund_id: Int, from_status: Text, to_status: Text, operator: Text, reason: Text = "",
        created_at: Int = 0
    }
    /// The merchant account has no money.
    Hold in merchant_hold {
        id: Int = 1, reason: Text = "NOT_ENOUGH", since: Int = 0, probes: Int = 0,
        next_probe_at: Int = 0
    }
    /// What one person is told in WeCom.
    Message in notification_message {
        id: Int, kind: Text, version: Int = 1, channel: Text = "wecom_app",
        priority: Text = "notice", recipient: Text, body: Text = "{}", dedupe_key: Text,
        status: Text = "pending", attempts: Int = 0, send_at: Int = 0, error: Text,
        created_at: Int = 0
    }
    Transfer in ledger_transfer {
        id: Text, kind: Text = "plain", debit: Text, credit: Text, amount_fen: Int, camp_id: Int,
        payment_id: Int, created_at: Int = 0
    }
    /// An entry of the audit that no chain covers.
    Audited in operation_log {
        seq: Int, actor_name: Text = "system", role: Text = "system", action: Text = "a.b",
        object_type: Text = "x", object_id: Text, details: Text = "{}", channel: Text = "job",
        created_at: Int = 0, mac: Bytes = vec![0]
    }
    /// A sign-in of a member's that is over.
    SignIn in oauth_state {
        state_hash: Bytes, purpose: Text = "h5", browser_hash: Bytes = vec![0],
        redirect: Text = "/h5/", is_retry: Truth, expires_at: Int = 1
    }
}

macro_rules! with_terms {
    ($($row:ident)+) => {$(
        impl $row {
            pub fn terms(self, ([start, end], [total, required, grace]): Terms<'_>) -> Self {
                self.start_date(start).end_date(end).total_days(total).required_days(required)
                    .grace_days(grace)
            }
        }
    )+};
}
with_terms! { Camp Payment }

impl Payment {
    /// What came in stands in the books: nothing can go back of what never did.
    fn book(&self, script: &mut Vec<String>) {
        let Some(fen) = self.paid_fen.0.filter(|fen| *fen > 0) else {
            return;
        };
        let is_held = self.camp_id.0.is_some() && self.flag.0.is_none();
        let order_no = self.order_no.0.as_deref().unwrap_or_default();
        let to = if is_held { "held" } else { "suspense" };
        transfer(&format!("pay:{order_no}"), ["bank", to], fen)
            .camp_id(self.camp_id)
            .payment_id(self.id)
            .write(script);
    }
}

impl Member {
    /// Its payment knows it, too.
    fn link(&self, script: &mut Vec<String>) {
        if let (Some(id), Some(payment)) = (self.id.0, self.payment_id.0) {
            script.push(format!(
                "UPDATE payment_record SET member_id = {id} WHERE id = {payment}"
            ));
        }
    }

    /// Known by this name on the planet.
    pub fn named(self, name: &str) -> Self {
        self.planet_nickname(name).names_folded(name)
    }

    /// The planet knows nobody of this name, by which WeChat does.
    pub fn unknown(self, name: &str, match_status: &str) -> Self {
        let nobody = self.named("").planet_user_id(None).confidence(0);
        let named = nobody.wechat_nickname(name).names_folded(name);
        named.match_status(match_status)
    }
}

pub fn order_no(id: i64) -> String {
    format!("ord_{id:026}")
}

/// The account of the member with this number.
pub const fn account(number: i64) -> i64 {
    300_000_000_000_000 + number
}

pub fn staff(id: i64, username: &str, role: &str, name: &str) -> Staff {
    let staff = Staff::default().id(id).username(username);
    staff.role(role).display_name(name)
}

pub fn lead(camp: i64, user: i64, role: &str) -> Lead {
    Lead::default().camp_id(camp).user_id(user).role(role)
}

pub fn camp(id: i64, name: &str) -> Camp {
    let camp = Camp::default().id(id).name(name).name_folded(name);
    camp.terms(TEN_DAYS)
}

/// A picture, and that it is the code of the first camp's group.
pub fn group_code(upload: i64) -> (Upload, GroupCode) {
    let code = GroupCode::default().upload_id(upload);
    (Upload::default().id(upload), code)
}

pub fn in_roster(account: i64, name: &str) -> Account {
    Account::default().planet_user_id(account).nickname(name)
}

pub fn sync(id: i64, started_at: i64) -> Sync {
    Sync::default().id(id).started_at(started_at)
}

/// Another sync of the first camp, which decides from now on: it has the ranking of its first one.
pub fn sync_again(id: i64, started_at: i64) -> (Sync, String, String) {
    let ranking = format!(
        "INSERT INTO sync_ranking (sync_id, planet_user_id, nickname, checked_in_days) \
         SELECT {id}, planet_user_id, nickname, checked_in_days FROM sync_ranking WHERE sync_id = 1"
    );
    let points = format!(
        "UPDATE training_camp SET current_sync_id = {id}, posts_sync_id = {id} WHERE id = 1"
    );
    (sync(id, started_at), ranking, points)
}

pub fn ranked(account: i64, name: &str, days: i64) -> Ranked {
    let ranked = Ranked::default().planet_user_id(account);
    ranked.nickname(name).checked_in_days(days)
}

/// On a day of January.
pub fn check_in(account: i64, day: i64) -> CheckIn {
    let check_in = CheckIn::default().planet_user_id(account);
    check_in.day(format!("2026-01-{day:02}"))
}

/// On each of the first days of January.
pub fn check_ins(account: i64, days: i64) -> Vec<CheckIn> {
    (1..=days).map(|day| check_in(account, day)).collect()
}

pub fn payment(id: i64) -> Payment {
    let payment = Payment::default().id(id).order_no(order_no(id));
    payment
        .transaction_id(format!("42000000000000000000{id:08}"))
        .terms(TEN_DAYS)
}

/// An order of the first camp that nobody has paid.
pub fn open_order(id: i64) -> Payment {
    Payment {
        paid_fen: Int(None),
        paid_at: Int(None),
        transaction_id: Text(None),
        ..payment(id)
    }
    .channel("native")
    .status("created")
    .bind_status("pending")
}

/// A payment of an order that we do not know.
pub fn unknown_order(id: i64, order_no: &str, fen: i64) -> Payment {
    let payment = Payment::default().id(id).order_no(order_no).camp_id(None);
    let paid = payment.amount_fen(fen).paid_fen(fen);
    let flagged = paid.flag("unknown_order").bind_status("pending");
    flagged.transaction_id((4199 + id).to_string())
}

/// The member whom the payment with this number made.
pub fn member(id: i64) -> Member {
    let member = Member::default().id(id).payment_id(id);
    member
        .planet_user_id(account(id))
        .named(&format!("会员{id}"))
}

pub fn token(token: &str, payment: i64) -> Token {
    let token = Token::default().token_hash(access_token::hash(token));
    token.payment_id(payment)
}

pub fn refund(number: &str, payment: i64, order_no: &str) -> Refund {
    let refund = Refund::default().refund_no(number).payment_id(payment);
    refund.order_no(order_no)
}

pub fn message(kind: &str, to: &str) -> Message {
    Message::default().kind(kind).recipient(to)
}

pub fn transfer(id: &str, [debit, credit]: [&str; 2], fen: i64) -> Transfer {
    let transfer = Transfer::default().id(id).amount_fen(fen);
    transfer.debit(debit).credit(credit)
}

/// What `UPDATE refund_record SET` takes to bring any refund into a status. The member of staff
/// with the number 1 has decided, whatever was to be decided.
pub fn refund_in(status: &str) -> String {
    let was_sent = !matches!(
        status,
        "pending" | "awaiting_second" | "rejected" | "approved"
    );
    let is_approved = was_sent || status == "approved";
    let is_due = matches!(status, "approved" | "processing" | "failed");
    let has_trouble = matches!(status, "failed" | "manual_required" | "closed");
    let set = |is_set: bool, value: &'static str| if is_set { value } else { "NULL" };
    let staff = "(SELECT display_name FROM system_user WHERE id = 1)";
    [
        ("status", &*format!("'{status}'")),
        (
            "first_approver",
            set(is_approved || status == "awaiting_second", "1"),
        ),
        ("decided_by", set(status != "pending", "1")),
        ("decided_by_name", set(status != "pending", staff)),
        ("decided_at", set(status != "pending", "1")),
        ("undo_until", set(is_approved, "1")),
        ("attempts", if was_sent { "1" } else { "0" }),
        ("polls", "0"),
        // In the year 2100: nothing happens to it while the scene plays.
        ("next_try_at", set(is_due, "4102444800000000")),
        ("lease_until", "NULL"),
        ("silent_since", "NULL"),
        ("failure_reason", set(has_trouble, "'abnormal'")),
        ("wechat_refund_id", set(status == "success", "'5030'")),
        ("refunded_at", set(status == "success", "1")),
        ("closed_by", set(status == "closed", "1")),
        ("closed_by_name", set(status == "closed", staff)),
        ("closed_at", set(status == "closed", "1")),
        ("closed_way", set(status == "closed", "'cash'")),
        ("settled_fen", set(status == "closed", "amount_fen")),
        ("replaced_by", "NULL"),
    ]
    .map(|(column, value)| format!("{column} = {value}"))
    .join(", ")
}
