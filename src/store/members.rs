//! Members of camps: one row per confirmed payment.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::domain::shown_name::shown_name;
use crate::domain::{
    CampId, CheckInSource, MatchStatus, MemberId, Move, PaymentId, PlanetUserId, ProofCode,
    Timestamp, UnknownWord, UserId,
};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::status_log::StatusLog;
use super::{Note, Operator, Rows, StoreError, StoreResult, Tx, held};

const TABLE: &str = "camp_member";
const LOG: StatusLog = StatusLog(LOG_ADD);

macro_rules! select_member {
    ($tail:literal) => {
        concat!(
            "SELECT id, camp_id, payment_id, planet_user_id, planet_nickname, wechat_nickname, ",
            "match_status, confidence, match_reasons, looked_at_by, proof_code, joined, joined_at, ",
            "joined_said_at, checked_in_days, days_source, eligible, created_at FROM camp_member ",
            $tail
        )
    };
}
pub(super) use select_member;

statements! {
    BY_ID = select_member!("WHERE id = $1");
    OF_CAMP = select_member!("WHERE camp_id = $1 AND released_at IS NULL ORDER BY id");
    EXPECTED_ON = select_member!(
        "WHERE camp_id = $1 AND released_at IS NULL AND payment_id IN (SELECT id \
         FROM payment_record WHERE camp_id = $1 AND status IN ('paid', 'refunding', 'refunded') \
         AND start_date <= $2 AND end_date >= $2) ORDER BY id"
    );
    CAME_ON = "SELECT m.id FROM camp_member m WHERE m.camp_id = $1 AND EXISTS (SELECT 1 \
               FROM checkin_record c WHERE c.camp_id = m.camp_id \
               AND c.planet_user_id = m.planet_user_id AND c.day = $2)";
    MATCHED_TO = select_member!(
        "WHERE camp_id = $1 AND planet_user_id = $2 AND match_status = 'matched' \
         AND released_at IS NULL"
    );
    CLAIMING = select_member!(
        "WHERE camp_id = $1 AND planet_user_id = $2 AND released_at IS NULL ORDER BY id"
    );
    MATCHED_TO_ANYWHERE = select_member!(
        "WHERE planet_user_id = $1 AND match_status = 'matched' ORDER BY id"
    );
    NAMING = "SELECT m.id FROM camp_member m JOIN payment_record p ON p.id = m.payment_id \
              WHERE m.camp_id = $1 AND m.released_at IS NULL AND (m.planet_user_id = $2 \
              OR (m.planet_user_id IS NULL AND p.claimed_planet_id = $3)) ORDER BY m.id";
    CAMPS_TO_MATCH = "SELECT DISTINCT m.camp_id FROM camp_member m \
                      JOIN payment_record p ON p.id = m.payment_id \
                      JOIN training_camp c ON c.id = m.camp_id \
                      WHERE m.match_status = 'pending' AND p.status = 'paid' \
                      AND p.bind_status IN ('expired', 'completed') AND c.deleted_at IS NULL \
                      ORDER BY m.camp_id";
    COUNT = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member WHERE camp_id = $1";
    COUNT_BEFORE = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member WHERE camp_id = $1 AND id < $2";
    INSERT = "INSERT INTO camp_member (camp_id, payment_id, planet_user_id, planet_nickname, \
              wechat_nickname, names_folded, match_status, confidence, match_reasons, joined, \
              checked_in_days, eligible, created_at, updated_at, looked_at_by) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $12, $13)";
    SET_MATCH = "UPDATE camp_member SET match_status = $3, planet_user_id = $4, \
                 planet_nickname = $5, wechat_nickname = $6, names_folded = $7, confidence = $8, \
                 match_reasons = $9, updated_at = $10, looked_at_by = $11 WHERE id = $1 AND match_status = $2";
    SET_IDENTITY = "UPDATE camp_member SET planet_user_id = $3, planet_nickname = $4, \
                    wechat_nickname = $5, names_folded = $6, confidence = $7, match_reasons = $8, \
                    updated_at = $9, looked_at_by = $10 WHERE id = $1 AND match_status = $2";
    GIVE_CODE = "UPDATE camp_member SET proof_code = $2 WHERE id = $1 AND proof_code IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM camp_member o WHERE o.camp_id = camp_member.camp_id \
                 AND o.proof_code = $2)";
    ADD_PROOF = "INSERT INTO member_proof (member_id, planet_user_id, created_at) \
                 VALUES ($1, $2, $3) ON CONFLICT (member_id, planet_user_id) DO NOTHING";
    PROOFS = "SELECT planet_user_id FROM member_proof WHERE member_id = $1 ORDER BY planet_user_id";
    PROVED_BY = "SELECT CAST(COUNT(*) AS BIGINT) FROM member_proof p \
                 JOIN camp_member m ON m.id = p.member_id AND m.released_at IS NULL \
                 WHERE m.camp_id = $1 AND p.planet_user_id = $2";
    SET_JOINED = "UPDATE camp_member SET joined = $2, joined_at = $3, joined_said_at = $4, \
                  left_at = CASE WHEN $2 THEN NULL WHEN joined THEN $4 ELSE left_at END, \
                  updated_at = $4 WHERE id = $1";
    SET_DAYS = "UPDATE camp_member SET checked_in_days = $2, eligible = $3, updated_at = $4, \
                days_source = $5 WHERE id = $1";
    LAST_MOVE = "SELECT operator, operator_id, created_at FROM member_status_log WHERE member_id = $1 \
                 ORDER BY id DESC LIMIT 1";
    LOG_ADD = "INSERT INTO member_status_log (member_id, from_status, to_status, operator, reason, \
               created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LOG_ADD_OF_PAYMENT = "INSERT INTO member_status_log (member_id, from_status, to_status, \
                          operator, reason, created_at, operator_id) \
                          VALUES ((SELECT id FROM camp_member WHERE payment_id = $1), \
                          $2, $3, $4, $5, $6, $7)";
}

