//! `Content-Disposition`: the name under which a file is sent (RFC 6266).

use super::query;

/// The file name: by `filename*=UTF-8''…`, else by `filename=`, quoted or not. Directories and control
/// characters are cut off, since the name comes from outside.
pub(crate) fn filename(disposition: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in (Parameters { rest: disposition }) {
        if name.eq_ignore_ascii_case("filename*") {
            if let Some(name) = extended(&value).and_then(|name| base(&name)) {
                return Some(name);
            }
        } else if name.eq_ignore_ascii_case("filename") && plain.is_none() {
            plain = Some(value);
        }
    }
    base(&plain?)
}

/// A value with its character set and, perhaps, language (RFC 8187); nothing of another set.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
    is_utf8.then(|| query::decode(encoded))?
}

fn base(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let base: String = base.chars().filter(|c| !c.is_control()).collect();
    let base = base.trim();
    (!matches!(base, "" | "." | "..")).then(|| base.to_owned())
}

/// Names and values. The disposition's type is a word without a value, which is passed over.
struct Parameters<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c == ';' || c.is_whitespace());
            if self.rest.is_empty() {
                return None;
            }
            let end = self.rest.find(['=', ';']).unwrap_or(self.rest.len());
            let (name, after) = self.rest.split_at(end);
            let Some(value) = after.strip_prefix('=') else {
                // A word without a value.
                self.rest = after;
                continue;
            };
            let value = value.trim_start();
            let (value, rest) = match value.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => {
                    let end = value.find(';').unwrap_or(value.len());
                    let (value, rest) = value.split_at(end);
                    (value.trim_end().to_owned(), rest)
                }
            };
            self.rest = rest;
            return Some((name.trim(), value));
        }
    }
}

/// A quoted text up to its closing quote, and what follows. A backslash is taken off a quote and
/// another backslash; others are those of a path, which some senders do not double.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => {
                let next = text[at + 1..].chars().next();
                match next.filter(|next| matches!(next, '"' | '\\')) {
                    Some(next) => {
                        characters.next();
                        value.push(next);
                    }
                    None => value.push('\\'),
                }
            }
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_every_spelling_without_directories() {
        for (disposition, name) in [
            (
                "attachment; filename=\"群二维码.png\"",
                Some("群二维码.png"),
            ),
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment;FileName = a.txt ; x=y", Some("a.txt")),
            ("attachment; filename=\"a;b.txt\"", Some("a;b.txt")),
            ("attachment; filename=\"a\\\"b.txt\"", Some("a\"b.txt")),
            (
                "attachment; filename=\"a=b; c.txt\"; size=3",
                Some("a=b; c.txt"),
            ),
            ("attachment; filename=\"cut off", Some("cut off")),
            (
                "attachment; note=\"; filename=wrong.txt\"; filename=right.txt",
                Some("right.txt"),
            ),
            (
                "attachment; filename=\"x\"; filename*=UTF-8''%E5%90%8D.pdf",
                Some("名.pdf"),
            ),
            (
                "attachment; filename*=utf-8'zh'%E5%90%8D%3B.pdf; filename=x",
                Some("名;.pdf"),
            ),
            (
                "attachment; filename*=utf-8''%ZZ; filename=\"b.txt\"",
                Some("b.txt"),
            ),
            (
                "attachment; filename*=gbk''%C3%FB; filename=\"b.txt\"",
                Some("b.txt"),
            ),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\temp\\a.txt\"", Some("a.txt")),
            (
                "attachment; filename=\"C:\\\\temp\\\\a.txt\"",
                Some("a.txt"),
            ),
            ("attachment; filename=\"a\r\nb.txt\"", Some("ab.txt")),
            ("attachment; filename=\"\"", None),
            ("attachment; filename=\"..\"", None),
            ("attachment; filename", None),
            ("attachment; =x; ;", None),
            ("filename=a.txt", Some("a.txt")),
            ("inline", None),
            ("", None),
        ] {
            assert_eq!(filename(disposition).as_deref(), name, "{disposition}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(attachment; )?filename\\*?=\\PC{0,40}") {
            let _ = filename(&text);
        }
    }
}
