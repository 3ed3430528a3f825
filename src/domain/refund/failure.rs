//! The reasons for which a refund has failed, needs a person, or cannot be asked about.

/// The reason of a failure. Only [`FailureReason::Closed`] is ground for a new refund number
/// (wechat-pay-v3 §7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureReason {
    /// Ended at WeChat Pay without money; another try needs a new number.
    Closed,
    /// The payer's card or account is void.
    Abnormal,
    /// The call was refused, and no code says why.
    Refused,
    /// Our books do not agree with each other, or not with WeChat Pay's.
    Mismatch,
    /// A code of WeChat Pay's.
    Code(String),
}

impl FailureReason {
    /// The reason that a code of WeChat Pay's gives, if there is one.
    #[must_use]
    pub fn of_code(code: Option<&str>) -> Self {
        code.map_or(Self::Refused, |code| Self::Code(code.to_ascii_uppercase()))
    }

    /// As the store keeps it: our own words in small letters, codes of WeChat Pay in capitals, so
    /// that no code passes for a word of ours.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Closed => "closed",
            Self::Abnormal => "abnormal",
            Self::Refused => "refused",
            Self::Mismatch => "mismatch",
            Self::Code(code) => code,
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let own = [Self::Closed, Self::Abnormal, Self::Refused, Self::Mismatch];
        let own = own.into_iter().find(|reason| reason.as_str() == text);
        own.unwrap_or_else(|| Self::Code(text.to_owned()))
    }

    /// True where another try can end otherwise without anybody having looked into it: what WeChat
    /// Pay could not pay out, and books that disagree, stay so.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        !matches!(self, Self::Abnormal | Self::Mismatch)
    }

    /// As people and programs are told, in small letters throughout (contract).
    #[must_use]
    pub fn word(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_never_passes_for_a_word_of_ours() {
        for word in ["closed", "abnormal", "refused", "mismatch"] {
            let own = FailureReason::parse(word);
            assert_eq!((own.as_str(), own.word().as_str()), (word, word));
            for spelt in [word.to_owned(), word.to_ascii_uppercase()] {
                let code = FailureReason::of_code(Some(&spelt));
                assert!(matches!(code, FailureReason::Code(_)), "{spelt}");
                assert_eq!(FailureReason::parse(code.as_str()), code);
                assert_ne!(code, own);
            }
        }
        assert_eq!(FailureReason::of_code(None), FailureReason::Refused);
    }
}
