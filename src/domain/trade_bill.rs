//! The trade bill of a day against the books: which days are due, and where the two differ. Pure:
//! the bill is read and the books are opened elsewhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Days, Months, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Days that are looked back at most: WeChat Pay keeps bills for three months (wechat-pay-v3 §8).
pub const DAYS_BACK: u64 = 90;
/// The hour of the next day in Shanghai from which a bill is there (wechat-pay-v3 §8).
const READY_AT_HOUR: u32 = 10;
/// How our order numbers begin: another shop of the same merchant has others.
const OUR_ORDERS: &str = "ord_";
/// Refund numbers that begin otherwise are not ours.
const OUR_REFUNDS: &str = "rfd_";

text_enum! {
    /// How the bill of a day stands to the books.
    pub enum BillState {
        /// Row by row the same.
        Equal = "equal",
        /// Something differs.
        Different = "different",
        /// There was no bill to compare so far.
        Unavailable = "unavailable",
    }
}

text_enum! {
    /// Why there is no bill.
    pub enum BillFailure {
        /// WeChat Pay is making it.
        Creating = "creating",
        /// WeChat Pay did not answer.
        Unanswered = "unanswered",
        /// WeChat Pay said no.
        Refused = "refused",
        /// The file is not the one that was announced, or no bill.
        Unreadable = "unreadable",
    }
}

text_enum! {
    /// What differs.
    pub enum DifferenceKind {
        /// The bill has it, the books lack it.
        MissingHere = "missing_here",
        /// The books have it, the bill lacks it.
        MissingThere = "missing_there",
        /// Both have it, and not the same.
        Mismatch = "mismatch",
    }
}

text_enum! {
    /// What a person does about a difference.
    pub enum Resolution {
        /// Have what the bill shows applied as if it had been notified.
        Book = "book",
        /// Have WeChat Pay asked again, and let its word decide.
        Correct = "correct",
        /// Leave both as they are, with a note.
        Accept = "accept",
    }
}

impl BillState {
    /// How a day stands that has been compared, by what was done about each difference: only what
    /// has been booked is one no more.
    #[must_use]
    pub fn of(mut done: impl Iterator<Item = Option<Resolution>>) -> Self {
        if done.all(|done| done == Some(Resolution::Book)) {
            Self::Equal
        } else {
            Self::Different
        }
    }
}

impl DifferenceKind {
    /// The step that is proposed.
    #[must_use]
    pub const fn next(self) -> Resolution {
        match self {
            Self::MissingHere => Resolution::Book,
            Self::MissingThere | Self::Mismatch => Resolution::Correct,
        }
    }
}

/// Whose row it is, as bill and books both name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A payment, by WeChat Pay's number.
    Payment(String),
    /// A refund, by our number.
    Refund(String),
    /// A line of the bill that cannot be read.
    Line(usize),
}

impl Subject {
    /// Its key in the store.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Payment(transaction_id) => format!("payment:{transaction_id}"),
            Self::Refund(refund_no) => format!("refund:{refund_no}"),
            Self::Line(line) => format!("line:{line}"),
        }
    }
}

/// One payment or refund, as one of the two sides has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub subject: Subject,
    pub order_no: String,
    pub amount_fen: i64,
    /// When it was paid, or the refund accepted by WeChat Pay; the books may not know.
    pub at: Option<Timestamp>,
    /// The ledger has its transfer, of this amount; said of the books alone.
    pub is_posted: bool,
}

impl Entry {
    /// True if its numbers are of the kind that we make: those of other shops of the merchant need
    /// not be looked for.
    #[must_use]
    pub fn may_be_ours(&self) -> bool {
        let refund = matches!(&self.subject, Subject::Refund(no) if no.starts_with(OUR_REFUNDS));
        self.order_no.starts_with(OUR_ORDERS) || refund
    }
}

/// What one side has of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    pub amount_fen: i64,
    /// WeChat Pay's number of the payment; none for a refund.
    pub transaction_id: Option<String>,
    pub at: Option<Timestamp>,
    /// Rows of it, where it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// The states have it and the ledger lacks its transfer.
    #[serde(default)]
    pub is_unposted: bool,
}

