//! Lists: what a filter lets through, in one total order, read by pages or by chunks.

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::{StoreError, StoreResult};

/// Pages at most: beyond it nobody reads, and the offset stays far from overflow.
const MAX_PAGE: i64 = 1_000_000;
/// Items per page at most (contract).
const MAX_SIZE: i64 = 100;
/// Rows that are read at a time where all are wanted.
const ROWS_AT_ONCE: i64 = 500;

/// The page that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: i64,
    size: i64,
}

/// A number of a page, or a size, that no list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be from 1 to {most}")]
pub struct PageOutOfRange {
    /// `page` or `size`.
    pub field: &'static str,
    /// The greatest that it may be.
    pub most: i64,
}

impl PageRequest {
    /// Takes the number of a page, from 1, and the number of its items, 1 to 100.
    ///
    /// # Errors
    /// Either is out of its range.
    pub fn new(page: i64, size: i64) -> Result<Self, PageOutOfRange> {
        for (field, value, most) in [("page", page, MAX_PAGE), ("size", size, MAX_SIZE)] {
            if !(1..=most).contains(&value) {
                return Err(PageOutOfRange { field, most });
            }
        }
        Ok(Self { page, size })
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn page(self) -> i64 {
        self.page
    }

    /// Items per page.
    #[must_use]
    pub const fn size(self) -> i64 {
        self.size
    }

    /// Items on the pages before it.
    const fn offset(self) -> i64 {
        (self.page - 1) * self.size
    }
}

/// Rows that were read together: one that fits no state does not hide the others.
#[derive(Debug)]
#[must_use = "who drops the bad rows unseen hides them"]
pub struct Rows<T> {
    /// Those that could be read, in order.
    pub good: Vec<T>,
    /// What is wrong with each of the others.
    pub bad: Vec<StoreError>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(good: Vec<T>) -> Self {
        let bad = Vec::new();
        Self { good, bad }
    }
}

impl<T> FromIterator<StoreResult<T>> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = StoreResult<T>>>(read: I) -> Self {
        let mut rows = Self::default();
        for row in read {
            match row {
                Ok(good) => rows.good.push(good),
                Err(bad) => rows.bad.push(bad),
            }
        }
        rows
    }
}

impl<T> Rows<T> {
    /// Adds the rows that come behind these.
    pub fn append(&mut self, mut next: Self) {
        self.good.append(&mut next.good);
        self.bad.append(&mut next.bad);
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Rows<T>,
    /// How many items all pages have.
    pub total: i64,
    /// What was asked for.
    pub request: PageRequest,
}

impl<T> Page<T> {
    /// Makes something else of each item.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: Rows {
                good: self.rows.good.into_iter().map(make).collect(),
                bad: self.rows.bad,
            },
            total: self.total,
            request: self.request,
        }
    }
}

/// The position of a row in the order of its list.
#[derive(Debug, Clone)]
pub struct Key(pub(super) Vec<Bind>);

/// A part of a list that is read from its beginning to its end.
#[derive(Debug)]
pub struct Chunk<T> {
    /// Its rows.
    pub rows: Rows<T>,
    /// The position to read on from; none at the end of the list.
    pub next: Option<Key>,
}

/// A list, as narrow as its filter makes it.
pub trait Listing: Sync {
    /// What is listed.
    type Item: Send;

    /// Reads one page, and how many items there are.
    fn page(
        &self,
        conn: &mut Conn,
        request: PageRequest,
    ) -> impl Future<Output = StoreResult<Page<Self::Item>>> + Send;

    /// Reads at most `limit` items that come behind a key. Unlike a page it costs the same wherever
    /// in the list it begins, and a row that is added meanwhile shifts nothing.
    fn chunk(
        &self,
        conn: &mut Conn,
        after: Option<&Key>,
        limit: i64,
    ) -> impl Future<Output = StoreResult<Chunk<Self::Item>>> + Send;

