//! Refunds: the frozen proposal, the decision, and what WeChat Pay said.

use chrono::NaiveDate;

use crate::domain::refund::{Moved, Proposal, Provenance, RefundState, Unwritable};
use crate::domain::{
    CampId, MemberId, Move, PaymentId, PlanetUserId, RefundId, RefundNo, RefundStatus, Terms,
    Timestamp, UploadId, UserId,
};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::evidence::{evidence_columns, evidence_joins};
use super::status_log::StatusLog;
use super::{Note, Rows, StoreError, StoreResult, Tx, held};

mod case;
mod list;
mod many;
mod row;
mod shown;
mod state_columns;

pub use case::Case;
use case::{CaseRow, select_case};
pub use list::{Filter, Listed};
pub use many::{
    CommittedAmount, by_ids, cases_of_payments, committed_amounts, of_payments, proposed_at,
};
pub use row::Refund;
use row::{RefundRow, refund_columns, select_refund};
use shown::keep_shown;
pub use shown::{Shown, changed_by, shown};
use state_columns::{StateColumns, state_columns};

const TABLE: &str = "refund_record";
const LOG: StatusLog = StatusLog(LOG_ADD);

statements! {
    BY_ID = select_refund!("WHERE r.id = $1");
    BY_REFUND_NO = select_refund!("WHERE r.refund_no = $1");
    OF_PAYMENT = select_refund!("WHERE r.payment_id = $1 AND r.replaced_by IS NULL");
    OF_CAMP = select_refund!("WHERE r.camp_id = $1 AND r.replaced_by IS NULL ORDER BY r.id");
    DUE = select_refund!(
        "WHERE r.status IN ('approved', 'processing', 'failed') AND r.next_try_at <= $1 \
         AND (r.lease_until IS NULL OR r.lease_until < $2) ORDER BY r.next_try_at, r.id LIMIT $3"
    );
    DUE_TO_ASK = select_refund!(
        "WHERE r.status = 'processing' AND r.next_try_at <= $1 \
         AND (r.lease_until IS NULL OR r.lease_until < $2) ORDER BY r.next_try_at, r.id LIMIT $3"
    );
    LEASED = "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record \
              WHERE status = 'processing' AND lease_until >= $1";
    HELD_PAYERS = "SELECT DISTINCT p.openid_mac FROM refund_record r \
                   JOIN payment_record p ON p.id = r.payment_id \
                   WHERE r.status = 'processing' AND r.lease_until >= $1 \
                   AND p.openid_mac IS NOT NULL";
    OTHER_DEPOSIT = "SELECT order_no FROM refund_record WHERE camp_id = $1 AND planet_user_id = $2 \
                     AND payment_id <> $3 AND replaced_by IS NULL \
                     AND ((kind = 'deposit' AND status NOT IN ('pending', 'rejected', 'closed')) \
                     OR (status = 'closed' AND eligible)) ORDER BY id LIMIT 1";
    WAS_SENT = "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_status_log \
                WHERE refund_id = $1 AND to_status = 'processing'";
    REJECTED_BY = "SELECT l.operator_id FROM refund_status_log l \
                   JOIN refund_record r ON r.id = l.refund_id WHERE r.payment_id = $1 \
                   AND l.to_status = 'rejected' AND l.created_at <= $2 ORDER BY l.id DESC LIMIT 1";
    ADD_EVIDENCE = "INSERT INTO refund_evidence (refund_id, upload_id) VALUES ($1, $2) \
                    ON CONFLICT (refund_id, upload_id) DO NOTHING";
    EVIDENCE = "SELECT upload_id FROM refund_evidence WHERE refund_id = $1 ORDER BY upload_id";
    CASE_OF_PAYMENT = select_case!("WHERE p.id = $1");
    CASES_OF_CAMP = select_case!(
        "WHERE p.camp_id = $1 AND p.member_id IS NOT NULL AND p.status IN ('paid', 'refunding', \
         'refunded') ORDER BY p.id"
    );
    POST_DAYS = "SELECT day FROM checkin_record WHERE camp_id = $1 AND planet_user_id = $2 \
                 AND day >= $3 AND day <= $4 ORDER BY day";
    LIST_HEAD = concat!(
        "SELECT ", refund_columns!(),
        // A payment that made no member has the names that its order claims.
        ", COALESCE(m.planet_nickname, p.claimed_nickname) AS planet_nickname, ",
        "COALESCE(m.wechat_nickname, p.wechat_nickname) AS wechat_nickname, ",
        "CASE WHEN p.camp_id IS NULL THEN NULL ELSE p.amount_fen END AS due_fen ",
        "FROM refund_record r JOIN payment_record p ON p.id = r.payment_id ",
        "LEFT JOIN camp_member m ON m.id = r.member_id WHERE TRUE"
    );
    AMONG_HEAD = select_refund!("WHERE TRUE");
    CASES_HEAD = select_case!("WHERE TRUE");
    PROPOSED_HEAD = "SELECT refund_id, MAX(created_at) OVER (PARTITION BY refund_id) \
                     FROM refund_status_log WHERE to_status = 'pending'";
    COMMITTED_HEAD = "SELECT r.payment_id, r.id, r.amount_fen FROM refund_record r WHERE r.status IN \
                    ('approved', 'processing', 'success', 'failed', 'manual_required')";
    INSERT = "INSERT INTO refund_record (refund_no, camp_id, member_id, payment_id, order_no, \
              status, kind, flags, is_clear, amount_fen, sync_id, checked_in_days, eligible, \
              confidence, planet_user_id, proposal, proposal_hash, reason, proposed_by, \
              proposal_version, match_reasons, attempts, polls, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
              $16, $17, $18, $20, $21, 0, 0, $19, $19) RETURNING id";
    SET_PROPOSAL = "UPDATE refund_record SET kind = $3, flags = $4, is_clear = $5, \
                    amount_fen = $6, sync_id = $7, checked_in_days = $8, eligible = $9, \
                    confidence = $10, planet_user_id = $11, proposal = $12, \
                    proposal_hash = $13, reason = $14, proposed_by = $15, updated_at = $16, \
                    proposal_version = $17, match_reasons = $18, member_id = \
                    (SELECT p.member_id FROM payment_record p WHERE p.id = refund_record.payment_id) \
                    WHERE id = $1 AND status = 'pending' AND proposal_hash = $2";
    SET_PROVENANCE = "UPDATE refund_record SET sync_id = $3, confidence = $4, match_reasons = $5 \
                      WHERE id = $1 AND proposal_hash = $2";
    SET_REJECTED_BEFORE = "UPDATE refund_record SET rejected_before = $2 WHERE id = $1";
    KEEP_SHOWN = "INSERT INTO refund_proposal (refund_id, proposal_hash, version, proposal, reason, \
                  shown_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    SHOWN = "SELECT s.version, s.proposal, s.reason, s.shown_at, r.payment_id \
             FROM refund_proposal s JOIN refund_record r ON r.id = s.refund_id \
             WHERE s.refund_id = $1 AND s.proposal_hash = $2";
    IDENTIFIED_BY = "SELECT operator FROM member_status_log WHERE member_id = $1 \
                     AND operator_id IS NOT NULL AND created_at >= $2 ORDER BY id DESC LIMIT 1";
    STATED_BY = "SELECT u.display_name FROM stated_days s JOIN system_user u ON u.id = s.stated_by \
                 JOIN camp_member m ON m.camp_id = s.camp_id AND m.id = $1 \
                 WHERE (s.member_id = m.id OR s.planet_user_id = m.planet_user_id) \
                 AND s.stated_at >= $2 ORDER BY s.id DESC LIMIT 1";
    PROPOSED_BY = "SELECT u.display_name FROM refund_record r \
                   JOIN system_user u ON u.id = r.proposed_by \
                   WHERE r.member_id = $1 AND r.replaced_by IS NULL AND r.updated_at >= $2";
    ADVANCE = "UPDATE refund_record SET status = $7, first_approver = $8, decided_by = $9, \
               decided_by_name = $10, decided_at = $11, undo_until = $12, attempts = $13, \
               polls = $14, next_try_at = $15, lease_until = $16, silent_since = $17, \
               failure_reason = $18, wechat_refund_id = $19, refunded_at = $20, \
               closed_by = $21, closed_by_name = $22, closed_at = $23, replaced_by = $24, \
               updated_at = $25, closed_way = $26, settled_fen = $27 \
               WHERE id = $1 AND status = $2 AND proposal_hash = $3 AND attempts = $4 \
               AND polls = $5 AND COALESCE(lease_until, 0) = $6";
    SET_ASIDE = "UPDATE refund_record SET next_try_at = NULL, updated_at = $2 \
                 WHERE id = $1 AND next_try_at IS NOT NULL";
    LOG_ADD = "INSERT INTO refund_status_log (refund_id, from_status, to_status, operator, reason, \
               created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    TIMELINE = "SELECT from_status, to_status, operator, operator_id, reason, created_at \
                FROM refund_status_log WHERE refund_id = $1 ORDER BY id";
}

