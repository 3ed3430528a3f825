//! One schema, two engines; one text, two drivers.

use campkeeper::store::{self, Engine, rotation};
use sqlx::{Connection as _, Row as _};

use crate::on_both_engines;
use crate::support::fresh_db;

/// Columns that only a move may change, each guarded by the state that the mover has seen.
const STATES: &[&str] = &["status", "bind_status", "match_status", "state"];
/// Statements that set one without naming the old one, and why.
const UNGUARDED: &[(&str, &str)] = &[(
    "campkeeper::store::users::UPDATE",
    "an account is active or not as an admin says, whatever it was",
)];

/// Columns of bytes that are made without a key: hashes of what only its holder knows, ids of keys,
/// and links of the audit.
const KEYLESS: &[&str] = &[
    "access_token.key_id",
    "audit_head.link",
    "h5_session.id_hash",
    "oauth_state.state_hash",
    "oauth_state.browser_hash",
    "oauth_state.session_hash",
    "payment_record.session_hash",
];

#[test]
fn no_state_is_written_without_its_guard() {
    let mut seen = 0;
    for (name, sql) in store::all_statements() {
        let Some((table, rest)) = sql
            .strip_prefix("UPDATE ")
            .and_then(|sql| sql.split_once(" SET "))
        else {
            continue;
        };
        let (set, guard) = rest.split_once(" WHERE ").unwrap_or((rest, ""));
        let columns: Vec<&str> = set
            .split(", ")
            .filter_map(|part| part.split_once(" = "))
            .map(|(column, _)| column.trim())
            .collect();
        for state in STATES.iter().filter(|state| columns.contains(state)) {
            seen += 1;
            let is_guarded =
                guard.contains(&format!("{state} = ")) || guard.contains(&format!("{state} IN "));
            let is_excused = UNGUARDED.iter().any(|(excused, _)| *excused == name);
            assert!(
                is_guarded || is_excused,
                "{name}: sets {table}.{state} whatever it was: {sql}"
            );
        }
    }
    assert!(seen > 10, "only {seen} were found");
}

on_both_engines! {
    async fn every_statement_is_understood(db) {
        let mut conn = db.read().await.unwrap();
        for (name, sql) in store::all_statements() {
            if let Err(error) = conn.prepare(sql).await {
                panic!("{name}: {error:?}\n{sql}");
            }
        }
    }

    async fn every_column_of_bytes_is_sealed_anew_or_needs_no_key(db) {
        let bytes = match db.engine() {
            Engine::Sqlite => "SELECT t.name || '.' || c.name FROM sqlite_schema t, \
                pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type = 'BLOB' \
                AND t.name NOT LIKE '\\_%' ESCAPE '\\'",
            Engine::Postgres => "SELECT table_name || '.' || column_name \
                FROM information_schema.columns WHERE table_schema = 'public' \
                AND data_type = 'bytea' AND table_name NOT LIKE '\\_%'",
        };
        let rewritten = rotation::COLUMNS;
        for column in db.texts(bytes).await {
            let is_known = rewritten.contains(&column.as_str()) || KEYLESS.contains(&column.as_str());
            assert!(is_known, "{column}: is it made under the master key? See store/rotation.rs");
        }
    }

    async fn migrating_twice_changes_nothing(db) {
        db.migrate().await.unwrap();
    }
}

/// Tables, columns, types (by kind), nullability; indexes with their columns and uniqueness.
#[tokio::test]
async fn the_two_schemas_are_the_same() {
    let sqlite = fresh_db(Engine::Sqlite).await;
    let postgres = fresh_db(Engine::Postgres).await;
    let ours = (
        sqlite_columns(&sqlite.url).await,
        postgres_columns(&postgres.url).await,
    );
    assert!(ours.0.len() > 100, "{} columns", ours.0.len());
    for (left, right) in ours.0.iter().zip(&ours.1) {
        assert_eq!(left, right);
    }
    assert_eq!(ours.0.len(), ours.1.len());
    assert_eq!(
        sqlite_indexes(&sqlite.url).await,
        postgres_indexes(&postgres.url).await
    );
}

async fn sqlite_columns(url: &str) -> Vec<String> {
    let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
    let rows = sqlx::query(
        "SELECT m.name AS t, c.name AS c, c.type AS ty, c.\"notnull\" OR c.pk > 0 AS nn, m.sql AS sql
         FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
         ORDER BY m.name, c.name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let (table, column, kind): (String, String, String) =
                (row.get("t"), row.get("c"), row.get("ty"));
            let sql: String = row.get("sql");
            let is_bool = sql.contains(&format!("CHECK ({column} IN (0, 1))"));
            let kind = if is_bool {
                "bool".into()
            } else {
                kind.to_lowercase()
            };
            format!(
                "{table}.{column} {kind} not_null={}",
                row.get::<bool, _>("nn")
            )
        })
        .collect()
}

async fn postgres_columns(url: &str) -> Vec<String> {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    let rows = sqlx::query(
        "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS ty,
                is_nullable = 'NO' AS nn FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
         ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let (table, column, kind): (String, String, String) =
                (row.get("t"), row.get("c"), row.get("ty"));
            let kind = match kind.as_str() {
                "bigint" => "integer",
                "bytea" => "blob",
                "boolean" => "bool",
                other => other,
            };
            format!(
                "{table}.{column} {kind} not_null={}",
                row.get::<bool, _>("nn")
            )
        })
        .collect()
}

async fn sqlite_indexes(url: &str) -> Vec<String> {
    let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
    let rows = sqlx::query(
        "SELECT m.name AS t, i.name AS i, i.\"unique\" AS u, i.partial AS p,
                (SELECT group_concat(name) FROM pragma_index_info(i.name)) AS cols
         FROM sqlite_master m JOIN pragma_index_list(m.name) i
         WHERE m.type = 'table' AND i.origin = 'c' ORDER BY i.name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter().map(index_line).collect()
}

async fn postgres_indexes(url: &str) -> Vec<String> {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    let rows = sqlx::query(
        "SELECT t.relname::text AS t, c.relname::text AS i, x.indisunique AS u,
                x.indpred IS NOT NULL AS p,
                (SELECT string_agg(a.attname::text, ',' ORDER BY k.ord)
                   FROM unnest(x.indkey) WITH ORDINALITY AS k(attnum, ord)
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS cols
         FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE n.nspname = 'public' AND NOT x.indisprimary AND t.relname NOT LIKE '\\_sqlx%'
         ORDER BY c.relname COLLATE \"C\"",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter().map(index_line).collect()
}

fn index_line<R>(row: &R) -> String
where
    R: sqlx::Row,
    for<'c> &'c str: sqlx::ColumnIndex<R>,
    for<'d> String: sqlx::Decode<'d, R::Database> + sqlx::Type<R::Database>,
    for<'d> bool: sqlx::Decode<'d, R::Database> + sqlx::Type<R::Database>,
{
    let (table, index, columns): (String, String, String) =
        (row.get("t"), row.get("i"), row.get("cols"));
    let (unique, partial): (bool, bool) = (row.get("u"), row.get("p"));
    format!("{index} on {table} ({columns}) unique={unique} partial={partial}")
}
