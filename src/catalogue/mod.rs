//! What people are told when something is not done, or not as it should be. Every reason is a type here, and every reason
//! has its sentence in `message-templates/refusals.toml`; a file of that name in the folder
//! `[templates] dir` replaces some of them. All doors tell reasons through [`Catalogue`], so that
//! one reads the same in the chat, in the console and on the pages.

mod doctor;
mod refusal;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format as _, Toml};
use minijinja::value::Value as Filled;
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::VariantNames as _;

use crate::domain::refund::Difference;
use crate::domain::table::RowFault;
use crate::domain::{ChainFault, FieldError, FieldErrors, Timestamp};

pub use doctor::{Finding, Part};
pub use refusal::{Duplicate, ErrorKind, Refusal, RequestFault, WrongState};
pub use sync::{PostsFault, SyncFault};

/// The name of the file that replaces sentences.
const FILE: &str = "refusals.toml";
const BUILT_IN: &str = include_str!("../../message-templates/refusals.toml");
/// The same for what looking at the installation finds.
const DOCTOR_FILE: &str = "doctor.toml";
const DOCTOR_BUILT_IN: &str = include_str!("../../message-templates/doctor.toml");
/// What the sentences are tried with.
const SAMPLES: &str = include_str!("../../message-templates/refusals.samples.json");

/// The sections of the file, and the reasons of which each must have a sentence.
const REASONS: &[(&str, &[&str])] = &[
    (ErrorKind::SECTION, ErrorKind::VARIANTS),
    ("refused", Refusal::VARIANTS),
    ("wrong_state", WrongState::VARIANTS),
    ("duplicate", Duplicate::VARIANTS),
    (RequestFault::SECTION, RequestFault::VARIANTS),
    (FieldError::SECTION, FieldError::VARIANTS),
    (RowFault::SECTION, RowFault::VARIANTS),
    (SyncFault::SECTION, SyncFault::VARIANTS),
    (Difference::SECTION, Difference::VARIANTS),
    (PostsFault::SECTION, PostsFault::VARIANTS),
    (ChainFault::SECTION, ChainFault::VARIANTS),
    (Part::SECTION, Part::VARIANTS),
    (Finding::SECTION, Finding::VARIANTS),
];
/// Why something is as it is, with a sentence for people in its section of the file.
pub trait Reason: Serialize {
    /// The section.
    const SECTION: &'static str;
}

impl Reason for ErrorKind {
    const SECTION: &'static str = "error";
}

impl Reason for RequestFault {
    const SECTION: &'static str = "request";
}

impl Reason for FieldError {
    const SECTION: &'static str = "field";
}

impl Reason for RowFault {
    const SECTION: &'static str = "row";
}

impl Reason for SyncFault {
    const SECTION: &'static str = "sync_fault";
}

/// What has changed is told on its own, and within the refusal that it is the reason for.
impl Reason for Difference {
    const SECTION: &'static str = "change";
}

impl Reason for ChainFault {
    const SECTION: &'static str = "chain_fault";
}

impl Reason for Part {
    const SECTION: &'static str = "part";
}

impl Reason for Finding {
    const SECTION: &'static str = "finding";
}

impl Reason for PostsFault {
    const SECTION: &'static str = "posts_fault";
}

const FIELD: &str = FieldError::SECTION;
/// What `{{ … | named }}` says.
const NAMES: &str = "names";

/// A catalogue that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is no file of sections and sentences.
    #[error("{FILE} in the folder of templates cannot be read")]
    Unreadable(#[source] Box<figment::Error>),
    /// There is a sentence too few.
    #[error("{FILE} has no sentence {0}")]
    NoSentence(String),
    /// There is a sentence that nobody would ever say: most likely a slip in its name.
    #[error("{FILE} has a sentence {0}, which is for nothing")]
    Unknown(String),
    /// A sentence cannot be filled, or is empty.
    #[error("the sentence {name} of {FILE} cannot be filled")]
    Unfillable {
        /// Its section and name.
        name: String,
        /// Where and why.
        #[source]
        cause: minijinja::Error,
    },
}

