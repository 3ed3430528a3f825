//! What somebody means by a sentence: a small grammar, and no model. A sentence names a topic, and
//! besides it perhaps a camp, a person, a month; whatever is left over is how people talk. What only
//! tells something is answered at once; what does something is done only where a sentence is a plain
//! command, and else asked about.

mod words;

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization as _;

use super::command::{self, ALIASES};
use super::dates;
use super::names::{self, Found};
use crate::domain::command::{Command, Verb};
use crate::domain::matching::simplified;
use words::{
    AGAIN, ALL, ANYBODY, BUT, EDGES, GREETINGS, MARKS, NEGATIONS, QUESTIONS, TALK, THANKS, TOPICS,
};

pub(super) use words::{YESTERDAY, is_all};

/// What is understood of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Understood {
    /// This is what they want.
    Command(Command),
    /// They may want this.
    Perhaps(Command),
    /// They say hello, or thank us.
    Greeting,
    /// Words that may be somebody's name, or nothing.
    Unclear(String),
}

/// Characters of what may be somebody's name, or a number.
const MAX_NAME: usize = 32;
/// Characters that a piece of a sentence needs to name a camp, and has at most.
const MIN_CAMP: usize = 2;
const MAX_CAMP: usize = 24;
/// Characters of what is an order and no story.
const MAX_ORDER: usize = 24;
/// Characters of a sentence that are looked at: longer ones are stories.
const MAX_SENTENCE: usize = 60;

/// Understands what somebody typed; `camps` are the names of those that they may see.
pub(super) fn understand(text: &str, camps: &[String], today: NaiveDate) -> Understood {
    let text = readable(text);
    if let Some(command) = plain(&text, camps, today) {
        return Understood::Command(of_whom(command, camps));
    }
    if is_greeting(&text) {
        return Understood::Greeting;
    }
    Sentence::new(&text).understood(camps, today)
}

/// Reads a command that stands for itself: a verb, and behind it a camp, a person, a number, a month
/// or nothing.
fn plain(text: &str, camps: &[String], today: NaiveDate) -> Option<Command> {
    let read = command::parse(text)?;
    let words: Vec<&str> = read.words.iter().map(String::as_str).collect();
    let names_one = |word: &str| matches!(find(word, camps), Found::One(_));
    let means_all = |word: &&str| is_all(word) || ALL.iter().any(|all| word.contains(all));
    // `同步下写作营`: the end of the verb.
    let runs_on = |word: &str| word.strip_prefix('下').is_some_and(names_one);
    let is_clear = match (read.verb, words.as_slice()) {
        (_, []) => true,
        (Verb::Report, words) => dates::month_in(&words.concat(), today).is_some(),
        (Verb::Retry, words) if words.iter().any(means_all) => {
            matches!(words, [only] if is_all(only))
        }
        (_, [first, rest @ ..]) => {
            let is_camp = names_one(first) || names_one(&words.concat());
            let is_order = |word: &str| !word.contains(MARKS) && !runs_on(word);
            let is_name = |word: &&str| !is_talk(word) && (!read.verb.acts() || is_order(word));
            (is_camp && rest.iter().all(is_name)) || words.iter().all(is_name)
        }
    };
    is_clear.then_some(read)
}

/// True for what is a command whatever else was asked of them: a verb alone, or behind it a camp, a
/// month, all that there is, or, set apart from it, somebody's name. Words that run on (`退款前已说过`)
/// are a sentence that begins like one.
pub(super) fn is_command(text: &str, camps: &[String], today: NaiveDate) -> bool {
    let text = readable(text);
    let Some(command) = plain(&text, camps, today) else {
        return false;
    };
    let Some(first) = command.words.first() else {
        return true;
    };
    let is_apart = text.split_whitespace().nth(1) == Some(first);
    let may_mean_camp = |word: &str, apart: bool| match find(word, camps) {
        Found::One(_) => true,
        Found::Several(_) => apart,
        Found::None(nearest) => apart && !nearest.is_empty(),
    };
    match command.verb {
        Verb::Report => true,
        Verb::Retry if is_all(first) => true,
        Verb::Progress | Verb::Match | Verb::Refund | Verb::Retry if is_apart => true,
        _ => may_mean_camp(first, is_apart) || may_mean_camp(&command.words.concat(), is_apart),
    }
}

/// The money of a camp, and of nobody in it, is what waits there.
fn of_whom(command: Command, camps: &[String]) -> Command {
    let is_camp = |words: &[String]| matches!(find(&words.concat(), camps), Found::One(_));
    match command.verb {
        Verb::Refund if is_camp(&command.words) => Command {
            verb: Verb::Pending,
            ..command
        },
        _ => command,
    }
}

