//! Objections of members, the pictures that they bring, and the days that accepted ones made count.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::appeal::{Answer, Appeal};
use crate::domain::refund::Decision;
use crate::domain::shown_name::shown_name;
use crate::domain::{
    AppealId, AppealKind, AppealStatus, CampId, MemberId, Move, PaymentId, PlanetUserId, Timestamp,
    UnknownWord, UploadId, UserId,
};

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::listing::{Key, ListSql, Order, listing};
use super::status_log::StatusLog;
use super::{Note, StoreError, StoreResult, Tx, held};

const TABLE: &str = "appeal";
const LOG: StatusLog = StatusLog(LOG_ADD);
/// Rows that one statement asks for.
const AT_ONCE: usize = 500;

/// The columns of [`AppealRow`].
macro_rules! select_appeal {
    ($tail:literal) => {
        concat!(
            "SELECT a.id, a.payment_id, a.kind, a.day, a.text, a.status, a.answer, a.answered_by, ",
            "a.answered_by_name, a.answered_at, a.created_at, p.order_no, p.camp_id, ",
            "t.name AS camp_name, p.member_id, m.planet_user_id, m.planet_nickname, ",
            "m.wechat_nickname FROM appeal a JOIN payment_record p ON p.id = a.payment_id ",
            "LEFT JOIN training_camp t ON t.id = p.camp_id ",
            "LEFT JOIN camp_member m ON m.id = p.member_id ",
            $tail
        )
    };
}

statements! {
    LIST_HEAD = select_appeal!("WHERE TRUE");
    BY_ID = select_appeal!("WHERE a.id = $1");
    OF_PAYMENT = select_appeal!("WHERE a.payment_id = $1 ORDER BY a.id");
    INSERT = "INSERT INTO appeal (payment_id, camp_id, member_id, kind, day, text, status, \
              created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $7) \
              ON CONFLICT DO NOTHING RETURNING id";
    ANSWER = "UPDATE appeal SET status = $3, answer = $4, answered_by = $5, answered_by_name = $6, \
              answered_at = $7, updated_at = $7 WHERE id = $1 AND status = $2";
    LOG_ADD = "INSERT INTO appeal_status_log (appeal_id, from_status, to_status, operator, reason, \
               created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    OPEN_OF_CAMP = "SELECT CAST(COUNT(*) AS BIGINT) FROM appeal \
                    WHERE camp_id = $1 AND status = 'open'";
    IS_OPEN = "SELECT CAST(COUNT(*) AS BIGINT) FROM appeal \
               WHERE payment_id = $1 AND status = 'open'";
    ACCEPTED_HEAD = "SELECT payment_id, answered_by FROM appeal WHERE status = 'accepted' \
                     AND answered_by IS NOT NULL";
    GRANT_DAY = "INSERT INTO granted_day (member_id, day, appeal_id, granted_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (member_id, day) DO NOTHING";
    GRANTED_DAYS = "SELECT day, granted_at FROM granted_day WHERE member_id = $1";
    COUNT_PICTURES = "SELECT CAST(COUNT(*) AS BIGINT) FROM appeal_picture WHERE payment_id = $1";
    ADD_PICTURE = "INSERT INTO appeal_picture (upload_id, payment_id, created_at) VALUES ($1, $2, $3)";
    ATTACH_PICTURE = "UPDATE appeal_picture SET appeal_id = $3 \
                      WHERE upload_id = $1 AND payment_id = $2 AND appeal_id IS NULL";
    PICTURES_OVER = "SELECT q.upload_id, u.file_key FROM appeal_picture q \
                     JOIN upload u ON u.id = q.upload_id LEFT JOIN appeal a ON a.id = q.appeal_id \
                     WHERE COALESCE(a.answered_at, CASE WHEN a.id IS NULL THEN q.created_at END) < $1 \
                     AND q.upload_id > $2 ORDER BY q.upload_id LIMIT $3";
    FREE_PICTURE = "SELECT u.file_key FROM appeal_picture q JOIN upload u ON u.id = q.upload_id \
                    WHERE q.upload_id = $1 AND q.payment_id = $2 AND q.appeal_id IS NULL";
    DROP_PICTURE = "DELETE FROM appeal_picture WHERE upload_id = $1";
    DROP_UPLOAD = "DELETE FROM upload WHERE id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM refund_evidence WHERE upload_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM training_camp WHERE poster_upload_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM camp_group_code WHERE upload_id = $1)";
}

