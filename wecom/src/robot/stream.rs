//! The life of a streamed answer: started, polled, finished, within six minutes
//! (wecom-bots-h5 §1.4, §12).
//!
//! [`Stream`] is a plain value for any store, since polls may reach another process.
//! [`Streams`] keeps them in memory for a robot that runs in one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::{MAX_CONTENT_BYTES, Snapshot};
use crate::limit::{self, LimitError};

/// The platform stops asking six minutes after the member's message. Half a minute is left for
/// the last poll, whose interval is not documented.
const CUT_OFF_AFTER_S: i64 = 330;
/// A stream is remembered for ten minutes, so that a late poll still finds its end.
const KEEP_S: i64 = 600;

/// One streamed answer. Times are Unix seconds, handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    id: String,
    started_at_s: i64,
    content: String,
    finished: bool,
    cut_off: bool,
}

/// The answer to a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Poll {
    /// The answer.
    pub snapshot: Snapshot,
    /// The six minutes ran out before the work was done: deliver the rest once through the
    /// message's [`ResponseUrl`](super::ResponseUrl).
    pub cut_off: bool,
}

impl Stream {
    /// Starts an answer to a message that came at `message_at_s`.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.id` if it is empty.
    pub fn start(id: impl Into<String>, message_at_s: i64) -> Result<Self, LimitError> {
        let id = id.into();
        limit::present("stream.id", &id)?;
        Ok(Self {
            id,
            started_at_s: message_at_s,
            content: String::new(),
            finished: false,
            cut_off: false,
        })
    }

    /// Id of the stream.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// True once the member was told that the rest comes later; then what follows must go
    /// through the message's [`ResponseUrl`](super::ResponseUrl).
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// True once the answer is complete.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Replaces the content so far.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.content` beyond 20,480 bytes; the content stays as it was.
    pub fn replace(&mut self, content: impl Into<String>) -> Result<(), LimitError> {
        let content = content.into();
        limit::bytes("stream.content", &content, MAX_CONTENT_BYTES)?;
        self.content = content;
        Ok(())
    }

    /// Replaces the content by the complete answer.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.content` beyond 20,480 bytes or without a visible character; the
    /// stream then goes on as it was.
    pub fn finish(&mut self, content: impl Into<String>) -> Result<(), LimitError> {
        let complete = Snapshot::finished(self.id.clone(), content)?;
        complete.content().clone_into(&mut self.content);
        self.finished = true;
        Ok(())
    }

    /// The answer to a poll.
    ///
    /// Once the time is nearly up, the content so far (shortened if need be) is closed with
    /// `to_be_continued`, a text that members read.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.content` if `to_be_continued` is empty or longer than 20,480
    /// bytes.
    pub fn poll(&mut self, now_s: i64, to_be_continued: &str) -> Result<Poll, LimitError> {
        let is_late = now_s.saturating_sub(self.started_at_s) >= CUT_OFF_AFTER_S;
        self.cut_off |= is_late && !self.finished;
        let snapshot = if self.cut_off {
            Snapshot::finished(self.id.clone(), closed_with(&self.content, to_be_continued))?
        } else if self.finished {
            Snapshot::finished(self.id.clone(), self.content.clone())?
        } else {
            Snapshot::running(self.id.clone(), self.content.clone())?
        };
        Ok(Poll {
            snapshot,
            cut_off: self.cut_off,
        })
    }

    /// True once the stream can be forgotten: ten minutes after its message.
    pub fn is_over(&self, now_s: i64) -> bool {
        now_s.saturating_sub(self.started_at_s) >= KEEP_S
    }
}

fn closed_with(content: &str, closing: &str) -> String {
    if content.is_empty() {
        return closing.to_owned();
    }
    let room = MAX_CONTENT_BYTES.saturating_sub(closing.len() + 1);
    format!("{}\n{closing}", limit::fit_bytes(content, room))
}

/// The answers in progress of a robot that runs in one process.
#[derive(Debug)]
pub struct Streams {
    capacity: usize,
    streams: Mutex<HashMap<String, Stream>>,
}

/// As many streams as allowed are in progress, all of them younger than ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many answers are in progress")]
pub struct StreamFull;

