//! Conditions of lists: put together from constants, with what people typed bound by number.
//! `($1 IS NULL OR …)` would be shorter and would cost SQLite its index.

use crate::domain::UserId;

use super::members::folded;

/// A value that a condition binds.
#[derive(Debug, Clone)]
pub(super) enum Bind {
    /// A number, an id or a time.
    Number(i64),
    /// A text or a day.
    Text(String),
}

/// The conditions of one list and what they bind.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    sql: String,
    binds: Vec<Bind>,
}

impl Conditions {
    /// Adds a condition without a value: `AND …`.
    pub(super) fn fixed(&mut self, condition: &'static str) {
        self.sql.push(' ');
        self.sql.push_str(condition);
    }

    /// Binds a value and names its parameter: `$1`.
    pub(super) fn bind(&mut self, bind: Bind) -> String {
        self.binds.push(bind);
        format!("${}", self.binds.len())
    }

    /// Adds a value between two pieces of a condition: `AND day >= `, the value, and what closes
    /// it.
    pub(super) fn value(&mut self, before: &'static str, bind: Bind, after: &'static str) {
        let parameter = self.bind(bind);
        self.sql.push_str(&format!(" {before}{parameter}{after}"));
    }

    /// Adds that a folded column contains a text, as people search it.
    pub(super) fn contains(&mut self, before: &'static str, text: &str, after: &'static str) {
        let pattern = format!("%{}%", like_literal(&folded(text)));
        self.value(before, Bind::Text(pattern), " ESCAPE '\\'");
        self.sql.push_str(after);
    }

    /// Adds that a folded column with two names, a blank between them, has a text as one of them.
    pub(super) fn names(&mut self, column: &'static str, text: &str) {
        let name = like_literal(&folded(text));
        self.fixed("(");
        for (or, pattern) in [("", format!("{name} %")), ("OR", format!("% {name}"))] {
            self.fixed(or);
            self.fixed(column);
            self.value("LIKE ", Bind::Text(pattern), " ESCAPE '\\'");
        }
        self.fixed(")");
    }

    /// Adds that a column in lower case contains a text. Only letters of ASCII have a case that both
    /// engines know.
    pub(super) fn holds(&mut self, before: &'static str, text: &str, after: &'static str) {
        let pattern = format!("%{}%", like_literal(&text.to_ascii_lowercase()));
        self.value(before, Bind::Text(pattern), " ESCAPE '\\'");
        self.sql.push_str(after);
    }

    /// Adds that a column is one of some numbers, of which there is at least one.
    pub(super) fn among(&mut self, before: &'static str, numbers: impl Iterator<Item = i64>) {
        self.fixed(before);
        for (place, number) in numbers.enumerate() {
            let before = if place == 0 { "IN (" } else { ", " };
            self.value(before, Bind::Number(number), "");
        }
        self.fixed(")");
    }

    /// Narrows to the camps that somebody leads or serves; `before` names the column of the camp.
    pub(super) fn staffed_by(&mut self, before: &'static str, user: UserId) {
        self.sql.push(' ');
        self.sql.push_str(before);
        self.value(
            "IN (SELECT camp_id FROM camp_member_relation WHERE user_id = ",
            Bind::Number(user.0),
            ")",
        );
    }

    /// Puts the statement together: `head`, the conditions, `tail`.
    pub(super) fn statement(&self, head: &str, tail: &str) -> String {
        format!("{head}{} {tail}", self.sql)
    }

    /// The values that the statement binds, in order.
    pub(super) fn binds(&self) -> &[Bind] {
        &self.binds
    }
}

/// Trims what somebody typed into a search; none if it is nothing but blanks.
pub(super) fn typed(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Takes the meaning from what `LIKE` would read as a wildcard.
fn like_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

/// Binds the values of conditions to a query.
macro_rules! bind_all {
    ($query:expr, $conditions:expr) => {{
        let mut query = $query;
        for bind in $conditions.binds() {
            query = match bind {
                $crate::store::filter::Bind::Number(number) => query.bind(*number),
                $crate::store::filter::Bind::Text(text) => query.bind(text.as_str()),
            };
        }
        query
    }};
}
pub(super) use bind_all;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_some_numbers() {
        let mut conditions = Conditions::default();
        conditions.among("AND r.id", [7, 8].into_iter());
        let sql = conditions.statement("SELECT 1 WHERE TRUE", "LIMIT 5");
        assert_eq!(sql, "SELECT 1 WHERE TRUE AND r.id IN ($1 , $2 ) LIMIT 5");
        assert_eq!(conditions.binds().len(), 2);
    }

    #[test]
    fn values_are_numbered_and_wildcards_are_letters() {
        let mut conditions = Conditions::default();
        conditions.value("AND status = ", Bind::Text("ended".to_owned()), "");
        conditions.staffed_by("AND id", UserId(7));
        conditions.contains("AND name_folded LIKE ", "100% Early_Bird\\", "");
        assert_eq!(
            conditions.statement("SELECT 1 WHERE TRUE", "LIMIT 5"),
            "SELECT 1 WHERE TRUE AND status = $1 AND id \
             IN (SELECT camp_id FROM camp_member_relation WHERE user_id = $2) \
             AND name_folded LIKE $3 ESCAPE '\\' LIMIT 5"
        );
        let Bind::Text(pattern) = &conditions.binds()[2] else {
            panic!("a text");
        };
        assert_eq!(pattern, "%100\\%early\\_bird\\\\%");
    }
}
