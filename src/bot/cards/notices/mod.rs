//! Notices with the one button that mends what they tell of.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;