impl From<&Entry> for Side {
    fn from(entry: &Entry) -> Self {
        Self {
            amount_fen: entry.amount_fen,
            transaction_id: match &entry.subject {
                Subject::Payment(transaction_id) => Some(transaction_id.clone()),
                Subject::Refund(_) | Subject::Line(_) => None,
            },
            at: entry.at,
            rows: None,
            is_unposted: !entry.is_posted,
        }
    }
}

/// Something in which bill and books differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub subject: String,
    pub kind: DifferenceKind,
    /// None where the bill's line does not tell.
    pub order_no: Option<String>,
    pub refund_no: Option<String>,
    pub ours: Option<Side>,
    pub theirs: Option<Side>,
}

impl Difference {
    fn of(entry: &Entry, kind: DifferenceKind, ours: Option<Side>, theirs: Option<Side>) -> Self {
        Self {
            subject: entry.subject.key(),
            kind,
            order_no: Some(entry.order_no.clone()),
            refund_no: match &entry.subject {
                Subject::Refund(refund_no) => Some(refund_no.clone()),
                Subject::Payment(_) | Subject::Line(_) => None,
            },
            ours,
            theirs,
        }
    }

    /// A line of the bill that cannot be read: whatever it is, somebody has to look at it.
    #[must_use]
    pub fn unreadable(line: usize, order_no: Option<String>) -> Self {
        Self {
            subject: Subject::Line(line).key(),
            kind: DifferenceKind::Mismatch,
            order_no,
            refund_no: None,
            ours: None,
            theirs: None,
        }
    }
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub differences: Vec<Difference>,
    /// Rows of the bill that are of orders which are not ours.
    pub foreign_rows: i64,
}

/// Compares the rows of a day's bill with the books of that day. `elsewhere`: what the books have
/// on other days, or without a day, under the numbers of the bill's other rows.
#[must_use]
pub fn compare(bill: &[Entry], books: &[Entry], elsewhere: &[Entry]) -> Comparison {
    let mut rows: BTreeMap<&Subject, Vec<&Entry>> = BTreeMap::new();
    for entry in bill {
        rows.entry(&entry.subject).or_default().push(entry);
    }
    let on_day = books.iter().map(|entry| &entry.subject).collect();
    let desk = Desk {
        by_subject: by(books, elsewhere, |entry| &entry.subject),
        payments_by_order: payments_by_order(books, elsewhere, &rows),
        on_day,
    };
    let mut found = Comparison::default();
    let mut answered: HashSet<&Subject> = rows.keys().copied().collect();
    for rows in rows.values() {
        desk.look_at(rows, &mut answered, &mut found);
    }
    let unanswered = books.iter().filter(|own| !answered.contains(&own.subject));
    found.differences.extend(
        unanswered
            .map(|own| Difference::of(own, DifferenceKind::MissingThere, Some(own.into()), None)),
    );
    found
}

/// The books, opened where the bill's rows need them.
struct Desk<'a> {
    by_subject: HashMap<&'a Subject, &'a Entry>,
    payments_by_order: HashMap<&'a str, &'a Entry>,
    on_day: HashSet<&'a Subject>,
}

impl<'a> Desk<'a> {
    /// Looks at the rows that the bill has of one subject.
    fn look_at(
        &self,
        rows: &[&'a Entry],
        answered: &mut HashSet<&'a Subject>,
        found: &mut Comparison,
    ) {
        let Some(row) = rows.first() else {
            return;
        };
        let mut theirs = Side::from(*row);
        let is_one = rows.len() == 1;
        if !is_one {
            let amounts = rows.iter().map(|row| row.amount_fen);
            theirs.amount_fen = amounts.fold(0, i64::saturating_add);
            theirs.rows = i64::try_from(rows.len()).ok();
        }
        let own = self.by_subject.get(&row.subject).copied();
        let (kind, own) = match own {
            Some(own) if is_one && self.fits(own, row) => return,
            Some(own) => (DifferenceKind::Mismatch, Some(own)),
            // The order has been paid by another transaction in our books.
            None => match self.payment_of_order(row) {
                Some(own) => (DifferenceKind::Mismatch, Some(own)),
                None if row.order_no.starts_with(OUR_ORDERS) => (DifferenceKind::MissingHere, None),
                None => {
                    found.foreign_rows += theirs.rows.unwrap_or(1);
                    return;
                }
            },
        };
        answered.extend(own.map(|own| &own.subject));
        let ours = own.map(Side::from);
        found
            .differences
            .push(Difference::of(row, kind, ours, Some(theirs)));
    }

    /// True if states and ledger have it as the bill does, on the day of the bill or on one that
    /// they do not know.
    fn fits(&self, own: &Entry, row: &Entry) -> bool {
        let is_on_day = own.at.is_none() || self.on_day.contains(&own.subject);
        is_on_day && own.is_posted && own.amount_fen == row.amount_fen
    }

    fn payment_of_order(&self, row: &Entry) -> Option<&'a Entry> {
        match row.subject {
            Subject::Payment(_) => self.payments_by_order.get(row.order_no.as_str()).copied(),
            Subject::Refund(_) | Subject::Line(_) => None,
        }
    }
}