/// A line of the file, or the lines of one field.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Sentence(String),
    OfField(BTreeMap<String, String>),
}

type Sections = BTreeMap<String, BTreeMap<String, Entry>>;

/// The sentences, each filled once to see that it works.
pub struct Catalogue {
    environment: Environment<'static>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Catalogue {
    /// The built-in sentences, and in their place those of the file in `dir` if there is one. An
    /// empty `dir`: no folder.
    ///
    /// # Errors
    /// [`CatalogueError`] names the sentence that is missing or cannot be used.
    pub fn load(dir: &str) -> Result<Self, CatalogueError> {
        let mut file = Figment::from(Toml::string(BUILT_IN)).merge(Toml::string(DOCTOR_BUILT_IN));
        if !dir.is_empty() {
            for name in [FILE, DOCTOR_FILE] {
                let own = Path::new(dir).join(name);
                if own.exists() {
                    file = file.merge(Toml::file_exact(own));
                }
            }
        }
        let mut sections: Sections = file
            .extract()
            .map_err(|error| CatalogueError::Unreadable(Box::new(error)))?;
        let mut environment = environment();
        let names = sections.remove(NAMES).unwrap_or_default();
        environment.add_filter("named", move |name: &str| match names.get(name) {
            Some(Entry::Sentence(word)) => word.clone(),
            _ => name.to_owned(),
        });
        check_names(&sections)?;
        for (section, entries) in sections {
            for (name, entry) in entries {
                match entry {
                    Entry::Sentence(text) => add(&mut environment, &[&section, &name], text)?,
                    Entry::OfField(texts) => {
                        for (reason, text) in texts {
                            add(&mut environment, &[&section, &name, &reason], text)?;
                        }
                    }
                }
            }
        }
        let catalogue = Self { environment };
        catalogue.try_all()?;
        Ok(catalogue)
    }

    /// Tells a reason.
    #[must_use]
    pub fn say<R: Reason>(&self, reason: &R) -> String {
        let (section, name, data) = parts_of(R::SECTION, reason);
        self.fill(&name_of(&[&section, &name]), &data)
    }

    /// Tells what was found, and what to do about it where that is said.
    #[must_use]
    pub fn say_finding(&self, finding: &Finding) -> (String, Option<String>) {
        let told = self.say(finding);
        match told.split_once('\n') {
            Some((message, remedy)) => (message.to_owned(), Some(remedy.trim().to_owned())),
            None => (told, None),
        }
    }

    /// Tells an error and, where it is one of fields, what is wrong with each: where there is no
    /// form to write it into.
    #[must_use]
    pub fn say_in_full(&self, kind: &ErrorKind) -> String {
        let listed = |fields| {
            self.fields(fields)
                .into_values()
                .collect::<Vec<_>>()
                .join("；")
        };
        match kind {
            ErrorKind::Invalid(fields) => listed(fields),
            ErrorKind::Refused(Refusal::Incomplete(fields)) => {
                format!("{}：{}", self.say(kind), listed(fields))
            }
            _ => self.say(kind),
        }
    }

    /// Tells what is wrong with each field.
    #[must_use]
    pub fn fields(&self, errors: &FieldErrors) -> BTreeMap<String, String> {
        let told = errors.iter().map(|(field, error)| {
            let (_, reason, data) = parts_of(FIELD, error);
            let own = name_of(&[FIELD, field, &reason]);
            let sentence = match self.environment.get_template(&own) {
                Ok(_) => self.fill(&own, &data),
                Err(_) => self.fill(&name_of(&[FIELD, &reason]), &data),
            };
            (field.clone().into_owned(), sentence)
        });
        told.collect()
    }

    /// All sentences were filled at the start, but an operator's may take another way through an
    /// `{% if %}` with other data.
    fn fill(&self, name: &str, data: &Value) -> String {
        self.try_fill(name, data).unwrap_or_else(|error| {
            tracing::error!(%error, name, "a sentence could not be filled");
            let internal = name_of(&[ErrorKind::SECTION, "internal"]);
            self.try_fill(&internal, &Value::Null).unwrap_or(internal)
        })
    }

