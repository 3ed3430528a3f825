//! The keys of the configuration, as they stand in the example file.

use std::sync::LazyLock;

use figment::Figment;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};

use super::EXAMPLE;

/// Blocks that take a restart: what is stored could not be found or read without them.
const NEVER_STORED: &[&str] = &["server", "database", "files", "security"];

/// Keys whose values nobody is shown. A test holds that they are those of type `SecretString`.
const SECRETS: &[&str] = &[
    "database.url",
    "security.master_key",
    "security.previous_master_keys",
    "wecom.proxy",
    "wecom.secret",
    "wecom.token",
    "wecom.encoding_aes_key",
    "wecom.smart_bot.token",
    "wecom.smart_bot.encoding_aes_key",
    "wechat_oauth.secret",
    "wechat_pay.api_v3_key",
    "zsxq.cookie",
];

/// Blocks of platforms: with their defaults a platform is off.
pub const PLATFORMS: &[&str] = &[
    "wecom",
    "wecom.smart_bot",
    "wechat_oauth",
    "wechat_pay",
    "zsxq",
];

/// The innermost block that a key stands in, or the key itself if it is one.
#[must_use]
pub fn block_of(key: &str) -> Option<String> {
    let mut block = key;
    loop {
        if let Some(Value::Dict(..)) = default_of(block) {
            return Some(block.to_owned());
        }
        (block, _) = block.rsplit_once('.')?;
    }
}

/// The example, read once: a start asks for many keys.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| {
    let example = Figment::from(Toml::string(EXAMPLE));
    example
        .find_value("")
        .unwrap_or_else(|_| Dict::new().into())
});

/// The default of a key, or those of a block.
pub(super) fn default_of(key: &str) -> Option<Value> {
    // For figment “a.b.” is “a.b”, and “” is the whole file.
    if key.split('.').any(str::is_empty) {
        return None;
    }
    DEFAULTS.find_ref(key).cloned()
}

/// True if a key may be stored in the database.
pub(super) fn may_be_stored(key: &str) -> bool {
    let block = key.split('.').next().unwrap_or_default();
    !NEVER_STORED.contains(&block)
}

/// True if secrets go to the address that a key holds. Whoever could set it from a browser could have
/// them sent to a place of their own, and so read what nobody is shown.
pub(super) fn receives_secrets(key: &str) -> bool {
    key.ends_with("_base") || key.ends_with("_url")
}

/// True if nobody is shown the value of a key.
pub(super) fn is_secret(key: &str) -> bool {
    let is_at_or_above = |secret: &&str| {
        key.strip_prefix(secret)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    SECRETS.iter().any(is_at_or_above)
}

/// The keys of a block with their defaults, but for those of blocks inside it.
pub(super) fn own(block: &str) -> Vec<(String, Value)> {
    let default = default_of(block).and_then(Value::into_dict);
    let values = default.unwrap_or_default().into_iter();
    values
        .filter(|(_, value)| !matches!(value, Value::Dict(..)))
        .map(|(name, value)| (format!("{block}.{name}"), value))
        .collect()
}

/// Every key, with its default.
pub(super) fn every() -> Vec<(String, Value)> {
    let whole: Dict = Figment::from(Toml::string(EXAMPLE))
        .extract()
        .unwrap_or_default();
    let blocks = whole.into_iter();
    blocks
        .flat_map(|(block, value)| leaves(&block, value))
        .collect()
}

/// The keys below a block, or the key itself, with the values that `value` gives them.
pub(super) fn leaves(key: &str, value: Value) -> Vec<(String, Value)> {
    match value {
        Value::Dict(_, dict) => {
            let below = dict.into_iter();
            below
                .flat_map(|(name, value)| leaves(&format!("{key}.{name}"), value))
                .collect()
        }
        value => vec![(key.to_owned(), value)],
    }
}

#[cfg(test)]
mod tests {
    use figment::util::nest;

    use super::super::Config;
    use super::*;

    #[test]
    fn secrets_are_the_keys_that_do_not_print_themselves() {
        const HUSH: &str = "127.9.9.9:9999";
        let mut secrets = Vec::new();
        for (key, default) in every() {
            let told = match default {
                // One of a few words.
                Value::String(..) if key == "server.log_format" => continue,
                Value::String(..) => Value::from(HUSH),
                Value::Array(..) if key == "server.trusted_proxies" => continue,
                Value::Array(..) => Value::from(vec![HUSH]),
                _ => continue,
            };
            let figment = Figment::from(Toml::string(EXAMPLE))
                .merge(figment::providers::Serialized::defaults(nest(&key, told)));
            let config: Config = figment.extract().unwrap();
            if !format!("{config:?}").contains(HUSH) {
                secrets.push(key);
            }
        }
        let mut listed = SECRETS.to_vec();
        listed.sort_unstable();
        secrets.sort_unstable();
        assert_eq!(secrets, listed);
    }

    #[test]
    fn what_the_store_is_found_with_is_not_kept_in_it() {
        for (key, may) in [
            ("zsxq.cookie", true),
            ("wecom.smart_bot.token", true),
            ("notify", true),
            ("server.public_url", false),
            ("database.url", false),
            ("files.url", false),
            ("security.master_key", false),
            ("security", false),
        ] {
            assert_eq!(may_be_stored(key), may, "{key}");
        }
    }
}
