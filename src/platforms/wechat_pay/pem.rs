//! PEM as people hand it over: saved with a byte order mark, indented, with the line ends of any
//! system, on one line, or with `\n` written out, as environment variables and JSON have it. Where
//! the key is still certain it is read; else the defect is named, and nothing of the key shown.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const HYPHENS: &str = "-----";
/// What stands above the base64 of a key that an older OpenSSL has encrypted.
const ENCRYPTED: &str = "DEK-Info";
const SEQUENCE: u8 = 0x30;

/// The padding says nothing that the length does not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands between a BEGIN and an END line.
pub(super) struct Block {
    /// `PRIVATE KEY`, `CERTIFICATE` ….
    pub(super) label: String,
    pub(super) der: Vec<u8>,
}

/// Reads the one block that has a label of `wanted`; if there is none, the first of any. The error
/// is a phrase that can follow the name of the file.
pub(super) fn read(text: &str, wanted: &[&str]) -> Result<Block, &'static str> {
    let text = text
        .replace('\u{FEFF}', "")
        .replace("\\\\n", "\n")
        .replace("\\r", "\n")
        .replace("\\n", "\n");
    if text.trim().is_empty() {
        return Err("is empty");
    }
    let mut found: Option<(&str, &str)> = None;
    let mut rest = text.as_str();
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, block) = block
            .split_once(HYPHENS)
            .ok_or("has a BEGIN line without its end")?;
        let (body, end) = block
            .split_once(END)
            .ok_or("has no END line: a part of it is missing")?;
        let (end, after) = end
            .split_once(HYPHENS)
            .ok_or("has an END line without its end")?;
        if label.trim() != end.trim() {
            return Err("has an END line that does not fit its BEGIN line");
        }
        let is_wanted = |label: &str| wanted.contains(&label.trim());
        match found {
            Some((first, _)) if is_wanted(first) && is_wanted(label) => {
                return Err("holds more than one of them");
            }
            Some((first, _)) if is_wanted(first) || !is_wanted(label) => {}
            _ => found = Some((label, body)),
        }
        rest = after;
    }
    let (label, body) = found.ok_or_else(|| match text.contains("BEGIN") {
        true => "has a BEGIN line that is not written -----BEGIN … -----",
        false => "is not a PEM file: it has no -----BEGIN … ----- line",
    })?;
    Ok(Block {
        label: label.trim().to_owned(),
        der: decoded(body)?,
    })
}

fn decoded(body: &str) -> Result<Vec<u8>, &'static str> {
    if body.contains(ENCRYPTED) {
        return Err("is protected by a password");
    }
    let base64: String = body.split_whitespace().collect();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    if !base64.chars().all(is_base64) {
        return Err("has characters between its BEGIN and END lines that are no base64");
    }
    let der = BASE64.decode(base64);
    let der = der.map_err(|_| "has base64 that is cut off or damaged")?;
    if stated_len(&der).is_some_and(|stated| stated > der.len()) {
        return Err("lacks a part of what stood between its BEGIN and END lines");
    }
    Ok(der)
}

/// The length that DER says of itself, its head included.
fn stated_len(der: &[u8]) -> Option<usize> {
    match *der {
        [SEQUENCE, len @ 0..=0x7F, ..] => Some(usize::from(len) + 2),
        [SEQUENCE, 0x81, len, ..] => Some(usize::from(len) + 3),
        [SEQUENCE, 0x82, high, low, ..] => Some(usize::from(u16::from_be_bytes([high, low])) + 4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    const WANTED: &[&str] = &["PRIVATE KEY"];

    #[test]
    fn a_key_that_is_certain_is_read_however_it_was_handed_over() {
        let pem = vectors::text("keys/merchant_private_key.pem");
        let der = read(&pem, WANTED).unwrap().der;
        let one_line = pem.replace('\n', "");
        let escaped = pem.trim_end().replace('\n', "\\n");
        let certificate = vectors::text("keys/merchant_cert.pem");
        for (how, text) in [
            ("a byte order mark", format!("\u{FEFF}{pem}")),
            ("CRLF", pem.replace('\n', "\r\n")),
            ("CR", pem.replace('\n', "\r")),
            ("blanks for line ends", pem.replace('\n', " ")),
            ("one line", one_line),
            ("literal \\n", escaped.clone()),
            ("literal \\r\\n", pem.replace('\n', "\\r\\n")),
            ("literal \\\\n", pem.replace('\n', "\\\\n")),
            ("quotes", format!("\"{escaped}\"\n")),
            ("indented", pem.replace('\n', "\n    ")),
            ("blank lines", pem.replace('\n', "\n\n")),
            ("without padding", pem.replace('=', "")),
            (
                "a bag's attributes",
                format!("Bag Attributes\n  friendlyName: x\n{pem}"),
            ),
            ("beside its certificate", format!("{certificate}{pem}")),
        ] {
            let block = read(&text, WANTED).unwrap_or_else(|defect| panic!("{how}: {defect}"));
            assert!(block.label == "PRIVATE KEY" && block.der == der, "{how}");
        }
    }

    #[test]
    fn a_defect_is_named() {
        let pem = vectors::text("keys/merchant_private_key.pem");
        let lines: Vec<&str> = pem.lines().collect();
        let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n");
        for (text, expected) in [
            (" \n".to_owned(), "is empty"),
            (
                "TestApiV3Key".to_owned(),
                "is not a PEM file: it has no -----BEGIN … ----- line",
            ),
            (
                without(0),
                "is not a PEM file: it has no -----BEGIN … ----- line",
            ),
            (
                pem.replace("-----", "—"),
                "has a BEGIN line that is not written -----BEGIN … -----",
            ),
            (
                without(lines.len() - 1),
                "has no END line: a part of it is missing",
            ),
            (
                pem.replace("END PRIVATE", "END RSA PRIVATE"),
                "has an END line that does not fit its BEGIN line",
            ),
            (
                without(3),
                "lacks a part of what stood between its BEGIN and END lines",
            ),
            (
                pem.replacen("\nMII", "\nM…", 1),
                "has characters between its BEGIN and END lines that are no base64",
            ),
            (
                pem.replacen("\nMII", "\nMI", 1),
                "has base64 that is cut off or damaged",
            ),
            (format!("{pem}{pem}"), "holds more than one of them"),
            (
                pem.replacen(
                    '\n',
                    "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
                    1,
                ),
                "is protected by a password",
            ),
        ] {
            assert_eq!(read(&text, WANTED).err(), Some(expected));
        }
    }
}
