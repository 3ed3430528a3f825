//! Statements that go to the database together.
//!
//! SQLite's driver keeps its connection on a thread of its own, and what is asked of it one
//! statement at a time goes there and back each time. So a statement whose answer nobody waits for
//! is put off until something is asked or the transaction ends, and all that has gathered goes over
//! in one hop (decision 0015). PostgreSQL takes the same statements in the same order, one by one.

use std::fmt::Write as _;

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use sqlx::postgres::{PgQueryResult, PgRow};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Either, Executor as _, FromRow, PgConnection, SqliteConnection};

use super::db::{Conn, Driver};
use super::{StoreError, StoreResult, held};

/// Stops a bundle on SQLite, which has no other way to stop one: an error, unless the statement
/// before it changed exactly one row.
const GUARD: &str = "SELECT json('a guard did not hold') WHERE changes() <> 1";
/// What SQLite calls that error.
const GUARD_ERROR: &str = "malformed JSON";

/// Statements of one hop at most: every text is kept prepared, and a work may put off thousands.
const MAX_STATEMENTS: usize = 32;

/// A fixed statement with what it binds.
#[derive(Debug)]
pub(super) struct Statement {
    sql: &'static str,
    values: Vec<Value>,
    part: Part,
}

/// What a statement is to the transaction it runs in.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Any.
    Free,
    /// It changes this row, or the work has failed.
    Guarded { table: &'static str, id: i64 },
    /// It begins, ends or divides the transaction.
    Control,
}

/// A value that a statement binds. PostgreSQL wants to know the type of what is absent, too.
#[derive(Debug, Clone)]
pub enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Flag(bool),
}

/// The rows that answer one statement.
pub enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr;)+) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        }
    )+};
}

value_from! {
    i64 => |value| Self::Number(Some(value));
    Option<i64> => |value| Self::Number(value);
    &str => |value| Self::Text(Some(value.to_owned()));
    &String => |value| Self::Text(Some(value.clone()));
    String => |value| Self::Text(Some(value));
    Option<&str> => |value| Self::Text(value.map(str::to_owned));
    Option<String> => |value| Self::Text(value);
    &Option<String> => |value| Self::Text(value.clone());
    &[u8] => |value| Self::Bytes(Some(value.to_vec()));
    &Vec<u8> => |value| Self::Bytes(Some(value.clone()));
    Vec<u8> => |value| Self::Bytes(Some(value));
    &Option<Vec<u8>> => |value| Self::Bytes(value.clone());
    Option<&[u8]> => |value| Self::Bytes(value.map(<[u8]>::to_vec));
    Option<&Vec<u8>> => |value| Self::Bytes(value.cloned());
    bool => |value| Self::Flag(value);
}

impl Statement {
    pub(super) const fn new(sql: &'static str) -> Self {
        Self {
            sql,
            values: Vec::new(),
            part: Part::Free,
        }
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// An update of one row that must hold: if it changes none, the work fails with
    /// [`StoreError::Stale`].
    pub(super) const fn guarded(mut self, table: &'static str, id: i64) -> Self {
        self.part = Part::Guarded { table, id };
        self
    }

    /// Adds its text, with its binds numbered on from those before it.
    fn write_numbered_from(&self, bound: usize, text: &mut String) {
        let mut pieces = self.sql.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = piece.split_at(digits);
            let number = number.parse::<usize>().unwrap_or_default();
            // Writing to a text cannot fail.
            let _ = write!(text, "${}{rest}", number + bound);
        }
        if matches!(self.part, Part::Guarded { .. }) {
            text.push(';');
            text.push_str(GUARD);
        }
    }
}

/// Binds values to a query of either engine.
macro_rules! bind_each {
    ($query:expr, $values:expr) => {
        $values.fold($query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Flag(flag) => query.bind(flag),
        })
    };
}

impl Conn {
    /// Puts a statement off until something is asked or the transaction ends.
    pub(super) fn put_off(&mut self, statement: Statement) {
        self.waiting.push(statement);
    }

    /// Runs what was put off.
    ///
    /// # Errors
    /// [`StoreError::WriterGone`] after a statement of the work has failed, whatever waits.
    pub(super) async fn flush(&mut self) -> StoreResult<()> {
        if self.has_failed || !self.waiting.is_empty() {
            self.hop(Vec::new()).await?;
        }
        Ok(())
    }

    /// Runs what was put off and then these; the rows of each.
    pub(super) async fn ask<const N: usize>(
        &mut self,
        statements: [Statement; N],
    ) -> StoreResult<[Rows; N]> {
        let answers = self.hop(statements.into()).await?;
        answers.try_into().map_err(|_| StoreError::Unanswered)
    }

