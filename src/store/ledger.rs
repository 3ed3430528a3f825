//! The ledger: transfers are added and never changed.

use std::collections::HashMap;

use crate::domain::ledger::{Account, Position, Transfer, TransferKind};
use crate::domain::{CampId, Fen, PaymentId, RefundId, Timestamp, UnknownWord};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::listing::{Key, ListSql, Order, listing};
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "ledger_transfer";
/// Payments whose transfers one statement asks for.
const AT_ONCE: usize = 500;

/// The sums of the accounts; `$camp` narrows them.
macro_rules! select_balances {
    ($camp:literal) => {
        concat!(
            "SELECT account, CAST(SUM(fen) AS BIGINT) FROM (",
            "SELECT credit AS account, amount_fen AS fen FROM ledger_transfer ",
            "WHERE kind IN ('plain', 'post')",
            $camp,
            " UNION ALL SELECT debit, -amount_fen FROM ledger_transfer ",
            "WHERE kind IN ('plain', 'post')",
            $camp,
            " UNION ALL SELECT 'reserved', ",
            "CASE WHEN kind = 'pending' THEN amount_fen ELSE -amount_fen END ",
            "FROM ledger_transfer WHERE kind IN ('pending', 'post', 'void')",
            $camp,
            ") AS moved GROUP BY account"
        )
    };
}

statements! {
    ADD = "INSERT INTO ledger_transfer (id, kind, debit, credit, amount_fen, camp_id, payment_id, \
           refund_id, resolves, reverses, created_at) \
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    OF_PAYMENT = "SELECT seq, id, kind, debit, credit, amount_fen, camp_id, payment_id, refund_id, \
                  resolves, reverses, created_at FROM ledger_transfer WHERE payment_id = $1 ORDER BY seq";
    AMONG_HEAD = "SELECT seq, id, kind, debit, credit, amount_fen, camp_id, payment_id, refund_id, \
                  resolves, reverses, created_at FROM ledger_transfer WHERE TRUE";
    LIST_HEAD = "SELECT l.seq, l.id, l.kind, l.debit, l.credit, l.amount_fen, l.camp_id, \
                 l.payment_id, l.refund_id, l.resolves, l.reverses, l.created_at, p.order_no, \
                 r.refund_no FROM ledger_transfer l JOIN payment_record p ON p.id = l.payment_id \
                 LEFT JOIN refund_record r ON r.id = l.refund_id WHERE TRUE";
    SET_RESTED = "UPDATE payment_record SET rested_at = $2 WHERE id = $1";
    BALANCES = select_balances!("");
    BALANCES_OF_CAMP = select_balances!(" AND camp_id = $1");
}

/// A balance of the books: of an account, or of what is reserved in it for refunds on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balances {
    /// In the order of [`Account::ALL`].
    pub accounts: [i64; Account::ALL.len()],
    /// The sum of what is pending.
    pub reserved: i64,
}

impl Balances {
    /// The balance of one account, in fen.
    #[must_use]
    pub fn of(&self, account: Account) -> i64 {
        let place = Account::ALL.iter().position(|other| *other == account);
        place.map_or(0, |place| self.accounts[place])
    }
}

/// The transfers that a list shows, newest first.
#[derive(Debug, Clone, Default)]
pub struct LedgerFilter {
    pub camp_id: Option<CampId>,
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

/// A transfer with the numbers that people know its subject by.
#[derive(Debug, Clone)]
pub struct ListedTransfer {
    pub transfer: Transfer,
    pub order_no: String,
    pub refund_no: Option<String>,
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    seq: i64,
    id: String,
    kind: String,
    debit: String,
    credit: String,
    amount_fen: i64,
    camp_id: Option<i64>,
    payment_id: i64,
    refund_id: Option<i64>,
    resolves: Option<String>,
    reverses: Option<String>,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
pub(super) struct ListedRow {
    #[sqlx(flatten)]
    transfer: TransferRow,
    order_no: String,
    refund_no: Option<String>,
}

impl TryFrom<TransferRow> for Transfer {
    type Error = StoreError;

