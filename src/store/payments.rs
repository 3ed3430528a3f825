//! Payment attempts: what was asked of whom, what came in, and whose it is.

use chrono::NaiveDate;

use crate::domain::{
    BindMethod, BindStatus, CampId, MemberId, Move, OrderFlag, OrderStatus, PaymentId,
    PlanetUserId, Timestamp,
};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::status_log::StatusLog;
use super::{Macs, Note, Rows, StoreResult, Tx, held};

mod facts;
mod promise;
mod row;
mod terms;

pub use facts::{Confirmation, NewPayment, PayMeans, Payee, Payer, Person, PlanetClaim};
pub(super) use promise::PromiseColumns;
pub use row::{Payment, ToConfirm};
use row::{PaymentRow, ToConfirmRow, payment_columns, select_payment};
pub(super) use terms::TermsColumns;

const TABLE: &str = "payment_record";
const ORDER_LOG: StatusLog = StatusLog(ORDER_LOG_ADD);
const BIND_LOG: StatusLog = StatusLog(BIND_LOG_ADD);

/// The column that openids are sealed for, and what their MAC is derived for.
pub const OPENID: &str = "payment_record.openid";
/// The column that raw notifications are sealed for.
pub const RAW_NOTICE: &str = "payment_record.raw_notice";