/// A member as they stand.
#[derive(Debug, Clone)]
pub struct Member {
    /// Their row.
    pub id: MemberId,
    /// The camp.
    pub camp_id: CampId,
    /// The payment that made them.
    pub payment_id: PaymentId,
    /// How they are identified.
    pub identity: Identity,
    /// Whether that is sure.
    pub match_status: MatchStatus,
    /// What they write into a check-in to prove an account, once it was shown.
    pub proof_code: Option<String>,
    /// Whether they have joined the group.
    pub joined: bool,
    /// Since when.
    pub joined_at: Option<Timestamp>,
    /// When somebody last said whether they have.
    pub joined_said_at: Option<Timestamp>,
    /// The days that count, without grace.
    pub checked_in_days: i64,
    /// By whose word; none before anything was stated of them.
    pub days_source: Option<CheckInSource>,
    /// Whether those suffice.
    pub eligible: bool,
    /// When they paid.
    pub created_at: Timestamp,
}

/// Which planet account somebody is, by which names, how sure and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub planet_user_id: Option<PlanetUserId>,
    /// The planet nickname, as typed or as the planet has it.
    pub planet_nickname: String,
    /// The WeChat nickname.
    pub wechat_nickname: String,
    /// 0–100.
    pub confidence: i64,
    /// Why, in words for people.
    pub reasons: Vec<String>,
    /// Who looked at the accounts that fit and took none: the machine decides nothing any more.
    pub looked_at_by: Option<UserId>,
}

impl Identity {
    /// The name by which people read of the member.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let nicknames = [&*self.planet_nickname, &*self.wechat_nickname];
        shown_name(&nicknames, None, self.planet_user_id)
    }

    /// Adds a reason; `false` if it is among them.
    pub fn add_reason(&mut self, reason: &str) -> bool {
        let is_new = !self.reasons.iter().any(|known| known == reason);
        if is_new {
            self.reasons.push(reason.to_owned());
        }
        is_new
    }

    /// The names as lists search them: lower case, without blanks.
    fn names_folded(&self) -> String {
        format!(
            "{} {}",
            folded(&self.planet_nickname),
            folded(&self.wechat_nickname)
        )
    }
}

/// A text as searched columns keep it: lower case, without blanks.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

