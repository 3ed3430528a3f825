//! What of the stored settings can be used.

use std::collections::BTreeSet;

use crate::config::{ConfigError, PLATFORMS, Stored, block_of};
use crate::domain::message::InForce;

use super::stored::StoredSettings;
use super::{Built, Configuration};

/// What settings are tried for.
pub(super) enum Purpose<'a> {
    /// To start with them: the file's hold in place of what cannot be used.
    Start,
    /// To go on with them: what was in use holds in place of what cannot be used.
    Follow(&'a Usable),
    /// To store these keys: they must be usable, whatever else is broken.
    Change(&'a BTreeSet<String>),
}

/// The stored values that can be used, and what they make.
pub(super) struct Usable {
    pub(super) built: Built,
    values: Stored,
    pub(super) left_out: Vec<LeftOut>,
}

/// A stored value that cannot be used.
pub(super) struct LeftOut {
    pub(super) error: ConfigError,
    pub(super) in_force: InForce,
    /// The rows it may come from, as they were written: the same for as long as nobody mends them.
    pub(super) rows: String,
}

impl Configuration {
    /// Builds with all that is stored but for what cannot be used.
    ///
    /// # Errors
    /// What is wrong is not stored; or it is what was to be changed.
    pub(super) fn usable(
        &self,
        stored: &StoredSettings,
        purpose: &Purpose<'_>,
    ) -> Result<Usable, ConfigError> {
        let mut trial = Trial::new(stored, purpose);
        let previous = match purpose {
            Purpose::Follow(in_use) => Some(&in_use.built),
            Purpose::Start | Purpose::Change(_) => None,
        };
        loop {
            let sources = self.sources.switched_off(&trial.off);
            let built = sources
                .config(&trial.values)
                .and_then(|config| self.builder.build(config, previous));
            match built {
                Ok(built) => return Ok(trial.passed(built)),
                Err(error) if trial.do_without(&error) => {}
                Err(error) => return Err(trial.first_of_all.unwrap_or(error)),
            }
        }
    }
}

struct Trial<'a> {
    stored: &'a StoredSettings,
    /// Keys that may neither be left out nor switched off.
    held: Option<&'a BTreeSet<String>>,
    values: Stored,
    /// What holds in place of values that are left out.
    former: Stored,
    /// Blocks of which something had to be left out.
    spoilt: BTreeSet<String>,
    /// Blocks whose defaults hold, whatever is in the file.
    off: BTreeSet<String>,
    left_out: Vec<(ConfigError, String)>,
    /// The error that made us leave out all.
    first_of_all: Option<ConfigError>,
}

impl<'a> Trial<'a> {
    fn new(stored: &'a StoredSettings, purpose: &Purpose<'a>) -> Self {
        let (former, held) = match *purpose {
            Purpose::Start => (Stored::new(), None),
            Purpose::Follow(in_use) => (in_use.values.clone(), None),
            Purpose::Change(keys) => (Stored::new(), Some(keys)),
        };
        let mut trial = Self {
            stored,
            held,
            values: stored.values.clone(),
            former,
            spoilt: BTreeSet::new(),
            off: BTreeSet::new(),
            left_out: Vec::new(),
            first_of_all: None,
        };
        for error in &stored.unreadable {
            let is_it = |key: &str| key == error.key;
            trial.leave_out(&is_it);
            trial.note(error, &is_it);
            trial.spoilt.extend(block_of(&error.key));
        }
        trial
    }

    /// Does without what an error may come from: its key, else its whole block, since the keys of a
    /// platform only work together, else the platform. `false` if nothing is to be done.
    fn do_without(&mut self, error: &ConfigError) -> bool {
        let is_key = |key: &str| is_within(key, &error.key) || is_within(&error.key, key);
        let block = block_of(&error.key);
        let is_in_block = |key: &str| block_of(key) == block;
        let is_held = |key: &String| is_key(key);
        if self.held.is_some_and(|held| held.iter().any(is_held)) {
            return false;
        }
        if self.leave_out(&is_key) {
            self.note(error, &is_key);
            self.spoilt.extend(block);
            return true;
        }
        if self
            .held
            .is_some_and(|held| held.iter().any(|key| is_in_block(key)))
        {
            return false;
        }
        let is_spoilt = block.as_ref().is_some_and(|it| self.spoilt.contains(it));
        if self.leave_out(&is_in_block) {
            if !is_spoilt {
                self.note(error, &is_in_block);
            }
            return true;
        }
        if let Some(block) = block {
            // What is broken beside a change must not keep anybody from making it.
            let may_be_off = is_spoilt && PLATFORMS.contains(&block.as_str());
            if (may_be_off || self.held.is_some()) && self.off.insert(block) {
                return true;
            }
        }
        self.held.is_none() && self.leave_out_all(error)
    }