/// The objections that a list shows, the newest first; nothing set shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct AppealFilter {
    pub status: Option<AppealStatus>,
    pub camp_id: Option<CampId>,
    /// Of camps led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// An objection with whose it is.
#[derive(Debug, Clone)]
pub struct Listed {
    pub appeal: Appeal,
    pub payment_id: PaymentId,
    pub order_no: String,
    pub camp_id: Option<CampId>,
    pub camp_name: Option<String>,
    pub member_id: Option<MemberId>,
    /// The name by which people read of the member.
    pub name: String,
}

/// An objection to be added.
#[derive(Debug, Clone)]
pub struct NewAppeal {
    pub payment_id: PaymentId,
    pub camp_id: Option<CampId>,
    pub member_id: Option<MemberId>,
    pub kind: AppealKind,
    pub day: Option<NaiveDate>,
    pub text: String,
}

#[derive(sqlx::FromRow)]
pub(super) struct AppealRow {
    id: i64,
    payment_id: i64,
    kind: String,
    day: Option<String>,
    text: String,
    status: String,
    answer: Option<String>,
    answered_by: Option<i64>,
    answered_by_name: Option<String>,
    answered_at: Option<i64>,
    created_at: i64,
    order_no: String,
    camp_id: Option<i64>,
    camp_name: Option<String>,
    member_id: Option<i64>,
    planet_user_id: Option<i64>,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
}

impl AppealRow {
    fn bad(&self, what: impl ToString) -> StoreError {
        StoreError::Inconsistent {
            table: TABLE,
            id: self.id,
            what: what.to_string(),
        }
    }

    fn answer(&self) -> Option<Answer> {
        Some(Answer {
            text: self.answer.clone()?,
            by: Decision {
                by: UserId(self.answered_by?),
                name: self.answered_by_name.clone()?,
                at: Timestamp::from_micros(self.answered_at?),
            },
        })
    }
}

impl TryFrom<AppealRow> for Listed {
    type Error = StoreError;

    fn try_from(row: AppealRow) -> StoreResult<Self> {
        let word = |unknown: UnknownWord| row.bad(unknown);
        let status: AppealStatus = row.status.parse().map_err(word)?;
        let answer = row.answer();
        if answer.is_some() == (status == AppealStatus::Open) {
            return Err(row.bad("answer"));
        }
        let day = row.day.as_deref().map(str::parse).transpose();
        let nicknames = [&row.planet_nickname, &row.wechat_nickname];
        let nicknames = nicknames.map(|name| name.as_deref().unwrap_or_default());
        Ok(Self {
            appeal: Appeal {
                id: AppealId(row.id),
                kind: row.kind.parse().map_err(word)?,
                day: day.map_err(|_| row.bad("day"))?,
                text: row.text.clone(),
                status,
                made_at: Timestamp::from_micros(row.created_at),
                answer,
            },
            name: shown_name(&nicknames, None, row.planet_user_id.map(PlanetUserId)),
            payment_id: PaymentId(row.payment_id),
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            order_no: row.order_no,
            camp_name: row.camp_name,
        })
    }
}

/// One objection.
pub async fn by_id(conn: &mut Conn, id: AppealId) -> StoreResult<Option<Listed>> {
    let row: Option<AppealRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(Listed::try_from).transpose()
}

