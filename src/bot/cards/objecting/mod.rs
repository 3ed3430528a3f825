//! The card of an objection: 采纳 or 驳回, each with an answer that the member reads.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;
