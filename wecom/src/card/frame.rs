//! The common parts of the two notices and the button card: source, menu, quote and rows.

use super::{
    lines::Row,
    node::Object,
    parts::{ActionMenu, QuoteArea, Source},
};
use crate::limit::{self, LimitError};

/// Most rows of name and value on a card.
const MAX_ROWS: usize = 6;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) source: Option<Source>,
    pub(super) menu: Option<ActionMenu>,
    pub(super) quote: Option<QuoteArea>,
    pub(super) rows: Vec<Row>,
}

impl Frame {
    pub(super) fn check(&self) -> Result<(), LimitError> {
        self.source.as_ref().map_or(Ok(()), Source::check)?;
        self.menu.as_ref().map_or(Ok(()), ActionMenu::check)?;
        self.quote.as_ref().map_or(Ok(()), QuoteArea::check)?;
        limit::count("horizontal_content_list", self.rows.len(), 0, MAX_ROWS)?;
        self.rows.iter().try_for_each(Row::check)
    }

    pub(super) fn fit(&mut self) {
        self.source.iter_mut().for_each(Source::fit);
        self.rows.iter_mut().for_each(Row::fit);
    }

    /// The fields before `task_id`.
    pub(super) fn head(&self) -> Object {
        Object::new()
            .maybe("source", self.source.as_ref().map(Source::tree))
            .maybe("action_menu", self.menu.as_ref().map(ActionMenu::tree))
    }

    pub(super) fn quote_tree(&self) -> Option<Object> {
        self.quote.as_ref().map(QuoteArea::tree)
    }

    pub(super) fn row_trees(&self) -> Vec<super::node::Node> {
        self.rows.iter().map(Row::tree).collect()
    }

    pub(super) fn has_file(&self) -> bool {
        self.rows.iter().any(Row::is_file)
    }
}

/// The builder methods that go with a field `frame: Frame`.
macro_rules! frame_methods {
    () => {
        /// The line at the top that says who sends the card.
        #[must_use]
        pub fn source(mut self, source: Source) -> Self {
            self.frame.source = Some(source);
            self
        }

        /// The menu in the top right corner; its entries call back.
        #[must_use]
        pub fn menu(mut self, menu: ActionMenu) -> Self {
            self.frame.menu = Some(menu);
            self
        }

        /// A quoted passage.
        #[must_use]
        pub fn quote(mut self, quote: QuoteArea) -> Self {
            self.frame.quote = Some(quote);
            self
        }

        /// A line of name and value, up to six.
        #[must_use]
        pub fn row(mut self, row: Row) -> Self {
            self.frame.rows.push(row);
            self
        }
    };
}
pub(super) use frame_methods;
