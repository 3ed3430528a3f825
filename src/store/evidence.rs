//! All that is stated of the days of members: by the ranking that decides, by posts, files and
//! people.

use chrono::NaiveDate;

use crate::domain::evidence::{CountedDays, Evidence};
use crate::domain::{
    CampId, CheckInSource, Fen, MemberId, PlanetUserId, Terms, Timestamp, UnknownWord,
};

use super::db::{Conn, run};
use super::payments::TermsColumns;
use super::{Rows, StoreError, StoreResult};

const TABLE: &str = "camp_member";

/// The columns of [`EvidenceColumns`]: members are `m`, their payments `p`, their camps `t`.
macro_rules! evidence_columns {
    () => {
        concat!(
            "t.start_date AS camp_start, t.end_date AS camp_end, ",
            "y.started_at AS ranked_at, k.checked_in_days AS ranked, ",
            "z.started_at AS posts_at, CASE WHEN z.id IS NULL ",
            "OR (p.start_date = t.start_date AND p.end_date = t.end_date) THEN 0 ELSE ",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM checkin_record c WHERE c.camp_id = m.camp_id ",
            "AND c.planet_user_id = m.planet_user_id AND c.source = 'post' ",
            "AND c.day >= p.start_date AND c.day <= p.end_date) END AS posted, ",
            // Days that a file names one by one are counted with the posts, and hold as of them.
            "CASE WHEN i.id IS NULL OR i.days IS NOT NULL THEN i.days ELSE ",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM checkin_record d WHERE d.camp_id = m.camp_id ",
            "AND d.planet_user_id = m.planet_user_id ",
            "AND d.day >= p.start_date AND d.day <= p.end_date) END AS imported, ",
            "CASE WHEN i.days IS NULL AND z.started_at > i.stated_at THEN z.started_at ",
            "ELSE i.stated_at END AS imported_at, ",
            "a.days AS attested, a.stated_at AS attested_at, ",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM granted_day g WHERE g.member_id = m.id ",
            "AND g.day >= p.start_date AND g.day <= p.end_date AND NOT EXISTS ",
            "(SELECT 1 FROM checkin_record e WHERE e.camp_id = m.camp_id ",
            "AND e.planet_user_id = m.planet_user_id AND e.day = g.day)) AS granted"
        )
    };
}
pub(super) use evidence_columns;

/// What they are read from.
macro_rules! evidence_joins {
    () => {
        concat!(
            "LEFT JOIN sync_run y ON y.id = t.current_sync_id ",
            "LEFT JOIN sync_run z ON z.id = t.posts_sync_id ",
            "LEFT JOIN sync_ranking k ON k.sync_id = y.id AND k.planet_user_id = m.planet_user_id ",
            "LEFT JOIN stated_days i ON i.camp_id = m.camp_id AND i.source = 'import' ",
            "AND i.planet_user_id = m.planet_user_id AND i.replaced_at IS NULL ",
            "LEFT JOIN stated_days a ON a.member_id = m.id AND a.source = 'attested' ",
            "AND a.replaced_at IS NULL "
        )
    };
}
pub(super) use evidence_joins;

/// Members with their payments and what is stated of their days.
macro_rules! select_evidence {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.planet_user_id, m.checked_in_days, m.days_source, m.eligible, ",
            "p.amount_fen, p.start_date, p.end_date, p.total_days, p.required_days, p.grace_days, ",
            evidence_columns!(),
            " FROM camp_member m ",
            "JOIN training_camp t ON t.id = m.camp_id ",
            "JOIN payment_record p ON p.id = m.payment_id ",
            evidence_joins!(),
            $tail
        )
    };
}

statements! {
    OF_CAMP = select_evidence!("WHERE m.camp_id = $1 ORDER BY m.id");
    OF_MEMBER = select_evidence!("WHERE m.id = $1");
    LAST_READ = "SELECT t.id, MAX(p.end_date), y.started_at, z.started_at FROM training_camp t \
                 JOIN payment_record p ON p.camp_id = t.id AND p.member_id IS NOT NULL \
                 AND p.status = 'paid' \
                 LEFT JOIN sync_run y ON y.id = t.current_sync_id \
                 LEFT JOIN sync_run z ON z.id = t.posts_sync_id \
                 WHERE t.status = 'settling' AND t.deleted_at IS NULL \
                 GROUP BY t.id, y.started_at, z.started_at ORDER BY t.id";
}

