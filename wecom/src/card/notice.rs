//! The two notices: [`TextNotice`] and [`NewsNotice`] (wecom-app §6, columns T and N).

use super::{
    Card, Kind,
    fit::{Lengths, fit_in_place, fit_option},
    frame::{Frame, frame_methods},
    lines::{Jump, Row},
    node::{Node, Object},
    parts::{ActionMenu, QuoteArea, Source, Target, TaskId},
};
use crate::limit::{self, LimitError, Rule};
use crate::visible::cleaned;

/// Most lines below a notice that lead somewhere.
const MAX_JUMPS: usize = 3;
/// Most vertical paragraphs on a picture notice.
const MAX_PARAGRAPHS: usize = 4;

/// The parts that the two notices share beyond the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) task_id: Option<TaskId>,
    desc: Option<String>,
    pub(super) jumps: Vec<Jump>,
    action: Target,
}

impl Notice {
    fn new(action: Target) -> Self {
        Self {
            task_id: None,
            desc: None,
            jumps: Vec::new(),
            action,
        }
    }

    fn check(&self, frame: &Frame) -> Result<(), LimitError> {
        frame.check()?;
        if frame.menu.is_some() && self.task_id.is_none() {
            return Err(LimitError::new("task_id", Rule::Missing));
        }
        limit::count("jump_list", self.jumps.len(), 0, MAX_JUMPS)?;
        self.jumps.iter().try_for_each(Jump::check)?;
        self.action.check("card_action.url", "card_action.appid")
    }

    fn fit(&mut self, lengths: &Lengths) {
        fit_option(&mut self.desc, lengths.desc);
        self.jumps.iter_mut().for_each(Jump::fit);
    }

    fn tail(&self) -> Object {
        Object::new()
            .list("jump_list", self.jumps.iter().map(Jump::tree).collect())
            .with("card_action", self.action.tree())
    }
}

/// The builder methods that go with a field `notice: Notice`.
macro_rules! notice_methods {
    () => {
        frame_methods!();

        /// The id of the card; required with a [`menu`](Self::menu), whose clicks carry it.
        #[must_use]
        pub fn task_id(mut self, id: TaskId) -> Self {
            self.notice.task_id = Some(id);
            self
        }

        /// The line under the title (recommended: up to 44 characters).
        #[must_use]
        pub fn desc(mut self, desc: impl Into<String>) -> Self {
            self.notice.desc = Some(cleaned(desc));
            self
        }

        /// A line below the card that leads somewhere, up to three.
        #[must_use]
        pub fn jump(mut self, jump: Jump) -> Self {
            self.notice.jumps.push(jump);
            self
        }
    };
}

/// A text notice (`text_notice`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextNotice {
    pub(super) frame: Frame,
    pub(super) notice: Notice,
    title: Option<String>,
    sub_title: Option<String>,
    emphasis: Option<(String, Option<String>)>,
}

impl TextNotice {
    /// A notice with a title (recommended: up to 36 characters) that leads to `action`.
    pub fn new(title: impl Into<String>, action: Target) -> Self {
        Self {
            title: Some(cleaned(title)),
            ..Self::empty(action)
        }
    }

    /// A notice without a title, but with text (recommended: up to 160 characters).
    pub fn untitled(sub_title_text: impl Into<String>, action: Target) -> Self {
        Self {
            sub_title: Some(cleaned(sub_title_text)),
            ..Self::empty(action)
        }
    }

    fn empty(action: Target) -> Self {
        let (frame, notice) = (Frame::default(), Notice::new(action));
        Self {
            frame,
            notice,
            title: None,
            sub_title: None,
            emphasis: None,
        }
    }

    notice_methods!();

    /// The text of the notice (recommended: up to 160 characters).
    #[must_use]
    pub fn sub_title(mut self, text: impl Into<String>) -> Self {
        self.sub_title = Some(cleaned(text));
        self
    }

