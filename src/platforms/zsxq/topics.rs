//! The posts of a check-in project: who checked in when (zsxq §4.4). They give the calendar; the
//! ranking gives the totals.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use wecom::lenient_json::Records;

use super::Planet;
use super::error::Error;
use super::time::{shanghai_date, to_query};
use super::wire::{Id, WireUser, flag, instant, log_lost, or_none, text};

const CALL: &str = "checkins/C/topics";

/// Posts per page: the count that is known to work.
const PAGE_ROWS: usize = 20;

/// 20,000 posts: a camp of 1,000 members over three weeks, read from the start.
const MAX_PAGES: usize = 1_000;

/// Longest text that is looked through for codes.
const MAX_TEXT_CHARS: usize = 2_000;
/// Characters of a post that are kept, for the staff of its camp (design §3).
const MAX_SUMMARY_CHARS: usize = 40;
/// Codes that are taken from one post at most.
const MAX_CODES: usize = 16;
/// Characters of a code.
const CODE_CHARS: usize = 4;

/// One check-in post. Of its text nothing is kept but its beginning and what may be a code; its
/// pictures are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The post's id, above 2^53: a string in every JSON.
    pub topic_id: i64,
    /// Who posted it.
    pub user_id: i64,
    /// Nickname; may be blank, may repeat.
    pub name: String,
    /// Name on this planet's card; empty if none was set.
    pub alias: String,
    /// When it was posted; later edits do not move it.
    pub created_at: DateTime<Utc>,
    /// Its title; often empty.
    pub title: String,
    /// Words of its title and text that may be a code: four letters and digits, both among them, in
    /// capitals.
    pub codes: Vec<String>,
    /// The beginning of its title and text, as one line; empty where there are no words.
    pub summary: String,
}

impl Post {
    /// The day this post counts for: the Shanghai date of its creation.
    pub fn shanghai_date(&self) -> NaiveDate {
        shanghai_date(self.created_at)
    }
}

/// What reading the posts down to a moment gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicsReading {
    /// Posts at or after the moment, newest first, each once.
    pub posts: Vec<Post>,
    /// False when the planet was seen to ignore the paging parameter on this path, which nobody
    /// has confirmed: then only the newest posts can be had.
    pub paging_supported: bool,
    /// True when every post since the moment is in `posts`.
    pub is_complete: bool,
    /// Rows that are no readable post of this project (no author, no time, another project).
    pub unreadable_rows: usize,
    /// Of these, how many may be posts of this project that cannot be read.
    pub lost_rows: usize,
}

impl Planet {
    /// The posts of a project from the newest down to `since`, pages linked by an inclusive
    /// `end_time` and joined by post id, until a page brings nothing new or reaches `since`.
    ///
    /// # Errors
    /// See [`Error`]; a failed page fails the whole.
    pub async fn topics(
        &self,
        checkin_id: i64,
        since: DateTime<Utc>,
    ) -> Result<TopicsReading, Error> {
        let mut reader = Reader::new(checkin_id, since);
        let mut end_time: Option<DateTime<Utc>> = None;
        for page_idx in 0..MAX_PAGES {
            let cursor = end_time.map(|at| format!("&end_time={}", to_query(at)));
            let part = format!(
                "/topics?scope=all&count={PAGE_ROWS}{}",
                cursor.unwrap_or_default()
            );
            let path = self.checkin_path(checkin_id, &part);
            let rows = self
                .transport
                .get::<TopicsAnswer>(CALL, &path)
                .await?
                .topics;
            log_lost(CALL, page_idx, &rows);
            match reader.take_page(rows, end_time) {
                Next::Page(older) => end_time = Some(older),
                Next::End => return Ok(reader.finish()),
            }
        }
        Err(Error::TooManyPages {
            call: CALL,
            limit_pages: MAX_PAGES,
        })
    }
}

enum Next {
    Page(DateTime<Utc>),
    End,
}

/// Joins pages. Knows nothing of how they are fetched.
struct Reader {
    checkin_id: i64,
    since: DateTime<Utc>,
    seen: HashSet<i64>,
    reading: TopicsReading,
}

impl Reader {
    fn new(checkin_id: i64, since: DateTime<Utc>) -> Self {
        let reading = TopicsReading {
            posts: Vec::new(),
            paging_supported: true,
            is_complete: false,
            unreadable_rows: 0,
            lost_rows: 0,
        };
        Self {
            checkin_id,
            since,
            seen: HashSet::new(),
            reading,
        }
    }