    /// Reads the whole list, chunk by chunk.
    fn all(&self, conn: &mut Conn) -> impl Future<Output = StoreResult<Rows<Self::Item>>> + Send {
        async {
            let mut all = Rows::default();
            let mut after = None;
            loop {
                let chunk = self.chunk(conn, after.as_ref(), ROWS_AT_ONCE).await?;
                all.append(chunk.rows);
                after = chunk.next;
                if after.is_none() {
                    return Ok(all);
                }
            }
        }
    }

    /// The statements of a page, its count and a chunk, for the tests that read them.
    fn statements(&self) -> [String; 3];
}

/// The columns that order a list. Together they are different in every row, so that no page shows a
/// row twice and none is left out between two.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// The oldest or smallest first.
    Ascending(&'static [&'static str]),
    /// The newest or greatest first.
    Descending(&'static [&'static str]),
}

impl Order {
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Ascending(columns) | Self::Descending(columns) => columns,
        }
    }

    fn clause(self) -> String {
        let direction = match self {
            Self::Ascending(_) => "",
            Self::Descending(_) => " DESC",
        };
        let columns = self.columns().iter();
        let columns: Vec<_> = columns.map(|name| format!("{name}{direction}")).collect();
        format!("ORDER BY {}", columns.join(", "))
    }

    /// The condition that a row comes behind a key, whose values it binds.
    fn after(self, key: &Key, conditions: &mut Conditions) -> String {
        let comparison = match self {
            Self::Ascending(_) => '>',
            Self::Descending(_) => '<',
        };
        let values = key.0.iter().map(|value| conditions.bind(value.clone()));
        let values: Vec<_> = values.collect();
        let columns = self.columns().join(", ");
        format!("AND ({columns}) {comparison} ({})", values.join(", "))
    }
}

/// A row as both drivers read it.
pub(super) trait ListRow:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<R> ListRow for R where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// The SQL of a list, of which [`listing!`] makes a [`Listing`].
pub(super) trait ListSql: Sync {
    /// A row as it stands in the table.
    type Row: ListRow;
    /// What it means.
    type Item: Send;

    /// The columns of a row with the tables that they come from, up to conditions that always hold.
    const SELECT: &'static str;
    /// The one table that conditions and order speak of, up to conditions that always hold: rows
    /// are counted, and those of a page chosen, without the joins.
    const FROM: &'static str;
    /// The columns that tell a row from all others.
    const ID: &'static str;
    /// The order of the list.
    const ORDER: Order;

    /// The conditions of the filter.
    fn conditions(&self) -> Conditions;

    /// The values of the columns of [`Self::ORDER`].
    fn key(row: &Self::Row) -> Key;

    /// Reads a row.
    fn read(row: Self::Row) -> StoreResult<Self::Item>;
}

fn count_sql<L: ListSql>(conditions: &Conditions) -> String {
    let head = format!("SELECT CAST(COUNT(*) AS BIGINT) {}", L::FROM);
    conditions.statement(&head, "")
}

/// Indices alone choose the rows of a page; only those, which may be wide, are read whole.
fn page_sql<L: ListSql>(conditions: &mut Conditions, request: PageRequest) -> String {
    let order = L::ORDER.clause();
    let limit = conditions.bind(Bind::Number(request.size));
    let offset = conditions.bind(Bind::Number(request.offset()));
    let chosen = conditions.statement(
        &format!("SELECT {} {}", L::ID, L::FROM),
        &format!("{order} LIMIT {limit} OFFSET {offset}"),
    );
    format!("{} AND ({}) IN ({chosen}) {order}", L::SELECT, L::ID)
}

fn chunk_sql<L: ListSql>(conditions: &mut Conditions, after: Option<&Key>, limit: i64) -> String {
    let after = after.map(|key| L::ORDER.after(key, conditions));
    let limit = conditions.bind(Bind::Number(limit));
    let tail = format!(
        "{} {} LIMIT {limit}",
        after.unwrap_or_default(),
        L::ORDER.clause()
    );
    conditions.statement(L::SELECT, &tail)
}

