//! The editions of settlement pages: added, and never changed.

use crate::domain::settlement::{Classes, Line};
use crate::domain::{CampId, PaymentId, Timestamp, UnknownWord};

use super::db::{Conn, run};
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "settlement_edition";
/// Rows of one `INSERT`: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 500;

macro_rules! select_edition {
    ($tail:literal) => {
        concat!(
            "SELECT e.id, e.camp_id, t.name, e.edition, e.public_id, e.replaces, e.root, e.classes, ",
            "e.published_at FROM settlement_edition e JOIN training_camp t ON t.id = e.camp_id ",
            $tail
        )
    };
}

statements! {
    // A camp that has turned its page off shows none of them.
    BY_PUBLIC_ID = select_edition!("WHERE e.public_id = $1 AND t.settlement_page");
    LAST_OF_CAMP = select_edition!("WHERE e.camp_id = $1 ORDER BY e.edition DESC LIMIT 1");
    LAST_OF_PAYMENT = select_edition!("WHERE t.settlement_page AND e.id = (SELECT MAX(l.edition_id) \
                                       FROM settlement_line l WHERE l.payment_id = $1)");
    LINES = "SELECT payment_id, result, amount_fen, salt FROM settlement_line \
             WHERE edition_id = $1 ORDER BY position";
    ADD = "INSERT INTO settlement_edition (camp_id, edition, public_id, replaces, root, classes, \
           published_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    PAYERS = "SELECT p.id, p.openid_mac FROM payment_record p WHERE p.camp_id = $1 \
              AND p.transaction_id IS NOT NULL AND EXISTS (SELECT 1 FROM ledger_transfer l \
              WHERE l.payment_id = p.id) ORDER BY p.id";
    DUE = "SELECT id FROM training_camp WHERE settlement_page AND deleted_at IS NULL \
           AND status IN ('settling', 'archived') ORDER BY id";
}

/// An edition of a camp's page.
#[derive(Debug, Clone)]
pub struct Edition {
    pub id: i64,
    pub camp_id: CampId,
    pub camp_name: String,
    pub edition: i64,
    pub public_id: String,
    pub replaces: Option<String>,
    /// In hex.
    pub root: String,
    pub classes: Classes,
    pub published_at: Timestamp,
}

/// An edition to be added.
#[derive(Debug, Clone)]
pub struct NewEdition {
    pub camp_id: CampId,
    pub edition: i64,
    pub public_id: String,
    pub replaces: Option<String>,
    pub root: String,
    pub classes: Classes,
    /// In the order of the leaves.
    pub lines: Vec<(PaymentId, Line)>,
}

#[derive(sqlx::FromRow)]
struct EditionRow {
    id: i64,
    camp_id: i64,
    name: String,
    edition: i64,
    public_id: String,
    replaces: Option<String>,
    root: String,
    classes: String,
    published_at: i64,
}

impl TryFrom<EditionRow> for Edition {
    type Error = StoreError;

    fn try_from(row: EditionRow) -> StoreResult<Self> {
        let classes = serde_json::from_str(&row.classes);
        Ok(Self {
            classes: classes.map_err(|error| StoreError::Inconsistent {
                table: TABLE,
                id: row.id,
                what: error.to_string(),
            })?,
            id: row.id,
            camp_id: CampId(row.camp_id),
            camp_name: row.name,
            edition: row.edition,
            public_id: row.public_id,
            replaces: row.replaces,
            root: row.root,
            published_at: Timestamp::from_micros(row.published_at),
        })
    }
}

/// The edition at an address, while its camp shows its page.
pub async fn by_public_id(conn: &mut Conn, public_id: &str) -> StoreResult<Option<Edition>> {
    let row: Option<EditionRow> = run!(conn, c => sqlx::query_as(BY_PUBLIC_ID)
        .bind(public_id)
        .fetch_optional(c)
        .await)?;
    row.map(Edition::try_from).transpose()
}

/// The newest edition of a camp, whether it is shown or not.
pub async fn last_of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<Option<Edition>> {
    let row: Option<EditionRow> =
        run!(conn, c => sqlx::query_as(LAST_OF_CAMP).bind(camp.0).fetch_optional(c).await)?;
    row.map(Edition::try_from).transpose()
}

/// The newest edition that has a payment, while its camp shows its page.
pub async fn last_of_payment(conn: &mut Conn, payment: PaymentId) -> StoreResult<Option<Edition>> {
    let row: Option<EditionRow> = run!(conn, c => sqlx::query_as(LAST_OF_PAYMENT)
        .bind(payment.0)
        .fetch_optional(c)
        .await)?;
    row.map(Edition::try_from).transpose()
}

/// The lines of an edition, in the order of the leaves.
pub async fn lines(conn: &mut Conn, edition: i64) -> StoreResult<Vec<(PaymentId, Line)>> {
    let rows: Vec<(i64, String, i64, String)> =
        run!(conn, c => sqlx::query_as(LINES).bind(edition).fetch_all(c).await)?;
    let read = |(payment, result, amount_fen, salt): (i64, String, i64, String)| {
        let bad = |unknown: UnknownWord| StoreError::Inconsistent {
            table: "settlement_line",
            id: payment,
            what: unknown.to_string(),
        };
        let result = result.parse().map_err(bad)?;
        let line = Line {
            result,
            amount_fen,
            salt,
        };
        Ok((PaymentId(payment), line))
    };
    rows.into_iter().map(read).collect()
}

/// The payments of a camp that are in the books, each with the MAC of its payer.
pub async fn payers(
    conn: &mut Conn,
    camp: CampId,
) -> StoreResult<Vec<(PaymentId, Option<Vec<u8>>)>> {
    let rows: Vec<(i64, Option<Vec<u8>>)> =
        run!(conn, c => sqlx::query_as(PAYERS).bind(camp.0).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, payer)| (PaymentId(id), payer))
        .collect())
}

/// The camps whose page is on and that have something to show.
pub async fn due(conn: &mut Conn) -> StoreResult<Vec<CampId>> {
    let rows: Vec<(i64,)> = run!(conn, c => sqlx::query_as(DUE).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| CampId(id)).collect())
}

/// Adds an edition with its lines.
pub async fn add(tx: &mut Tx, new: &NewEdition, classes: &str, now: Timestamp) -> StoreResult<()> {
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(ADD)
        .bind(new.camp_id.0)
        .bind(new.edition)
        .bind(&new.public_id)
        .bind(&new.replaces)
        .bind(&new.root)
        .bind(classes)
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    let numbered: Vec<_> = (0_i64..).zip(&new.lines).collect();
    for rows in numbered.chunks(ROWS_PER_INSERT) {
        run!(tx, c => {
            let mut insert = sqlx::QueryBuilder::new(
                "INSERT INTO settlement_line (edition_id, position, payment_id, result, \
                 amount_fen, salt) ",
            );
            insert.push_values(rows, |mut values, (position, (payment, line))| {
                values
                    .push_bind(id)
                    .push_bind(*position)
                    .push_bind(payment.0)
                    .push_bind(line.result.as_str())
                    .push_bind(line.amount_fen)
                    .push_bind(&line.salt);
            });
            insert.build().execute(c).await.map(drop)
        })?;
    }
    Ok(())
}
