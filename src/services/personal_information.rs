//! What members are told of their data before they agree: its version is kept on their order.

use aws_lc_rs::digest::{SHA256, digest};

use super::settlements::hex;

/// The text, a paragraph a line.
const TEXT: &str = include_str!("../../message-templates/personal_information.txt");
/// Bytes of its hash that make the version.
const VERSION_BYTES: usize = 6;

/// The text as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalInformation {
    /// Another text is another version.
    pub version: String,
    pub paragraphs: Vec<&'static str>,
}

/// The text that members agree to now.
#[must_use]
pub fn current() -> PersonalInformation {
    let hash = digest(&SHA256, TEXT.as_bytes());
    let lines = TEXT.lines().map(str::trim);
    PersonalInformation {
        version: hex(&hash.as_ref()[..VERSION_BYTES]),
        paragraphs: lines.filter(|line| !line.is_empty()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_why_who_how_long_and_whom_to_ask() {
        let told = current();
        assert_eq!(told.version.len(), 2 * VERSION_BYTES);
        for (paragraph, beginning) in told.paragraphs.iter().zip([
            "我们收集什么",
            "用来做什么",
            "谁能看到",
            "保存多久",
            "您可以",
        ]) {
            assert!(paragraph.starts_with(beginning), "{paragraph}");
        }
        assert_eq!(told.paragraphs.len(), 5);
    }
}
