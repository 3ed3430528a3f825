//! Marks for what is out of the ordinary about a refund, in the words that a card has room for.

use crate::domain::RefundFlag;

/// The words, the gravest first.
const MARKS: &[(RefundFlag, &str)] = &[
    (RefundFlag::Contested, "有争议"),
    (RefundFlag::LowConfidence, "身份未确认"),
    (RefundFlag::Appealed, "有申诉"),
    (RefundFlag::RejectedBefore, "拒绝过"),
    (RefundFlag::DaysDisagree, "天数不一致"),
    (RefundFlag::Attested, "人工天数"),
    (RefundFlag::Grace, "宽限"),
    (RefundFlag::PostsMissing, "帖子不全"),
];

/// The gravest thing about a refund; none about an ordinary one.
pub(in crate::bot) fn mark(flags: &[RefundFlag]) -> Option<&'static str> {
    let mut raised = MARKS.iter().filter(|(flag, _)| flags.contains(flag));
    raised.next().map(|(_, word)| *word)
}

/// How many are marked by which word: `1 人身份未确认，2 人宽限`; empty where all are ordinary.
pub(in crate::bot) fn counted<'f>(all: impl Iterator<Item = &'f [RefundFlag]>) -> String {
    let marked: Vec<&str> = all.filter_map(mark).collect();
    let count = |word: &str| marked.iter().filter(|mark| **mark == word).count();
    let told = MARKS.iter().map(|(_, word)| (count(word), word));
    told.filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} 人{word}"))
        .collect::<Vec<_>>()
        .join("，")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_counted_once_by_what_is_gravest() {
        use RefundFlag::{Contested, DaysDisagree, Grace, LowConfidence};
        let all: [&[RefundFlag]; 5] = [
            &[],
            &[Grace],
            &[Grace, LowConfidence],
            &[LowConfidence, Contested],
            &[Grace],
        ];
        assert_eq!(mark(&[Grace, DaysDisagree]), Some("天数不一致"));
        let told = counted(all.into_iter());
        assert_eq!(told, "1 人有争议，1 人身份未确认，2 人宽限");
        assert_eq!(counted(all.into_iter().take(1)), "");
    }
}
