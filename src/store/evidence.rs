//! All that is stated of the days of members: by the ranking that decides, by posts, files and
//! people.

use crate::domain::evidence::{CountedDays, Evidence};
use crate::domain::{CampId, CheckInSource, Fen, MemberId, Terms, Timestamp, UnknownWord};

use super::db::{Conn, run};
use super::payments::TermsColumns;
use super::{StoreError, StoreResult};

const TABLE: &str = "camp_member";

/// Members `m` with their payments `p` and what is stated of their days.
macro_rules! select_evidence {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.planet_user_id, m.checked_in_days, m.days_source, m.eligible, ",
            "p.amount_fen, p.start_date, p.end_date, p.total_days, p.required_days, p.grace_days, ",
            "t.start_date AS camp_start, t.end_date AS camp_end, ",
            "y.started_at AS ranked_at, r.checked_in_days AS ranked, ",
            "z.started_at AS posts_at, CASE WHEN z.id IS NULL ",
            "OR (p.start_date = t.start_date AND p.end_date = t.end_date) THEN 0 ELSE ",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM checkin_record c WHERE c.camp_id = m.camp_id ",
            "AND c.planet_user_id = m.planet_user_id AND c.source = 'post' ",
            "AND c.day >= p.start_date AND c.day <= p.end_date) END AS posted, ",
            "i.days AS imported, i.stated_at AS imported_at, ",
            "a.days AS attested, a.stated_at AS attested_at ",
            "FROM camp_member m ",
            "JOIN training_camp t ON t.id = m.camp_id ",
            "JOIN payment_record p ON p.id = m.payment_id ",
            "LEFT JOIN sync_run y ON y.id = t.current_sync_id ",
            "LEFT JOIN sync_run z ON z.id = t.posts_sync_id ",
            "LEFT JOIN sync_ranking r ON r.sync_id = y.id AND r.planet_user_id = m.planet_user_id ",
            "LEFT JOIN stated_days i ON i.camp_id = m.camp_id AND i.source = 'import' ",
            "AND i.planet_user_id = m.planet_user_id AND i.replaced_at IS NULL ",
            "LEFT JOIN stated_days a ON a.member_id = m.id AND a.source = 'attested' ",
            "AND a.replaced_at IS NULL ",
            $tail
        )
    };
}

statements! {
    OF_CAMP = select_evidence!("WHERE m.camp_id = $1 ORDER BY m.id");
    OF_MEMBER = select_evidence!("WHERE m.id = $1");
}

/// A member's days as they are kept, and all that is stated of them.
#[derive(Debug, Clone)]
pub struct MemberEvidence {
    pub member_id: MemberId,
    /// The rules of their order; none where a payment of no known order made them.
    pub terms: Option<Terms>,
    pub checked_in_days: i64,
    pub days_source: Option<CheckInSource>,
    pub eligible: bool,
    /// Posts are counted only for members with dates of their own.
    pub evidence: Evidence,
}

#[derive(sqlx::FromRow)]
struct EvidenceRow {
    id: i64,
    planet_user_id: Option<i64>,
    checked_in_days: i64,
    days_source: Option<String>,
    eligible: bool,
    amount_fen: i64,
    #[sqlx(flatten)]
    terms: TermsColumns,
    camp_start: String,
    camp_end: String,
    ranked_at: Option<i64>,
    ranked: Option<i64>,
    posts_at: Option<i64>,
    posted: i64,
    imported: Option<i64>,
    imported_at: Option<i64>,
    attested: Option<i64>,
    attested_at: Option<i64>,
}

impl TryFrom<EvidenceRow> for MemberEvidence {
    type Error = StoreError;

    fn try_from(row: EvidenceRow) -> StoreResult<Self> {
        let bad = |what: &str| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: what.to_owned(),
        };
        let deposit = Fen::new(row.amount_fen).map_err(|_| bad("amount_fen"))?;
        let terms = row.terms.with(deposit).map_err(bad)?;
        let source = row.days_source.as_deref().map(str::parse).transpose();
        let counted = |days: Option<i64>, at: Option<i64>| {
            Some(CountedDays {
                days: days?,
                as_of: Timestamp::from_micros(at?),
            })
        };
        let has_own_dates = terms.is_some_and(|terms| {
            terms.start_date.to_string() != row.camp_start
                || terms.end_date.to_string() != row.camp_end
        });
        // Of somebody without an account the planet says nothing; of an account that its ranking
        // lacks it says 0 days.
        let known = row.planet_user_id;
        Ok(Self {
            member_id: MemberId(row.id),
            terms,
            checked_in_days: row.checked_in_days,
            days_source: source.map_err(|unknown: UnknownWord| bad(&unknown.to_string()))?,
            eligible: row.eligible,
            evidence: Evidence {
                ranking: counted(known.map(|_| row.ranked.unwrap_or(0)), row.ranked_at),
                posts: counted(known.map(|_| row.posted), row.posts_at).filter(|_| has_own_dates),
                imported: counted(row.imported, row.imported_at),
                attested: counted(row.attested, row.attested_at),
                has_own_dates,
            },
        })
    }
}

/// What is stated of the days of all members of a camp, by member.
pub async fn of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<Vec<MemberEvidence>> {
    let rows: Vec<EvidenceRow> =
        run!(conn, c => sqlx::query_as(OF_CAMP).bind(camp.0).fetch_all(c).await)?;
    rows.into_iter().map(MemberEvidence::try_from).collect()
}

/// What is stated of the days of one member.
pub async fn of_member(conn: &mut Conn, id: MemberId) -> StoreResult<Option<MemberEvidence>> {
    let row: Option<EvidenceRow> =
        run!(conn, c => sqlx::query_as(OF_MEMBER).bind(id.0).fetch_optional(c).await)?;
    row.map(MemberEvidence::try_from).transpose()
}
