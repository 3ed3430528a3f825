//! Camps, their group codes and the staff who lead and serve them.

use chrono::NaiveDate;

use crate::domain::{
    CampId, CampStatus, Fen, GroupCode, Move, SyncId, Terms, Timestamp, UploadId, UserId,
};

use super::db::{Conn, run};
use super::status_log::StatusLog;
use super::{Note, Rows, Sealed, StoreError, StoreResult, Tx, held};

const TABLE: &str = "training_camp";
pub(super) const LOG: StatusLog = StatusLog(LOG_ADD);

/// The columns of [`CampRow`]; lists put their filters behind it.
macro_rules! select_camp {
    ($tail:literal) => {
        concat!(
            "SELECT id, name, poster_upload_id, deposit_fen, start_date, end_date, total_days, ",
            "required_days, grace_days, introduction_html, planet_project_id, payee_id, settlement_page, ",
            "urge_by_name, smart_bot_chat_id, ",
            "group_robot_key, status, current_sync_id, posts_sync_id, settling_since, created_at \
             FROM training_camp WHERE deleted_at IS NULL ",
            $tail
        )
    };
}

pub(super) use select_camp;

statements! {
    BY_ID = select_camp!("AND id = $1");
    NAME = "SELECT name FROM training_camp WHERE id = $1 AND deleted_at IS NULL";
    HAS_GROUP_ROBOT = "SELECT group_robot_key IS NOT NULL FROM training_camp \
                       WHERE id = $1 AND deleted_at IS NULL";
    IN_STATUS = select_camp!("AND status = $1 ORDER BY id");
    ADVANCE = "UPDATE training_camp SET status = $3, updated_at = $4, \
               settling_since = CASE WHEN $3 = 'settling' THEN $4 ELSE settling_since END \
               WHERE id = $1 AND status = $2 AND deleted_at IS NULL";
    LOG_ADD = "INSERT INTO camp_status_log (camp_id, from_status, to_status, operator, reason, \
               created_at, operator_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    GROUP_CODES = "SELECT upload_id, capacity, expires_at FROM camp_group_code \
                   WHERE camp_id = $1 ORDER BY position";
    STAFF = "SELECT r.user_id, r.role, u.display_name, u.wecom_userid FROM camp_member_relation r \
             JOIN system_user u ON u.id = r.user_id AND u.deleted_at IS NULL \
             WHERE r.camp_id = $1 ORDER BY r.user_id";
    IS_STAFFED_BY = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member_relation \
                     WHERE camp_id = $1 AND user_id = $2";
    HAS_PAYMENTS = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE camp_id = $1 \
                    AND status IN ('paid', 'refunding', 'refunded')";
    REOPENED_AT = "SELECT MAX(created_at) FROM camp_status_log \
                   WHERE camp_id = $1 AND from_status = 'archived'";
    POINT_AT_SYNC = "UPDATE training_camp SET current_sync_id = $2, updated_at = $3 WHERE id = $1";
    POINT_AT_POSTS = "UPDATE training_camp SET posts_sync_id = $2, updated_at = $3 WHERE id = $1";
    WAIVE_POSTS = "UPDATE training_camp SET posts_waived_by = $2, posts_waived_at = $3, \
                   updated_at = $3 \
                   WHERE id = $1 AND posts_sync_id IS NULL AND posts_waived_at IS NULL";
    POINT_AT_NOTHING = "UPDATE training_camp SET current_sync_id = NULL, posts_sync_id = NULL, \
                        posts_waived_by = NULL, posts_waived_at = NULL, updated_at = $2 \
                        WHERE id = $1";
}