    /// The large figure (recommended: up to 14 characters) and what it means (up to 22).
    #[must_use]
    pub fn emphasis(mut self, title: impl Into<String>, desc: impl Into<String>) -> Self {
        self.emphasis = Some((cleaned(title), Some(cleaned(desc))));
        self
    }

    /// Checks every hard limit.
    ///
    /// # Errors
    /// [`LimitError`] with the name of the field. A title may be blank where there is a text.
    pub fn build(mut self) -> Result<Card, LimitError> {
        self.notice.check(&self.frame)?;
        let field = match self.title {
            Some(_) => "main_title.title",
            None => "sub_title_text",
        };
        let says_something = |text: &String| !text.trim().is_empty();
        self.title = self.title.filter(says_something);
        self.sub_title = self.sub_title.filter(says_something);
        if self.title.is_none() && self.sub_title.is_none() {
            return Err(LimitError::new(field, Rule::Missing));
        }
        Ok(Card(Box::new(Kind::TextNotice(self))))
    }

    pub(super) fn fit(&mut self, lengths: &Lengths) {
        self.frame.fit();
        self.notice.fit(lengths);
        fit_option(&mut self.title, lengths.title);
        fit_option(&mut self.sub_title, lengths.sub_title);
        if let Some((title, desc)) = &mut self.emphasis {
            fit_in_place(title, 14);
            fit_option(desc, 22);
        }
    }

    pub(super) fn tree(&self, task_id: Option<&str>) -> Object {
        let main_title = Object::new()
            .maybe("title", self.title.as_ref())
            .maybe("desc", self.notice.desc.as_ref());
        let emphasis = self.emphasis.as_ref().map(|(title, desc)| {
            Object::new()
                .with("title", title)
                .maybe("desc", desc.as_ref())
        });
        self.frame
            .head()
            .maybe("task_id", task_id)
            .maybe(
                "main_title",
                (!main_title.0.is_empty()).then_some(main_title),
            )
            .maybe("quote_area", self.frame.quote_tree())
            .maybe("emphasis_content", emphasis)
            .maybe("sub_title_text", self.sub_title.as_ref())
            .list("horizontal_content_list", self.frame.row_trees())
            .join(self.notice.tail())
    }
}

/// The large picture of a [`NewsNotice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardImage {
    url: String,
    aspect_hundredths: Option<u16>,
}

impl CardImage {
    /// A picture in the platform's default ratio of 1.3.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            aspect_hundredths: None,
        }
    }

    /// Width by height in hundredths: more than 130 and less than 225 (180 is 1.8).
    #[must_use]
    pub fn aspect_ratio(mut self, hundredths: u16) -> Self {
        self.aspect_hundredths = Some(hundredths);
        self
    }

    fn check(&self) -> Result<(), LimitError> {
        limit::url("card_image.url", &self.url)?;
        match self.aspect_hundredths {
            Some(hundredths) if !(131..=224).contains(&hundredths) => {
                let rule = Rule::OutOfRange {
                    range: "more than 1.3 and less than 2.25",
                };
                Err(LimitError::new("card_image.aspect_ratio", rule))
            }
            _ => Ok(()),
        }
    }

    fn tree(&self) -> Object {
        Object::new()
            .with("url", &self.url)
            .maybe("aspect_ratio", self.aspect_hundredths.map(Node::Hundredths))
    }
}

/// Text with a small picture at its left, on a [`NewsNotice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageText {
    image_url: String,
    target: Option<Target>,
    title: Option<String>,
    desc: Option<String>,
}

impl ImageText {
    /// The picture.
    pub fn new(image_url: impl Into<String>) -> Self {
        Self {
            image_url: image_url.into(),
            target: None,
            title: None,
            desc: None,
        }
    }

