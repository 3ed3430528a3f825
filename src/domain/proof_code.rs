//! The code by which a payer proves an account: the page shows it to them, they write it into their
//! next check-in, and the sync finds it there.

use std::fmt;

/// Letters and digits that nobody takes for one another: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
const ALPHABET: &[u8; 23] = b"ACDEFGHJKMNPQRTWXY34679";
/// Characters of a code.
const LENGTH: usize = 4;

/// Four characters in which letters and digits take turns: no word and no year is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofCode(String);

impl ProofCode {
    /// Reads a word as a code, whatever its case.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        let is_ours = word.len() == LENGTH && word.bytes().all(|b| ALPHABET.contains(&b));
        // People write Day3 and GPT4, letters first and then digits; nobody writes A3D9.
        let bytes = word.as_bytes().windows(2);
        let changes = bytes.filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit());
        (is_ours && changes.count() >= 2).then_some(Self(word))
    }

    /// Makes codes of bytes that nobody can guess, in their order.
    pub fn of(bytes: &[u8]) -> impl Iterator<Item = Self> {
        bytes.chunks_exact(LENGTH).filter_map(|chunk| {
            let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
            Self::read(&chunk.iter().map(letter).collect::<String>())
        })
    }

    /// The code as it is kept and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProofCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_letters_and_digits_that_look_like_no_other() {
        for (word, read) in [
            ("A3D9", Some("A3D9")),
            ("a3d9", Some("A3D9")),
            ("READ", None),
            ("DAY3", None),
            ("GPT4", None),
            ("3467", None),
            ("A3D0", None),
            ("A3D", None),
            ("A3D99", None),
            ("打卡3A", None),
        ] {
            let code = ProofCode::read(word);
            assert_eq!(code.as_ref().map(ProofCode::as_str), read, "{word}");
        }
    }

    #[test]
    fn bytes_make_codes_and_what_would_be_a_word_is_passed_over() {
        // A A A A, then A 3 C 4.
        let codes: Vec<_> = ProofCode::of(&[0, 0, 0, 0, 0, 18, 1, 19, 7]).collect();
        assert_eq!(codes, [ProofCode("A3C4".to_owned())]);
    }
}
