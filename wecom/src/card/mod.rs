//! Template cards (模板卡片): five kinds as types, one model behind JSON and XML (wecom-app §6).
//!
//! A [`Card`] comes only out of a `build()`, so a card in hand obeys every hard limit: counts,
//! bytes, required pairs, unique keys. What is required is an argument of the constructor. Lengths
//! in characters are recommendations; [`Card::fit`] keeps to them, shortening between graphemes.
//!
//! ```
//! use wecom::card::{Button, ButtonInteraction, Row, TaskId};
//! # fn main() -> Result<(), wecom::LimitError> {
//! let card = ButtonInteraction::new(
//!     TaskId::new("leave-7")?,
//!     "Leave request",
//!     Button::callback("Approve", "approve"),
//! )
//! .button(Button::callback("Reject", "reject"))
//! .row(Row::text("From", "Han"))
//! .build()?;
//! # let _ = card; Ok(())
//! # }
//! ```

mod buttons;
mod choices;
mod fit;
mod frame;
mod lines;
mod node;
mod notice;
mod parts;
mod questions;
mod replacement;
#[cfg(test)]
mod tests;
mod xml;

use serde::{Serialize, Serializer};

pub use buttons::{Button, ButtonInteraction, ButtonStyle};
pub use choices::{Choice, Select};
use fit::Lengths;
pub use lines::{Jump, Row};
use node::Object;
pub use notice::{CardImage, ImageText, NewsNotice, TextNotice};
pub use parts::{ActionMenu, DescColor, QuoteArea, Source, Target, TaskId};
pub use questions::{Checkbox, MultipleInteraction, SubmitButton, VoteInteraction, VoteMode};
pub use replacement::{Replacement, RobotCard};

use crate::limit::LimitError;

/// The five kinds of card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CardType {
    /// `text_notice`
    TextNotice,
    /// `news_notice`
    NewsNotice,
    /// `button_interaction`
    ButtonInteraction,
    /// `vote_interaction`
    VoteInteraction,
    /// `multiple_interaction`
    MultipleInteraction,
}

impl CardType {
    /// The platform's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TextNotice => "text_notice",
            Self::NewsNotice => "news_notice",
            Self::ButtonInteraction => "button_interaction",
            Self::VoteInteraction => "vote_interaction",
            Self::MultipleInteraction => "multiple_interaction",
        }
    }
}

/// A card that obeys every hard limit. `Serialize` writes the form for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card(Box<Kind>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    TextNotice(TextNotice),
    NewsNotice(NewsNotice),
    ButtonInteraction(ButtonInteraction),
    VoteInteraction(VoteInteraction),
    MultipleInteraction(MultipleInteraction),
}

/// The place where a card is to appear; the doors of WeCom do not all take the same cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The chat of an application (wecom-app §6): no questions to a robot, no source colour on votes
    /// and forms.
    Application,
    /// A group robot (wecom-bots-h5 §2): notices only, nothing that calls back.
    GroupRobot,
    /// A smart robot (wecom-bots-h5 §1.7): no file rows, no buttons that open a page.
    SmartRobot,
}

/// The form that a card is written in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    task_id: bool,
    disable: bool,
    dropdown_can_be_disabled: bool,
    submit: bool,
    replace_text: Option<&'a str>,
}

impl Form<'_> {
    const SEND: Self = Self {
        task_id: true,
        disable: false,
        dropdown_can_be_disabled: false,
        submit: true,
        replace_text: None,
    };
}

impl Card {
    /// Its kind, one of five.
    #[must_use]
    pub fn card_type(&self) -> CardType {
        match &*self.0 {
            Kind::TextNotice(_) => CardType::TextNotice,
            Kind::NewsNotice(_) => CardType::NewsNotice,
            Kind::ButtonInteraction(_) => CardType::ButtonInteraction,
            Kind::VoteInteraction(_) => CardType::VoteInteraction,
            Kind::MultipleInteraction(_) => CardType::MultipleInteraction,
        }
    }

    /// The card's task id; notices without a menu may have none.
    #[must_use]
    pub fn task_id(&self) -> Option<&TaskId> {
        match &*self.0 {
            Kind::TextNotice(card) => card.notice.task_id.as_ref(),
            Kind::NewsNotice(card) => card.notice.task_id.as_ref(),
            Kind::ButtonInteraction(card) => Some(&card.task_id),
            Kind::VoteInteraction(card) => Some(&card.task_id),
            Kind::MultipleInteraction(card) => Some(&card.task_id),
        }
    }

    /// True if the card can call back, and sending it yields a response code.
    #[must_use]
    pub fn calls_back(&self) -> bool {
        match &*self.0 {
            Kind::TextNotice(card) => card.frame.menu.is_some(),
            Kind::NewsNotice(card) => card.frame.menu.is_some(),
            _ => true,
        }
    }

