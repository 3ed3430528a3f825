//! Camps that nobody has seen: people, namesakes and slips of the pen are drawn afresh from a seed,
//! with the kinds of error of the labelled data and about as often. What holds on the two labelled
//! camps must hold here.

use std::collections::HashMap;

use campkeeper::domain::matching::{Candidate, Claim, Decision};

use super::data::{DataSet, account, claim, decide, score};

const SURNAMES: &str =
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡";
const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉文建志海峰斌生语诗涵欣怡梓晨";
const PHRASES: [&str; 24] = [
    "海阔天空",
    "奔跑的蜗牛",
    "追风少年",
    "南风知我意",
    "早起的鸟",
    "终身成长",
    "知行合一",
    "星辰大海",
    "慢慢变富",
    "小明同学",
    "橘子汽水",
    "小确幸",
    "独角兽",
    "向日葵",
    "Tony老师",
    "Mr.Wang",
    "Kevin",
    "Jason",
    "Vivian",
    "Momo",
    "老K",
    "大白",
    "清风",
    "半夏",
];
const SUFFIXES: [&str; 8] = [
    "-深圳",
    "·成都",
    "_北京",
    "@上海",
    "-读书会",
    "｜写作营",
    "（已打卡）",
    "2025",
];
const SIGNS: [&str; 5] = ["✨", "🍀", "🔥", "🐱", "🌈"];

/// SplitMix64: the same numbers everywhere, for ever.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn letter(&mut self, of: &str) -> char {
        let letters: Vec<char> = of.chars().collect();
        self.pick(&letters)
    }

    fn name(&mut self) -> String {
        let surname = self.letter(SURNAMES);
        let (first, second) = (self.letter(GIVEN), self.letter(GIVEN));
        let core = match self.below(100) {
            0..27 => format!("{surname}{first}{second}"),
            27..42 => format!("{surname}{first}"),
            42..57 => format!("{}{surname}", self.letter("小大老阿")),
            57..86 => self.pick(&PHRASES).to_owned(),
            _ => format!("{}{surname}", self.pick(&PHRASES)),
        };
        let sign = if self.one_in(8) {
            self.pick(&SIGNS)
        } else {
            ""
        };
        let suffix = if self.one_in(5) {
            self.pick(&SUFFIXES)
        } else {
            ""
        };
        format!("{sign}{core}{suffix}")
    }

    /// A name as people write it another time.
    fn noisy(&mut self, name: &str) -> String {
        let letters: Vec<char> = name.chars().collect();
        match self.below(10) {
            0..3 => format!("{name}{}", self.pick(&SUFFIXES)),
            3..5 => format!("{}{name}", self.pick(&SIGNS)),
            5 => format!(" {name} "),
            6 if letters.len() > 2 => {
                let left_out = self.below(letters.len());
                let kept = letters.iter().enumerate().filter(|(at, _)| *at != left_out);
                kept.map(|(_, letter)| letter).collect()
            }
            7 => format!("{name}{}", self.letter(SURNAMES)),
            _ => name.to_owned(),
        }
    }

    /// The account's nickname in some writing, or the name of nobody here.
    fn wechat(&mut self, nickname: &str) -> String {
        match self.below(10) {
            0..4 => nickname.to_owned(),
            4..6 => self.noisy(nickname),
            _ => self.name(),
        }
    }

    /// An id with one slip.
    fn slip(&mut self, id: &str) -> String {
        let mut digits: Vec<char> = id.chars().collect();
        let at = 1 + self.below(digits.len() - 2);
        match self.below(3) {
            0 => drop(digits.remove(at)),
            1 => digits.swap(at, at + 1),
            _ => digits[at] = self.letter("0123456789"),
        }
        digits.into_iter().collect()
    }
}

/// How a camp is: all of these are “one in so many”.
struct Mix {
    namesakes: usize,
    not_in_roster: usize,
}

const USUAL: Mix = Mix {
    namesakes: 12,
    not_in_roster: 11,
};
const HARD: Mix = Mix {
    namesakes: 5,
    not_in_roster: 6,
};

const PAYERS: usize = 300;
const OTHERS: usize = 45;