    /// Takes the page that was asked for with `end_time`.
    fn take_page(&mut self, rows: Records<WirePost>, end_time: Option<DateTime<Utc>>) -> Next {
        let is_short = rows.total() < PAGE_ROWS;
        let posts = self.readable(rows);
        // A sticky post may stand on top whatever its age: it says nothing about the order.
        let flow = || {
            posts
                .iter()
                .filter(|post| !post.sticky)
                .map(|post| post.create_time)
        };
        let ignores_end_time = end_time.is_some_and(|end| flow().any(|at| at > end));
        let oldest = flow().next_back();

        let fresh = posts
            .into_iter()
            .filter(|post| self.seen.insert(post.topic_id.0))
            .collect();
        let brought_nothing = self.keep(fresh);
        if ignores_end_time {
            self.reading.paging_supported = false;
            // The same newest posts again: all there are, if they do not fill a page.
            self.reading.is_complete = is_short;
            return Next::End;
        }
        match oldest {
            Some(oldest) if oldest >= self.since && !brought_nothing => Next::Page(oldest),
            Some(oldest) => {
                // A full page of posts all seen before can hide older ones behind it.
                self.reading.is_complete = oldest < self.since || is_short;
                Next::End
            }
            None => {
                self.reading.is_complete = is_short;
                Next::End
            }
        }
    }

    fn readable(&mut self, rows: Records<WirePost>) -> Vec<WirePost> {
        let n_rows = rows.total();
        self.reading.lost_rows += rows.lost().len();
        let mut posts = rows.into_kept();
        posts.retain(|post| post.is_of(self.checkin_id));
        self.reading.unreadable_rows += n_rows - posts.len();
        posts
    }

    /// Keeps the new posts that are young enough; true when there was none new at all.
    fn keep(&mut self, fresh: Vec<WirePost>) -> bool {
        let brought_nothing = fresh.is_empty();
        let since = self.since;
        let young = fresh.into_iter().filter(|post| post.create_time >= since);
        self.reading.posts.extend(young.map(Post::from));
        brought_nothing
    }

    fn finish(mut self) -> TopicsReading {
        self.reading
            .posts
            .sort_by_key(|post| std::cmp::Reverse((post.created_at, post.topic_id)));
        self.reading
    }
}

#[derive(Deserialize)]
pub(super) struct TopicsAnswer {
    topics: Records<WirePost>,
}

#[cfg(any(test, fuzzing))]
impl TopicsAnswer {
    /// Rows on the page, whether they could be read or not.
    pub(super) fn n_rows(&self) -> usize {
        self.topics.total()
    }
}

#[derive(Deserialize)]
struct WirePost {
    topic_id: Id,
    talk: WireTalk,
    #[serde(deserialize_with = "instant")]
    create_time: DateTime<Utc>,
    #[serde(default, deserialize_with = "text")]
    title: String,
    #[serde(default, deserialize_with = "flag")]
    sticky: bool,
    #[serde(default, deserialize_with = "or_none")]
    checkin: Option<WireProject>,
}

#[derive(Deserialize)]
struct WireTalk {
    owner: WireUser,
    #[serde(default, deserialize_with = "or_none")]
    text: Option<String>,
}

#[derive(Deserialize)]
struct WireProject {
    checkin_id: Id,
}

impl WirePost {
    fn is_of(&self, checkin_id: i64) -> bool {
        self.checkin
            .as_ref()
            .is_none_or(|project| project.checkin_id.0 == checkin_id)
    }
}

impl From<WirePost> for Post {
    fn from(wire: WirePost) -> Self {
        let WireTalk { owner, text } = wire.talk;
        let words = format!("{} {}", wire.title, text.unwrap_or_default());
        let (codes, summary) = (codes_in(&words), summary_of(&words));
        Self {
            topic_id: wire.topic_id.0,
            user_id: owner.user_id.0,
            name: owner.name,
            alias: owner.alias,
            created_at: wire.create_time,
            title: wire.title,
            codes,
            summary,
        }
    }
}

/// The parts of a text that are the member's: the planet's own tags (`<e type="web" … />`) are not.
fn own_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("<e ").enumerate().map(|(place, part)| {
        if place == 0 {
            part
        } else {
            part.split_once("/>").map_or("", |(_, after)| after)
        }
    })
}

/// The beginning of what a member wrote, in one line.
fn summary_of(text: &str) -> String {
    let own: String = own_parts(text)
        .flat_map(str::chars)
        .map(|c| {
            if c.is_whitespace() || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .take(MAX_TEXT_CHARS)
        .collect();
    let words: Vec<&str> = own.split(' ').filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(MAX_SUMMARY_CHARS).collect();
    line.trim_end().to_owned()
}

/// Finds what may be a code. Full-width letters count as what they look like.
fn codes_in(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for own in own_parts(text) {
        let plain: String = own.chars().take(MAX_TEXT_CHARS).map(narrow).collect();
        let words = plain.split(|c: char| !c.is_ascii_alphanumeric());
        codes.extend(
            words
                .filter(|word| may_be_code(word))
                .map(str::to_ascii_uppercase),
        );
    }
    codes.truncate(MAX_CODES);
    codes
}

fn may_be_code(word: &str) -> bool {
    word.len() == CODE_CHARS
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A full-width letter or digit (U+FF01–U+FF5E) as the one of ASCII.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests;