    fn try_from(row: TransferRow) -> StoreResult<Self> {
        let bad = |what: String| StoreError::Inconsistent {
            table: TABLE,
            id: row.seq,
            what,
        };
        let account = |word: &str| -> StoreResult<Account> {
            word.parse()
                .map_err(|unknown: UnknownWord| bad(unknown.to_string()))
        };
        let kind: Result<TransferKind, UnknownWord> = row.kind.parse();
        Ok(Self {
            kind: kind.map_err(|unknown| bad(unknown.to_string()))?,
            debit: account(&row.debit)?,
            credit: account(&row.credit)?,
            amount: Fen::new(row.amount_fen).map_err(|_| bad("amount_fen".to_owned()))?,
            camp_id: row.camp_id.map(CampId),
            payment_id: PaymentId(row.payment_id),
            refund_id: row.refund_id.map(RefundId),
            resolves: row.resolves,
            reverses: row.reverses,
            at: Timestamp::from_micros(row.created_at),
            id: row.id,
        })
    }
}

/// Keeps since when a payment's money is at rest; none while something of it is here.
pub fn set_rested(tx: &mut Tx, payment: PaymentId, at: Option<Timestamp>) {
    let at = at.map(Timestamp::micros);
    let rested = Statement::new(SET_RESTED).bind(payment.0).bind(at);
    tx.put_off(rested.guarded("payment_record", payment.0));
}

/// Adds a transfer. Its id is taken once: who comes second with the same cause fails as a
/// conflict.
pub fn add(tx: &mut Tx, transfer: &Transfer) {
    tx.put_off(
        Statement::new(ADD)
            .bind(&transfer.id)
            .bind(transfer.kind.as_str())
            .bind(transfer.debit.as_str())
            .bind(transfer.credit.as_str())
            .bind(transfer.amount.get())
            .bind(transfer.camp_id.map(|id| id.0))
            .bind(transfer.payment_id.0)
            .bind(transfer.refund_id.map(|id| id.0))
            .bind(&transfer.resolves)
            .bind(&transfer.reverses)
            .bind(transfer.at.micros()),
    );
}

/// The transfers of one payment, in the order in which they were written.
pub async fn of_payment(conn: &mut Conn, payment: PaymentId) -> StoreResult<Vec<Transfer>> {
    let rows: Vec<TransferRow> = conn
        .ask_all(Statement::new(OF_PAYMENT).bind(payment.0))
        .await?;
    rows.into_iter().map(Transfer::try_from).collect()
}

/// The position of one payment in the books.
///
/// # Errors
/// [`StoreError::Inconsistent`] if its transfers contradict each other.
pub async fn position(
    conn: &mut Conn,
    camp: Option<CampId>,
    payment: PaymentId,
) -> StoreResult<Position> {
    let transfers = of_payment(conn, payment).await?;
    position_of(camp, payment, &transfers)
}

/// The positions of many payments. One whose transfers contradict each other is an error of its
/// own, so that it does not hold up the others; one without transfers has none.
pub async fn positions(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<HashMap<PaymentId, StoreResult<Position>>> {
    let mut transfers: HashMap<PaymentId, StoreResult<Vec<Transfer>>> = HashMap::new();
    for ids in payments.chunks(AT_ONCE) {
        let mut conditions = Conditions::default();
        conditions.among("AND payment_id", ids.iter().map(|id| id.0));
        // Only constants of ours make up the text; the numbers are bound.
        let sql = sqlx::AssertSqlSafe(conditions.statement(AMONG_HEAD, "ORDER BY seq"));
        let rows: Vec<TransferRow> =
            run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
        for row in rows {
            let of_payment = transfers
                .entry(PaymentId(row.payment_id))
                .or_insert_with(|| Ok(Vec::new()));
            match Transfer::try_from(row) {
                Ok(transfer) => {
                    if let Ok(of_payment) = of_payment {
                        of_payment.push(transfer);
                    }
                }
                Err(bad) => *of_payment = Err(bad),
            }
        }
    }
    let positions = transfers.into_iter().map(|(payment, transfers)| {
        let position = transfers.and_then(|transfers| {
            let camp = transfers.first().and_then(|first| first.camp_id);
            position_of(camp, payment, &transfers)
        });
        (payment, position)
    });
    Ok(positions.collect())
}

fn position_of(
    camp: Option<CampId>,
    payment: PaymentId,
    transfers: &[Transfer],
) -> StoreResult<Position> {
    Position::of(camp, payment, transfers).map_err(|unbalanced| StoreError::Inconsistent {
        table: "ledger_transfer of payment_record",
        id: payment.0,
        what: unbalanced.to_string(),
    })
}

/// Sums up the accounts, of one camp or of all.
pub async fn balances(conn: &mut Conn, camp: Option<CampId>) -> StoreResult<Balances> {
    let sums: Vec<(String, i64)> = match camp {
        Some(camp) => {
            run!(conn, c => sqlx::query_as(BALANCES_OF_CAMP).bind(camp.0).fetch_all(c).await)?
        }
        None => run!(conn, c => sqlx::query_as(BALANCES).fetch_all(c).await)?,
    };
    let sums: HashMap<String, i64> = sums.into_iter().collect();
    let sum = |word: &str| sums.get(word).copied().unwrap_or_default();
    let mut balances = Balances {
        accounts: [0; Account::ALL.len()],
        reserved: sum("reserved"),
    };
    for (balance, account) in balances.accounts.iter_mut().zip(Account::ALL) {
        // What the bank is debited with is what came in.
        let sign = if *account == Account::Bank { -1 } else { 1 };
        *balance = sign * sum(account.as_str());
    }
    Ok(balances)
}

listing!(LedgerFilter => ListedTransfer);

impl ListSql for LedgerFilter {
    type Row = ListedRow;
    type Item = ListedTransfer;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM ledger_transfer l WHERE TRUE";
    const ID: &'static str = "l.seq";
    const ORDER: Order = Order::Descending(&["l.seq"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp_id {
            conditions.value("AND l.camp_id = ", Bind::Number(camp.0), "");
        }
        let bounds = [
            ("AND l.created_at >= ", self.from),
            ("AND l.created_at < ", self.before),
        ];
        for (before, bound) in bounds {
            if let Some(at) = bound {
                conditions.value(before, Bind::Number(at.micros()), "");
            }
        }
        conditions
    }

    fn key(row: &ListedRow) -> Key {
        Key(vec![Bind::Number(row.transfer.seq)])
    }

    fn read(row: ListedRow) -> StoreResult<ListedTransfer> {
        Ok(ListedTransfer {
            transfer: row.transfer.try_into()?,
            order_no: row.order_no,
            refund_no: row.refund_no,
        })
    }
}
