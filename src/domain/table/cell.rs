//! Cells as spreadsheet programs and people write them. What is wrapped around digits is taken off;
//! digits that a program may have changed are no digits.

use unicode_normalization::UnicodeNormalization as _;

use super::fault::Inexact;

/// What people put before digits so that a spreadsheet program leaves them alone.
const TEXT_MARKS: [char; 6] = ['\'', '`', '’', '‘', '＇', '´'];
/// Characters without width that pages and programs leave in a cell.
const INVISIBLE: [char; 7] = [
    '\u{200B}', '\u{200C}', '\u{200D}', '\u{200E}', '\u{200F}', '\u{2060}', '\u{FEFF}',
];
/// Digits that a spreadsheet program keeps of a number.
const KEPT_DIGITS: usize = 15;
/// From here on a number that a program has held in binary may be its neighbour.
const BINARY_FROM: u64 = 1 << 53;

/// A cell without what only says that it is text: `="…"`, quotes and the mark before it.
#[must_use]
pub fn bare(cell: &str) -> &str {
    let mut rest = text(cell);
    while let Some(after) = rest.strip_prefix(TEXT_MARKS) {
        rest = text(after);
    }
    rest
}

/// A cell without blanks around it and without `="…"`; a name may begin with any mark.
#[must_use]
pub fn text(cell: &str) -> &str {
    let is_blank = |c: char| c.is_whitespace() || INVISIBLE.contains(&c);
    let cell = cell.trim_matches(is_blank);
    let quoted = cell.strip_prefix('=').unwrap_or(cell);
    match quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        Some(within) if cell.starts_with('=') => within.trim_matches(is_blank),
        _ => cell,
    }
}

/// The digits of a whole number: of any width, with blanks or thousands separators between and
/// `.0` after them.
///
/// # Errors
/// [`Inexact::Rounded`] where a program may have changed them, else [`Inexact::NotDigits`].
pub fn digits(cell: &str) -> Result<String, Inexact> {
    let cell = bare(cell);
    // Two lines are two numbers, and `12²` is not 122.
    let is_digit = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
    if cell.contains(['\n', '\r', '\t']) || cell.chars().any(|c| c.is_numeric() && !is_digit(c)) {
        return Err(Inexact::NotDigits);
    }
    // A formula that is nothing but the number.
    let folded = fold(cell.strip_prefix('=').unwrap_or(cell));
    let folded = folded.trim_matches('"');
    if folded.starts_with(|c: char| c.is_ascii_digit()) && folded.contains('e') {
        return Err(Inexact::Rounded);
    }
    let (whole, is_decimal) = match folded.split_once('.') {
        Some((whole, part)) if !part.is_empty() && part.bytes().all(|byte| byte == b'0') => {
            (whole, true)
        }
        Some(_) => return Err(Inexact::NotDigits),
        None => (folded, false),
    };
    let is_grouped = whole.contains(',');
    let digits = if is_grouped {
        ungrouped(whole)?
    } else {
        whole.to_owned()
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Inexact::NotDigits);
    }
    if (is_decimal || is_grouped) && !is_kept(&digits) {
        return Err(Inexact::Rounded);
    }
    Ok(digits)
}

/// Takes out thousands separators that stand where they belong.
fn ungrouped(grouped: &str) -> Result<String, Inexact> {
    let mut groups = grouped.split(',');
    let first = groups.next().unwrap_or_default();
    let is_whole = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    if is_whole {
        Ok(grouped.replace(',', ""))
    } else {
        Err(Inexact::NotDigits)
    }
}

/// Whether a program that held these digits as a number has kept them all: it fills up with zeros
/// what it has not.
fn is_kept(digits: &str) -> bool {
    let is_short = digits.trim_start_matches('0').len() <= KEPT_DIGITS;
    let is_exact = digits.parse().is_ok_and(|number: u64| number < BINARY_FROM);
    is_short || (is_exact && !digits.ends_with('0'))
}

/// Width, case, blanks and what cannot be seen aside.
pub(super) fn fold(text: &str) -> String {
    text.nfkc()
        .filter(|c| !c.is_whitespace() && !INVISIBLE.contains(c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_digits_are_unwrapped() {
        for cell in [
            "300000000000001",
            "'300000000000001",
            "`300000000000001",
            "’300000000000001",
            "=\"300000000000001\"",
            "=\"'300000000000001\"",
            "=300000000000001",
            "300000000000001.0",
            "300000000000001.00",
            "300,000,000,000,001",
            "300，000，000，000，001.0",
            "'300,000,000,000,001",
            " 300000 000000001\u{200B}",
            "３０００００００００００００１",
        ] {
            assert_eq!(digits(cell).as_deref(), Ok("300000000000001"), "{cell}");
        }
        for (cell, expected) in [
            ("101.0", "101"),
            ("'101", "101"),
            ("1,234", "1234"),
            ("9007199254740991.0", "9007199254740991"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(digits(cell).as_deref(), Ok(expected), "{cell}");
        }
    }

    #[test]
    fn digits_that_a_program_may_have_changed_are_none() {
        for cell in [
            "3.0E+14",
            "3e14",
            "'3.0E+14",
            "9007199254740993.0",
            "3,000,000,000,000,010",
        ] {
            assert_eq!(digits(cell), Err(Inexact::Rounded), "{cell}");
        }
        for cell in [
            "",
            "'",
            "=",
            "=\"\"",
            "=1+300000000000000",
            "300000000000001.5",
            "300000000000001.",
            "30,00",
            "300,0001",
            ",300",
            "-1",
            "+1",
            "小明",
            "12a",
            "12\n13",
            "12²",
        ] {
            assert_eq!(digits(cell), Err(Inexact::NotDigits), "{cell}");
        }
    }

    #[test]
    fn a_name_keeps_its_marks() {
        assert_eq!(text(" ='小明' "), "='小明'");
        assert_eq!(text("=\" '小明\""), "'小明");
        assert_eq!(text("\"小明\""), "\"小明\"");
        assert_eq!(bare("'2026-01-31"), "2026-01-31");
    }
}