/// A refund to be proposed.
#[derive(Debug, Clone)]
pub struct NewRefund {
    pub refund_no: RefundNo,
    pub camp_id: Option<CampId>,
    pub member_id: Option<MemberId>,
    pub payment_id: PaymentId,
    pub order_no: String,
    pub submission: Submission,
}

/// A proposal with its origin.
#[derive(Debug, Clone)]
pub struct Submission {
    pub proposal: Proposal,
    pub provenance: Provenance,
    /// The days suffice.
    pub eligible: bool,
    pub proposed_by: Option<UserId>,
}

/// One move of a refund, as its log has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LogRow {
    /// None at birth.
    pub from_status: Option<String>,
    pub to_status: String,
    /// A staff member's name, or the job that made the move.
    pub operator: String,
    pub operator_id: Option<i64>,
    pub reason: String,
    /// Microseconds.
    pub created_at: i64,
}

fn one(row: Option<RefundRow>) -> StoreResult<Option<Refund>> {
    row.map(Refund::try_from).transpose()
}

/// One refund by its row.
pub async fn by_id(conn: &mut Conn, id: RefundId) -> StoreResult<Option<Refund>> {
    one(run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?)
}

/// One refund by our number at WeChat Pay.
pub async fn by_refund_no(conn: &mut Conn, refund_no: &str) -> StoreResult<Option<Refund>> {
    one(run!(conn, c => sqlx::query_as(BY_REFUND_NO).bind(refund_no).fetch_optional(c).await)?)
}