/// A camp as it stands.
#[derive(Debug, Clone)]
pub struct Camp {
    /// Its row.
    pub id: CampId,
    /// At most 50 characters.
    pub name: String,
    /// The picture at its head.
    pub poster: Option<UploadId>,
    /// The rules that the next order will copy.
    pub terms: Terms,
    /// Sanitised HTML.
    pub introduction_html: String,
    /// The planet's check-in project.
    pub planet_project_id: Option<String>,
    /// 企业微信收款码ID.
    pub payee_id: Option<String>,
    /// Its settlement page is shown.
    pub settlement_page: bool,
    /// An urging names who has not checked in.
    pub urge_by_name: bool,
    /// The chat of its group, as the smart robot is told it.
    pub smart_bot_chat_id: Option<String>,
    /// The key of its group's robot, encrypted.
    pub group_robot_key: Option<Sealed>,
    /// Where it is in its life.
    pub status: CampStatus,
    /// The sync whose ranking decides.
    pub current_sync: Option<SyncId>,
    /// The newest sync that read all posts; none: there never was one.
    pub posts_sync: Option<SyncId>,
    /// Since when refunds are being settled.
    pub settling_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One of a camp's staff.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CampStaff {
    /// The account.
    pub user_id: i64,
    /// `coach` or `volunteer`.
    pub role: String,
    /// The name that others see.
    pub display_name: String,
    /// Their WeCom account, in lower case.
    pub wecom_userid: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct CampRow {
    pub(super) id: i64,
    name: String,
    poster_upload_id: Option<i64>,
    deposit_fen: i64,
    pub(super) start_date: String,
    end_date: String,
    total_days: i64,
    required_days: i64,
    grace_days: i64,
    introduction_html: String,
    planet_project_id: Option<String>,
    payee_id: Option<String>,
    settlement_page: bool,
    urge_by_name: bool,
    smart_bot_chat_id: Option<String>,
    group_robot_key: Option<Vec<u8>>,
    status: String,
    current_sync_id: Option<i64>,
    posts_sync_id: Option<i64>,
    settling_since: Option<i64>,
    created_at: i64,
}

impl TryFrom<CampRow> for Camp {
    type Error = StoreError;

