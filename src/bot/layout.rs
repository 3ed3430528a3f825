//! From the lines of a card template to a card that WeCom takes.
//!
//! One line each: `title:`, `desc:`, `text:`, `open:` (where the whole card leads),
//! `row: label = value`, `button.ACTION: label`, `link: label = address`, `select.QUESTION: title`
//! with its `option.ID: label` lines (`picked.ID: label` for the one chosen beforehand),
//! `choice.ID: label` and `ticked.ID: label` of a vote, `submit.ACTION: label` of a vote or, beside a
//! `select`, of a form, and `retired: label`, which takes the place of all buttons. An action becomes
//! the key `c1.<card id>.<action>` (contract, Chat).

use wecom::LimitError;
use wecom::card::{
    Button, ButtonInteraction, ButtonStyle, Card, Checkbox, Choice, MultipleInteraction,
    Replacement, Row, Select, SubmitButton, Target, TaskId, TextNotice, VoteInteraction, VoteMode,
};

use crate::domain::CardId;

/// The question of a vote.
pub(super) const CHOICES: &str = "choices";
/// The beginning of every key of a card's button.
const KEY_PREFIX: &str = "c1";
/// What stands where there is nothing to read.
const NOTHING: &str = "—";
/// What the task id of a card without a row begins with.
const MESSAGE_PREFIX: &str = "m1";

/// Why lines make no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A line that means nothing.
    #[error("line {line} is not understood")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// There is no `title:`.
    #[error("there is no title")]
    NoTitle,
    /// WeCom would refuse it.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// Which card it is, for its keys and its task id.
#[derive(Debug, Clone)]
pub struct Face {
    id: CardId,
    task_id: String,
    site: String,
}

impl Face {
    /// The face of a card that exists: only its keys matter.
    #[must_use]
    pub fn new(id: CardId, site: &str) -> Self {
        Self {
            id,
            task_id: format!("{KEY_PREFIX}-{id}"),
            site: site.to_owned(),
        }
    }

    /// The face of a card to be sent. Task ids are unique per app for ever (wecom-app §6), also
    /// when a database is begun anew: `stamp` tells its card 1 from the last one's.
    #[must_use]
    pub fn to_send(id: CardId, stamp: i64, site: &str) -> Self {
        Self {
            task_id: format!("{KEY_PREFIX}-{id}-{stamp}"),
            ..Self::new(id, site)
        }
    }

    /// The face of a card that only leads to pages: it has no row of its own, so its message tells
    /// it from all others.
    #[must_use]
    pub fn of_message(id: i64, stamp: i64, site: &str) -> Self {
        Self {
            task_id: format!("{MESSAGE_PREFIX}-{id}-{stamp}"),
            ..Self::new(CardId(id), site)
        }
    }

    fn key(&self, action: &str) -> String {
        format!("{KEY_PREFIX}.{}.{action}", self.id)
    }
}

/// The card and the action that a key names.
#[must_use]
pub fn read_key(key: &str) -> Option<(CardId, &str)> {
    let (prefix, rest) = key.split_once('.')?;
    let (id, action) = rest.split_once('.')?;
    let is_number = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit());
    (prefix == KEY_PREFIX && is_number && !action.is_empty())
        .then(|| id.parse().ok().map(|id| (CardId(id), action)))
        .flatten()
}

/// A card as its template lays it out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    title: String,
    desc: String,
    text: String,
    open: String,
    rows: Vec<(String, String)>,
    buttons: Vec<(String, Effect)>,
    select: Option<(String, String)>,
    options: Vec<(String, String)>,
    picked: Option<String>,
    choices: Vec<(String, String, bool)>,
    submit: Option<(String, String)>,
    retired: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    Action(String),
    Page(String),
}