/// The refund of a payment that has not been replaced.
pub async fn of_payment(conn: &mut Conn, payment: PaymentId) -> StoreResult<Option<Refund>> {
    one(run!(conn, c => sqlx::query_as(OF_PAYMENT).bind(payment.0).fetch_optional(c).await)?)
}

/// The refunds of a camp that have not been replaced, by their payment. A row that fits no state is
/// an error of its own, so that it does not hold up the others.
pub async fn of_camp(
    conn: &mut Conn,
    camp: CampId,
) -> StoreResult<Vec<(PaymentId, StoreResult<Refund>)>> {
    let rows: Vec<RefundRow> =
        run!(conn, c => sqlx::query_as(OF_CAMP).bind(camp.0).fetch_all(c).await)?;
    let refunds = rows.into_iter();
    Ok(refunds
        .map(|row| (row.payment_id(), row.try_into()))
        .collect())
}

/// Which of the due refunds to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those that WeChat Pay was asked for, and is to be asked about.
    UnderWay,
}

/// Refunds that the runner is to look at and nobody holds, the longest waiting first. A row that
/// fits no state is an error of its own, so that it does not keep the others from their turn.
pub async fn due(
    conn: &mut Conn,
    which: Which,
    now: Timestamp,
    wall_now: Timestamp,
    limit: i64,
) -> StoreResult<Vec<StoreResult<Refund>>> {
    let sql = match which {
        Which::All => DUE,
        Which::UnderWay => DUE_TO_ASK,
    };
    let rows: Vec<RefundRow> = run!(conn, c => sqlx::query_as(sql)
        .bind(now.micros())
        .bind(wall_now.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Refund::try_from).collect())
}

