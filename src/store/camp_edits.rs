//! Camps as staff fill them in: made, edited, deleted; their group codes and staff.

use crate::domain::{
    CampId, CampStatus, GroupCode, Move, Role, Terms, Timestamp, UploadId, UserId,
};

use super::camps::LOG;
use super::db::run;
use super::members::folded;
use super::{Note, Sealed, StoreResult, Tx};

statements! {
    INSERT = "INSERT INTO training_camp (name, name_folded, poster_upload_id, deposit_fen, \
              start_date, end_date, total_days, required_days, grace_days, introduction_html, \
              planet_project_id, payee_id, group_robot_key, status, created_by, created_at, \
              updated_at, urge_by_name, smart_bot_chat_id) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, \
              $17, $18) \
              RETURNING id";
    UPDATE = "UPDATE training_camp SET name = $2, name_folded = $3, poster_upload_id = $4, \
              deposit_fen = $5, start_date = $6, end_date = $7, total_days = $8, \
              required_days = $9, grace_days = $10, introduction_html = $11, \
              planet_project_id = $12, payee_id = $13, group_robot_key = $14, updated_at = $15, \
              urge_by_name = $16, smart_bot_chat_id = $17 \
              WHERE id = $1 AND deleted_at IS NULL";
    DELETE = "UPDATE training_camp SET deleted_at = $2, updated_at = $2 \
              WHERE id = $1 AND status = $3 AND deleted_at IS NULL";
    SET_SETTLEMENT_PAGE = "UPDATE training_camp SET settlement_page = $2, updated_at = $3 \
                           WHERE id = $1 AND settlement_page <> $2 AND deleted_at IS NULL";
    CLEAR_GROUP_CODES = "DELETE FROM camp_group_code WHERE camp_id = $1";
    ADD_GROUP_CODE = "INSERT INTO camp_group_code (camp_id, position, upload_id, capacity, \
                      expires_at) VALUES ($1, $2, $3, $4, $5)";
    CLEAR_STAFF = "DELETE FROM camp_member_relation WHERE camp_id = $1";
    ADD_STAFF = "INSERT INTO camp_member_relation (camp_id, user_id, role) VALUES ($1, $2, $3)";
}

/// What staff fill in.
#[derive(Debug, Clone)]
pub struct CampFields {
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
    /// The key of its group's robot, encrypted.
    pub group_robot_key: Option<Sealed>,
    /// An urging names who has not checked in.
    pub urge_by_name: bool,
    /// The chat of its group, as the smart robot is told it.
    pub smart_bot_chat_id: Option<String>,
}

/// Shows the settlement page of a camp, or hides it; `false` if it was so already.
pub async fn set_settlement_page(
    tx: &mut Tx,
    id: CampId,
    is_shown: bool,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(SET_SETTLEMENT_PAGE)
        .bind(id.0)
        .bind(is_shown)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Makes a camp and the first row of its log.
pub async fn insert(
    tx: &mut Tx,
    fields: &CampFields,
    status: CampStatus,
    by: UserId,
    note: &Note,
) -> StoreResult<CampId> {
    let terms = &fields.terms;
    let key = fields.group_robot_key.as_ref().map(|key| key.0.as_slice());
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(&fields.name)
        .bind(folded(&fields.name))
        .bind(fields.poster.map(|id| id.0))
        .bind(terms.deposit_fen.get())
        .bind(terms.start_date.to_string())
        .bind(terms.end_date.to_string())
        .bind(terms.total_days)
        .bind(terms.required_days)
        .bind(terms.grace_days)
        .bind(&fields.introduction_html)
        .bind(&fields.planet_project_id)
        .bind(&fields.payee_id)
        .bind(key)
        .bind(status.as_str())
        .bind(by.0)
        .bind(note.at.micros())
        .bind(fields.urge_by_name)
        .bind(&fields.smart_bot_chat_id)
        .fetch_one(c)
        .await)?;
    LOG.add(tx, id, Move::born(status), note);
    Ok(CampId(id))
}

/// Writes what staff have filled in; `false` if the camp is gone.
pub async fn update(
    tx: &mut Tx,
    id: CampId,
    fields: &CampFields,
    now: Timestamp,
) -> StoreResult<bool> {
    let terms = &fields.terms;
    let key = fields.group_robot_key.as_ref().map(|key| key.0.as_slice());
    let rows = run!(tx, c => sqlx::query(UPDATE)
        .bind(id.0)
        .bind(&fields.name)
        .bind(folded(&fields.name))
        .bind(fields.poster.map(|id| id.0))
        .bind(terms.deposit_fen.get())
        .bind(terms.start_date.to_string())
        .bind(terms.end_date.to_string())
        .bind(terms.total_days)
        .bind(terms.required_days)
        .bind(terms.grace_days)
        .bind(&fields.introduction_html)
        .bind(&fields.planet_project_id)
        .bind(&fields.payee_id)
        .bind(key)
        .bind(now.micros())
        .bind(fields.urge_by_name)
        .bind(&fields.smart_bot_chat_id)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Deletes a camp softly, if it still is in this status.
pub async fn delete(
    tx: &mut Tx,
    id: CampId,
    status: CampStatus,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(DELETE)
        .bind(id.0)
        .bind(now.micros())
        .bind(status.as_str())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Replaces the group codes of a camp, in order.
pub async fn set_group_codes(tx: &mut Tx, id: CampId, codes: &[GroupCode]) -> StoreResult<()> {
    run!(tx, c => sqlx::query(CLEAR_GROUP_CODES).bind(id.0).execute(c).await.map(drop))?;
    for (position, code) in (0_i64..).zip(codes) {
        run!(tx, c => sqlx::query(ADD_GROUP_CODE)
            .bind(id.0)
            .bind(position)
            .bind(code.upload_id.0)
            .bind(code.capacity)
            .bind(code.expires_at.map(Timestamp::micros))
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Replaces the coaches and volunteers of a camp.
pub async fn set_staff(
    tx: &mut Tx,
    id: CampId,
    coaches: &[UserId],
    volunteers: &[UserId],
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(CLEAR_STAFF).bind(id.0).execute(c).await.map(drop))?;
    let coaches = coaches.iter().map(|user| (user, Role::Coach));
    let volunteers = volunteers.iter().map(|user| (user, Role::Volunteer));
    for (user, role) in coaches.chain(volunteers) {
        run!(tx, c => sqlx::query(ADD_STAFF)
            .bind(id.0)
            .bind(user.0)
            .bind(role.as_str())
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}
