//! The words that people see: one file each in `message-templates/`, built in, and replaceable one
//! by one by files of the same name in the folder `[templates] dir`. All of them are filled with
//! sample data when they are loaded, so that a slip of the pen stops the start and not a refund.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use minijinja::value::{Value as Filled, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;
use wecom::message::Text;

use crate::domain::CardId;
use crate::services::chat::ShownTemplate;

use super::layout::{Face, Layout, LayoutError};

/// Declares the built-in templates by their file names.
macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../message-templates/", $name)))),+
        ];
    };
}

built_in![
    "answer_all_came.txt",
    "answer_camps.txt",
    "answer_card_gone.txt",
    "answer_card_link.txt",
    "answer_decided_before.txt",
    "answer_enroll_code.txt",
    "answer_failed.txt",
    "answer_help.txt",
    "answer_list.txt",
    "answer_match.txt",
    "answer_match_camps.txt",
    "answer_match_done.txt",
    "answer_members.txt",
    "answer_no_camp.txt",
    "answer_nothing_pending.txt",
    "answer_only_text.txt",
    "answer_other_talk.txt",
    "answer_own_progress.txt",
    "answer_payment_outcome.txt",
    "answer_proposals_changed.txt",
    "answer_refund.txt",
    "answer_refused.txt",
    "answer_report.txt",
    "answer_retried.txt",
    "answer_status.txt",
    "answer_stranger.txt",
    "answer_sync_started.txt",
    "appeal_answer.card",
    "appeal_answered.txt",
    "appeal_decided.card",
    "appeal_opened.card",
    "audit_broken.txt",
    "backup_proved.txt",
    "backup_unusable.txt",
    "batch.card",
    "batch_confirm.card",
    "batch_summary.txt",
    "books_differ.txt",
    "camp_chosen.card",
    "camp_ended.card",
    "camp_lingers.txt",
    "card_in_words.txt",
    "choose_camp.card",
    "cookie_dead.card",
    "cookie_expiring.card",
    "database_silent.txt",
    "decided.card",
    "deposit_returned.txt",
    "digest.card",
    "digest_confirm.card",
    "list_waits.txt",
    "not_joined.txt",
    "ends_tomorrow.txt",
    "review_waits.txt",
    "enrolled.txt",
    "job_failed.txt",
    "match.card",
    "match_choose.card",
    "match_contested.txt",
    "match_decided.card",
    "match_nobody.card",
    "match_waiting.txt",
    "meant.card",
    "mended.card",
    "merchant_held.card",
    "merchant_resumed.txt",
    "money_needed.txt",
    "nobody_qualifies.txt",
    "notice_undelivered.txt",
    "overdue_steps.txt",
    "payment_abnormal.card",
    "posts_missing.txt",
    "progress.card",
    "ranking_odd.card",
    "refund_done.txt",
    "refund_failed.card",
    "refund_rejected.txt",
    "refund_stuck.txt",
    "refund_unexpected.txt",
    "refunds_slow.txt",
    "renewed.card",
    "setting_unusable.card",
    "single.card",
    "single_decided.card",
    "single_detail.card",
    "single_other.card",
    "single_reject.card",
    "single_said.card",
    "sync_failed.card",
    "sync_report.txt",
    "trade_bill_compared.card",
    "urge.card",
    "urging.txt",
    "verdict_given.txt",
    "withdrawn.card",
    "year_ends.txt",
];

/// The views that each template is tried with, and shown with in the snapshots. They are read once,
/// for every template asks for its own.
static SAMPLES: LazyLock<Value> = LazyLock::new(|| {
    let views = include_str!("../../message-templates/samples.json");
    serde_json::from_str(views).unwrap_or_default()
});
/// Where our pages are while templates are tried.
const SAMPLE_SITE: &str = "https://camp.example.com";
/// Templates of this ending lay out cards; all others make texts.
const CARD: &str = ".card";

/// The data that fills one template.
pub(super) trait View: Serialize {
    /// The template's file.
    const FILE: &'static str;
}

/// Names the template of each view, and lists them for the test that holds the samples against
/// them.
macro_rules! views {
    ($($view:ty => $file:literal),+ $(,)?) => {
        $(impl $crate::bot::templates::View for $view {
            const FILE: &'static str = $file;
        })+

        #[cfg(test)]
        pub(in crate::bot) const CHECKS: &[$crate::bot::templates::Check] =
            &[$(($file, $crate::bot::templates::read_and_written::<$view>)),+];
    };
}
pub(super) use views;

