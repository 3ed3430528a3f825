//! Text folded: what remains of a nickname once spelling, width, script and decoration are set
//! aside.
//!
//! Knows nothing of likeness. A name is folded three times, each fold coarser than the one before:
//! [`exact`] (width, case, script, blanks), [`plain`] (also emoji and punctuation) and [`core`]
//! (also places, courses, years and whatever stands behind a separator).

use std::collections::HashMap;
use std::sync::LazyLock;

use hanconv::RawDictionary;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::shown_name::is_unseen;

/// Graphemes of a name that are looked at; the planet allows far fewer.
const MAX_GRAPHEMES: usize = 48;

/// Affixes removed from the core are at most this many per name.
const MAX_AFFIXES: usize = 4;

/// A core keeps at least this many graphemes; a name is never reduced to a single letter.
pub(super) const MIN_CORE: usize = 2;

/// Letters within a name that do not part it ("Mr.Wang").
const JOINERS: [char; 4] = ['.', '\'', '’', '&'];

/// What members hang on their nicknames: places, courses, trades, check-in marks. Folded form.
const AFFIXES: [&str; 62] = [
    "北京",
    "上海",
    "广州",
    "深圳",
    "杭州",
    "成都",
    "重庆",
    "武汉",
    "南京",
    "苏州",
    "西安",
    "天津",
    "长沙",
    "郑州",
    "青岛",
    "厦门",
    "宁波",
    "合肥",
    "福州",
    "济南",
    "大连",
    "沈阳",
    "昆明",
    "佛山",
    "东莞",
    "无锡",
    "香港",
    "澳门",
    "台北",
    "贵阳",
    "南宁",
    "南昌",
    "石家庄",
    "太原",
    "哈尔滨",
    "长春",
    "兰州",
    "珠海",
    "常州",
    "温州",
    "海口",
    "三亚",
    "读书会",
    "写作营",
    "训练营",
    "打卡营",
    "学习营",
    "成长营",
    "产品经理",
    "程序员",
    "设计师",
    "运营",
    "已打卡",
    "打卡中",
    "打卡",
    "已报名",
    "新人",
    "学员",
    "教练",
    "志愿者",
    "会员",
    "同行",
];

/// Traditional to simplified, one character at a time, from OpenCC's table (Apache-2.0).
///
/// Both sides of every comparison pass through it, so where one traditional character stands for
/// several simplified ones any fixed choice will do.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    const TABLE: &str = RawDictionary::TSCharacters.text();
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((only_char(words.next()?)?, only_char(words.next()?)?))
        })
        .collect()
});

/// The simplified form of a traditional character; any other character itself.
#[must_use]
pub fn simplified(c: char) -> char {
    SIMPLIFIED.get(&c).copied().unwrap_or(c)
}

/// Width, case, script and blanks set aside. Empty when nothing visible is left.
pub(super) fn exact(text: &str) -> String {
    let visible: String = text.graphemes(true).take(MAX_GRAPHEMES).collect();
    visible
        .nfkc()
        .filter(|c| !is_invisible(*c))
        .flat_map(char::to_lowercase)
        .map(simplified)
        .collect()
}

/// What nobody sees, but for the joiner that makes one emoji of several.
fn is_invisible(c: char) -> bool {
    const JOINER: char = '\u{200D}';
    c != JOINER && is_unseen(c)
}

/// Letters and digits alone.
pub(super) fn plain(section: &str) -> String {
    section.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The part that is the name itself: the first section that is no known affix, without affixes
/// and numbers at its end. Falls back to all letters where too little would be left.
pub(super) fn core(exact: &str) -> String {
    let section = exact
        .split(|c: char| !c.is_alphanumeric() && !JOINERS.contains(&c))
        .map(plain)
        .find(|section| !is_affix(section) && count(section) >= MIN_CORE);
    strip_affixes(section.unwrap_or_else(|| plain(exact)))
}

/// `day7`, `第3期`, a year or a running number, or a word of [`AFFIXES`].
fn is_affix(section: &str) -> bool {
    let counted = section
        .strip_prefix("day")
        .or_else(|| section.strip_prefix('第'));
    let number = counted.unwrap_or(section).trim_end_matches(['期', '天']);
    number.chars().all(|c| c.is_ascii_digit()) || AFFIXES.contains(&section)
}

fn strip_affixes(mut name: String) -> String {
    for _ in 0..MAX_AFFIXES {
        let shorter = AFFIXES
            .iter()
            .find_map(|affix| name.strip_suffix(affix))
            .unwrap_or_else(|| name.trim_end_matches(|c: char| c.is_ascii_digit()));
        if shorter.len() == name.len() || count(shorter) < MIN_CORE {
            break;
        }
        name.truncate(shorter.len());
    }
    name
}

fn count(text: &str) -> usize {
    text.graphemes(true).count()
}

/// The only character of `text`, if it has but one.
pub(super) fn only_char(word: &str) -> Option<char> {
    let mut chars = word.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}