impl Streams {
    /// Room for `capacity` answers of the last ten minutes.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            streams: Mutex::new(HashMap::new()),
        }
    }

    /// Remembers a stream, forgetting those that are over. Says whether it is new: one that is known
    /// and not over goes on as it is, so that a message delivered again does not start its answer
    /// over.
    ///
    /// # Errors
    /// [`StreamFull`] if there is no room; nothing is remembered then.
    pub fn insert(&self, stream: Stream, now_s: i64) -> Result<bool, StreamFull> {
        let mut streams = self.lock();
        let known = streams.get(&stream.id);
        if known.is_some_and(|known| !known.is_over(now_s)) {
            return Ok(false);
        }
        if streams.len() >= self.capacity {
            streams.retain(|_, stream| !stream.is_over(now_s));
        }
        if streams.len() >= self.capacity {
            return Err(StreamFull);
        }
        streams.insert(stream.id.clone(), stream);
        Ok(true)
    }

    /// Changes or asks one stream; `None` if it is not known or over.
    pub fn with<T>(&self, id: &str, now_s: i64, act: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        self.lock()
            .get_mut(id)
            .filter(|stream| !stream.is_over(now_s))
            .map(act)
    }

    /// A poisoned lock only means that a closure panicked between two whole states.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_S: i64 = 1_760_000_000;

    fn poll(stream: &mut Stream, after_s: i64) -> (String, bool, bool) {
        let poll = stream.poll(START_S + after_s, "to be continued").unwrap();
        (
            poll.snapshot.content().to_owned(),
            poll.snapshot.is_finished(),
            poll.cut_off,
        )
    }

    #[test]
    fn a_stream_shows_whole_snapshots_until_it_is_finished() {
        let mut stream = Stream::start("s-1", START_S).unwrap();
        assert_eq!(poll(&mut stream, 0), (String::new(), false, false));
        stream.replace("1").unwrap();
        assert_eq!(poll(&mut stream, 1), ("1".to_owned(), false, false));
        stream.replace("123").unwrap();
        assert_eq!(poll(&mut stream, 329), ("123".to_owned(), false, false));
        stream.finish("1234").unwrap();
        assert_eq!(poll(&mut stream, 400), ("1234".to_owned(), true, false));
    }

    #[test]
    fn after_five_and_a_half_minutes_a_stream_is_cut_off_for_good() {
        let mut stream = Stream::start("s-1", START_S).unwrap();
        stream.replace("half").unwrap();
        let cut = ("half\nto be continued".to_owned(), true, true);
        assert_eq!(poll(&mut stream, 330), cut);
        stream.finish("half and half").unwrap();
        let late = ("half and half\nto be continued".to_owned(), true, true);
        assert_eq!(
            poll(&mut stream, 331),
            late,
            "a poll after the cut still ends the waiting"
        );
        assert!(stream.is_cut_off());

        let mut silent = Stream::start("s-2", START_S).unwrap();
        assert_eq!(
            poll(&mut silent, 999),
            ("to be continued".to_owned(), true, true)
        );
    }

    #[test]
    fn a_full_stream_still_closes_within_the_limit() {
        let mut stream = Stream::start("s-1", START_S).unwrap();
        stream.replace("中".repeat(MAX_CONTENT_BYTES / 3)).unwrap();
        let closing = stream
            .poll(START_S + 330, "to be continued")
            .unwrap()
            .snapshot;
        assert!(closing.content().len() <= MAX_CONTENT_BYTES);
        assert!(closing.content().ends_with("…\nto be continued"));
    }

    #[test]
    fn a_stream_that_cannot_be_shown_is_refused() {
        assert!(Stream::start("", START_S).is_err());
        let mut stream = Stream::start("s-1", START_S).unwrap();
        stream.replace("kept").unwrap();
        assert!(stream.replace("x".repeat(MAX_CONTENT_BYTES + 1)).is_err());
        for invisible in ["", " \n", "\u{200b}\u{feff}"] {
            assert!(stream.finish(invisible).is_err(), "{invisible:?}");
        }
        assert_eq!(poll(&mut stream, 1), ("kept".to_owned(), false, false));
    }

    #[test]
    fn a_stream_that_is_known_goes_on_as_it_is() {
        let streams = Streams::new(1);
        let stream = || Stream::start("a", START_S).unwrap();
        assert_eq!(streams.insert(stream(), START_S), Ok(true));
        streams.with("a", START_S, |stream| stream.replace("half"));
        assert_eq!(streams.insert(stream(), START_S + 599), Ok(false));
        let content = streams.with("a", START_S, |stream| poll(stream, 1).0);
        assert_eq!(content.as_deref(), Some("half"));
        let again = Stream::start("a", START_S + 600).unwrap();
        assert_eq!(
            streams.insert(again, START_S + 600),
            Ok(true),
            "it was over"
        );
    }

    #[test]
    fn memory_is_bounded_and_old_streams_make_room() {
        let streams = Streams::new(2);
        for id in ["a", "b"] {
            streams
                .insert(Stream::start(id, START_S).unwrap(), START_S)
                .unwrap();
        }
        let third = Stream::start("c", START_S + 1).unwrap();
        assert_eq!(
            streams.insert(third.clone(), START_S + 599),
            Err(StreamFull)
        );
        assert_eq!(
            streams.with("a", START_S + 599, |stream| stream.id().to_owned()),
            Some("a".into())
        );
        assert_eq!(streams.with("a", START_S + 600, |_| ()), None, "it is over");
        assert_eq!(streams.insert(third, START_S + 600), Ok(true));
        assert_eq!(
            streams.with("c", START_S + 600, |stream| stream.replace("x")),
            Some(Ok(()))
        );
        assert_eq!(streams.with("?", START_S, |_| ()), None);
    }
}