fn people(dice: &mut Dice, mix: &Mix) -> Vec<Candidate> {
    let mut people: Vec<Candidate> = Vec::new();
    for at in 0..PAYERS + OTHERS {
        let nickname = if at > 0 && dice.one_in(mix.namesakes) {
            dice.pick(&people).nickname.unwrap()
        } else {
            dice.name()
        };
        let id = 10_000_000_000_000 + dice.below(800_000_000_000_000);
        people.push(account(&id.to_string(), &nickname));
    }
    people
}

/// What the owner of an account fills in.
fn filled(dice: &mut Dice, key: &str, owner: &Candidate, roster: &[Candidate]) -> Claim {
    let nickname = owner.nickname.clone().unwrap();
    let wechat = dice.wechat(&nickname);
    let id = owner.user_id.as_str();
    match dice.below(100) {
        0..44 => claim(key, id, &nickname, &wechat),
        44..48 => claim(
            key,
            &format!(" {} {} ", &id[..4], &id[4..]),
            &nickname,
            &wechat,
        ),
        48..60 => claim(key, id, &dice.noisy(&nickname), &wechat),
        60..73 => claim(key, &dice.slip(id), &nickname, &wechat),
        73..80 => claim(key, &dice.slip(id), &dice.noisy(&nickname), &wechat),
        80..90 => claim(key, "", &dice.noisy(&nickname), &wechat),
        90..94 => claim(key, "", "", &wechat),
        94..97 => claim(key, id, &dice.name(), &wechat),
        _ => claim(key, &dice.pick(roster).user_id, &nickname, &wechat),
    }
}

fn camp(seed: u64, mix: &Mix) -> DataSet {
    let mut dice = Dice(seed);
    let people = people(&mut dice, mix);
    let is_absent: Vec<bool> = (0..people.len())
        .map(|at| at < PAYERS && dice.one_in(mix.not_in_roster))
        .collect();
    let known = people
        .iter()
        .zip(&is_absent)
        .filter(|(_, absent)| !**absent);
    let candidates: Vec<Candidate> = known.map(|(person, _)| person.clone()).collect();
    let mut claims = Vec::new();
    let mut truth = HashMap::new();
    for (at, owner) in people.iter().take(PAYERS).enumerate() {
        let key = format!("ord_{at}");
        claims.push(filled(&mut dice, &key, owner, &candidates));
        let id = if is_absent[at] { "" } else { &owner.user_id };
        truth.insert(key, id.to_owned());
    }
    DataSet {
        claims,
        candidates,
        truth,
    }
}

/// Over all camps: payers in the roster, those matched, those suggested rightly and wrongly.
#[derive(Debug, Default)]
struct Tally {
    present: usize,
    matched: usize,
    suggested_right: usize,
    suggested_wrong: usize,
}

fn tally(seeds: std::ops::Range<u64>, mix: &Mix) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let camp = camp(seed, mix);
        let verdicts = decide(&camp.claims, &camp.candidates);
        let score = score(&verdicts, &camp.truth);
        assert!(score.wrong.is_empty(), "seed {seed}: {:?}", score.wrong);
        assert_eq!(score.assigned_twice, 0, "seed {seed}");
        tally.present += score.present;
        tally.matched += score.matched_right;
        for verdict in verdicts.iter().filter(|v| v.decision == Decision::Review) {
            let is_right = verdict.best.as_deref() == Some(camp.truth[&verdict.claim].as_str());
            tally.suggested_right += usize::from(is_right);
            tally.suggested_wrong += usize::from(!is_right);
        }
    }
    tally
}

#[test]
fn invented_camps_are_matched_without_a_wrong_one() {
    let tally = tally(0..30, &USUAL);
    assert!(tally.matched * 100 >= tally.present * 80, "{tally:?}");
    assert!(
        tally.suggested_right >= tally.suggested_wrong * 12,
        "{tally:?}"
    );
}

#[test]
fn camps_full_of_namesakes_and_strangers_are_matched_without_a_wrong_one() {
    let tally = tally(0..15, &HARD);
    assert!(tally.matched * 100 >= tally.present * 75, "{tally:?}");
    assert!(
        tally.suggested_right >= tally.suggested_wrong * 8,
        "{tally:?}"
    );
}