/// Reads the rows of a statement.
async fn read_rows<L: ListSql>(
    conn: &mut Conn,
    sql: String,
    conditions: &Conditions,
) -> StoreResult<Vec<L::Row>> {
    // Only constants of ours make up the text; what people typed is bound.
    let sql = sqlx::AssertSqlSafe(sql);
    Ok(run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?)
}

pub(super) async fn page<L: ListSql>(
    list: &L,
    conn: &mut Conn,
    request: PageRequest,
) -> StoreResult<Page<L::Item>> {
    let mut conditions = list.conditions();
    let count = sqlx::AssertSqlSafe(count_sql::<L>(&conditions));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    let sql = page_sql::<L>(&mut conditions, request);
    let rows = read_rows::<L>(conn, sql, &conditions).await?;
    Ok(Page {
        rows: rows.into_iter().map(L::read).collect(),
        total,
        request,
    })
}

pub(super) async fn chunk<L: ListSql>(
    list: &L,
    conn: &mut Conn,
    after: Option<&Key>,
    limit: i64,
) -> StoreResult<Chunk<L::Item>> {
    let mut conditions = list.conditions();
    let sql = chunk_sql::<L>(&mut conditions, after, limit);
    let rows = read_rows::<L>(conn, sql, &conditions).await?;
    let is_full = usize::try_from(limit) == Ok(rows.len());
    let next = rows.last().filter(|_| is_full).map(L::key);
    Ok(Chunk {
        rows: rows.into_iter().map(L::read).collect(),
        next,
    })
}

pub(super) fn statements<L: ListSql>(list: &L) -> [String; 3] {
    let conditions = list.conditions();
    let (page, size) = (1, 1);
    [
        count_sql::<L>(&conditions),
        page_sql::<L>(&mut conditions.clone(), PageRequest { page, size }),
        chunk_sql::<L>(&mut conditions.clone(), None, size),
    ]
}

/// Makes a [`Listing`] of a filter that has its SQL, which the rest of the house does not see.
macro_rules! listing {
    ($filter:ty => $item:ty) => {
        impl $crate::store::Listing for $filter {
            type Item = $item;

            async fn page(
                &self,
                conn: &mut $crate::store::Conn,
                request: $crate::store::PageRequest,
            ) -> $crate::store::StoreResult<$crate::store::Page<$item>> {
                $crate::store::listing::page(self, conn, request).await
            }

            async fn chunk(
                &self,
                conn: &mut $crate::store::Conn,
                after: Option<&$crate::store::Key>,
                limit: i64,
            ) -> $crate::store::StoreResult<$crate::store::Chunk<$item>> {
                $crate::store::listing::chunk(self, conn, after, limit).await
            }

            fn statements(&self) -> [String; 3] {
                $crate::store::listing::statements(self)
            }
        }
    };
}
pub(super) use listing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_of_the_contract_s_size() {
        for (page, size) in [(1, 1), (1, 100), (1_000_000, 20)] {
            let request = PageRequest::new(page, size).unwrap();
            assert_eq!((request.page(), request.size()), (page, size));
        }
        for (page, size, field) in [
            (0, 20, "page"),
            (-1, 20, "page"),
            (1_000_001, 20, "page"),
            (i64::MAX, 20, "page"),
            (1, 0, "size"),
            (1, 101, "size"),
            (1, i64::MIN, "size"),
        ] {
            let refused = PageRequest::new(page, size).unwrap_err();
            assert_eq!(refused.field, field, "{page}, {size}");
        }
    }

    #[test]
    fn what_comes_behind_a_key_follows_the_order() {
        let key = Key(vec![Bind::Text("2026-01-01".to_owned()), Bind::Number(7)]);
        let columns = &["start_date", "id"];
        for (order, clause, after) in [
            (
                Order::Ascending(columns),
                "ORDER BY start_date, id",
                "AND (start_date, id) > ($1, $2)",
            ),
            (
                Order::Descending(columns),
                "ORDER BY start_date DESC, id DESC",
                "AND (start_date, id) < ($1, $2)",
            ),
        ] {
            assert_eq!(order.clause(), clause);
            assert_eq!(order.after(&key, &mut Conditions::default()), after);
        }
    }
}