#[derive(sqlx::FromRow)]
pub(super) struct MemberRow {
    id: i64,
    camp_id: i64,
    payment_id: i64,
    planet_user_id: Option<i64>,
    planet_nickname: String,
    wechat_nickname: String,
    match_status: String,
    confidence: i64,
    match_reasons: String,
    looked_at_by: Option<i64>,
    proof_code: Option<String>,
    joined: bool,
    joined_at: Option<i64>,
    joined_said_at: Option<i64>,
    checked_in_days: i64,
    days_source: Option<String>,
    eligible: bool,
    created_at: i64,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> StoreResult<Self> {
        let bad = |what: String| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what,
        };
        Ok(Self {
            id: MemberId(row.id),
            camp_id: CampId(row.camp_id),
            payment_id: PaymentId(row.payment_id),
            match_status: row
                .match_status
                .parse()
                .map_err(|unknown: UnknownWord| bad(unknown.to_string()))?,
            identity: Identity {
                planet_user_id: row.planet_user_id.map(PlanetUserId),
                planet_nickname: row.planet_nickname,
                wechat_nickname: row.wechat_nickname,
                confidence: row.confidence,
                reasons: serde_json::from_str(&row.match_reasons)
                    .map_err(|error| bad(error.to_string()))?,
                looked_at_by: row.looked_at_by.map(UserId),
            },
            proof_code: row.proof_code,
            joined: row.joined,
            joined_at: row.joined_at.map(Timestamp::from_micros),
            joined_said_at: row.joined_said_at.map(Timestamp::from_micros),
            checked_in_days: row.checked_in_days,
            days_source: row
                .days_source
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|unknown: UnknownWord| bad(unknown.to_string()))?,
            eligible: row.eligible,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

fn many(rows: Vec<MemberRow>) -> Rows<Member> {
    rows.into_iter().map(Member::try_from).collect()
}

/// One member.
pub async fn by_id(conn: &mut Conn, id: MemberId) -> StoreResult<Option<Member>> {
    let row: Option<MemberRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(Member::try_from).transpose()
}

/// The members of a camp, but for those who were set free to pay for it again.
pub async fn of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<Rows<Member>> {
    Ok(many(
        run!(conn, c => sqlx::query_as(OF_CAMP).bind(camp.0).fetch_all(c).await)?,
    ))
}

/// The members of a camp to whose own terms a day belongs, in the order of their enrolment.
pub async fn expected_on(
    conn: &mut Conn,
    camp: CampId,
    day: NaiveDate,
) -> StoreResult<Rows<Member>> {
    let rows: Vec<MemberRow> = run!(conn, c => sqlx::query_as(EXPECTED_ON)
        .bind(camp.0)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Member::try_from).collect())
}

/// The members of a camp whose account has a check-in of a day.
pub async fn came_on(
    conn: &mut Conn,
    camp: CampId,
    day: NaiveDate,
) -> StoreResult<HashSet<MemberId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(CAME_ON)
        .bind(camp.0)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(|(id,)| MemberId(id)).collect())
}

/// The member of a camp who is known to be a planet account.
pub async fn matched_to(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
) -> StoreResult<Option<Member>> {
    let row: Option<MemberRow> = run!(conn, c => sqlx::query_as(MATCHED_TO)
        .bind(camp.0)
        .bind(account.0)
        .fetch_optional(c)
        .await)?;
    row.map(Member::try_from).transpose()
}

/// The members of a camp who claim a planet account, known to be it or not.
pub async fn claiming(
    conn: &mut Conn,
    camp: CampId,
    account: PlanetUserId,
) -> StoreResult<Rows<Member>> {
    let claiming = Statement::new(CLAIMING).bind(camp.0).bind(account.0);
    Ok(many(conn.ask_all(claiming).await?))
}

/// Who moved a member's match last, and when.
pub async fn last_move(
    conn: &mut Conn,
    id: MemberId,
) -> StoreResult<Option<(Operator, Timestamp)>> {
    let row: Option<(String, Option<i64>, i64)> =
        run!(conn, c => sqlx::query_as(LAST_MOVE).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|(name, staff, at)| {
        let staff = staff.map(UserId);
        (Operator { name, staff }, Timestamp::from_micros(at))
    }))
}

/// The camps that have members whom the smart match may decide about.
pub async fn camps_to_match(conn: &mut Conn) -> StoreResult<Vec<CampId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(CAMPS_TO_MATCH).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| CampId(id)).collect())
}

/// How many members a camp has.
pub async fn count(conn: &mut Conn, camp: CampId) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(COUNT).bind(camp.0).fetch_one(c).await)?;
    Ok(count)
}

/// The members of a camp who are an account, say to be it, or, while no account is known of them,
/// have typed `typed`.
pub async fn naming(
    conn: &mut Conn,
    camp: CampId,
    account: Option<PlanetUserId>,
    typed: &str,
) -> StoreResult<Vec<MemberId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(NAMING)
        .bind(camp.0)
        .bind(account.map(|account| account.0))
        .bind(typed)
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(|(id,)| MemberId(id)).collect())
}

/// The members of all camps who are an account.
pub async fn matched_to_anywhere(
    conn: &mut Conn,
    account: PlanetUserId,
) -> StoreResult<Rows<Member>> {
    Ok(many(run!(conn, c => sqlx::query_as(MATCHED_TO_ANYWHERE)
        .bind(account.0)
        .fetch_all(c)
        .await)?))
}