    fn try_from(row: CampRow) -> StoreResult<Self> {
        let bad = |what: &str| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: what.to_owned(),
        };
        let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| bad("a date"));
        let terms = Terms {
            deposit_fen: Fen::new(row.deposit_fen).map_err(|_| bad("deposit_fen"))?,
            start_date: day(&row.start_date)?,
            end_date: day(&row.end_date)?,
            total_days: row.total_days,
            required_days: row.required_days,
            grace_days: row.grace_days,
        };
        let status = row.status.parse().map_err(|_| bad("status"))?;
        Ok(Self {
            id: CampId(row.id),
            name: row.name,
            poster: row.poster_upload_id.map(UploadId),
            terms,
            introduction_html: row.introduction_html,
            planet_project_id: row.planet_project_id,
            payee_id: row.payee_id,
            settlement_page: row.settlement_page,
            urge_by_name: row.urge_by_name,
            smart_bot_chat_id: row.smart_bot_chat_id,
            group_robot_key: row.group_robot_key.map(Sealed),
            status,
            current_sync: row.current_sync_id.map(SyncId),
            posts_sync: row.posts_sync_id.map(SyncId),
            settling_since: row.settling_since.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// The name of a camp, whether or not the rest of its row can be read; none for no camp.
pub async fn name(conn: &mut Conn, id: Option<CampId>) -> StoreResult<Option<String>> {
    let Some(id) = id else {
        return Ok(None);
    };
    let row: Option<(String,)> = run!(conn, c => sqlx::query_as(NAME).bind(id.0)
        .fetch_optional(c).await)?;
    Ok(row.map(|(name,)| name))
}

/// True if a camp has a robot in its group.
pub async fn has_group_robot(conn: &mut Conn, id: CampId) -> StoreResult<bool> {
    let row: Option<(bool,)> = run!(conn, c => sqlx::query_as(HAS_GROUP_ROBOT).bind(id.0)
        .fetch_optional(c).await)?;
    Ok(row.is_some_and(|(has_robot,)| has_robot))
}

/// One camp, unless it was deleted.
pub async fn by_id(conn: &mut Conn, id: CampId) -> StoreResult<Option<Camp>> {
    let row: Option<CampRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(Camp::try_from).transpose()
}

/// Reads the camps in one status, the oldest first.
pub async fn in_status(conn: &mut Conn, status: CampStatus) -> StoreResult<Rows<Camp>> {
    let rows: Vec<CampRow> =
        run!(conn, c => sqlx::query_as(IN_STATUS).bind(status.as_str()).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Camp::try_from).collect())
}

/// Writes a move of a camp and its log, if the camp still is where the move starts.
pub async fn advance(
    tx: &mut Tx,
    id: CampId,
    change: Move<CampStatus>,
    note: &Note,
) -> StoreResult<()> {
    let from = change.from().map(CampStatus::as_str);
    let rows = run!(tx, c => sqlx::query(ADVANCE)
        .bind(id.0)
        .bind(from)
        .bind(change.to().as_str())
        .bind(note.at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)?;
    LOG.add(tx, id.0, change, note);
    Ok(())
}

/// When a camp was last opened again, if it was.
pub async fn reopened_at(conn: &mut Conn, id: CampId) -> StoreResult<Option<Timestamp>> {
    let (at,): (Option<i64>,) =
        run!(conn, c => sqlx::query_as(REOPENED_AT).bind(id.0).fetch_one(c).await)?;
    Ok(at.map(Timestamp::from_micros))
}

/// The codes of a camp's group, in order.
pub async fn group_codes(conn: &mut Conn, id: CampId) -> StoreResult<Vec<GroupCode>> {
    let rows: Vec<(i64, i64, Option<i64>)> =
        run!(conn, c => sqlx::query_as(GROUP_CODES).bind(id.0).fetch_all(c).await)?;
    let codes = rows
        .into_iter()
        .map(|(upload_id, capacity, expires_at)| GroupCode {
            upload_id: UploadId(upload_id),
            capacity,
            expires_at: expires_at.map(Timestamp::from_micros),
        });
    Ok(codes.collect())
}

/// The coaches and volunteers of a camp.
pub async fn staff(conn: &mut Conn, id: CampId) -> StoreResult<Vec<CampStaff>> {
    Ok(run!(conn, c => sqlx::query_as(STAFF).bind(id.0).fetch_all(c).await)?)
}

/// Whether somebody leads or serves a camp.
pub async fn is_staffed_by(conn: &mut Conn, id: CampId, user: UserId) -> StoreResult<bool> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(IS_STAFFED_BY)
        .bind(id.0)
        .bind(user.0)
        .fetch_one(c)
        .await)?;
    Ok(count > 0)
}

/// Whether anybody has paid for a camp.
pub async fn has_payments(conn: &mut Conn, id: CampId) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(HAS_PAYMENTS).bind(id.0).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Makes a sync with a clean, whole ranking the one that decides.
pub async fn point_at_sync(
    tx: &mut Tx,
    id: CampId,
    sync: SyncId,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(POINT_AT_SYNC)
        .bind(id.0)
        .bind(sync.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Makes a sync the newest that has read all posts.
pub async fn point_at_posts(
    tx: &mut Tx,
    id: CampId,
    sync: SyncId,
    now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(POINT_AT_POSTS)
        .bind(id.0)
        .bind(sync.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Keeps who has said that the ranking suffices without the posts; `false` if somebody has said so
/// before.
pub async fn waive_posts(tx: &mut Tx, id: CampId, by: UserId, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(WAIVE_POSTS)
        .bind(id.0)
        .bind(by.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Leaves a camp without a sync that decides, as if it had never been synced.
pub async fn point_at_nothing(tx: &mut Tx, id: CampId, now: Timestamp) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(POINT_AT_NOTHING)
        .bind(id.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}
