//! Messages of the application to members: message/send and message/recall (wecom-app §5, §8).
//!
//! Over-long text is cut by the platform without an error, so contents are checked when made; `fit`
//! constructors shorten instead. Beyond 30 messages a minute or 1,000 an hour to one member the
//! platform drops messages silently: merging them is the caller's affair.

mod article;
mod content;
mod recipients;
mod send;
#[cfg(test)]
mod tests;
mod update;

pub use article::{Article, Link, MpArticle};
pub use content::{Content, Markdown, Text, TextCard, Video, split_text};
pub use recipients::Recipients;
pub use send::{Message, Sent};
pub use update::{CardAudience, CardUpdate, CardUpdated};