/// The objections to what became of a payment, the oldest first.
pub async fn of_payment(conn: &mut Conn, payment: PaymentId) -> StoreResult<Vec<Appeal>> {
    let rows: Vec<AppealRow> =
        run!(conn, c => sqlx::query_as(OF_PAYMENT).bind(payment.0).fetch_all(c).await)?;
    let read = |row| Listed::try_from(row).map(|listed| listed.appeal);
    rows.into_iter().map(read).collect()
}

/// Adds an open objection; none if one of the payment is open already.
pub async fn insert(tx: &mut Tx, new: &NewAppeal, note: &Note) -> StoreResult<Option<AppealId>> {
    let row: Option<(i64,)> = run!(tx, c => sqlx::query_as(INSERT)
        .bind(new.payment_id.0)
        .bind(new.camp_id.map(|id| id.0))
        .bind(new.member_id.map(|id| id.0))
        .bind(new.kind.as_str())
        .bind(new.day.map(|day| day.to_string()))
        .bind(&new.text)
        .bind(note.at.micros())
        .fetch_optional(c)
        .await)?;
    let Some((id,)) = row else {
        return Ok(None);
    };
    LOG.add(tx, id, Move::born(AppealStatus::Open), note);
    Ok(Some(AppealId(id)))
}

/// Writes an answer, if the objection still stands where the move starts.
pub async fn answer(
    tx: &mut Tx,
    id: AppealId,
    change: Move<AppealStatus>,
    answer: &Answer,
    note: &Note,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(ANSWER)
        .bind(id.0)
        .bind(change.from().map(AppealStatus::as_str))
        .bind(change.to().as_str())
        .bind(&answer.text)
        .bind(answer.by.by.0)
        .bind(&answer.by.name)
        .bind(answer.by.at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)?;
    LOG.add(tx, id.0, change, note);
    Ok(())
}

/// True while an objection in a camp waits for its answer.
pub async fn any_open_of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(OPEN_OF_CAMP).bind(camp.0).fetch_one(c).await)?;
    Ok(count > 0)
}

/// True while an objection to what became of a payment waits for its answer.
pub async fn is_open(conn: &mut Conn, payment: PaymentId) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(IS_OPEN).bind(payment.0).fetch_one(c).await)?;
    Ok(count > 0)
}