/// Takes a refund out of the runner's way without a move: its row fits no state, so that there is
/// none to move it from.
pub async fn set_aside(tx: &mut Tx, id: RefundId, now: Timestamp) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_ASIDE)
        .bind(id.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// How many refunds the runners of all instances hold now: their calls are under way.
pub async fn leased(conn: &mut Conn, wall_now: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(LEASED)
        .bind(wall_now.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// The payers whose refund some runner holds now.
pub async fn held_payers(conn: &mut Conn, wall_now: Timestamp) -> StoreResult<Vec<Vec<u8>>> {
    let rows: Vec<(Vec<u8>,)> = run!(conn, c => sqlx::query_as(HELD_PAYERS)
        .bind(wall_now.micros())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(|(payer,)| payer).collect())
}

/// True if a runner has ever taken the refund up: WeChat Pay may know its number.
pub async fn was_sent(conn: &mut Conn, id: RefundId) -> StoreResult<bool> {
    let (times,): (i64,) = run!(conn, c => sqlx::query_as(WAS_SENT).bind(id.0).fetch_one(c).await)?;
    Ok(times > 0)
}

/// Who had said the last no to a payment at a moment; none where nobody had, or the system itself.
pub async fn rejected_by(
    conn: &mut Conn,
    payment: PaymentId,
    at: Timestamp,
) -> StoreResult<Option<UserId>> {
    let row: Option<(Option<i64>,)> = run!(conn, c => sqlx::query_as(REJECTED_BY)
        .bind(payment.0)
        .bind(at.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.and_then(|(by,)| by).map(UserId))
}

/// Adds a picture that shows how a refund was settled outside.
pub fn add_evidence(tx: &mut Tx, id: RefundId, upload: UploadId) {
    tx.put_off(Statement::new(ADD_EVIDENCE).bind(id.0).bind(upload.0));
}

/// The pictures that show how a refund was settled outside.
pub async fn evidence(conn: &mut Conn, id: RefundId) -> StoreResult<Vec<UploadId>> {
    let rows: Vec<(i64,)> =
        run!(conn, c => sqlx::query_as(EVIDENCE).bind(id.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| UploadId(id)).collect())
}

/// The order of another deposit of a camp that an account brings back, or has brought back: the
/// first approval claims it, and so does a settlement outside of what was eligible.
pub async fn other_deposit(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
    except: PaymentId,
) -> StoreResult<Option<String>> {
    let found: Option<(String,)> = run!(conn, c => sqlx::query_as(OTHER_DEPOSIT)
        .bind(camp.0)
        .bind(account.0)
        .bind(except.0)
        .fetch_optional(c)
        .await)?;
    Ok(found.map(|(order_no,)| order_no))
}

/// Everything that a refund of one payment rests on.
pub async fn case_of_payment(conn: &mut Conn, payment: PaymentId) -> StoreResult<Option<Case>> {
    let row: Option<CaseRow> = run!(conn, c => sqlx::query_as(CASE_OF_PAYMENT)
        .bind(payment.0)
        .fetch_optional(c)
        .await)?;
    row.map(Case::try_from).transpose()
}

/// The same for every member of a camp who has paid. A row that cannot be read holds up nobody else.
pub async fn cases_of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<Rows<Case>> {
    let rows: Vec<CaseRow> =
        run!(conn, c => sqlx::query_as(CASES_OF_CAMP).bind(camp.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Case::try_from).collect())
}

/// The days of a camp on which the posts show a check-in of an account, in order.
pub async fn post_days(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
    terms: &Terms,
) -> StoreResult<Vec<NaiveDate>> {
    let rows: Vec<(String,)> = run!(conn, c => sqlx::query_as(POST_DAYS)
        .bind(camp.0)
        .bind(account.0)
        .bind(terms.start_date.to_string())
        .bind(terms.end_date.to_string())
        .fetch_all(c)
        .await)?;
    let bad = |_| StoreError::Inconsistent {
        table: "checkin_record",
        id: camp.0,
        what: "a day".to_owned(),
    };
    rows.iter().map(|(day,)| day.parse().map_err(bad)).collect()
}

/// The log of a refund, oldest first.
pub async fn timeline(conn: &mut Conn, id: RefundId) -> StoreResult<Vec<LogRow>> {
    Ok(run!(conn, c => sqlx::query_as(TIMELINE).bind(id.0).fetch_all(c).await)?)
}

/// Adds a pending refund with the first row of its log.
pub async fn insert(tx: &mut Tx, refund: &NewRefund, note: &Note) -> StoreResult<RefundId> {
    let Submission {
        proposal,
        provenance,
        eligible,
        proposed_by,
    } = &refund.submission;
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(refund.refund_no.as_str())
        .bind(refund.camp_id.map(|id| id.0))
        .bind(refund.member_id.map(|id| id.0))
        .bind(refund.payment_id.0)
        .bind(&refund.order_no)
        .bind(proposal.kind.as_str())
        .bind(flags_text(proposal))
        .bind(proposal.is_clear())
        .bind(proposal.amount_fen.get())
        .bind(provenance.sync_id.map(|id| id.0))
        .bind(proposal.checked_in_days)
        .bind(*eligible)
        .bind(provenance.confidence)
        .bind(proposal.planet_user_id.map(|id| id.0))
        .bind(proposal.to_text()?)
        .bind(proposal.hash()?)
        .bind(&proposal.reason)
        .bind(proposed_by.map(|id| id.0))
        .bind(note.at.micros())
        .bind(Proposal::VERSION)
        .bind(reasons_text(provenance)?)
        .fetch_one(c)
        .await)?;
    keep_shown(tx, RefundId(id), proposal, note.at)?;
    LOG.add(tx, id, Move::born(RefundStatus::Pending), note);
    Ok(RefundId(id))
}

/// Replaces the proposal of a pending refund, if it still is the one that was `seen`.
pub async fn set_proposal(
    tx: &mut Tx,
    seen: &Refund,
    submission: &Submission,
    now: Timestamp,
) -> StoreResult<()> {
    let proposal = &submission.proposal;
    let rows = run!(tx, c => sqlx::query(SET_PROPOSAL)
        .bind(seen.id.0)
        .bind(&seen.proposal_hash)
        .bind(proposal.kind.as_str())
        .bind(flags_text(proposal))
        .bind(proposal.is_clear())
        .bind(proposal.amount_fen.get())
        .bind(submission.provenance.sync_id.map(|id| id.0))
        .bind(proposal.checked_in_days)
        .bind(submission.eligible)
        .bind(submission.provenance.confidence)
        .bind(proposal.planet_user_id.map(|id| id.0))
        .bind(proposal.to_text()?)
        .bind(proposal.hash()?)
        .bind(&proposal.reason)
        .bind(submission.proposed_by.map(|id| id.0))
        .bind(now.micros())
        .bind(Proposal::VERSION)
        .bind(reasons_text(&submission.provenance)?)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, seen.id.0)?;
    keep_shown(tx, seen.id, proposal, now)
}

/// Notes what the proposal of a refund rests on by now, where that changes nothing of it.
pub async fn set_provenance(
    tx: &mut Tx,
    seen: &Refund,
    provenance: &Provenance,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_PROVENANCE)
        .bind(seen.id.0)
        .bind(&seen.proposal_hash)
        .bind(provenance.sync_id.map(|id| id.0))
        .bind(provenance.confidence)
        .bind(reasons_text(provenance)?)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, seen.id.0)
}

/// Keeps why a person has rejected what was proposed against the judgement; none once they have
/// taken it back.
pub async fn set_rejected_before(
    tx: &mut Tx,
    id: RefundId,
    reason: Option<&str>,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_REJECTED_BEFORE)
        .bind(id.0)
        .bind(reason)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Writes a move of a refund and its log, if the refund still is as it was `seen`: same status,
/// proposal, tries, queries and lease.
pub async fn advance(tx: &mut Tx, seen: &Refund, moved: &Moved, note: &Note) -> StoreResult<()> {
    if moved.change().from() != Some(seen.status()) {
        return Err(StoreError::Stale {
            table: TABLE,
            id: seen.id.0,
        });
    }
    write_state(tx, seen, moved.state(), note.at).await?;
    LOG.add(tx, seen.id.0, moved.change(), note);
    Ok(())
}

/// Writes what changes of a refund while its status stays, if it still is as it was `seen`.
pub async fn keep(
    tx: &mut Tx,
    seen: &Refund,
    state: &RefundState,
    now: Timestamp,
) -> StoreResult<()> {
    if state.status() != seen.status() {
        return Err(StoreError::Stale {
            table: TABLE,
            id: seen.id.0,
        });
    }
    write_state(tx, seen, state, now).await
}

async fn write_state(
    tx: &mut Tx,
    seen: &Refund,
    state: &RefundState,
    now: Timestamp,
) -> StoreResult<()> {
    let (old, new) = (StateColumns::from(&seen.state), StateColumns::from(state));
    let rows = run!(tx, c => sqlx::query(ADVANCE)
        .bind(seen.id.0)
        .bind(&old.status)
        .bind(&seen.proposal_hash)
        .bind(old.attempts)
        .bind(old.polls)
        .bind(old.lease_until.unwrap_or(0))
        .bind(&new.status)
        .bind(new.first_approver)
        .bind(new.decided_by)
        .bind(&new.decided_by_name)
        .bind(new.decided_at)
        .bind(new.undo_until)
        .bind(new.attempts)
        .bind(new.polls)
        .bind(new.next_try_at)
        .bind(new.lease_until)
        .bind(new.silent_since)
        .bind(&new.failure_reason)
        .bind(&new.wechat_refund_id)
        .bind(new.refunded_at)
        .bind(new.closed_by)
        .bind(&new.closed_by_name)
        .bind(new.closed_at)
        .bind(&new.replaced_by)
        .bind(now.micros())
        .bind(&new.closed_way)
        .bind(new.settled_fen)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, seen.id.0)
}

fn reasons_text(provenance: &Provenance) -> StoreResult<String> {
    Ok(serde_json::to_string(&provenance.match_reasons).map_err(Unwritable::from)?)
}

/// The flags as lists search them, in words with a comma between.
fn flags_text(proposal: &Proposal) -> String {
    let words: Vec<&str> = proposal.flags.iter().map(|flag| flag.as_str()).collect();
    words.join(",")
}
