//! Which row has the headings, and which column is which.

use super::cell::{self, fold};
use crate::domain::FieldError;

/// Rows from the top in which the headings are looked for; titles may stand above them.
const LOOKED_AT: usize = 20;
/// What marks a heading and is no part of its name.
const MARKS: [char; 6] = ['*', ':', '#', '\'', '"', '`'];
/// Brackets as they are after folding.
const BRACKETS: [(char, char); 5] = [
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('【', '】'),
    ('〔', '〕'),
];
/// What a note in brackets says where it changes nothing about the column: any other, such as
/// “(微信)”, makes another column of it.
const HARMLESS_NOTES: [&str; 16] = [
    "必填", "必须", "选填", "可选", "非必", "可空", "星球", "文本", "数字", "整数", "格式", "例",
    "唯一", "required", "optional", "yyyy",
];

/// What a note says where it does, whatever else it says.
const TELLING_NOTES: [&str; 4] = ["微信", "非星球", "序号", "报名"];

/// A row: its number as a spreadsheet shows it, and its cells.
pub type Line<'a> = (usize, &'a [String]);

/// Where each of the wanted columns stands, and how the file calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns<const N: usize>([Option<(usize, String)>; N]);

impl<const N: usize> Columns<N> {
    /// Whether the file has the column.
    #[must_use]
    pub fn has(&self, column: usize) -> bool {
        self.0.get(column).is_some_and(Option::is_some)
    }

    /// The heading as the file has it; empty for a column that it has not.
    #[must_use]
    pub fn heading(&self, column: usize) -> String {
        let place = self.0.get(column).and_then(Option::as_ref);
        place.map_or_else(String::new, |(_, heading)| heading.clone())
    }

    /// A row's cell of the column; none where it is blank.
    #[must_use]
    pub fn cell<'a>(&self, column: usize, cells: &'a [String]) -> Option<&'a str> {
        let (at, _) = self.0.get(column)?.as_ref()?;
        let cell = cells.get(*at)?;
        (!cell::bare(cell).is_empty()).then_some(cell)
    }

    fn found(&self) -> usize {
        self.0.iter().flatten().count()
    }
}

/// Why no row has the headings. `M` says what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadingsError<M> {
    /// Of the row that has most of them.
    Missing(M),
    /// Two columns are called so, and nobody can say which is meant.
    Twice { heading: String },
    /// There is no row.
    NoRow,
}

impl From<HeadingsError<Self>> for FieldError {
    fn from(error: HeadingsError<Self>) -> Self {
        match error {
            HeadingsError::Missing(missing) => missing,
            HeadingsError::Twice { heading } => Self::ColumnTwice { heading },
            HeadingsError::NoRow => Self::Empty,
        }
    }
}

/// Finds the headings in the first rows. `names` has the names of each column, folded and the better
/// ones first; `missing` says what columns lack to be those of a file. Answers the rows below, too.
///
/// # Errors
/// [`HeadingsError`].
pub fn find<'l, 'a, const N: usize, M>(
    lines: &'l [Line<'a>],
    names: &[&[&str]; N],
    missing: impl Fn(&Columns<N>) -> Option<M>,
) -> Result<(Columns<N>, &'l [Line<'a>]), HeadingsError<M>> {
    let mut best: Option<(usize, HeadingsError<M>)> = None;
    for (at, (_, cells)) in lines.iter().enumerate().take(LOOKED_AT) {
        let (columns, fault) = match columns(cells, names) {
            Ok(columns) => match missing(&columns) {
                None => return Ok((columns, lines.get(at + 1..).unwrap_or_default())),
                Some(fault) => (columns.found(), HeadingsError::Missing(fault)),
            },
            // What is there twice was found.
            Err(heading) => (N, HeadingsError::Twice { heading }),
        };
        if best.as_ref().is_none_or(|(found, _)| *found < columns) {
            best = Some((columns, fault));
        }
    }
    Err(best.map_or(HeadingsError::NoRow, |(_, fault)| fault))
}

/// The columns that a row names, or the heading that it has twice.
fn columns<const N: usize>(cells: &[String], names: &[&[&str]; N]) -> Result<Columns<N>, String> {
    let written: Vec<String> = cells.iter().map(|cell| marked_off(cell)).collect();
    let bare: Vec<&str> = written.iter().map(|name| without_notes(name)).collect();
    let mut found = [const { None }; N];
    for (place, names) in found.iter_mut().zip(names) {
        let by_name = |known: &&str| at(&written, known).or_else(|| at(&bare, known));
        if let Some(places) = names.iter().find_map(by_name) {
            let heading = |at: usize| cells.get(at).map_or("", |cell| cell::text(cell)).to_owned();
            match places.as_slice() {
                [one] => *place = Some((*one, heading(*one))),
                more => return Err(heading(more.first().copied().unwrap_or_default())),
            }
        }
    }
    Ok(Columns(found))
}

