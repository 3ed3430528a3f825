//! Commands as people type them: `进度`, `/进度 写作营`, `jd`, `进度写作营`. The menu's keys are the
//! command words, so a tap is read in the same way.

use unicode_normalization::UnicodeNormalization as _;

/// Characters of a message that are looked at.
const MAX_CHARACTERS: usize = 200;

pub use crate::domain::command::{Command, Verb};

/// Other words for the verbs: synonyms, pinyin initials, English. Longer ones stand before their
/// own beginnings, since a camp's name may follow without a space.
pub(super) const ALIASES: &[(&str, Verb)] = &[
    ("帮助", Verb::Help),
    ("菜单", Verb::Help),
    ("help", Verb::Help),
    ("bz", Verb::Help),
    ("?", Verb::Help),
    ("训练营", Verb::Camps),
    ("xly", Verb::Camps),
    ("没打卡", Verb::Absent),
    ("未打卡", Verb::Absent),
    ("mdk", Verb::Absent),
    ("未达标", Verb::NotYet),
    ("没达标", Verb::NotYet),
    ("wdb", Verb::NotYet),
    ("达标", Verb::Eligible),
    ("db", Verb::Eligible),
    ("差一天", Verb::OneShort),
    ("差1天", Verb::OneShort),
    ("cyt", Verb::OneShort),
    ("打卡进度", Verb::Progress),
    ("查看进度", Verb::Progress),
    ("查进度", Verb::Progress),
    ("我的进度", Verb::Progress),
    ("进度", Verb::Progress),
    ("progress", Verb::Progress),
    ("jd", Verb::Progress),
    ("同步打卡", Verb::Sync),
    ("同步", Verb::Sync),
    ("sync", Verb::Sync),
    ("tb", Verb::Sync),
    ("催打卡", Verb::Urge),
    ("催促打卡", Verb::Urge),
    ("提醒打卡", Verb::Urge),
    ("催卡", Verb::Urge),
    ("urge", Verb::Urge),
    ("cdk", Verb::Urge),
    ("匹配成员", Verb::Match),
    ("匹配", Verb::Match),
    ("match", Verb::Match),
    ("pp", Verb::Match),
    ("待审核", Verb::Pending),
    ("待审批", Verb::Pending),
    ("待审", Verb::Pending),
    ("审核", Verb::Pending),
    ("审批", Verb::Pending),
    ("pending", Verb::Pending),
    ("dsh", Verb::Pending),
    ("退款", Verb::Refund),
    ("退押金", Verb::Refund),
    ("refund", Verb::Refund),
    ("tk", Verb::Refund),
    ("重试", Verb::Retry),
    ("retry", Verb::Retry),
    ("cs", Verb::Retry),
    ("报表", Verb::Report),
    ("月报", Verb::Report),
    ("report", Verb::Report),
    ("bb", Verb::Report),
    ("二维码", Verb::EnrollCode),
    ("报名码", Verb::EnrollCode),
    ("qrcode", Verb::EnrollCode),
    ("ewm", Verb::EnrollCode),
    ("状态", Verb::Status),
    ("status", Verb::Status),
    ("zt", Verb::Status),
];

/// What somebody typed, in one width, without the slash before it and without U+0000, which
/// PostgreSQL refuses in what is searched for.
fn readable(text: &str) -> String {
    let characters = text.nfkc().filter(|character| *character != '\0');
    let text: String = characters.take(MAX_CHARACTERS).collect();
    text.trim().trim_start_matches('/').trim_start().to_owned()
}

/// Reads what somebody typed; `None` if it is no command.
#[must_use]
pub fn parse(text: &str) -> Option<Command> {
    let text = readable(text);
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
    let (verb, glued) = verb_of(first)?;
    let glued = Some(glued).filter(|word| !word.is_empty());
    Some(Command {
        verb,
        words: glued
            .into_iter()
            .chain(rest.split_whitespace())
            .map(str::to_owned)
            .collect(),
    })
}

/// The verb that a word is or begins with, and what is left of the word.
fn verb_of(word: &str) -> Option<(Verb, &str)> {
    let lower = word.to_lowercase();
    if let Some((_, verb)) = ALIASES.iter().find(|(alias, _)| *alias == lower) {
        return Some((*verb, ""));
    }
    ALIASES.iter().find_map(|(alias, verb)| {
        let rest = word
            .get(..alias.len())
            .filter(|head| head.to_lowercase() == *alias)
            .and_then(|_| word.get(alias.len()..))?;
        // `jdx` is no command, `jd写作营` is one.
        let runs_on = alias.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        (!runs_on).then_some((*verb, rest))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read_as_people_type_them() {
        for (text, verb, words) in [
            ("帮助", Verb::Help, &[][..]),
            ("？", Verb::Help, &[]),
            ("BZ", Verb::Help, &[]),
            ("进度", Verb::Progress, &[]),
            ("/进度 写作营", Verb::Progress, &["写作营"]),
            ("／进度　写作营　小明", Verb::Progress, &["写作营", "小明"]),
            ("进度写作营 小明", Verb::Progress, &["写作营", "小明"]),
            ("jd 写作营", Verb::Progress, &["写作营"]),
            ("ＪＤ", Verb::Progress, &[]),
            ("jd写作营", Verb::Progress, &["写作营"]),
            ("打卡进度", Verb::Progress, &[]),
            ("训练营", Verb::Camps, &[]),
            ("退款 小明", Verb::Refund, &["小明"]),
            ("重试全部", Verb::Retry, &["全部"]),
            ("报表2026-10", Verb::Report, &["2026-10"]),
            ("ewm 写作营", Verb::EnrollCode, &["写作营"]),
            ("zt", Verb::Status, &[]),
            ("tb", Verb::Sync, &[]),
            ("  同步  3  ", Verb::Sync, &["3"]),
            ("dsh", Verb::Pending, &[]),
            ("匹配 写作营 小明", Verb::Match, &["写作营", "小明"]),
            ("pp写作营", Verb::Match, &["写作营"]),
            ("审核 读书营", Verb::Pending, &["读书营"]),
            ("进\0度 写作\0营", Verb::Progress, &["写作营"]),
        ] {
            let expected = Command {
                verb,
                words: words.iter().map(|word| (*word).to_owned()).collect(),
            };
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_talk_is_no_command() {
        for text in ["", " ", "/", "你好", "jdx", "tbs", "谢谢进度", "helping"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_verb_is_its_own_word() {
        for verb in Verb::ALL {
            let command = parse(verb.as_str()).unwrap();
            assert_eq!((command.verb, command.words.len()), (*verb, 0));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,300}") {
            if let Some(command) = parse(&text) {
                prop_assert!(command.words.len() <= MAX_CHARACTERS);
            }
        }
    }
}