fn by<'a, K: std::hash::Hash + Eq>(
    books: &'a [Entry],
    elsewhere: &'a [Entry],
    key: impl Fn(&'a Entry) -> K,
) -> HashMap<K, &'a Entry> {
    // What is on the day comes last and wins.
    let entries = elsewhere.iter().chain(books);
    entries.map(|entry| (key(entry), entry)).collect()
}

/// The payments that the bill does not have under their own numbers, by their orders.
fn payments_by_order<'a>(
    books: &'a [Entry],
    elsewhere: &'a [Entry],
    rows: &BTreeMap<&Subject, Vec<&Entry>>,
) -> HashMap<&'a str, &'a Entry> {
    let entries = elsewhere.iter().chain(books);
    let unanswered = entries.filter(|own| {
        matches!(own.subject, Subject::Payment(_)) && !rows.contains_key(&own.subject)
    });
    unanswered.map(|own| (own.order_no.as_str(), own)).collect()
}

/// The last day whose bill is there.
#[must_use]
pub fn last_day_with_bill(now: Timestamp) -> NaiveDate {
    let ready = NaiveTime::from_hms_opt(READY_AT_HOUR, 0, 0);
    let is_ready = ready.is_some_and(|ready| now.shanghai().time() >= ready);
    let back = if is_ready { 1 } else { 2 };
    let today = now.shanghai_day();
    today.checked_sub_days(Days::new(back)).unwrap_or(today)
}

/// The first day that is looked back at.
#[must_use]
pub fn first_day_with_bill(now: Timestamp) -> NaiveDate {
    let today = now.shanghai_day();
    // WeChat Pay keeps them for three months, which February makes shorter.
    let kept = today.checked_sub_months(Months::new(3));
    let back = today.checked_sub_days(Days::new(DAYS_BACK));
    back.max(kept).unwrap_or(today)
}