impl Layout {
    pub(super) fn parse(text: &str) -> Result<Self, LayoutError> {
        let mut layout = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() {
                layout
                    .take(line)
                    .ok_or(LayoutError::Line { line: at + 1 })?;
            }
        }
        if layout.title.is_empty() {
            return Err(LayoutError::NoTitle);
        }
        Ok(layout)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once(':')?;
        let value = value.trim().to_owned();
        let (name, id) = name.split_once('.').unwrap_or((name, ""));
        let id_of = || Some(id.to_owned()).filter(|id| !id.is_empty());
        match name {
            "title" => self.title = value,
            "desc" => self.desc = value,
            "text" => self.text = value,
            "open" => self.open = value,
            "retired" => self.retired = value,
            "row" => self.rows.push(pair(&value)?),
            "button" => self.buttons.push((value, Effect::Action(id_of()?))),
            "link" => {
                let (label, address) = pair(&value)?;
                self.buttons.push((label, Effect::Page(address)));
            }
            "select" => self.select = Some((id_of()?, value)),
            "option" => self.options.push((id_of()?, or_dash(&value))),
            "picked" => {
                self.picked = Some(id_of()?);
                self.options.push((id_of()?, or_dash(&value)));
            }
            "choice" => self.choices.push((id_of()?, or_dash(&value), false)),
            "ticked" => self.choices.push((id_of()?, or_dash(&value), true)),
            "submit" => self.submit = Some((id_of()?, value)),
            _ => return None,
        }
        Some(())
    }

    /// Is true where a press on it comes back to us, so that it needs a row of its own.
    #[must_use]
    pub fn calls_back(&self) -> bool {
        self.submit.is_some() || !self.buttons.is_empty()
    }

    /// Its first line.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// The first page that it leads to: label and address.
    pub(super) fn page(&self) -> Option<(&str, &str)> {
        self.buttons
            .iter()
            .find_map(|(label, effect)| match effect {
                Effect::Page(address) => Some((label.as_str(), address.as_str())),
                Effect::Action(_) => None,
            })
    }

    /// The card as a text, for where it cannot be shown.
    #[must_use]
    pub fn in_words(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|(label, value)| format!("{label}：{value}"));
        [&self.title, &self.desc, &self.text]
            .into_iter()
            .filter(|line| !line.is_empty())
            .cloned()
            .chain(rows)
            .collect::<Vec<_>>()
            .join("，")
    }

    /// The card to be sent.
    ///
    /// # Errors
    /// [`LayoutError::Limit`] where WeCom would refuse it.
    pub fn card(&self, face: &Face) -> Result<Card, LayoutError> {
        let card = if let Some(submit) = &self.submit {
            match &self.select {
                Some(select) => self.form(face, select, submit)?,
                None => self.vote(face, submit)?,
            }
        } else if self.buttons.is_empty() && self.retired.is_empty() {
            self.notice(face)?
        } else {
            self.buttons(face)?
        };
        Ok(card.fit())
    }

    /// The card that takes the place of a sent one.
    ///
    /// # Errors
    /// [`LayoutError::Limit`] where WeCom would refuse it.
    pub fn replacement(&self, face: &Face) -> Result<Replacement, LayoutError> {
        let replacement = self.card(face)?.into_replacement();
        Ok(if self.retired.is_empty() {
            replacement
        } else {
            replacement.replace_text(self.retired.clone())?
        })
    }

    fn vote(&self, face: &Face, submit: &(String, String)) -> Result<Card, LayoutError> {
        let empty = Checkbox::new(CHOICES, VoteMode::Multiple);
        let checkbox = self
            .choices
            .iter()
            .fold(empty, |vote, (id, label, ticked)| {
                if *ticked {
                    vote.ticked(id, label)
                } else {
                    vote.choice(id, label)
                }
            });
        let (action, label) = submit;
        let submit = SubmitButton::new(label, face.key(action));
        let id = TaskId::new(&face.task_id)?;
        let mut card = VoteInteraction::new(id, &self.title, checkbox, submit);
        if !self.desc.is_empty() {
            card = card.desc(&self.desc);
        }
        Ok(card.build()?)
    }

    fn form(
        &self,
        face: &Face,
        select: &(String, String),
        submit: &(String, String),
    ) -> Result<Card, LayoutError> {
        let (action, label) = submit;
        let submit = SubmitButton::new(label, face.key(action));
        let id = TaskId::new(&face.task_id)?;
        let mut card = MultipleInteraction::new(id, &self.title, self.drop_down(select), submit);
        if !self.desc.is_empty() {
            card = card.desc(&self.desc);
        }
        Ok(card.build()?)
    }

    fn drop_down(&self, (question, title): &(String, String)) -> Select {
        let options = self
            .options
            .iter()
            .map(|(id, label)| Choice::new(id, label));
        let select = Select::new(question, options).title(title);
        match &self.picked {
            Some(id) => select.selected(id),
            None => select,
        }
    }

    fn notice(&self, face: &Face) -> Result<Card, LayoutError> {
        let open = if self.open.is_empty() {
            &face.site
        } else {
            &self.open
        };
        let mut card = TextNotice::new(&self.title, Target::url(open));
        if !self.desc.is_empty() {
            card = card.desc(&self.desc);
        }
        if !self.text.is_empty() {
            card = card.sub_title(&self.text);
        }
        for (label, value) in &self.rows {
            card = card.row(Row::text(label, value));
        }
        Ok(card.build()?)
    }

    fn buttons(&self, face: &Face) -> Result<Card, LayoutError> {
        let mut buttons = self
            .buttons
            .iter()
            .enumerate()
            .map(|(at, (label, effect))| {
                let button = match effect {
                    Effect::Action(action) => Button::callback(label, face.key(action)),
                    Effect::Page(address) => Button::link(label, address),
                };
                button.style(if at == 0 {
                    ButtonStyle::One
                } else {
                    ButtonStyle::Two
                })
            });
        // A retired card still has to have a button in the form that WeCom reads.
        let first = buttons
            .next()
            .unwrap_or_else(|| Button::callback(&self.retired, face.key("none")));
        let id = TaskId::new(&face.task_id)?;
        let mut card = ButtonInteraction::new(id, &self.title, first);
        for button in buttons {
            card = card.button(button);
        }
        if !self.desc.is_empty() {
            card = card.desc(&self.desc);
        }
        if !self.text.is_empty() {
            card = card.sub_title(&self.text);
        }
        if !self.open.is_empty() {
            card = card.action(Target::url(&self.open));
        }
        for (label, value) in &self.rows {
            card = card.row(Row::text(label, value));
        }
        if let Some(select) = &self.select {
            card = card.select(self.drop_down(select));
        }
        Ok(card.build()?)
    }
}