    /// The last resort.
    fn leave_out_all(&mut self, error: &ConfigError) -> bool {
        let is_any = |_: &str| true;
        let is_left_out = self.leave_out(&is_any);
        if is_left_out && self.first_of_all.is_none() {
            self.note(error, &is_any);
            self.first_of_all = Some(error.clone());
        }
        is_left_out
    }

    /// Puts what was in use in the place of suspects, or nothing if that is what failed. `false` if
    /// neither changes anything.
    fn leave_out(&mut self, is_suspect: &dyn Fn(&str) -> bool) -> bool {
        let mut without = self.values.clone();
        without.retain(|key, _| !is_suspect(key));
        let mut with_former = without.clone();
        let former = self.former.iter().filter(|(key, _)| is_suspect(key));
        with_former.extend(former.map(|(key, value)| (key.clone(), value.clone())));
        let left = if with_former == self.values {
            self.former.retain(|key, _| !is_suspect(key));
            without
        } else {
            with_former
        };
        let is_changed = left != self.values;
        self.values = left;
        is_changed
    }

    fn note(&mut self, error: &ConfigError, is_suspect: &dyn Fn(&str) -> bool) {
        let rows = self.stored.rows.iter();
        let suspects = rows.filter(|(key, _)| is_suspect(key));
        let marks: Vec<&str> = suspects.map(|(_, mark)| mark.as_str()).collect();
        self.left_out.push((error.clone(), marks.join("+")));
    }

    fn passed(self, built: Built) -> Usable {
        let in_force = |key: &str| {
            if block_of(key).is_some_and(|block| self.off.contains(&block)) {
                InForce::Off
            } else if self.values.keys().any(|held| is_within(held, key)) {
                InForce::Former
            } else {
                InForce::File
            }
        };
        let left_out = self.left_out.into_iter();
        let left_out = left_out.map(|(error, rows)| LeftOut {
            in_force: in_force(&error.key),
            error,
            rows,
        });
        Usable {
            built,
            left_out: left_out.collect(),
            values: self.values,
        }
    }
}

/// True if a key is the other, or below it.
fn is_within(key: &str, above: &str) -> bool {
    key.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn stored(values: &[&str], unreadable: &[&str]) -> StoredSettings {
        let keys = values.iter().chain(unreadable);
        StoredSettings {
            generation: 9,
            values: values
                .iter()
                .map(|key| ((*key).to_owned(), json!(1)))
                .collect(),
            rows: keys
                .map(|key| ((*key).to_owned(), format!("mark of {key}")))
                .collect::<BTreeMap<_, _>>(),
            unreadable: unreadable.iter().map(|key| error(key)).collect(),
        }
    }

    fn error(key: &str) -> ConfigError {
        ConfigError::new(key, "is bad", "")
    }

    #[test]
    fn a_platform_that_lacks_a_bad_value_is_off_and_the_rest_is_kept() {
        let stored = stored(&["refund.undo_seconds"], &["zsxq.cookie"]);
        let mut trial = Trial::new(&stored, &Purpose::Start);
        assert!(trial.do_without(&error("zsxq.cookie")));
        assert!(trial.off.contains("zsxq"));
        assert!(trial.values.contains_key("refund.undo_seconds"));
        let told = vec![(error("zsxq.cookie"), "mark of zsxq.cookie".to_owned())];
        assert_eq!(trial.left_out, told);
    }

    #[test]
    fn a_block_that_is_half_filled_in_the_file_is_not_switched_off() {
        let stored = stored(&[], &["wechat_pay.serial_no"]);
        let mut trial = Trial::new(&stored, &Purpose::Start);
        assert!(!trial.do_without(&error("zsxq.cookie")));
        assert!(trial.off.is_empty());
    }

    #[test]
    fn what_is_changed_is_never_left_out() {
        let stored = stored(
            &["zsxq.cookie", "wecom.secret", "camp.default_grace_days"],
            &[],
        );
        let keys = BTreeSet::from(["zsxq.cookie".to_owned()]);
        let mut trial = Trial::new(&stored, &Purpose::Change(&keys));
        for bad in ["zsxq.cookie", "zsxq", "zsxq.group_id"] {
            assert!(!trial.do_without(&error(bad)), "{bad}");
        }
        assert!(trial.do_without(&error("wecom.secret")));
        assert!(trial.do_without(&error("wecom.secret")), "off");
        assert!(trial.values.contains_key("camp.default_grace_days"));
        assert!(trial.values.contains_key("zsxq.cookie"));
    }
}