    /// The only row that a statement can answer.
    pub(super) async fn ask_one<T>(&mut self, statement: Statement) -> StoreResult<Option<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        let [rows] = self.ask([statement]).await?;
        rows.read_one()
    }

    /// Every row that a statement answers.
    pub(super) async fn ask_all<T>(&mut self, statement: Statement) -> StoreResult<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        let [rows] = self.ask([statement]).await?;
        rows.read()
    }

    /// Runs what was put off and then what is asked, and answers the latter.
    async fn hop(&mut self, asked: Vec<Statement>) -> StoreResult<Vec<Rows>> {
        if self.has_failed {
            // All of it belongs to the failed work, its end included.
            self.waiting.clear();
            return Err(StoreError::WriterGone);
        }
        let mut bundle = std::mem::take(&mut self.waiting);
        let put_off = bundle.len();
        bundle.extend(asked);
        let mut answers = Vec::with_capacity(bundle.len());
        for part in bundle.chunks_mut(MAX_STATEMENTS) {
            let done = match self.driver() {
                Driver::Sqlite(c) => on_sqlite(c, part, &mut answers).await,
                Driver::Postgres(c) => on_postgres(c, part, &mut answers).await,
            };
            if let Err(why) = done {
                self.has_failed = true;
                return Err(self.stopped(&bundle[answers.len()], why));
            }
        }
        Ok(answers.split_off(put_off))
    }

    /// What to tell whoever asked, when `statement` did not go through.
    fn stopped(&mut self, statement: &Statement, why: StoreError) -> StoreError {
        if matches!(statement.part, Part::Control) {
            // They can do nothing about it: the writer ends the whole group.
            self.broken = Some(why);
            return StoreError::WriterGone;
        }
        why
    }

    /// Puts off a statement that begins, ends or divides the transaction.
    pub(super) fn put_off_control(&mut self, sql: &'static str) {
        self.waiting.push(Statement {
            part: Part::Control,
            ..Statement::new(sql)
        });
    }

    /// Drops what a failed work has put off; what the transaction itself needs stays.
    pub(super) fn drop_put_off(&mut self) {
        self.has_failed = false;
        self.waiting
            .retain(|statement| matches!(statement.part, Part::Control));
    }
}

/// Runs a bundle in one hop, and adds the rows of each statement up to the first that fails. Its
/// numbered binds are counted through the whole text, and rows come back statement by statement
/// (sqlx-sqlite 0.9: `SqliteArguments::bind`, `ExecuteIter`).
async fn on_sqlite(
    c: &mut SqliteConnection,
    bundle: &mut [Statement],
    answers: &mut Vec<Rows>,
) -> StoreResult<()> {
    let text = text_of(bundle);
    let values = bundle
        .iter_mut()
        .flat_map(|statement| std::mem::take(&mut statement.values));
    let query = bind_each!(sqlx::query(AssertSqlSafe(text)), values);
    let mut steps = c.fetch_many(query);
    for statement in bundle.iter() {
        let rows = sqlite_rows(&mut steps).await?;
        if let Part::Guarded { table, id } = statement.part {
            let held = sqlite_rows(&mut steps).await;
            held.map_err(|error| guard_failed(error, table, id))?;
        }
        answers.push(Rows::Sqlite(rows));
    }
    Ok(())
}

/// The rows of the statement that is being stepped through.
async fn sqlite_rows(
    steps: &mut BoxStream<'_, Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let mut rows = Vec::new();
    loop {
        match steps.try_next().await? {
            Some(Either::Right(row)) => rows.push(row),
            Some(Either::Left(_)) => return Ok(rows),
            // Nobody knows what of the bundle was done: never to be taken for all of it.
            None => return Err(sqlx::Error::WorkerCrashed),
        }
    }
}

fn guard_failed(error: sqlx::Error, table: &'static str, id: i64) -> StoreError {
    match error.as_database_error() {
        Some(refused) if refused.message() == GUARD_ERROR => StoreError::Stale { table, id },
        _ => error.into(),
    }
}

/// Runs a bundle one by one, and adds the rows of each statement up to the first that fails.
async fn on_postgres(
    c: &mut PgConnection,
    bundle: &mut [Statement],
    answers: &mut Vec<Rows>,
) -> StoreResult<()> {
    for statement in bundle {
        answers.push(Rows::Postgres(one_on_postgres(c, statement).await?));
    }
    Ok(())
}

async fn one_on_postgres(
    c: &mut PgConnection,
    statement: &mut Statement,
) -> StoreResult<Vec<PgRow>> {
    let values = std::mem::take(&mut statement.values);
    let query = bind_each!(sqlx::query(statement.sql), values.into_iter());
    let mut steps: BoxStream<'_, Result<Either<PgQueryResult, PgRow>, _>> = c.fetch_many(query);
    let (mut rows, mut changed) = (Vec::new(), 0);
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Right(row) => rows.push(row),
            Either::Left(done) => changed += done.rows_affected(),
        }
    }
    if let Part::Guarded { table, id } = statement.part {
        held(changed, table, id)?;
    }
    Ok(rows)
}

/// One text of all statements.
fn text_of(bundle: &[Statement]) -> String {
    let mut text = String::with_capacity(bundle.iter().map(|s| s.sql.len() + GUARD.len()).sum());
    let mut bound = 0;
    for statement in bundle {
        if !text.is_empty() {
            text.push(';');
        }
        statement.write_numbered_from(bound, &mut text);
        bound += statement.values.len();
    }
    text
}

impl Rows {
    /// Reads the rows as what they are of.
    pub(super) fn read<T>(self) -> StoreResult<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        Ok(match self {
            Self::Sqlite(rows) => rows.iter().map(T::from_row).collect::<Result<_, _>>()?,
            Self::Postgres(rows) => rows.iter().map(T::from_row).collect::<Result<_, _>>()?,
        })
    }

    /// Reads the only row there can be.
    pub(super) fn read_one<T>(self) -> StoreResult<Option<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        Ok(self.read()?.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_numbered_through_the_whole_text() {
        let bundle = [
            Statement::new("UPDATE a SET b = $2, c = $2 WHERE id = $1")
                .bind(7)
                .bind("x")
                .guarded("a", 7),
            Statement::new("SELECT 1"),
            Statement::new("SELECT b FROM a WHERE id = $1 AND c = $10").bind(8),
        ];
        assert_eq!(
            text_of(&bundle),
            format!(
                "UPDATE a SET b = $2, c = $2 WHERE id = $1;{GUARD};SELECT 1;\
                 SELECT b FROM a WHERE id = $3 AND c = $12"
            )
        );
    }
}