/// `label = value`. WeCom refuses empty ones: a value that nobody would see is a dash.
fn pair(value: &str) -> Option<(String, String)> {
    let (label, value) = value.split_once('=')?;
    let label = label.trim().to_owned();
    (!label.is_empty()).then(|| (label, or_dash(value.trim())))
}

fn or_dash(text: &str) -> String {
    let seen = Some(text).filter(|text| !wecom::visible::is_blank(text));
    seen.unwrap_or(NOTHING).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_and_nothing_else_is() {
        assert_eq!(read_key("c1.12.pass"), Some((CardId(12), "pass")));
        assert_eq!(
            read_key("c1.12.confirm_3f"),
            Some((CardId(12), "confirm_3f"))
        );
        for foreign in [
            "", "c1", "c1.12", "c1.12.", "c1..x", "c2.1.x", "c1.-1.x", "c1.1a.x",
        ] {
            assert_eq!(read_key(foreign), None, "{foreign}");
        }
        assert_eq!(read_key("c1.99999999999999999999.x"), None);
    }

    #[test]
    fn no_two_cards_share_a_task_id() {
        let ids: std::collections::BTreeSet<String> = [
            Face::to_send(CardId(5), 7, ""),
            Face::to_send(CardId(5), 8, ""),
            Face::of_message(5, 7, ""),
            Face::of_message(5, 8, ""),
        ]
        .map(|face| face.task_id)
        .into();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn what_nobody_can_see_is_a_dash() {
        let lines = "title: x\nrow: a = \nrow: b = \u{3000}\u{3164}\nselect.q: y\noption.1: \u{2800}\n\
                     option.2: \nsubmit.s: z";
        let layout = Layout::parse(lines).unwrap();
        let rows = [("a", "—"), ("b", "—")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(layout.rows, rows);
        assert_eq!(
            layout
                .options
                .iter()
                .map(|(_, label)| &**label)
                .collect::<Vec<_>>(),
            ["—", "—"]
        );
        assert!(
            layout.card(&Face::new(CardId(1), "https://x")).is_ok(),
            "WeCom takes it"
        );
    }

    #[test]
    fn lines_that_mean_nothing_are_named() {
        for (text, error) in [
            ("", LayoutError::NoTitle),
            ("desc: x", LayoutError::NoTitle),
            ("title: x\nbutton: y", LayoutError::Line { line: 2 }),
            ("title: x\n\nrow: y", LayoutError::Line { line: 3 }),
            ("title", LayoutError::Line { line: 1 }),
            ("tilte: x", LayoutError::Line { line: 1 }),
        ] {
            assert_eq!(Layout::parse(text).unwrap_err(), error, "{text:?}");
        }
    }
}