/// The payments of a list of which an objection was accepted, each with who did so.
pub async fn accepted_by(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<HashSet<(PaymentId, UserId)>> {
    let mut found = HashSet::new();
    for payments in payments.chunks(AT_ONCE) {
        let mut conditions = Conditions::default();
        conditions.among("AND payment_id", payments.iter().map(|id| id.0));
        // Only constants of ours make up the text; the numbers are bound.
        let sql = sqlx::AssertSqlSafe(conditions.statement(ACCEPTED_HEAD, ""));
        let rows: Vec<(i64, i64)> =
            run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
        let typed = |(payment, by)| (PaymentId(payment), UserId(by));
        found.extend(rows.into_iter().map(typed));
    }
    Ok(found)
}

/// Makes a day of a member's count.
pub async fn grant_day(
    tx: &mut Tx,
    member: MemberId,
    day: NaiveDate,
    appeal: AppealId,
    now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(GRANT_DAY)
        .bind(member.0)
        .bind(day.to_string())
        .bind(appeal.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The days of a member that accepted objections made count, and since when.
pub async fn granted_days(
    conn: &mut Conn,
    member: MemberId,
) -> StoreResult<Vec<(NaiveDate, Timestamp)>> {
    let rows: Vec<(String, i64)> =
        run!(conn, c => sqlx::query_as(GRANTED_DAYS).bind(member.0).fetch_all(c).await)?;
    let read = |(day, at): (String, i64)| {
        let day = day.parse().map_err(|_| StoreError::Inconsistent {
            table: "granted_day",
            id: member.0,
            what: "day".to_owned(),
        })?;
        Ok((day, Timestamp::from_micros(at)))
    };
    rows.into_iter().map(read).collect()
}

/// How many pictures the payer of an order has sent.
pub async fn count_pictures(conn: &mut Conn, payment: PaymentId) -> StoreResult<i64> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(COUNT_PICTURES).bind(payment.0).fetch_one(c).await)?;
    Ok(count)
}

/// Notes that the payer of an order has sent a picture.
pub async fn add_picture(
    tx: &mut Tx,
    upload: UploadId,
    payment: PaymentId,
    now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(ADD_PICTURE)
        .bind(upload.0)
        .bind(payment.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Adds a picture to an objection; `false` unless the payer of this order sent it and it is free.
pub async fn attach_picture(
    tx: &mut Tx,
    upload: UploadId,
    payment: PaymentId,
    appeal: AppealId,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(ATTACH_PICTURE)
        .bind(upload.0)
        .bind(payment.0)
        .bind(appeal.0)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The pictures of these objections.
pub async fn pictures(
    conn: &mut Conn,
    appeals: &[AppealId],
) -> StoreResult<HashMap<AppealId, Vec<UploadId>>> {
    let mut found: HashMap<AppealId, Vec<UploadId>> = HashMap::new();
    if appeals.is_empty() {
        return Ok(found);
    }
    let mut conditions = Conditions::default();
    conditions.among("AND appeal_id", appeals.iter().map(|id| id.0));
    let sql = conditions.statement(
        "SELECT appeal_id, upload_id FROM appeal_picture WHERE TRUE",
        "ORDER BY upload_id",
    );
    // Only constants of ours make up the text; the numbers are bound.
    let sql = sqlx::AssertSqlSafe(sql);
    let rows: Vec<(i64, i64)> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    for (appeal, upload) in rows {
        let of_appeal = found.entry(AppealId(appeal)).or_default();
        of_appeal.push(UploadId(upload));
    }
    Ok(found)
}

/// Pictures whose objection was answered before then, or that were sent before then and never used,
/// with the names of their files; those that come after one of them.
pub async fn pictures_over(
    conn: &mut Conn,
    before: Timestamp,
    after: UploadId,
    limit: i64,
) -> StoreResult<Vec<(UploadId, String)>> {
    let rows: Vec<(i64, String)> = run!(conn, c => sqlx::query_as(PICTURES_OVER)
        .bind(before.micros())
        .bind(after.0)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(id, key)| (UploadId(id), key))
        .collect())
}

/// The name of the file of a picture that the payer of an order has sent and that no objection has.
pub async fn free_picture(
    conn: &mut Conn,
    upload: UploadId,
    payment: PaymentId,
) -> StoreResult<Option<String>> {
    let row: Option<(String,)> = run!(conn, c => sqlx::query_as(FREE_PICTURE)
        .bind(upload.0)
        .bind(payment.0)
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(key,)| key))
}

/// Forgets that a picture belongs to an objection, and the picture itself unless it is used for
/// something else too.
pub async fn drop_picture(tx: &mut Tx, upload: UploadId) -> StoreResult<()> {
    for sql in [DROP_PICTURE, DROP_UPLOAD] {
        run!(tx, c => sqlx::query(sql).bind(upload.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

listing!(AppealFilter => Listed);

impl ListSql for AppealFilter {
    type Row = AppealRow;
    type Item = Listed;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str =
        "FROM appeal a JOIN payment_record p ON p.id = a.payment_id WHERE TRUE";
    const ID: &'static str = "a.id";
    const ORDER: Order = Order::Descending(&["a.id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(status) = self.status {
            let word = status.as_str().to_owned();
            conditions.value("AND a.status = ", Bind::Text(word), "");
        }
        if let Some(camp) = self.camp_id {
            conditions.value("AND a.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND a.camp_id", user);
        }
        conditions
    }

    fn key(row: &AppealRow) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: AppealRow) -> StoreResult<Listed> {
        row.try_into()
    }
}
