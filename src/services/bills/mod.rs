//! WeChat Pay's trade bills held against the books, day by day, and what differs settled by people.
//!
//! A comparison calls out first and then writes in one transaction, which reads the books itself:
//! two at once, or one that comes twice, find the same. What the admins are to be told is read from
//! what is stored, so that nothing is lost if we die in between.

mod compare;
mod due;
mod fetch;
mod list;
mod resolve;
mod tell;

pub use compare::compare;
pub use due::{Summary, compare_due};
pub use list::{Bill, one, page};
pub use resolve::resolve;