    /// Shortens every text to the length that clients show in an application's chat, between
    /// graphemes, ending in `…`.
    ///
    /// Never touches keys, ids, URLs or file names.
    #[must_use]
    pub fn fit(self) -> Self {
        self.fit_for(Place::Application)
    }

    /// As [`Card::fit`] for another place: robots' cards show less.
    #[must_use]
    pub fn fit_for(mut self, place: Place) -> Self {
        let lengths = Lengths::of(place);
        match &mut *self.0 {
            Kind::TextNotice(card) => card.fit(&lengths),
            Kind::NewsNotice(card) => card.fit(&lengths),
            Kind::ButtonInteraction(card) => card.fit(&lengths),
            Kind::VoteInteraction(card) => card.fit(&lengths),
            Kind::MultipleInteraction(card) => card.fit(&lengths),
        }
        self
    }

    /// Checks that the card may appear at `place`. Asked by every call that sends one.
    ///
    /// # Errors
    /// [`LimitError`] with the field that does not fit.
    pub fn check_for(&self, place: Place) -> Result<(), LimitError> {
        match place {
            Place::Application => self.check_for_application(),
            Place::SmartRobot => self.check_for_smart_robot(),
            Place::GroupRobot => self.check_for_group_robot(),
        }
    }

    /// The replacement form, for updates and passive replies.
    #[must_use]
    pub fn into_replacement(self) -> Replacement {
        Replacement::new(self)
    }

    fn check_for_application(&self) -> Result<(), LimitError> {
        self.refuse_questions()?;
        let source = match &*self.0 {
            Kind::VoteInteraction(card) => &card.source,
            Kind::MultipleInteraction(card) => &card.source,
            _ => &None,
        };
        if source.as_ref().is_some_and(|source| source.color.is_some()) {
            let reason = "an application's votes and forms have no source colour";
            return Err(LimitError::not_allowed("source.desc_color", reason));
        }
        Ok(())
    }

    fn check_for_smart_robot(&self) -> Result<(), LimitError> {
        let refused = |field, reason| Err(LimitError::not_allowed(field, reason));
        if self.has_file() {
            let reason = "a smart robot's card has no file rows";
            return refused("horizontal_content_list.type", reason);
        }
        match &*self.0 {
            Kind::ButtonInteraction(card) if card.buttons.iter().any(Button::is_link) => {
                refused("button_list.type", "a smart robot's buttons open no page")
            }
            _ => Ok(()),
        }
    }

    fn refuse_questions(&self) -> Result<(), LimitError> {
        let jumps = match &*self.0 {
            Kind::TextNotice(card) => &*card.notice.jumps,
            Kind::NewsNotice(card) => &*card.notice.jumps,
            _ => &[],
        };
        if jumps.iter().any(Jump::is_question) {
            let reason = "only a smart robot's card can ask";
            return Err(LimitError::not_allowed("jump_list.type", reason));
        }
        Ok(())
    }

    fn has_file(&self) -> bool {
        match &*self.0 {
            Kind::TextNotice(card) => card.frame.has_file(),
            Kind::NewsNotice(card) => card.frame.has_file(),
            Kind::ButtonInteraction(card) => card.frame.has_file(),
            Kind::VoteInteraction(_) | Kind::MultipleInteraction(_) => false,
        }
    }

    fn check_for_group_robot(&self) -> Result<(), LimitError> {
        self.refuse_questions()?;
        let refused = |field, reason| Err(LimitError::not_allowed(field, reason));
        if !matches!(*self.0, Kind::TextNotice(_) | Kind::NewsNotice(_)) {
            return refused("card_type", "a group robot sends notices only");
        }
        if self.calls_back() {
            return refused("action_menu", "a group robot's card cannot call back");
        }
        if self.task_id().is_some() {
            return refused("task_id", "a group robot's card has no task id");
        }
        match &*self.0 {
            Kind::NewsNotice(card) if card.image.is_none() => {
                refused("card_image", "required for a group robot")
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn tree(&self, form: &Form<'_>) -> Object {
        let task_id = self.task_id().map(TaskId::as_str).filter(|_| form.task_id);
        let fields = match &*self.0 {
            Kind::TextNotice(card) => card.tree(task_id),
            Kind::NewsNotice(card) => card.tree(task_id),
            Kind::ButtonInteraction(card) => card.tree(task_id, form),
            Kind::VoteInteraction(card) => card.tree(task_id, form),
            Kind::MultipleInteraction(card) => card.tree(task_id, form),
        };
        Object::new()
            .with("card_type", self.card_type().as_str())
            .join(fields)
    }
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tree(&Form::SEND).serialize(serializer)
    }
}