/// How many members a camp had before this one.
pub async fn count_before(conn: &mut Conn, camp: CampId, member: MemberId) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(COUNT_BEFORE)
        .bind(camp.0)
        .bind(member.0)
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Adds the member that a payment makes, with the first row of their log.
pub fn insert(
    tx: &mut Tx,
    camp: CampId,
    payment: PaymentId,
    identity: &Identity,
    status: MatchStatus,
    note: &Note,
) {
    tx.put_off(
        Statement::new(INSERT)
            .bind(camp.0)
            .bind(payment.0)
            .bind(identity.planet_user_id.map(|id| id.0))
            .bind(&identity.planet_nickname)
            .bind(&identity.wechat_nickname)
            .bind(identity.names_folded())
            .bind(status.as_str())
            .bind(identity.confidence)
            .bind(reasons_json(identity))
            .bind(false)
            .bind(false)
            .bind(note.at.micros())
            .bind(identity.looked_at_by.map(|id| id.0)),
    );
    let log = Statement::new(LOG_ADD_OF_PAYMENT).bind(payment.0);
    LOG.put_off(tx, log, Move::born(status), note);
}

/// Writes who a member is and how sure that is, if their match still is where the move starts.
pub async fn set_match(
    tx: &mut Tx,
    id: MemberId,
    change: Move<MatchStatus>,
    identity: &Identity,
    note: &Note,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_MATCH)
        .bind(id.0)
        .bind(change.from().map(MatchStatus::as_str))
        .bind(change.to().as_str())
        .bind(identity.planet_user_id.map(|id| id.0))
        .bind(&identity.planet_nickname)
        .bind(&identity.wechat_nickname)
        .bind(identity.names_folded())
        .bind(identity.confidence)
        .bind(reasons_json(identity))
        .bind(note.at.micros())
        .bind(identity.looked_at_by.map(|id| id.0))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)?;
    LOG.add(tx, id.0, change, note);
    Ok(())
}

/// Writes who a member says to be, while their match stays what it is.
pub async fn set_identity(
    tx: &mut Tx,
    id: MemberId,
    status: MatchStatus,
    identity: &Identity,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_IDENTITY)
        .bind(id.0)
        .bind(status.as_str())
        .bind(identity.planet_user_id.map(|id| id.0))
        .bind(&identity.planet_nickname)
        .bind(&identity.wechat_nickname)
        .bind(identity.names_folded())
        .bind(identity.confidence)
        .bind(reasons_json(identity))
        .bind(now.micros())
        .bind(identity.looked_at_by.map(|id| id.0))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Gives a member a code that nobody of their camp has, if they have none; `false` if they have one,
/// or somebody has this one.
pub async fn give_code(tx: &mut Tx, id: MemberId, code: &ProofCode) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(GIVE_CODE)
        .bind(id.0)
        .bind(code.as_str())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Notes that an account has written a member's code; `false` if that is known.
pub async fn add_proof(
    tx: &mut Tx,
    id: MemberId,
    account: PlanetUserId,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(ADD_PROOF)
        .bind(id.0)
        .bind(account.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The accounts that have written a member's code.
pub async fn proofs(conn: &mut Conn, id: MemberId) -> StoreResult<Vec<PlanetUserId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(PROOFS).bind(id.0).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(account,)| PlanetUserId(account))
        .collect())
}

/// How many members of a camp have a code that an account has written.
pub async fn proved_by(conn: &mut Conn, camp: CampId, account: PlanetUserId) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(PROVED_BY)
        .bind(camp.0)
        .bind(account.0)
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Writes whether a member has joined the group; who was in it and is no more has left.
pub async fn set_joined(
    tx: &mut Tx,
    id: MemberId,
    joined_at: Option<Timestamp>,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_JOINED)
        .bind(id.0)
        .bind(joined_at.is_some())
        .bind(joined_at.map(Timestamp::micros))
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Writes the days that count for a member, by whose word, and whether they suffice.
pub async fn set_days(
    tx: &mut Tx,
    id: MemberId,
    checked_in_days: i64,
    source: Option<CheckInSource>,
    eligible: bool,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SET_DAYS)
        .bind(id.0)
        .bind(checked_in_days)
        .bind(eligible)
        .bind(now.micros())
        .bind(source.map(CheckInSource::as_str))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

fn reasons_json(identity: &Identity) -> String {
    serde_json::Value::from(identity.reasons.clone()).to_string()
}
