//! Uploaded pictures: which file each one is, and what it is used for.

use crate::domain::{Timestamp, UploadId, UserId};

use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    INSERT = "INSERT INTO upload (file_key, content_type, bytes, created_by, created_at) \
              VALUES ($1, $2, $3, $4, $5) RETURNING id";
    BY_ID = "SELECT id, file_key, content_type, bytes FROM upload WHERE id = $1";
    IS_POSTER = "SELECT CAST(COUNT(*) AS BIGINT) FROM training_camp \
                 WHERE poster_upload_id = $1 AND deleted_at IS NULL";
    COUNT_OF_FILE = "SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE file_key = $1";
    IS_GROUP_CODE = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_group_code WHERE upload_id = $1";
}

/// An uploaded picture.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Upload {
    /// Its row.
    pub id: i64,
    /// The name of its file.
    pub file_key: String,
    /// `image/png` or `image/jpeg`.
    pub content_type: String,
    /// Its size.
    pub bytes: i64,
}

/// Adds a picture; of a member it is without anybody on the staff.
pub async fn insert(
    tx: &mut Tx,
    file_key: &str,
    content_type: &str,
    bytes: i64,
    by: Option<UserId>,
    now: Timestamp,
) -> StoreResult<UploadId> {
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(file_key)
        .bind(content_type)
        .bind(bytes)
        .bind(by.map(|by| by.0))
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(UploadId(id))
}

/// One picture.
pub async fn by_id(conn: &mut Conn, id: UploadId) -> StoreResult<Option<Upload>> {
    Ok(run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?)
}

/// Whether everybody may see a picture: it is a camp's poster, and no group code besides.
pub async fn is_public(conn: &mut Conn, id: UploadId) -> StoreResult<bool> {
    let (posters,): (i64,) =
        run!(conn, c => sqlx::query_as(IS_POSTER).bind(id.0).fetch_one(c).await)?;
    let (codes,): (i64,) =
        run!(conn, c => sqlx::query_as(IS_GROUP_CODE).bind(id.0).fetch_one(c).await)?;
    Ok(posters > 0 && codes == 0)
}

/// How many pictures share a file.
pub async fn count_of_file(conn: &mut Conn, file_key: &str) -> StoreResult<i64> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(COUNT_OF_FILE).bind(file_key).fetch_one(c).await)?;
    Ok(count)
}
