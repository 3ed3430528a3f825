//! Cards that take the place of a sent one, and cards of the smart robot.

use serde::{Serialize, Serializer};

use super::{Card, CardType, Form, Place, node::Object, xml};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// A card that replaces a sent one (wecom-app §3, §7). `Serialize` writes the JSON of an update.
///
/// The task id is left out, as the documentation has no place for it in an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    card: Card,
    replace_text: Option<String>,
    disabled: bool,
    submit: bool,
    task_id: bool,
}

impl Replacement {
    /// The card as it shall be from now on.
    #[must_use]
    pub fn new(card: Card) -> Self {
        Self {
            card,
            replace_text: None,
            disabled: false,
            submit: true,
            task_id: false,
        }
    }

    /// Puts one dead grey button with this text in place of the card's buttons.
    ///
    /// # Errors
    /// [`LimitError`] on `replace_text`: empty, or the card is a notice and has no buttons.
    pub fn replace_text(mut self, text: impl Into<String>) -> Result<Self, LimitError> {
        let text = cleaned(text);
        limit::present("replace_text", &text)?;
        if matches!(
            self.card.card_type(),
            CardType::TextNotice | CardType::NewsNotice
        ) {
            let reason = "a notice has no buttons to replace";
            return Err(LimitError::not_allowed("replace_text", reason));
        }
        self.replace_text = Some(text);
        Ok(self)
    }

    /// Greys the check boxes and drop-downs.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Leaves the submit button of a vote or form out.
    #[must_use]
    pub fn without_submit(mut self) -> Self {
        self.submit = false;
        self
    }

    /// Writes the task id after all, for a platform that wants it.
    #[must_use]
    pub fn with_task_id(mut self) -> Self {
        self.task_id = true;
        self
    }

    /// The card underneath.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// `<TemplateCard>…</TemplateCard>`, the body of a passive `update_template_card` reply
    /// (wecom-app §3).
    #[must_use]
    pub fn to_xml(&self) -> String {
        // The documented XML has no TaskId, and can grey the drop-down of a button card.
        let form = Form {
            task_id: false,
            dropdown_can_be_disabled: true,
            ..self.form()
        };
        xml::element("TemplateCard", &self.card.tree(&form))
    }

    fn form(&self) -> Form<'_> {
        Form {
            task_id: self.task_id,
            disable: self.disabled,
            dropdown_can_be_disabled: false,
            submit: self.submit,
            replace_text: self.replace_text.as_deref(),
        }
    }
}

impl From<Card> for Replacement {
    fn from(card: Card) -> Self {
        Self::new(card)
    }
}

impl Serialize for Replacement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.card.tree(&self.form()).serialize(serializer)
    }
}

/// A card of the smart robot (智能机器人), for replies and for updates (wecom-bots-h5 §1.6, §1.7).
///
/// In an update the task id must be the clicked card's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotCard {
    card: Card,
    feedback_id: Option<String>,
    disabled: bool,
}

impl RobotCard {
    /// Takes a card that the smart robot can show.
    ///
    /// # Errors
    /// [`LimitError`] if it holds a file row or a button that opens a page.
    pub fn new(card: Card) -> Result<Self, LimitError> {
        card.check_for(Place::SmartRobot)?;
        Ok(Self {
            card,
            feedback_id: None,
            disabled: false,
        })
    }

    /// Asks for feedback under this id (≤ 256 bytes).
    ///
    /// # Errors
    /// [`LimitError`] on `feedback.id`.
    pub fn feedback_id(mut self, id: impl Into<String>) -> Result<Self, LimitError> {
        let id = id.into();
        limit::required("feedback.id", &id, 256)?;
        self.feedback_id = Some(id);
        Ok(self)
    }

    /// Greys the check boxes and drop-downs; has an effect in updates only.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// The card underneath.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }
}

impl Serialize for RobotCard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            disable: self.disabled,
            dropdown_can_be_disabled: true,
            ..Form::SEND
        };
        let feedback = self
            .feedback_id
            .as_ref()
            .map(|id| Object::new().with("id", id));
        self.card
            .tree(&form)
            .maybe("feedback", feedback)
            .serialize(serializer)
    }
}