/// The file of a view, and the view read from a sample and written again.
#[cfg(test)]
pub(super) type Check = (&'static str, fn(&Value) -> serde_json::Result<Value>);

#[cfg(test)]
pub(super) fn read_and_written<V>(sample: &Value) -> serde_json::Result<Value>
where
    V: View + serde::de::DeserializeOwned,
{
    serde_json::to_value(serde_json::from_value::<V>(sample.clone())?)
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("the template {0} cannot be read")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It cannot be filled: a slip in its syntax, or a value it asks for that there is not.
    #[error("the template {file} cannot be filled")]
    Unfillable {
        /// The file.
        file: String,
        /// Where and why.
        #[source]
        cause: minijinja::Error,
    },
    /// The result is no card, or none that WeCom takes.
    #[error("the template {file} makes no card: {cause}")]
    NoCard {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        cause: LayoutError,
    },
    /// The result is empty or longer than the 2,048 bytes of a text (wecom-app §5).
    #[error("the template {0} makes an empty text, or one longer than 2048 bytes")]
    NoText(String),
    /// There is no sample to try it with.
    #[error("there is no sample for the template {0}")]
    NoSample(String),
}

/// All templates, filled once to see that they work.
pub struct Templates {
    environment: Environment<'static>,
    /// The files of the folder that took the place of built-in ones.
    replaced: Vec<&'static str>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

impl Templates {
    /// The built-in templates, each replaced by the file of its name in `dir` if there is one. An
    /// empty `dir`: no folder.
    ///
    /// # Errors
    /// [`TemplateError`] names the file that cannot be used.
    pub fn load(dir: &str) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_formatter(write_value);
        let mut replaced = Vec::new();
        for (name, built_in) in BUILT_IN {
            let replacement = replacement(dir, name)?;
            replaced.extend(replacement.is_some().then_some(*name));
            let source = replacement.unwrap_or_else(|| (*built_in).to_owned());
            environment
                .add_template_owned(*name, source)
                .map_err(|cause| TemplateError::Unfillable {
                    file: (*name).to_owned(),
                    cause,
                })?;
        }
        let mut templates = Self {
            environment,
            replaced,
        };
        templates.set_site(SAMPLE_SITE);
        templates.try_all()?;
        Ok(templates)
    }

    /// Tells every template where our pages are, as `site`.
    pub fn set_site(&mut self, site: &str) {
        self.environment.add_global("site", site);
    }

    /// The text of a view.
    ///
    /// # Errors
    /// [`TemplateError`] when the view lacks something.
    pub(super) fn text<V: View>(&self, view: &V) -> Result<Text, TemplateError> {
        self.text_of(V::FILE, view)
    }

    /// The layout of the card of a view.
    ///
    /// # Errors
    /// [`TemplateError`] when the view lacks something or the lines make no card.
    pub(super) fn layout<V: View>(&self, view: &V) -> Result<Layout, TemplateError> {
        self.layout_of(V::FILE, view)
    }

    pub(super) fn text_of(&self, file: &str, view: impl Serialize) -> Result<Text, TemplateError> {
        let filled = self.fill(file, view)?;
        Text::fit(filled.trim()).map_err(|_| TemplateError::NoText(file.to_owned()))
    }

    pub(super) fn layout_of(
        &self,
        file: &str,
        view: impl Serialize,
    ) -> Result<Layout, TemplateError> {
        let filled = self.fill(file, view)?;
        Layout::parse(&filled).map_err(|cause| TemplateError::NoCard {
            file: file.to_owned(),
            cause,
        })
    }

    fn fill(&self, file: &str, view: impl Serialize) -> Result<String, TemplateError> {
        self.environment
            .get_template(file)
            .and_then(|template| template.render(view))
            .map_err(|cause| TemplateError::Unfillable {
                file: file.to_owned(),
                cause,
            })
    }

    /// All of them with what their samples make of them: cards in words.
    pub(super) fn shown(&self) -> Vec<ShownTemplate> {
        let shown = BUILT_IN.iter().map(|(name, built_in)| {
            let template = self.environment.get_template(name);
            let source = template.map(|template| template.source().to_owned());
            let previews = samples(name).unwrap_or_default();
            let previews = previews.iter().filter_map(|sample| {
                let preview = if name.ends_with(CARD) {
                    self.layout_of(name, sample).map(|card| card.in_words())
                } else {
                    self.text_of(name, sample)
                        .map(|text| text.as_str().to_owned())
                };
                // All were tried when they were loaded.
                preview.ok()
            });
            ShownTemplate {
                name: (*name).to_owned(),
                is_card: name.ends_with(CARD),
                is_replaced: self.replaced.contains(name),
                source: source.unwrap_or_else(|_| (*built_in).to_owned()),
                previews: previews.collect(),
            }
        });
        shown.collect()
    }

    fn try_all(&self) -> Result<(), TemplateError> {
        for (name, _) in BUILT_IN {
            for sample in &samples(name)? {
                self.try_one(name, sample)?;
            }
        }
        Ok(())
    }

    fn try_one(&self, name: &str, sample: &Value) -> Result<(), TemplateError> {
        if !name.ends_with(CARD) {
            return self.text_of(name, sample).map(drop);
        }
        self.layout_of(name, sample)?
            .replacement(&Face::new(CardId(1), SAMPLE_SITE))
            .map(drop)
            .map_err(|cause| TemplateError::NoCard {
                file: name.to_owned(),
                cause,
            })
    }
}

/// The views that a template is tried with, at least one.
fn samples(name: &str) -> Result<Vec<Value>, TemplateError> {
    let missing = || TemplateError::NoSample(name.to_owned());
    let kind = name.split('.').next().unwrap_or(name);
    let of_kind = SAMPLES.get(kind).and_then(Value::as_array);
    of_kind
        .filter(|samples| !samples.is_empty())
        .cloned()
        .ok_or_else(missing)
}

fn replacement(dir: &str, name: &str) -> Result<Option<String>, TemplateError> {
    if dir.is_empty() {
        return Ok(None);
    }
    let path = Path::new(dir).join(name);
    match std::fs::read_to_string(&path) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(TemplateError::Unreadable(path, error)),
    }
}