statements! {
    BY_ID = select_payment!("WHERE id = $1");
    BY_ORDER_NO = select_payment!("WHERE order_no = $1");
    BY_NUMBER = select_payment!("WHERE order_no = $1 OR transaction_id = $1 ORDER BY id LIMIT 1");
    RELEASE = "UPDATE payment_record SET released_at = $2 WHERE id = $1 AND released_at IS NULL";
    RELEASE_ACCOUNT = "UPDATE camp_member SET released_at = $2 \
                       WHERE payment_id = $1 AND released_at IS NULL";
    HOLD_AGAIN = "UPDATE payment_record SET released_at = NULL WHERE id = $1 \
                  AND released_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment_record o \
                  WHERE o.camp_id = payment_record.camp_id AND o.id <> payment_record.id \
                  AND o.openid_mac = payment_record.openid_mac AND o.released_at IS NULL \
                  AND o.flag IS NULL AND o.status IN ('paid', 'refunding', 'refunded'))";
    HOLD_ACCOUNT_AGAIN = "UPDATE camp_member SET released_at = NULL WHERE payment_id = $1 \
                          AND released_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM camp_member o \
                          WHERE o.camp_id = camp_member.camp_id AND o.id <> camp_member.id \
                          AND o.planet_user_id = camp_member.planet_user_id \
                          AND o.match_status = 'matched' AND o.released_at IS NULL)";
    CLEAR_FLAG = "UPDATE payment_record SET flag = NULL, updated_at = $3 \
                  WHERE id = $1 AND flag = $2";
    OPEN_OF_SESSION = select_payment!(
        "WHERE session_hash = $1 AND camp_id = $2 AND status = 'created' ORDER BY id DESC"
    );
    OF_PERSON = select_payment!(
        "WHERE session_hash = $1 OR wecom_userid = $2 OR openid_mac IN ($3, $4, $5, $6) \
         ORDER BY id DESC LIMIT 100"
    );
    PLACE_OF_PERSON = select_payment!(
        "WHERE camp_id = $1 AND member_id IS NOT NULL AND released_at IS NULL \
         AND status IN ('paid', 'refunding', 'refunded') \
         AND (session_hash = $2 OR wecom_userid = $3 OR openid_mac IN ($4, $5, $6, $7)) \
         ORDER BY id LIMIT 1"
    );
    TO_CONFIRM = concat!(
        "SELECT ",
        payment_columns!(),
        ", app_id, (SELECT c.status FROM training_camp c WHERE c.id = payment_record.camp_id \
         AND c.deleted_at IS NULL) AS camp_status, \
         EXISTS (SELECT 1 FROM payment_record earlier \
         WHERE earlier.camp_id = payment_record.camp_id \
         AND earlier.openid_mac IN (COALESCE($2, payment_record.openid_mac), $3, $4, $5) \
         AND earlier.member_id IS NOT NULL AND earlier.released_at IS NULL \
         AND earlier.status IN ('paid', 'refunding', 'refunded')) AS payer_has_place \
         FROM payment_record WHERE order_no = $1"
    );
    UNPAID_DUE = select_payment!(
        "WHERE status IN ('created', 'closed') AND next_query_at <= $1 \
         ORDER BY next_query_at, id LIMIT $2"
    );
    BIND_EXPIRED = select_payment!(
        "WHERE bind_status = 'pending' AND bind_deadline <= $1 AND member_id IS NOT NULL \
         ORDER BY id LIMIT $2"
    );
    EARLIEST_START = "SELECT MIN(start_date) FROM payment_record \
                      WHERE camp_id = $1 AND member_id IS NOT NULL";
    OF_MEMBERS = select_payment!("WHERE camp_id = $1 AND member_id IS NOT NULL ORDER BY id");
    ACCOUNTS_ELSEWHERE = "SELECT DISTINCT own.member_id, m.planet_user_id FROM payment_record own \
                          JOIN payment_record p ON p.openid_mac = own.openid_mac \
                          AND p.camp_id <> own.camp_id \
                          JOIN camp_member m ON m.id = p.member_id AND m.match_status = 'matched' \
                          WHERE own.camp_id = $1 AND own.member_id IS NOT NULL \
                          AND m.planet_user_id IS NOT NULL ORDER BY 1, 2";
    MOVE_SESSION = "UPDATE payment_record SET session_hash = $2 WHERE session_hash = $1";
    INSERT = "INSERT INTO payment_record (order_no, camp_id, session_hash, channel, status, \
              amount_fen, openid, openid_mac, wecom_userid, start_date, end_date, total_days, \
              required_days, grace_days, claimed_planet_id, claimed_nickname, wechat_nickname, \
              signed_user_id, bind_status, expires_at, payer_ip, next_query_at, queries, \
              created_at, updated_at, promise_list_by, promise_decision_by, promise_money_days, \
              mch_id, app_id, info_version) \
              VALUES ($1, $2, $3, $4, 'created', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
              $16, $17, 'pending', $18, $19, $20, 0, $21, $21, $22, $23, $24, $25, \
              $26, $27) RETURNING id";
    INSERT_UNKNOWN = "INSERT INTO payment_record (order_no, status, flag, amount_fen, paid_fen, \
                      paid_at, transaction_id, openid, openid_mac, bind_status, expires_at, \
                      queries, raw_notice, created_at, updated_at, mch_id, app_id) \
                      VALUES ($1, 'paid', $11, $2, $2, $10, $4, $5, $6, 'pending', $3, \
                      0, $7, $3, $3, $8, $9) RETURNING id";
    SET_CLAIM = "UPDATE payment_record SET claimed_planet_id = $2, claimed_nickname = $3, \
                 wechat_nickname = $4, signed_user_id = $5, updated_at = $6 \
                 WHERE id = $1 AND status = 'created'";
    SET_BOUND_CLAIM = "UPDATE payment_record SET claimed_planet_id = $2, claimed_nickname = $3, \
                       wechat_nickname = $4, updated_at = $5 \
                       WHERE id = $1 AND bind_status = 'pending'";
    SET_PREPARED = "UPDATE payment_record SET prepay_id = $2, code_url = $3, h5_url = $4, \
                    prepared_at = $5, updated_at = $5 WHERE id = $1 AND status = 'created'";
    SET_NEXT_QUERY = "UPDATE payment_record SET next_query_at = $2, queries = queries + 1 \
                      WHERE id = $1 AND status IN ('created', 'closed')";
    CLAIM_QUESTION = "UPDATE payment_record SET asked_at = $2 WHERE id = $1 \
                      AND status = 'created' AND (asked_at IS NULL OR asked_at <= $3)";
    CONFIRM = "UPDATE payment_record SET status = $3, flag = $4, paid_fen = $5, paid_at = $6, \
               transaction_id = $7, openid = $8, openid_mac = $9, raw_notice = $10, \
               next_query_at = NULL, updated_at = $11, mch_id = $16, app_id = $17 WHERE id = $1 AND status = $2 \
               AND claimed_planet_id IS NOT DISTINCT FROM $12 \
               AND claimed_nickname IS NOT DISTINCT FROM $13 \
               AND wechat_nickname IS NOT DISTINCT FROM $14 \
               AND signed_user_id IS NOT DISTINCT FROM $15";
    SET_MEMBER = "UPDATE payment_record SET bind_deadline = $2, \
                  member_id = (SELECT id FROM camp_member WHERE payment_id = $1) \
                  WHERE id = $1 AND member_id IS NULL \
                  AND EXISTS (SELECT 1 FROM camp_member WHERE payment_id = $1)";
    SET_REFUSED = "UPDATE payment_record SET refused_at = $2 WHERE id = $1 AND refused_at IS NULL";
    CLEAR_REFUSALS = "UPDATE payment_record SET refused_at = NULL \
                      WHERE camp_id = $1 AND rested_at IS NULL";
    CLEAR_REFUSED = "UPDATE payment_record SET refused_at = NULL WHERE id = $1";
    ADVANCE_ORDER = "UPDATE payment_record SET status = $3, next_query_at = NULL, updated_at = $4 \
                     WHERE id = $1 AND status = $2";
    ADVANCE_BINDING = "UPDATE payment_record SET bind_status = $3, \
                       bind_method = CASE WHEN $3 = 'manual_required' THEN NULL \
                                     ELSE COALESCE($4, bind_method) END, updated_at = $5 \
                       WHERE id = $1 AND bind_status = $2";
    ORDER_LOG_ADD = "INSERT INTO order_status_log (payment_id, from_status, to_status, operator, \
                     reason, created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BIND_LOG_ADD = "INSERT INTO payment_bind_status_log (payment_id, from_status, to_status, \
                    operator, reason, created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

fn one(row: Option<PaymentRow>) -> StoreResult<Option<Payment>> {
    row.map(Payment::try_from).transpose()
}

fn many(rows: Vec<PaymentRow>) -> Rows<Payment> {
    rows.into_iter().map(Payment::try_from).collect()
}

/// One payment by its row.
pub async fn by_id(conn: &mut Conn, id: PaymentId) -> StoreResult<Option<Payment>> {
    one(run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?)
}

/// One payment by our number at WeChat Pay.
pub async fn by_order_no(conn: &mut Conn, order_no: &str) -> StoreResult<Option<Payment>> {
    one(run!(conn, c => sqlx::query_as(BY_ORDER_NO).bind(order_no).fetch_optional(c).await)?)
}

/// One payment by our number, or by WeChat Pay's.
pub async fn by_number(conn: &mut Conn, number: &str) -> StoreResult<Option<Payment>> {
    one(run!(conn, c => sqlx::query_as(BY_NUMBER).bind(number).fetch_optional(c).await)?)
}

/// Takes that back, unless somebody else has taken the place or the account meanwhile: what was kept
/// is owed again.
pub fn hold_place_again(tx: &mut Tx, id: PaymentId) {
    for sql in [HOLD_AGAIN, HOLD_ACCOUNT_AGAIN] {
        tx.put_off(Statement::new(sql).bind(id.0));
    }
}

/// Sets the payer of a payment free to pay for its camp again, and the account of its member to be
/// somebody else's: it has ended otherwise than by its deposit going back.
pub fn release(tx: &mut Tx, id: PaymentId, now: Timestamp) {
    for sql in [RELEASE, RELEASE_ACCOUNT] {
        tx.put_off(Statement::new(sql).bind(id.0).bind(now.micros()));
    }
}

/// Takes the flag from a payment that was accepted, if it still has it.
pub fn clear_flag(tx: &mut Tx, id: PaymentId, flag: OrderFlag, now: Timestamp) {
    let clear = Statement::new(CLEAR_FLAG).bind(id.0).bind(flag.as_str());
    tx.put_off(clear.bind(now.micros()).guarded(TABLE, id.0));
}

/// Gives the orders of a session to the one that the same person is in now.
pub fn move_session(tx: &mut Tx, before: &[u8], now: &[u8]) {
    tx.put_off(Statement::new(MOVE_SESSION).bind(before).bind(now));
}

/// The unpaid orders of a session for a camp, newest first.
pub async fn open_of_session(
    conn: &mut Conn,
    session_hash: &[u8],
    camp: CampId,
) -> StoreResult<Rows<Payment>> {
    Ok(many(run!(conn, c => sqlx::query_as(OPEN_OF_SESSION)
        .bind(session_hash)
        .bind(camp.0)
        .fetch_all(c)
        .await)?))
}

/// A person's orders, newest first, at most 100.
pub async fn of_person(conn: &mut Conn, person: &Person) -> StoreResult<Rows<Payment>> {
    let [present, first, second, third] = &person.openid_macs;
    Ok(many(run!(conn, c => sqlx::query_as(OF_PERSON)
        .bind(&person.session_hash)
        .bind(&person.wecom_userid)
        .bind(present)
        .bind(first)
        .bind(second)
        .bind(third)
        .fetch_all(c)
        .await)?))
}

/// The payment by which a person holds a place in a camp.
pub async fn place_of(
    conn: &mut Conn,
    camp: CampId,
    person: &Person,
) -> StoreResult<Option<Payment>> {
    let [present, first, second, third] = &person.openid_macs;
    one(run!(conn, c => sqlx::query_as(PLACE_OF_PERSON)
        .bind(camp.0)
        .bind(&person.session_hash)
        .bind(&person.wecom_userid)
        .bind(present)
        .bind(first)
        .bind(second)
        .bind(third)
        .fetch_optional(c)
        .await)?)
}

/// An order that was paid by whom `openid_macs` name, or else by whom it was made for, with what its
/// confirmation rests on. Nobody withdraws its camp before `tx` ends.
pub async fn to_confirm(
    tx: &mut Tx,
    order_no: &str,
    openid_macs: &Macs,
) -> StoreResult<Option<ToConfirm>> {
    tx.share_camp_of(order_no).await?;
    let statement = openid_macs
        .iter()
        .fold(Statement::new(TO_CONFIRM).bind(order_no), Statement::bind);
    let row: Option<ToConfirmRow> = tx.ask_one(statement).await?;
    row.map(ToConfirm::try_from).transpose()
}

/// Orders without a payment that WeChat Pay is to be asked about, the longest waiting first.
pub async fn unpaid_due(conn: &mut Conn, now: Timestamp, limit: i64) -> StoreResult<Rows<Payment>> {
    Ok(many(run!(conn, c => sqlx::query_as(UNPAID_DUE)
        .bind(now.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?))
}

/// Members' payments whose seven days have passed unbound.
pub async fn bind_expired(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> StoreResult<Rows<Payment>> {
    Ok(many(run!(conn, c => sqlx::query_as(BIND_EXPIRED)
        .bind(now.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?))
}

/// The payments that made the members of a camp.
pub async fn of_members(conn: &mut Conn, camp: CampId) -> StoreResult<Rows<Payment>> {
    Ok(many(
        run!(conn, c => sqlx::query_as(OF_MEMBERS).bind(camp.0).fetch_all(c).await)?,
    ))
}

/// The first day of the earliest terms that members of a camp have agreed to.
pub async fn earliest_start(conn: &mut Conn, camp: CampId) -> StoreResult<Option<NaiveDate>> {
    let (earliest,): (Option<String>,) =
        run!(conn, c => sqlx::query_as(EARLIEST_START).bind(camp.0).fetch_one(c).await)?;
    // A date that cannot be read is reported with the row that has it.
    Ok(earliest.and_then(|day| day.parse().ok()))
}

/// The members of a camp whose payers are known to be a planet account in another camp.
pub async fn accounts_elsewhere(
    conn: &mut Conn,
    camp: CampId,
) -> StoreResult<Vec<(MemberId, PlanetUserId)>> {
    let rows: Vec<(i64, i64)> =
        run!(conn, c => sqlx::query_as(ACCOUNTS_ELSEWHERE).bind(camp.0).fetch_all(c).await)?;
    let typed = |(member, account)| (MemberId(member), PlanetUserId(account));
    Ok(rows.into_iter().map(typed).collect())
}

/// Adds an order with the first row of its two logs.
pub async fn insert(tx: &mut Tx, order: &NewPayment, note: &Note) -> StoreResult<PaymentId> {
    let terms = &order.terms;
    let payer = order.payer.as_ref();
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(order.order_no.as_str())
        .bind(order.camp_id.0)
        .bind(&order.session_hash)
        .bind(order.channel.as_str())
        .bind(terms.deposit_fen.get())
        .bind(payer.map(|payer| &payer.openid.0))
        .bind(payer.map(|payer| &payer.openid_mac))
        .bind(&order.wecom_userid)
        .bind(terms.start_date.to_string())
        .bind(terms.end_date.to_string())
        .bind(terms.total_days)
        .bind(terms.required_days)
        .bind(terms.grace_days)
        .bind(&order.claim.planet_id)
        .bind(&order.claim.nickname)
        .bind(&order.claim.wechat_nickname)
        .bind(order.claim.signed.map(|id| id.0))
        .bind(order.expires_at.micros())
        .bind(&order.payer_ip)
        .bind(order.next_query_at.micros())
        .bind(note.at.micros())
        .bind(order.promise.list_by.to_string())
        .bind(order.promise.decision_by.to_string())
        .bind(order.promise.money_days)
        .bind(&order.payee.mch_id)
        .bind(&order.payee.app_id)
        .bind(&order.info_version)
        .fetch_one(c)
        .await)?;
    Ok(born(tx, id, OrderStatus::Created, note))
}

/// Records a payment of an order that we do not know, under its flag.
pub async fn insert_unknown(
    tx: &mut Tx,
    order_no: &str,
    paid: &Confirmation,
    note: &Note,
) -> StoreResult<PaymentId> {
    let payer = paid.payer.as_ref();
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT_UNKNOWN)
        .bind(order_no)
        .bind(paid.paid.get())
        .bind(note.at.micros())
        .bind(&paid.transaction_id)
        .bind(payer.map(|payer| &payer.openid.0))
        .bind(payer.map(|payer| &payer.openid_mac))
        .bind(paid.raw_notice.as_ref().map(|raw| &raw.0))
        .bind(&paid.payee.mch_id)
        .bind(&paid.payee.app_id)
        .bind(paid.paid_at.micros())
        .bind(paid.flag.map(OrderFlag::as_str))
        .fetch_one(c)
        .await)?;
    Ok(born(tx, id, OrderStatus::Paid, note))
}

/// Adds the first row of each of the two logs of a payment.
fn born(tx: &mut Tx, id: i64, status: OrderStatus, note: &Note) -> PaymentId {
    ORDER_LOG.add(tx, id, Move::born(status), note);
    BIND_LOG.add(tx, id, Move::born(BindStatus::Pending), note);
    PaymentId(id)
}

/// Replaces who the payer of an unpaid order says to be.
pub async fn set_claim(
    tx: &mut Tx,
    id: PaymentId,
    claim: &PlanetClaim,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_CLAIM)
        .bind(id.0)
        .bind(&claim.planet_id)
        .bind(&claim.nickname)
        .bind(&claim.wechat_nickname)
        .bind(claim.signed.map(|id| id.0))
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Keeps what WeChat Pay gave to have an order paid, if it still is unpaid. `now` is wall time.
pub async fn set_prepared(
    tx: &mut Tx,
    id: PaymentId,
    means: &PayMeans,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_PREPARED)
        .bind(id.0)
        .bind(&means.prepay_id)
        .bind(&means.code_url)
        .bind(&means.h5_url)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// When to ask WeChat Pay next about an order, if ever. One that was paid meanwhile needs no more
/// asking.
pub async fn set_next_query(tx: &mut Tx, id: PaymentId, at: Option<Timestamp>) -> StoreResult<()> {
    run!(tx, c => sqlx::query(SET_NEXT_QUERY)
        .bind(id.0)
        .bind(at.map(Timestamp::micros))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Notes that WeChat Pay is asked about an order now; `false` if it was asked before, or later than
/// `not_since`.
pub async fn claim_question(
    tx: &mut Tx,
    id: PaymentId,
    not_since: Option<Timestamp>,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(CLAIM_QUESTION)
        .bind(id.0)
        .bind(now.micros())
        .bind(not_since.map(Timestamp::micros))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a confirmed payment and its log, if the order still is where the move starts and the payer
/// still says to be who they said: up to this moment they may say something else.
pub fn confirm(
    tx: &mut Tx,
    order: &Payment,
    change: Move<OrderStatus>,
    paid: &Confirmation,
    note: &Note,
) {
    let payer = paid.payer.as_ref();
    let claim = &order.claim;
    tx.put_off(
        Statement::new(CONFIRM)
            .bind(order.id.0)
            .bind(change.from().map(OrderStatus::as_str))
            .bind(change.to().as_str())
            .bind(paid.flag.map(OrderFlag::as_str))
            .bind(paid.paid.get())
            .bind(paid.paid_at.micros())
            .bind(&paid.transaction_id)
            .bind(payer.map(|payer| &payer.openid.0))
            .bind(payer.map(|payer| &payer.openid_mac))
            .bind(paid.raw_notice.as_ref().map(|raw| &raw.0))
            .bind(note.at.micros())
            .bind(&claim.planet_id)
            .bind(&claim.nickname)
            .bind(&claim.wechat_nickname)
            .bind(claim.signed.map(|id| id.0))
            .bind(&paid.payee.mch_id)
            .bind(&paid.payee.app_id)
            .guarded(TABLE, order.id.0),
    );
    ORDER_LOG.add(tx, order.id.0, change, note);
}

/// Says that a payment made its member, and until when they may bind: once.
pub fn set_member(tx: &mut Tx, id: PaymentId, bind_deadline: Option<Timestamp>) {
    tx.put_off(
        Statement::new(SET_MEMBER)
            .bind(id.0)
            .bind(bind_deadline.map(Timestamp::micros))
            .guarded(TABLE, id.0),
    );
}

/// Keeps since when the days of a payment's member do not suffice; none takes it back. The first
/// time stays.
pub fn set_refused(tx: &mut Tx, id: PaymentId, at: Option<Timestamp>) {
    tx.put_off(match at {
        Some(at) => Statement::new(SET_REFUSED).bind(id.0).bind(at.micros()),
        None => Statement::new(CLEAR_REFUSED).bind(id.0),
    });
}

/// Takes back, for all of a camp whose money is here, since when their days do not suffice.
pub fn clear_refusals(tx: &mut Tx, camp: CampId) {
    tx.put_off(Statement::new(CLEAR_REFUSALS).bind(camp.0));
}

/// Writes a move of an order and its log, if the order still is where the move starts.
pub async fn advance_order(
    tx: &mut Tx,
    id: PaymentId,
    change: Move<OrderStatus>,
    note: &Note,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(ADVANCE_ORDER)
        .bind(id.0)
        .bind(change.from().map(OrderStatus::as_str))
        .bind(change.to().as_str())
        .bind(note.at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)?;
    ORDER_LOG.add(tx, id.0, change, note);
    Ok(())
}

/// Keeps who a member says to be who binds after paying.
pub async fn set_bound_claim(
    tx: &mut Tx,
    id: PaymentId,
    claim: &PlanetClaim,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_BOUND_CLAIM)
        .bind(id.0)
        .bind(&claim.planet_id)
        .bind(&claim.nickname)
        .bind(&claim.wechat_nickname)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Writes a move of a binding and its log, if the binding still is where the move starts.
/// `method` says how it was bound, where the move binds; a move back to people forgets it.
pub fn advance_binding(
    tx: &mut Tx,
    id: PaymentId,
    change: Move<BindStatus>,
    method: Option<BindMethod>,
    note: &Note,
) {
    tx.put_off(
        Statement::new(ADVANCE_BINDING)
            .bind(id.0)
            .bind(change.from().map(BindStatus::as_str))
            .bind(change.to().as_str())
            .bind(method.map(BindMethod::as_str))
            .bind(note.at.micros())
            .guarded(TABLE, id.0),
    );
    BIND_LOG.add(tx, id.0, change, note);
}
