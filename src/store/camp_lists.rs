//! Lists of camps, for staff and for members.

use chrono::NaiveDate;

use crate::domain::{CampStatus, UserId};

use super::StoreResult;
use super::camps::{Camp, CampRow, select_camp};
use super::filter::{Bind, Conditions, typed};
use super::listing::{Key, ListSql, Order, listing};

statements! {
    LIST_HEAD = select_camp!("");
    SHOWN_HEAD = select_camp!("AND status IN ('enrolling', 'ongoing')");
}

/// The camps that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct CampFilter {
    /// In one of these states; all, if empty.
    pub statuses: &'static [CampStatus],
    /// Not over before this day.
    pub from: Option<NaiveDate>,
    /// Not begun after this day.
    pub to: Option<NaiveDate>,
    /// Part of the name.
    pub text: Option<String>,
    /// Led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// The camps that members see, the first to begin first.
#[derive(Debug, Clone, Copy)]
pub struct ShownToMembers;

listing!(CampFilter => Camp);

impl ListSql for CampFilter {
    type Row = CampRow;
    type Item = Camp;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM training_camp WHERE deleted_at IS NULL";
    const ID: &'static str = "id";
    const ORDER: Order = Order::Descending(&["start_date", "id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        let mut statuses = self.statuses.iter();
        if let Some(first) = statuses.next() {
            let text = |status: &CampStatus| Bind::Text(status.as_str().to_owned());
            conditions.value("AND status IN (", text(first), "");
            for status in statuses {
                conditions.value(", ", text(status), "");
            }
            conditions.fixed(")");
        }
        if let Some(from) = self.from {
            conditions.value("AND end_date >= ", Bind::Text(from.to_string()), "");
        }
        if let Some(to) = self.to {
            conditions.value("AND start_date <= ", Bind::Text(to.to_string()), "");
        }
        if let Some(text) = typed(self.text.as_deref()) {
            conditions.contains("AND name_folded LIKE ", text, "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND id", user);
        }
        conditions
    }

    fn key(row: &CampRow) -> Key {
        by_start(row)
    }

    fn read(row: CampRow) -> StoreResult<Camp> {
        row.try_into()
    }
}

listing!(ShownToMembers => Camp);

impl ListSql for ShownToMembers {
    type Row = CampRow;
    type Item = Camp;

    const SELECT: &'static str = SHOWN_HEAD;
    const FROM: &'static str = "FROM training_camp WHERE deleted_at IS NULL \
                                AND status IN ('enrolling', 'ongoing')";
    const ID: &'static str = "id";
    const ORDER: Order = Order::Ascending(&["start_date", "id"]);

    fn conditions(&self) -> Conditions {
        Conditions::default()
    }

    fn key(row: &CampRow) -> Key {
        by_start(row)
    }

    fn read(row: CampRow) -> StoreResult<Camp> {
        row.try_into()
    }
}

fn by_start(row: &CampRow) -> Key {
    Key(vec![
        Bind::Text(row.start_date.clone()),
        Bind::Number(row.id),
    ])
}