/// Writes a value so that a nickname cannot begin a line of its own, which on a card would be a
/// button, nor open a link, nor turn or hide what stands beside it.
fn write_value(
    out: &mut Output<'_>,
    state: &State<'_, '_>,
    value: &Filled,
) -> Result<(), minijinja::Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::String, Some(text)) => {
            let tame: String = wecom::visible::clean(text)
                .chars()
                .map(|c| match c {
                    '<' => '＜',
                    c if c.is_control() => ' ',
                    c => c,
                })
                .collect();
            out.write_str(&tame).map_err(minijinja::Error::from)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> Templates {
        Templates::load("").unwrap()
    }

    #[test]
    fn every_text_and_card_reads_well() {
        let templates = templates();
        for (name, _) in BUILT_IN {
            let mut shown = String::new();
            for (at, sample) in samples(name).unwrap().iter().enumerate() {
                shown += &format!("══ {at}\n{}\n", show(&templates, name, sample));
            }
            insta::assert_snapshot!(*name, shown);
        }
    }

    fn show(templates: &Templates, name: &str, sample: &Value) -> String {
        if name.ends_with(CARD) {
            let layout = templates.layout_of(name, sample).unwrap();
            let face = Face::new(CardId(1), SAMPLE_SITE);
            serde_json::to_string_pretty(&layout.replacement(&face).unwrap()).unwrap()
        } else {
            templates.text_of(name, sample).unwrap().as_str().to_owned()
        }
    }

    #[test]
    fn every_sample_is_what_its_view_writes() {
        let (cards, messages) = (crate::bot::cards::CHECKS, crate::bot::rendering::CHECKS);
        let checks = cards.iter().chain(messages).copied().flatten();
        let mut unseen: Vec<&str> = BUILT_IN.iter().map(|(file, _)| *file).collect();
        for (file, read_and_written) in checks {
            unseen.retain(|other| other != file);
            for sample in samples(file).unwrap() {
                let written = read_and_written(&sample);
                let written = written.unwrap_or_else(|error| panic!("{file}: {error}: {sample}"));
                assert_eq!(written, sample, "{file}");
            }
        }
        assert_eq!(unseen, [""; 0], "every template has a view");
    }

    #[test]
    fn every_failed_refund_says_what_to_do_next() {
        let templates = templates();
        for sample in samples("refund_failed.card").unwrap() {
            let text = templates
                .layout_of("refund_failed.card", &sample)
                .unwrap()
                .in_words();
            assert!(text.contains('请') || text.contains("点“重试”"), "{text}");
            let reason = sample["reason"].as_str().unwrap();
            assert_eq!(text.contains(reason), reason == "something_new", "{text}");
        }
    }

    #[test]
    fn the_refund_notice_of_the_group_is_that_of_the_contract() {
        let body = serde_json::json!({
            "nickname": "小明", "daysShown": "6+宽限1/7", "amountYuan": "99.5",
        });
        assert_eq!(
            templates()
                .text_of("refund_done.txt", &body)
                .unwrap()
                .as_str(),
            "【退款通知】\n恭喜 @小明 完成训练营打卡，押金已退回！\n打卡天数：6+宽限1/7天\n退款金额：99.5元"
        );
    }

    #[test]
    fn a_nickname_makes_no_line_and_no_link() {
        let body = serde_json::json!({
            "nickname": "a\nb<a href=\"x\">\u{202e}\u{200b}", "daysShown": "7/7", "amountYuan": "9",
        });
        let text = templates().text_of("refund_done.txt", &body).unwrap();
        assert_eq!(text.as_str().lines().count(), 4);
        assert!(!text.as_str().contains(['<', '\u{202e}', '\u{200b}']));
    }

    #[test]
    fn a_folder_replaces_file_by_file_and_a_bad_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("answer_failed.txt"), "改过的话").unwrap();
        let changed = Templates::load(dir).unwrap();
        let body = Value::Null;
        assert_eq!(
            changed
                .text_of("answer_failed.txt", &body)
                .unwrap()
                .as_str(),
            "改过的话"
        );
        for (name, source) in [
            ("answer_failed.txt", "{% if %}"),
            ("answer_failed.txt", "{{ nobody_knows }}"),
            ("answer_failed.txt", "  \n"),
            ("digest.card", "title: 标题\nbutten.pass: 通过"),
        ] {
            std::fs::write(folder.path().join(name), source).unwrap();
            let error = Templates::load(dir).unwrap_err().to_string();
            assert!(error.contains(name), "{source}: {error}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