    fn try_fill(&self, name: &str, data: &Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(data)
    }

    /// Every reason has its sentence, and every sentence can be filled.
    fn try_all(&self) -> Result<(), CatalogueError> {
        let samples: Value = serde_json::from_str(SAMPLES).unwrap_or_default();
        for (section, reasons) in REASONS {
            for reason in reasons.iter().filter(|reason| !is_section(reason)) {
                let name = name_of(&[section, reason]);
                if self.environment.get_template(&name).is_err() {
                    return Err(CatalogueError::NoSentence(name));
                }
            }
        }
        // The iterator holds the lock that filling one takes.
        let templates = self.environment.templates();
        let names: Vec<String> = templates.map(|(name, _)| name.to_owned()).collect();
        for name in &names {
            let parts: Vec<&str> = name.split('.').collect();
            let data = match parts.as_slice() {
                [section, .., reason] => &samples[*section][*reason],
                _ => &Value::Null,
            };
            let unfillable = |cause| CatalogueError::Unfillable {
                name: name.clone(),
                cause,
            };
            if self
                .try_fill(name, data)
                .map_err(unfillable)?
                .trim()
                .is_empty()
            {
                return Err(CatalogueError::NoSentence(name.clone()));
            }
        }
        Ok(())
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("told", |state: &State<'_, '_>, difference: Filled| {
        let (section, name, data) = parts_of(Difference::SECTION, &difference);
        let sentence = state.env().get_template(&name_of(&[&section, &name]))?;
        sentence.render(data)
    });
    environment.add_filter("moment", |at: &str| {
        // What is no moment is shown as it is.
        let parsed = serde_json::from_value::<Timestamp>(json!(at));
        parsed.map_or_else(
            |_| at.to_owned(),
            |at| at.shanghai().format("%m-%d %H:%M").to_string(),
        )
    });
    environment
}

fn add(
    environment: &mut Environment<'static>,
    path: &[&str],
    text: String,
) -> Result<(), CatalogueError> {
    let name = name_of(path);
    environment
        .add_template_owned(name.clone(), text)
        .map_err(|cause| CatalogueError::Unfillable { name, cause })
}

/// Refuses a section or a sentence that stands for nothing.
fn check_names(sections: &Sections) -> Result<(), CatalogueError> {
    for (section, entries) in sections {
        let Some((_, reasons)) = REASONS.iter().find(|(name, _)| name == section) else {
            return Err(CatalogueError::Unknown(section.clone()));
        };
        let is_known = |reason: &String| reasons.contains(&reason.as_str());
        for (name, entry) in entries {
            match entry {
                Entry::Sentence(_) if is_known(name) => {}
                Entry::OfField(texts) if section == FIELD => {
                    if let Some(stray) = texts.keys().find(|reason| !is_known(reason)) {
                        return Err(CatalogueError::Unknown(name_of(&[section, name, stray])));
                    }
                }
                _ => return Err(CatalogueError::Unknown(name_of(&[section, name]))),
            }
        }
    }
    Ok(())
}

/// The section of a reason, its name there and its data. A reason that carries one of another
/// section is told by that one.
fn parts_of(section: &str, reason: &impl Serialize) -> (String, String, Value) {
    let mut section = section.to_owned();
    // Enums of names, numbers and texts always serialise.
    let mut written = serde_json::to_value(reason).unwrap_or_default();
    loop {
        let Value::Object(only) = written else {
            let name = written.as_str().unwrap_or_default().to_owned();
            return (section, name, Value::Null);
        };
        let Some((name, data)) = only.into_iter().next() else {
            return (section, String::new(), Value::Null);
        };
        if !is_section(&name) {
            return (section, name, data);
        }
        (section, written) = (name, data);
    }
}

fn is_section(name: &str) -> bool {
    REASONS.iter().any(|(section, _)| *section == name)
}

fn name_of(path: &[&str]) -> String {
    path.join(".")
}
