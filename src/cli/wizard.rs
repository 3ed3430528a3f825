//! Asks for what a configuration file needs and writes it, readable by its owner alone.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use campkeeper::catalogue::Catalogue;
use campkeeper::config::{self, ConfigError, Filled, Sources, Stored};
use campkeeper::domain::FieldErrors;
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;

use super::Failure;
use super::output::tell;

const TEXTS: &str = include_str!("../../message-templates/wizard.toml");
/// It holds the master key.
const MODE: u32 = 0o600;
const MASTER_KEY_BYTES: usize = 32;
/// The longest answer.
const MAX_ANSWER_BYTES: usize = 4096;
/// How often a question is asked at most: a script that answers wrongly must not go on for ever.
const ASKED: usize = 10;

/// What is said and asked.
#[derive(Debug, Deserialize)]
struct Texts {
    begin: String,
    again: String,
    wanted: String,
    ended: String,
    done: String,
    question: Vec<Question>,
}

/// A question about one key.
#[derive(Debug, Deserialize)]
struct Question {
    key: String,
    ask: String,
    #[serde(default)]
    optional: bool,
    /// Without an answer the rest of its block is not asked.
    #[serde(default)]
    starts: bool,
}

/// Asks on `answers` and writes the file.
pub(super) fn write_file(file: Option<PathBuf>, answers: impl BufRead) -> Result<(), Failure> {
    let file = file.unwrap_or_else(|| PathBuf::from(config::DEFAULT_FILE));
    let refused = |error| Failure::File {
        path: file.clone(),
        error,
    };
    if file.exists() {
        return Err(refused(std::io::ErrorKind::AlreadyExists.into()));
    }
    let texts: Texts = Figment::from(Toml::string(TEXTS))
        .extract()
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let named = |text: &str| text.replace("{{ file }}", &file.display().to_string());
    tell(&named(&texts.begin));
    let catalogue = Catalogue::load("").map_err(campkeeper::app::StartError::from)?;
    let asked = Wizard {
        texts: &texts,
        catalogue,
        answers,
        given: BTreeMap::from([("security.master_key".to_owned(), master_key())]),
    }
    .ask_all()?;
    create(&file, &asked).map_err(refused)?;
    tell(&named(&texts.done));
    Ok(())
}

fn master_key() -> String {
    let bytes: [u8; MASTER_KEY_BYTES] = rand::random();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Never over a file that is there, and never for a moment readable by others.
fn create(file: &Path, text: &str) -> std::io::Result<()> {
    let mut made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(file)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()
}

struct Wizard<'a, R> {
    texts: &'a Texts,
    catalogue: Catalogue,
    answers: R,
    /// What was answered, by key.
    given: BTreeMap<String, String>,
}

impl<R: BufRead> Wizard<'_, R> {
    /// The text of a file with all answers.
    fn ask_all(mut self) -> Result<String, Failure> {
        let mut skipped: Option<&str> = None;
        for question in &self.texts.question {
            let block = question.key.split('.').next();
            if block.is_some() && block == skipped {
                continue;
            }
            self.ask(question)?;
            if question.starts && !self.given.contains_key(&question.key) {
                skipped = block;
            }
        }
        let filled = Filled::of(&self.given);
        self.check(&filled).map_err(Failure::Config)?;
        Ok(filled.text)
    }

    fn ask(&mut self, question: &Question) -> Result<(), Failure> {
        let default = config::default_of(&question.key).unwrap_or_default();
        for _ in 0..ASKED {
            let shown = if default.is_empty() {
                String::new()
            } else {
                format!("（{default}）")
            };
            tell(&format!("\n{}{shown}", question.ask));
            let answer = self.next_line()?;
            let may_be_empty = question.optional || question.starts || !default.is_empty();
            if answer.is_empty() && !may_be_empty {
                self.tell_again(&self.texts.wanted);
                continue;
            }
            let mut tried = self.given.clone();
            if !answer.is_empty() {
                tried.insert(question.key.clone(), answer);
            }
            match self.check(&Filled::of(&tried)) {
                // What is wrong elsewhere has not been asked yet.
                Err(error) if error.key.starts_with(&question.key) => {
                    let errors = FieldErrors::from([(error.key.into(), error.fault)]);
                    let told = self.catalogue.fields(&errors).into_values();
                    self.tell_again(&told.collect::<Vec<_>>().join("；"));
                }
                _ => {
                    self.given = tried;
                    return Ok(());
                }
            }
        }
        Err(std::io::Error::other(self.texts.ended.clone()).into())
    }

    fn tell_again(&self, why: &str) {
        tell(&self.texts.again.replace("{{ why }}", why));
    }

    fn check(&self, filled: &Filled) -> Result<(), ConfigError> {
        Sources::new(filled.text.clone(), []).config(&Stored::new())?;
        let mut files = filled.files.iter();
        match files.find(|(_, path)| !Path::new(path).is_file()) {
            Some((key, _)) => Err(ConfigError::new(key, "is the path of no file", "")),
            None => Ok(()),
        }
    }

    fn next_line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        if read == 0 || line.len() > MAX_ANSWER_BYTES {
            return Err(std::io::Error::other(self.texts.ended.clone()).into());
        }
        Ok(line.trim().to_owned())
    }
}
