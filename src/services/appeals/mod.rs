//! Objections: made by members, answered by somebody who did not decide what they are about, with
//! our evidence beside their words.

mod answer;
mod evidence;
mod list;
mod object;
mod pictures;

pub use answer::{Verdict, answer};
pub use evidence::Evidence;
pub use list::{Shown, answer_text, is_open, page};
pub use object::{Objection, object};
pub use pictures::{forget_pictures, remove_picture, store_picture};

use super::{
    Context, Duplicate, Error, FieldError, Refusal, Result, WrongState, reach_of, require,
    require_anywhere,
};