/// True where nothing is left of a text but hello and thanks.
fn is_greeting(text: &str) -> bool {
    let mut greetings: Vec<&str> = GREETINGS.to_vec();
    greetings.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut left = text.to_lowercase();
    for word in greetings {
        left = left.replace(word, "");
    }
    let is_filler =
        |c: char| c.is_whitespace() || matches!(c, '呀' | '啊' | '哦' | '老' | '师' | '了');
    !text.is_empty() && left.chars().all(is_filler)
}

/// True for what is no name, but how people talk.
fn is_talk(word: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|known| word.contains(known));
    let is_topic = TOPICS
        .iter()
        .any(|(_, words)| words.iter().any(|known| word.contains(known)));
    let is_around = |talk: &&str| word.starts_with(talk) || word.ends_with(talk);
    is_topic
        || has(QUESTIONS)
        || has(NEGATIONS)
        || word.starts_with('的')
        || word.ends_with('的')
        || TALK.iter().any(is_around)
}

/// A sentence from which what is understood is taken away.
struct Sentence {
    /// As it was typed.
    typed: Vec<char>,
    /// In small letters and one script, character by character.
    text: String,
    left: String,
}

impl Sentence {
    fn new(text: &str) -> Self {
        let typed: Vec<char> = text.chars().collect();
        let text: String = typed
            .iter()
            .map(|c| simplified(c.to_ascii_lowercase()))
            .collect();
        Self {
            typed,
            left: text.clone(),
            text,
        }
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// Takes a piece away; what stood on its sides stays apart.
    fn take(&mut self, piece: &str) {
        self.left = self.left.replace(piece, " ");
    }

    fn understood(mut self, camps: &[String], today: NaiveDate) -> Understood {
        let month = self.month(today);
        // Camps are looked for first: a name may hold a topic (“打卡营”).
        let camp = self.camp(camps);
        let Some(verb) = self.topic(camp.as_deref()) else {
            let name = self.name();
            return Understood::Unclear(name.unwrap_or_default());
        };
        let (verb, is_sure) = match verb {
            Topic::Sure(verb) => (verb, true),
            Topic::Near(verb) => (verb, false),
        };
        self.forget(verb);
        let is_order = self.is_order();
        self.forget_around(verb);
        let all = verb == Verb::Retry && self.take_all();
        let parts = Parts {
            name: self.name(),
            month,
            camp,
            all,
        };
        let (name, camp) = (&parts.name, &parts.camp);
        let verb = match verb {
            // How one camp is doing is no report of a month.
            Verb::Report if parts.month.is_none() && camp.is_some() => Verb::Progress,
            // Whether somebody's refund has failed is told, and it is not tried again.
            Verb::Retry if is_sure && name.is_some() && !self.has(AGAIN) => Verb::Refund,
            verb => verb,
        };
        let words = self.words(verb, &parts, camps);
        let asks = self.has(QUESTIONS) || self.text.contains('?');
        let refuses = self.has(NEGATIONS);
        let perhaps = |words| Understood::Perhaps(Command { verb, words });
        match verb {
            _ if !is_sure => perhaps(words),
            // Whether something was synced is told, not done again.
            Verb::Sync if asks && !refuses => {
                let verb = Verb::Progress;
                let words = parts.camp.into_iter().collect();
                Understood::Command(Command { verb, words })
            }
            verb if verb.acts() && (asks || refuses || !is_order || self.is_long()) => {
                perhaps(words)
            }
            Verb::Sync | Verb::Urge if name.as_ref().is_some_and(|name| !words.contains(name)) => {
                perhaps(words)
            }
            // All of somebody is not all.
            Verb::Retry if all && name.is_some() => perhaps(words),
            // The money of nobody in particular is what waits.
            Verb::Refund if name.is_none() => {
                let verb = Verb::Pending;
                Understood::Command(Command { verb, words })
            }
            verb => Understood::Command(Command { verb, words }),
        }
    }

    /// The words behind a verb.
    fn words(&self, verb: Verb, parts: &Parts, camps: &[String]) -> Vec<String> {
        let Parts {
            camp, name, month, ..
        } = parts;
        // A word that comes near to a camp is taken for one, and asked about.
        let like_camp = |name: &&String| match find(name, camps) {
            Found::None(nearest) => !nearest.is_empty(),
            Found::One(_) | Found::Several(_) => true,
        };
        let about = camp.as_ref().or_else(|| name.as_ref().filter(like_camp));
        let words: Vec<&String> = match verb {
            // A word that is no month is not passed over.
            Verb::Report => month.as_ref().or(name.as_ref()).into_iter().collect(),
            Verb::Help | Verb::Camps | Verb::Status => Vec::new(),
            Verb::Retry if self.has(BUT) => Vec::new(),
            Verb::Retry if parts.all && camp.is_none() && name.is_none() => {
                return vec![ALL[0].to_owned()];
            }
            Verb::Progress | Verb::Refund | Verb::Match | Verb::Retry => {
                camp.iter().chain(name).collect()
            }
            Verb::Absent if self.has(YESTERDAY) => {
                let day = YESTERDAY[0].to_owned();
                return about.cloned().into_iter().chain([day]).collect();
            }
            _ => about.into_iter().collect(),
        };
        words.into_iter().cloned().collect()
    }

    /// Nothing beside the words of an order says that it is none. This looks at what is left before
    /// the ends of words are trimmed, since these are what says so.
    fn is_order(&self) -> bool {
        let mut left = self.left.clone();
        for word in THANKS {
            left = left.replace(word, " ");
        }
        !left.contains(MARKS)
    }

    /// Takes away the words for all that there is; true if there were any.
    fn take_all(&mut self) -> bool {
        let before = self.left.chars().filter(|c| !c.is_whitespace()).count();
        for word in ALL {
            self.take(word);
        }
        let words = self.left.split_whitespace().filter(|word| !is_all(word));
        self.left = words.collect::<Vec<_>>().join(" ");
        before > self.left.chars().filter(|c| !c.is_whitespace()).count()
    }

    /// More than a command has words for.
    fn is_long(&self) -> bool {
        self.text.chars().filter(|c| !c.is_whitespace()).count() > MAX_ORDER
    }

    /// The longest piece that names one camp; it is taken away.
    fn camp(&mut self, camps: &[String]) -> Option<String> {
        let known: Vec<String> = camps.iter().map(|camp| names::folded(camp)).collect();
        let characters: Vec<char> = self.left.chars().collect();
        for len in (MIN_CAMP..=MAX_CAMP.min(characters.len())).rev() {
            for (idx, piece) in characters.windows(len).enumerate() {
                let piece: String = piece.iter().collect();
                if piece.trim() != piece || !may_name_camp(&piece) {
                    continue;
                }
                let folded = names::folded(&piece);
                let fitting = camps.iter().zip(&known);
                let equal = fitting.clone().find(|(_, name)| **name == folded);
                let mut within = fitting.filter(|(_, name)| name.contains(&folded));
                let only = match (within.next(), within.next()) {
                    (Some(only), None) if folded.chars().count() >= MIN_CAMP => Some(only),
                    _ => None,
                };
                if let Some((camp, name)) = equal.or(only) {
                    let before = idx
                        .checked_sub(1)
                        .map(|before| &characters[before..idx + len]);
                    let behind = characters.get(idx..=idx + len);
                    if [before, behind]
                        .into_iter()
                        .flatten()
                        .any(|longer| is_misspelt(longer, name))
                    {
                        return None;
                    }
                    let camp = camp.clone();
                    self.take(&piece);
                    return Some(camp);
                }
            }
        }
        self.spelt_camp(camps)
    }

    /// A word in Latin letters may spell a camp.
    fn spelt_camp(&mut self, camps: &[String]) -> Option<String> {
        let text = self.left.clone();
        let words = text.split(|c: char| !c.is_ascii_alphabetic());
        for word in words.filter(|word| word.len() > MIN_CAMP) {
            if let Found::One(camp) = find(word, camps) {
                let camp = camp.clone();
                self.take(word);
                return Some(camp);
            }
        }
        None
    }

    /// What it is about: the longest word for a topic; else a word that comes near to a command; else
    /// how things are, where it is about a camp or says so.
    fn topic(&self, camp: Option<&str>) -> Option<Topic> {
        let longest = |general: bool| {
            let words = TOPICS
                .iter()
                .filter(|(verb, _)| (*verb == Verb::Progress) == general)
                .flat_map(|(verb, words)| words.iter().map(move |word| (*verb, *word)));
            let found = words.filter(|(_, word)| self.left.contains(word));
            let longest = found.rev().max_by_key(|(_, word)| word.chars().count());
            longest.map(|(verb, _)| verb)
        };
        let about_camp = camp.map(|_| Verb::Progress);
        longest(false)
            .map(Topic::Sure)
            .or_else(|| self.near_command().map(Topic::Near))
            .or_else(|| longest(true).or(about_camp).map(Topic::Sure))
    }

    /// The command that its first word comes near to: one character of it is wrong, most likely by
    /// one that is pronounced alike.
    fn near_command(&self) -> Option<Verb> {
        let first = self.left.split_whitespace().next()?.trim_matches(EDGES);
        let is_topic = |(_, words): &(Verb, &[&str])| words.contains(&first);
        if ALIASES.iter().any(|(alias, _)| first.contains(alias))
            || TOPICS.iter().any(is_topic)
            || first.chars().count() < MIN_CAMP
        {
            return None;
        }
        let is_near = |alias: &str| {
            alias.chars().count() >= MIN_CAMP && strsim::levenshtein(alias, first) == 1
        };
        let mut near = ALIASES.iter().filter(|(alias, _)| is_near(alias));
        let spelt = names::spelt(first);
        let alike = near.clone().find(|(alias, _)| names::spelt(alias) == spelt);
        alike.or_else(|| near.next()).map(|(_, verb)| *verb)
    }

    /// Takes away what is said of topics, longer words first.
    fn take_topics(&mut self, topics: &[Verb]) {
        let words = TOPICS
            .iter()
            .filter(|(of, _)| topics.contains(of))
            .flat_map(|(_, words)| words.iter().copied());
        let mut words: Vec<&str> = words.collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for word in words {
            self.take(word);
        }
    }

    /// Takes away the words for what an order is about: check-ins are synced, refunds tried again.
    fn forget_around(&mut self, verb: Verb) {
        match verb {
            Verb::Sync | Verb::Urge => self.take_topics(&[Verb::Progress]),
            Verb::Retry => self.take_topics(&[Verb::Refund]),
            _ => {}
        }
    }

    /// Takes away all words for a topic.
    fn forget(&mut self, verb: Verb) {
        match verb {
            // Who is urged has not checked in.
            Verb::Urge => self.take_topics(&[Verb::Urge, Verb::Absent]),
            verb => self.take_topics(&[verb]),
        }
        if let Some(first) = self.left.split_whitespace().next().map(str::to_owned) {
            let is_near =
                |(alias, of): &(&str, Verb)| *of == verb && strsim::levenshtein(alias, &first) == 1;
            if ALIASES.iter().any(is_near) {
                self.take(&first);
            }
        }
    }

    /// The month that is named; a camp may be called by it too.
    fn month(&self, today: NaiveDate) -> Option<String> {
        let characters: Vec<char> = self.left.chars().collect();
        for len in (2..=8.min(characters.len())).rev() {
            for piece in characters.windows(len) {
                let piece: String = piece.iter().collect();
                let is_whole = !piece.contains(' ') && !piece.ends_with('的');
                if is_whole && dates::month_in(&piece, today).is_some() {
                    return Some(piece);
                }
            }
        }
        None
    }

    /// What may be a person's name, or a number: what is left when the talk is taken away, as it was
    /// typed.
    fn name(&self) -> Option<String> {
        let mut left = self.left.clone();
        let mut talk: Vec<&str> = TALK.to_vec();
        talk.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for word in talk {
            left = left.replace(word, " ");
        }
        let trimmed = left.split_whitespace().map(|word| word.trim_matches(EDGES));
        let words = trimmed.filter(|word| !word.is_empty() && !ANYBODY.contains(word));
        let name = words.map(|word| self.as_typed(word)).collect::<Vec<_>>();
        let name = name.join(" ");
        (!name.is_empty() && name.chars().count() <= MAX_NAME).then_some(name)
    }

    fn as_typed(&self, word: &str) -> String {
        let at = self.text.find(word);
        let from = at.and_then(|at| self.text.get(..at));
        let from = from.map_or(0, |before| before.chars().count());
        let len = word.chars().count();
        self.typed.iter().skip(from).take(len).collect()
    }
}

/// True for what is pronounced like a part of a name and written otherwise: `读书莹`. It is left to be
/// asked about as a whole.
fn is_misspelt(piece: &[char], name: &str) -> bool {
    let piece = names::folded(&piece.iter().collect::<String>());
    let spelt = names::spelt(&piece);
    !name.contains(&piece) && !spelt.is_empty() && names::spelt(name).contains(&spelt)
}

/// What a sentence names besides its topic.
struct Parts {
    camp: Option<String>,
    name: Option<String>,
    month: Option<String>,
    /// It is about all that there is.
    all: bool,
}

/// What a sentence is about.
enum Topic {
    Sure(Verb),
    /// A word comes near to it.
    Near(Verb),
}

/// What people call a camp is more than that it is one.
fn may_name_camp(piece: &str) -> bool {
    const EMPTY: &[&str] = &[
        "训练营",
        "训练",
        "打卡",
        "打卡营",
        "练营",
        "今天",
        "一天",
        "押金",
        "退款",
        "几天",
        "进度",
        "营的",
        "本月",
        "这个",
        "哪些",
    ];
    !EMPTY.contains(&piece)
}

fn find<'a>(piece: &str, camps: &'a [String]) -> Found<'a, String> {
    names::find(piece, camps, |camp| camp)
}

/// A sentence in one width, without what says nothing: marks, emoji, a slash before it.
fn readable(text: &str) -> String {
    let characters = text.nfkc().filter(|character| *character != '\0');
    let text: String = characters.take(MAX_SENTENCE).collect();
    let kept = text.chars().map(|c| match c {
        c if c.is_alphanumeric() || matches!(c, '-' | '_' | '?' | '.') => c,
        _ => ' ',
    });
    let kept: String = kept.collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod sentences;
