//! Commands as people type them: `进度`, `/进度 写作营`, `jd`, `进度写作营`. The menu's keys are the
//! command words, so a tap is read in the same way.

use unicode_normalization::UnicodeNormalization as _;

/// Characters of a message that are looked at.
const MAX_CHARACTERS: usize = 200;

pub use crate::domain::command::Verb;

/// A verb and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub verb: Verb,
    /// The words behind it: a camp, a member.
    pub words: Vec<String>,
}

/// Other words for the verbs: synonyms, pinyin initials, English. Longer ones stand before their
/// own beginnings, since a camp's name may follow without a space.
const ALIASES: &[(&str, Verb)] = &[
    ("帮助", Verb::Help),
    ("菜单", Verb::Help),
    ("help", Verb::Help),
    ("bz", Verb::Help),
    ("?", Verb::Help),
    ("训练营", Verb::Progress),
    ("xly", Verb::Progress),
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
];

/// Words for things that people may expect of us and that we do not do: it is said plainly, not guessed at.
const FOREIGN: &[&str] = &["催打卡", "退款", "重试", "报表", "二维码", "状态"];

/// The word of something that we do not do, if `text` begins with one.
#[must_use]
pub fn foreign(text: &str) -> Option<&'static str> {
    let text = readable(text);
    FOREIGN.iter().copied().find(|word| text.starts_with(word))
}

/// Greetings.
const GREETINGS: &[&str] = &[
    "你好",
    "您好",
    "hi",
    "hello",
    "在吗",
    "早上好",
    "下午好",
    "晚上好",
];
/// Characters between a verb and a name in a sentence.
const BETWEEN: &[char] = &[
    '的', '呢', '吗', '一', '下', '？', '?', '，', ',', '。', '！', '!',
];

/// Is true where somebody says hello, and nothing else that we know.
#[must_use]
pub fn is_greeting(text: &str) -> bool {
    let text = readable(text).to_lowercase();
    GREETINGS.iter().any(|greeting| text.starts_with(greeting))
}

/// The command that somebody may have meant by what is none: `九月的进度` is `进度 九月`, and one
/// letter of a word may be wrong.
#[must_use]
pub fn nearest(text: &str) -> Option<String> {
    let text = readable(text);
    let spoken = ALIASES.iter().filter(|(alias, _)| !alias.is_ascii());
    let spoken = spoken.max_by_key(|(alias, _)| text.find(alias).map(|_| alias.len()));
    if let Some((alias, verb)) = spoken.filter(|(alias, _)| text.contains(alias)) {
        let rest = text.replacen(alias, " ", 1);
        let words: Vec<&str> = rest
            .split_whitespace()
            .map(|word| word.trim_matches(BETWEEN))
            .filter(|word| !word.is_empty())
            .collect();
        // A sentence is not a name.
        let name = words
            .first()
            .filter(|word| words.len() == 1 && word.chars().count() <= 8);
        return Some(name.map_or_else(|| verb.to_string(), |name| format!("{verb} {name}")));
    }
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
    let first = first.to_lowercase();
    let is_near =
        |alias: &str| alias.chars().count() >= 2 && strsim::levenshtein(alias, &first) == 1;
    let (_, verb) = ALIASES.iter().find(|(alias, _)| is_near(alias))?;
    Some(format!("{verb} {}", rest.trim()).trim_end().to_owned())
}

/// What somebody typed, in one width, without the slash before it and without U+0000, which
/// PostgreSQL refuses in what is searched for.
fn readable(text: &str) -> String {
    let characters = text.nfkc().filter(|character| *character != '\0');
    let text: String = characters.take(MAX_CHARACTERS).collect();
    text.trim().trim_start_matches('/').trim_start().to_owned()
}

impl Command {
    /// Reads what somebody typed; `None` if it is no command.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = readable(text);
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        let (verb, glued) = verb_of(first)?;
        let glued = Some(glued).filter(|word| !word.is_empty());
        Some(Self {
            verb,
            words: glued
                .into_iter()
                .chain(rest.split_whitespace())
                .map(str::to_owned)
                .collect(),
        })
    }
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
            ("训练营", Verb::Progress, &[]),
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
            assert_eq!(Command::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_talk_is_no_command() {
        for text in ["", " ", "/", "你好", "jdx", "tbs", "谢谢进度", "helping"] {
            assert_eq!(Command::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_we_do_not_do_is_known_by_its_word() {
        assert_eq!(foreign("／催打卡 写作营"), Some("催打卡"));
        assert_eq!(foreign("报表本月"), Some("报表"));
        assert_eq!(foreign("你好"), None);
        for word in FOREIGN {
            assert_eq!(Command::parse(word), None, "{word}");
        }
    }

    #[test]
    fn what_is_nearly_a_command_is_guessed() {
        for (text, meant) in [
            ("九月的进度", Some("进度 九月")),
            ("谢谢进度", Some("进度 谢谢")),
            ("帮我看一下九月写作营今天的进度怎么样了", Some("进度")),
            ("进渡 九月", Some("进度 九月")),
            ("待申核", Some("待审核")),
            ("synk", Some("同步")),
            ("今天天气不错", None),
            ("", None),
        ] {
            assert_eq!(nearest(text).as_deref(), meant, "{text}");
        }
        assert!(is_greeting("您好呀") && is_greeting("Hi") && !is_greeting("进度"));
    }

    #[test]
    fn every_verb_is_its_own_word() {
        for verb in Verb::ALL {
            let command = Command::parse(verb.as_str()).unwrap();
            assert_eq!((command.verb, command.words.len()), (*verb, 0));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,300}") {
            if let Some(command) = Command::parse(&text) {
                prop_assert!(command.words.len() <= MAX_CHARACTERS);
            }
        }
    }
}
