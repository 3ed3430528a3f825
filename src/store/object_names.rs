//! What the things are called that the audit names by their number.

use std::collections::HashMap;

use crate::domain::PlanetUserId;
use crate::domain::shown_name::shown_name;

use super::StoreResult;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};

/// The id, two names, and the planet's account.
type Named = (String, String, String, Option<i64>);

/// How the things of a kind are found, and by what: a number, or else a text.
struct Source {
    kind: &'static str,
    select: &'static str,
    id: &'static str,
    is_number: bool,
}

const SOURCES: [Source; 7] = [
    Source {
        kind: "camp",
        select: "SELECT CAST(id AS TEXT), name, '', CAST(NULL AS BIGINT) FROM training_camp \
                 WHERE TRUE",
        id: "AND id",
        is_number: true,
    },
    Source {
        kind: "user",
        select: "SELECT CAST(id AS TEXT), display_name, username, CAST(NULL AS BIGINT) \
                 FROM system_user WHERE TRUE",
        id: "AND id",
        is_number: true,
    },
    Source {
        kind: "member",
        select: "SELECT CAST(id AS TEXT), planet_nickname, wechat_nickname, planet_user_id \
                 FROM camp_member WHERE TRUE",
        id: "AND id",
        is_number: true,
    },
    Source {
        kind: "planet_user",
        select: "SELECT CAST(planet_user_id AS TEXT), nickname, wechat_nickname, planet_user_id \
                 FROM planet_user WHERE TRUE",
        id: "AND planet_user_id",
        is_number: true,
    },
    Source {
        kind: "refund",
        select: "SELECT CAST(r.id AS TEXT), m.planet_nickname, m.wechat_nickname, \
                 m.planet_user_id FROM refund_record r JOIN camp_member m ON m.id = r.member_id \
                 WHERE TRUE",
        id: "AND r.id",
        is_number: true,
    },
    Source {
        kind: "appeal",
        select: "SELECT CAST(a.id AS TEXT), m.planet_nickname, m.wechat_nickname, \
                 m.planet_user_id FROM appeal a JOIN camp_member m ON m.id = a.member_id \
                 WHERE TRUE",
        id: "AND a.id",
        is_number: true,
    },
    Source {
        kind: "payment",
        select: "SELECT p.order_no, m.planet_nickname, m.wechat_nickname, m.planet_user_id \
                 FROM payment_record p JOIN camp_member m ON m.id = p.member_id WHERE TRUE",
        id: "AND p.order_no",
        is_number: false,
    },
];

/// The names by which people read of these things, each a kind and an id; those that have none, or
/// are gone, are left out.
pub async fn object_names(
    conn: &mut Conn,
    things: &[(&str, &str)],
) -> StoreResult<HashMap<(String, String), String>> {
    let mut names = HashMap::new();
    for source in &SOURCES {
        let ids = things.iter().filter(|(kind, _)| *kind == source.kind);
        for (id, first, second, account) in of_kind(conn, source, ids.map(|(_, id)| *id)).await? {
            let name = shown_name(&[&first, &second], None, account.map(PlanetUserId));
            names.insert((source.kind.to_owned(), id), name);
        }
    }
    Ok(names)
}

async fn of_kind(
    conn: &mut Conn,
    source: &Source,
    ids: impl Iterator<Item = &str>,
) -> StoreResult<Vec<Named>> {
    let bind = |id: &str| match source.is_number {
        // A wrong login is of a name that nobody may have.
        true => id.parse().ok().map(Bind::Number),
        false => Some(Bind::Text(id.to_owned())),
    };
    let mut conditions = Conditions::default();
    conditions.fixed(source.id);
    let mut before = "IN (";
    for id in ids.filter_map(bind) {
        conditions.value(before, id, "");
        before = ",";
    }
    if conditions.binds().is_empty() {
        return Ok(Vec::new());
    }
    // Only constants of ours make up the text; the ids are bound.
    let sql = sqlx::AssertSqlSafe(conditions.statement(source.select, ")"));
    Ok(run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?)
}