/// The days that are to be compared, oldest first: from the first payment on, [`DAYS_BACK`] at
/// most, but for those that have been.
#[must_use]
pub fn days_due(
    now: Timestamp,
    first_paid: NaiveDate,
    compared: &HashSet<NaiveDate>,
) -> Vec<NaiveDate> {
    let first = first_paid.max(first_day_with_bill(now));
    let last = last_day_with_bill(now);
    let days = first.iter_days().take_while(|day| *day <= last);
    days.filter(|day| !compared.contains(day)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    const NOON: &str = "2026-11-29T12:00:00+08:00";

    fn paid(transaction_id: &str, order_no: &str, amount_fen: i64) -> Entry {
        Entry {
            subject: Subject::Payment(transaction_id.to_owned()),
            order_no: order_no.to_owned(),
            amount_fen,
            at: Some(at(NOON)),
            is_posted: true,
        }
    }

    fn refunded(refund_no: &str, amount_fen: i64) -> Entry {
        Entry {
            subject: Subject::Refund(refund_no.to_owned()),
            ..paid("", "ord_1", amount_fen)
        }
    }

    fn kinds(found: &Comparison) -> Vec<(&str, &str)> {
        let differences = found.differences.iter();
        differences
            .map(|it| (it.kind.as_str(), it.subject.as_str()))
            .collect()
    }

    #[test]
    fn bill_and_books_are_compared_row_by_row() {
        let both = [paid("1", "ord_1", 9900), refunded("rfd_1", 9900)];
        assert_eq!(compare(&both, &both, &[]), Comparison::default());
        assert_eq!(compare(&[], &[], &[]), Comparison::default());
        let missing_there = [
            ("missing_there", "payment:1"),
            ("missing_there", "refund:rfd_1"),
        ];
        assert_eq!(kinds(&compare(&[], &both, &[])), missing_there);
        let missing_here = [
            ("missing_here", "payment:1"),
            ("missing_here", "refund:rfd_1"),
        ];
        assert_eq!(kinds(&compare(&both, &[], &[])), missing_here);
    }

    #[test]
    fn another_amount_day_or_number_and_a_row_twice_are_seen() {
        let own = [paid("1", "ord_1", 9900)];
        let other_amount = compare(&[paid("1", "ord_1", 9901)], &own, &[]);
        assert_eq!(kinds(&other_amount), [("mismatch", "payment:1")]);
        let sides = &other_amount.differences[0];
        assert_eq!(sides.ours.as_ref().unwrap().amount_fen, 9900);
        assert_eq!(sides.theirs.as_ref().unwrap().amount_fen, 9901);

        assert_eq!(
            kinds(&compare(&own, &[], &own)),
            [("mismatch", "payment:1")]
        );
        let without_day = Entry {
            at: None,
            ..refunded("rfd_1", 1)
        };
        let refund = [refunded("rfd_1", 1)];
        assert_eq!(compare(&refund, &[], &[without_day]), Comparison::default());

        let other_number = compare(&[paid("2", "ord_1", 9900)], &own, &[]);
        assert_eq!(kinds(&other_number), [("mismatch", "payment:2")]);

        let unposted = Entry {
            is_posted: false,
            ..own[0].clone()
        };
        let unposted = compare(&own, &[unposted], &[]);
        assert_eq!(kinds(&unposted), [("mismatch", "payment:1")]);
        assert!(unposted.differences[0].ours.as_ref().unwrap().is_unposted);

        let twice = compare(&[own[0].clone(), own[0].clone()], &own, &[]);
        assert_eq!(kinds(&twice), [("mismatch", "payment:1")]);
        assert_eq!(twice.differences[0].theirs.as_ref().unwrap().rows, Some(2));
    }

    #[test]
    fn a_second_payment_of_an_order_is_one_that_we_lack() {
        let own = [paid("1", "ord_1", 9900)];
        let bill = [own[0].clone(), paid("2", "ord_1", 9900)];
        assert_eq!(
            kinds(&compare(&bill, &own, &[])),
            [("missing_here", "payment:2")]
        );
    }

    #[test]
    fn what_is_not_ours_is_counted_apart_unless_the_books_have_it() {
        let foreign = [paid("1", "shop_1", 500), refunded("R1", 500)];
        let foreign = [
            foreign[0].clone(),
            Entry {
                order_no: "shop_1".to_owned(),
                ..foreign[1].clone()
            },
        ];
        let found = compare(&foreign, &[], &[]);
        assert_eq!((found.differences.len(), found.foreign_rows), (0, 2));
        let known = compare(&foreign, &foreign[..1], &[]);
        assert_eq!((known.differences.len(), known.foreign_rows), (0, 1));
        let lost = compare(&[], &foreign[..1], &[]);
        assert_eq!(kinds(&lost), [("missing_there", "payment:1")]);
    }

    #[test]
    fn a_bill_is_there_from_ten_o_clock_on() {
        for (now, last) in [
            ("2026-11-30T09:59:59+08:00", "2026-11-28"),
            ("2026-11-30T10:00:00+08:00", "2026-11-29"),
            ("2026-11-30T23:59:59+08:00", "2026-11-29"),
            ("2026-11-30T16:30:00Z", "2026-11-29"),
        ] {
            assert_eq!(last_day_with_bill(at(now)), day(last), "{now}");
        }
    }

    #[test]
    fn no_day_is_left_out_and_none_is_looked_at_twice() {
        let now = at("2026-11-30T10:30:00+08:00");
        let compared = HashSet::from([day("2026-11-27")]);
        let due = days_due(now, day("2026-11-26"), &compared);
        assert_eq!(
            due,
            [day("2026-11-26"), day("2026-11-28"), day("2026-11-29")]
        );
        assert!(days_due(now, day("2026-11-30"), &compared).is_empty());
        let all = days_due(now, day("2025-01-01"), &HashSet::new());
        assert_eq!(all.len(), 90);
        assert_eq!(all[0], day("2026-09-01"));
    }
}