    /// The title beside it.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(cleaned(title));
        self
    }

    /// The text beside it.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(cleaned(desc));
        self
    }

    /// The target of a tap on it.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn check(&self) -> Result<(), LimitError> {
        limit::url("image_text_area.image_url", &self.image_url)?;
        let check = |target: &Target| target.check("image_text_area.url", "image_text_area.appid");
        self.target.as_ref().map_or(Ok(()), check)
    }

    fn tree(&self) -> Object {
        self.target
            .as_ref()
            .map_or_else(Object::new, Target::tree)
            .maybe("title", self.title.as_ref())
            .maybe("desc", self.desc.as_ref())
            .with("image_url", &self.image_url)
    }
}

/// A notice with a picture (`news_notice`): a large one, a small one with text, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsNotice {
    pub(super) frame: Frame,
    pub(super) notice: Notice,
    title: String,
    pub(super) image: Option<CardImage>,
    image_text: Option<ImageText>,
    paragraphs: Vec<(String, Option<String>)>,
}

impl NewsNotice {
    /// A notice with a title (recommended: up to 36 characters) and a large picture.
    pub fn new(title: impl Into<String>, image: CardImage, action: Target) -> Self {
        Self {
            image: Some(image),
            ..Self::empty(cleaned(title), action)
        }
    }

    /// A notice with a small picture and its text instead of the large one.
    pub fn with_image_text(title: impl Into<String>, area: ImageText, action: Target) -> Self {
        Self {
            image_text: Some(area),
            ..Self::empty(cleaned(title), action)
        }
    }

    fn empty(title: String, action: Target) -> Self {
        let (frame, notice) = (Frame::default(), Notice::new(action));
        Self {
            frame,
            notice,
            title,
            image: None,
            image_text: None,
            paragraphs: Vec::new(),
        }
    }

    notice_methods!();

    /// A small picture with text, besides the large one.
    #[must_use]
    pub fn image_text(mut self, area: ImageText) -> Self {
        self.image_text = Some(area);
        self
    }

    /// A paragraph: title (recommended: up to 38 characters) and text (up to 160); up to four.
    #[must_use]
    pub fn paragraph(mut self, title: impl Into<String>, desc: impl Into<String>) -> Self {
        self.paragraphs.push((cleaned(title), Some(cleaned(desc))));
        self
    }

    /// Checks every hard limit.
    ///
    /// # Errors
    /// [`LimitError`] with the name of the field.
    pub fn build(self) -> Result<Card, LimitError> {
        self.notice.check(&self.frame)?;
        limit::present("main_title.title", &self.title)?;
        self.image.as_ref().map_or(Ok(()), CardImage::check)?;
        self.image_text.as_ref().map_or(Ok(()), ImageText::check)?;
        limit::count(
            "vertical_content_list",
            self.paragraphs.len(),
            0,
            MAX_PARAGRAPHS,
        )?;
        for (title, _) in &self.paragraphs {
            limit::present("vertical_content_list.title", title)?;
        }
        Ok(Card(Box::new(Kind::NewsNotice(self))))
    }

    pub(super) fn fit(&mut self, lengths: &Lengths) {
        self.frame.fit();
        self.notice.fit(lengths);
        fit_in_place(&mut self.title, lengths.title);
        for (title, desc) in &mut self.paragraphs {
            fit_in_place(title, 38);
            fit_option(desc, 160);
        }
    }

    pub(super) fn tree(&self, task_id: Option<&str>) -> Object {
        let paragraphs = self.paragraphs.iter().map(|(title, desc)| {
            Object::new()
                .with("title", title)
                .maybe("desc", desc.as_ref())
                .into()
        });
        let main_title = Object::new()
            .with("title", &self.title)
            .maybe("desc", self.notice.desc.as_ref());
        self.frame
            .head()
            .maybe("task_id", task_id)
            .with("main_title", main_title)
            .maybe("quote_area", self.frame.quote_tree())
            .maybe("card_image", self.image.as_ref().map(CardImage::tree))
            .maybe(
                "image_text_area",
                self.image_text.as_ref().map(ImageText::tree),
            )
            .list("vertical_content_list", paragraphs.collect())
            .list("horizontal_content_list", self.frame.row_trees())
            .join(self.notice.tail())
    }
}