/// A member's days as they are kept, and all that is stated of them.
#[derive(Debug, Clone)]
pub struct MemberEvidence {
    pub member_id: MemberId,
    pub account: Option<PlanetUserId>,
    /// The rules of their order; none where a payment of no known order made them.
    pub terms: Option<Terms>,
    pub checked_in_days: i64,
    pub days_source: Option<CheckInSource>,
    pub eligible: bool,
    /// Posts are counted only for members with dates of their own.
    pub evidence: Evidence,
}

/// What is stated of the days of one member, as a row has it.
#[derive(sqlx::FromRow)]
pub(super) struct EvidenceColumns {
    camp_start: Option<String>,
    camp_end: Option<String>,
    ranked_at: Option<i64>,
    ranked: Option<i64>,
    posts_at: Option<i64>,
    posted: i64,
    imported: Option<i64>,
    imported_at: Option<i64>,
    attested: Option<i64>,
    attested_at: Option<i64>,
    granted: i64,
}

impl EvidenceColumns {
    /// The same as a value. Of somebody without an account the planet says nothing; of an account
    /// that its ranking lacks it says 0 days. Posts are counted only for members with dates of their
    /// own.
    pub(super) fn read(&self, account: Option<PlanetUserId>, terms: Option<&Terms>) -> Evidence {
        let counted = |days: Option<i64>, at: Option<i64>| {
            Some(CountedDays {
                days: days?,
                as_of: Timestamp::from_micros(at?),
            })
        };
        let has_own_dates = terms.is_some_and(|terms| {
            self.camp_start != Some(terms.start_date.to_string())
                || self.camp_end != Some(terms.end_date.to_string())
        });
        Evidence {
            ranking: counted(account.map(|_| self.ranked.unwrap_or(0)), self.ranked_at),
            posts: counted(account.map(|_| self.posted), self.posts_at).filter(|_| has_own_dates),
            imported: counted(self.imported, self.imported_at),
            attested: counted(self.attested, self.attested_at),
            granted_days: self.granted,
            has_own_dates,
        }
    }

    /// When the ranking that decides began to be read.
    pub(super) fn ranked_at(&self) -> Option<Timestamp> {
        self.ranked_at.map(Timestamp::from_micros)
    }

    /// True if all posts were read once.
    pub(super) const fn has_posts(&self) -> bool {
        self.posts_at.is_some()
    }
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
    #[sqlx(flatten)]
    evidence: EvidenceColumns,
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
        let account = row.planet_user_id.map(PlanetUserId);
        Ok(Self {
            member_id: MemberId(row.id),
            account,
            checked_in_days: row.checked_in_days,
            days_source: source.map_err(|unknown: UnknownWord| bad(&unknown.to_string()))?,
            eligible: row.eligible,
            evidence: row.evidence.read(account, terms.as_ref()),
            terms,
        })
    }
}

/// When a settling camp was last read, whose deposits are not all back yet.
#[derive(Debug, Clone, Copy)]
pub struct LastRead {
    pub camp_id: CampId,
    /// The last day of whoever's terms end last; none where it cannot be read.
    pub last_day: Option<NaiveDate>,
    /// When the ranking that decides began to be read.
    pub ranked_at: Option<Timestamp>,
    /// When the newest whole reading of the posts began.
    pub posts_at: Option<Timestamp>,
}

/// Camp, last day, start of the ranking, start of the posts.
type LastReadRow = (i64, Option<String>, Option<i64>, Option<i64>);

/// When each settling camp with deposits of members was last read.
pub async fn last_read(conn: &mut Conn) -> StoreResult<Vec<LastRead>> {
    let rows: Vec<LastReadRow> = run!(conn, c => sqlx::query_as(LAST_READ).fetch_all(c).await)?;
    let read = rows
        .into_iter()
        .map(|(camp, last_day, ranked, posts)| LastRead {
            camp_id: CampId(camp),
            last_day: last_day.and_then(|day| day.parse().ok()),
            ranked_at: ranked.map(Timestamp::from_micros),
            posts_at: posts.map(Timestamp::from_micros),
        });
    Ok(read.collect())
}

/// What is stated of the days of all members of a camp, by member.
pub async fn of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<Rows<MemberEvidence>> {
    let rows: Vec<EvidenceRow> =
        run!(conn, c => sqlx::query_as(OF_CAMP).bind(camp.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(MemberEvidence::try_from).collect())
}

/// What is stated of the days of one member.
pub async fn of_member(conn: &mut Conn, id: MemberId) -> StoreResult<Option<MemberEvidence>> {
    let row: Option<EvidenceRow> =
        run!(conn, c => sqlx::query_as(OF_MEMBER).bind(id.0).fetch_optional(c).await)?;
    row.map(MemberEvidence::try_from).transpose()
}