/// Where a name stands.
fn at(headings: &[impl AsRef<str>], name: &str) -> Option<Vec<usize>> {
    let places = headings.iter().enumerate();
    let places: Vec<usize> = places
        .filter(|(_, heading)| heading.as_ref() == name)
        .map(|(at, _)| at)
        .collect();
    (!places.is_empty()).then_some(places)
}

fn marked_off(heading: &str) -> String {
    fold(cell::text(heading)).trim_matches(MARKS).to_owned()
}

/// A heading without the notes in brackets around it that say nothing about what it is.
fn without_notes(heading: &str) -> &str {
    let mut rest = heading;
    while let Some(shorter) = without_note(rest) {
        rest = shorter.trim_matches(MARKS);
    }
    rest
}

fn without_note(heading: &str) -> Option<&str> {
    BRACKETS.iter().find_map(|(open, close)| {
        let behind = heading
            .strip_suffix(*close)
            .and_then(|it| it.rsplit_once(*open));
        let before = heading
            .strip_prefix(*open)
            .and_then(|it| it.split_once(*close));
        let is_harmless = |note: &str| {
            let says_any = |words: &[&str]| words.iter().any(|word| note.contains(word));
            says_any(&HARMLESS_NOTES) && !says_any(&TELLING_NOTES)
        };
        let behind = behind
            .filter(|(_, note)| is_harmless(note))
            .map(|(rest, _)| rest);
        let before = before
            .filter(|(note, _)| is_harmless(note))
            .map(|(_, rest)| rest);
        behind.or(before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&[&str]; 2] = [&["user_id", "用户id"], &["昵称"]];

    fn found(rows: &[&[&str]]) -> Result<(Columns<2>, usize), FieldError> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|cells| cells.iter().map(|&cell| cell.to_owned()).collect())
            .collect();
        let lines: Vec<Line<'_>> = (1..).zip(rows.iter().map(Vec::as_slice)).collect();
        let missing = |columns: &Columns<2>| (!columns.has(0)).then_some(FieldError::NoIdColumn);
        let found = find(&lines, &NAMES, missing).map(|(columns, below)| (columns, below.len()));
        found.map_err(FieldError::from)
    }

    #[test]
    fn headings_are_known_by_their_names_whatever_stands_around_them() {
        for heading in [
            "用户ID",
            "*用户ID",
            "＊用户ＩＤ：",
            " 用户 ID\u{FEFF}\n",
            "用户ID(必填)",
            "用户ID（必填）",
            "*用户ID【必填，数字】",
            "（必填）用户ID",
            "=\"用户ID\"",
            "User_ID [required]",
        ] {
            let (columns, below) = found(&[&["x", heading], &["", "1"]]).unwrap();
            assert_eq!((columns.has(0), below), (true, 1), "{heading}");
            assert_eq!(columns.heading(0), cell::text(heading));
        }
        for other in [
            "用户ID(微信)",
            "用户ID(非星球ID)",
            "用户ID(报名序号，数字)",
            "旧用户ID",
            "用户ID2",
        ] {
            assert_eq!(found(&[&[other]]), Err(FieldError::NoIdColumn), "{other}");
        }
    }

    #[test]
    fn titles_may_stand_above_the_headings() {
        let (columns, below) = found(&[
            &["九月写作营 成员名单"],
            &["导出时间：", "2026-09-01"],
            &["昵称", "用户ID"],
            &["小明", "1"],
            &["小红", "2"],
        ])
        .unwrap();
        assert_eq!(below, 2);
        let cells = ["小明".to_owned(), "'".to_owned()];
        assert_eq!(
            (columns.cell(1, &cells), columns.cell(0, &cells)),
            (Some("小明"), None)
        );
        let deep = vec![["标题"].as_slice(); LOOKED_AT];
        let deep: Vec<&[&str]> = deep.into_iter().chain([["用户ID"].as_slice()]).collect();
        assert_eq!(found(&deep), Err(FieldError::NoIdColumn));
        assert_eq!(found(&[]), Err(FieldError::Empty));
    }

    #[test]
    fn a_column_that_is_there_twice_is_none() {
        let twice = found(&[&["用户ID", "昵称(必填)", "昵称（选填）"]]);
        let heading = "昵称(必填)".to_owned();
        assert_eq!(twice, Err(FieldError::ColumnTwice { heading }));
        // One that is written out is meant before one with a note.
        let (columns, _) = found(&[&["用户ID（必填）", "用户ID"]]).unwrap();
        assert_eq!(columns.heading(0), "用户ID");
    }
}
