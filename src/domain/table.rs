//! Tables that staff import: where the headings stand, what of a cell counts, and what is wrong with
//! a row.
//!
//! One reading for rosters and for check-ins. People's spreadsheets put titles above the headings
//! and stars beside them, and wrap numbers so that they stay whole.

mod account;
mod cell;
mod change;
mod fault;
mod headings;

pub use account::{ACCOUNT, account};
pub use cell::{bare, digits, text};
pub use change::RowChange;
pub use fault::{Inexact, RowError, RowFault};
pub use headings::{Columns, HeadingsError, Line, find};
