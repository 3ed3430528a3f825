//! Tokens and tickets shared by several instances of one application (wecom-app §4).

use std::{fmt, future::Future, pin::Pin, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};

use super::{Client, Error, Slot};

/// One that is about to expire is not taken from the store: whoever finds it fetches another.
const WORTH_TAKING: Duration = Duration::from_secs(300);

/// The answer of a [`TokenStore`] to come.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A token or ticket and how long it still lives.
#[derive(Clone)]
pub struct LiveToken {
    /// The secret itself.
    pub value: SecretString,
    /// Life that is left.
    pub lifetime: Duration,
}

impl fmt::Debug for LiveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveToken")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// A place where several instances share the access token and the JS tickets, so that they do not
/// fetch one each: a table or a cache whose entries expire by themselves. Values are secrets: encrypt them.
///
/// A client asks it before it fetches, by one task for all its callers, and tells it what it has
/// fetched; in between it goes by its own memory. A store that fails gives nothing and says so in a
/// log of its own: tokens are then fetched as without it.
pub trait TokenStore: Send + Sync + 'static {
    /// Reads the value under `name` that has not expired.
    fn load<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<LiveToken>>;

    /// Keeps `token` under `name` for its lifetime, in place of what is there.
    fn save<'a>(&'a self, name: &'a str, token: &'a LiveToken) -> StoreFuture<'a, ()>;
}

impl Client {
    /// Reads the store's value, or else that of `fetch`, which the store then gets. The value that
    /// was dropped last is not taken from the store.
    pub(crate) async fn shared(
        &self,
        slot: &Slot,
        name: &str,
        fetch: impl Future<Output = Result<LiveToken, Error>>,
    ) -> Result<LiveToken, Error> {
        let Some(store) = self.token_store() else {
            return fetch.await;
        };
        let name = format!("{}/{}/{name}", self.corp_id(), self.agent_id());
        if let Some(token) = store.load(&name).await
            && token.lifetime > WORTH_TAKING
            && !slot.has_dropped(token.value.expose_secret())
        {
            return Ok(token);
        }
        let fetched = fetch.await?;
        store.save(&name, &fetched).await;
        Ok(fetched)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{client::testing::Script, jssdk::TicketKind};

    #[derive(Default)]
    struct Shared(Mutex<HashMap<String, LiveToken>>);

    impl TokenStore for Shared {
        fn load<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<LiveToken>> {
            Box::pin(async move { self.0.lock().unwrap().get(name).cloned() })
        }

        fn save<'a>(&'a self, name: &'a str, token: &'a LiveToken) -> StoreFuture<'a, ()> {
            Box::pin(async move {
                self.0.lock().unwrap().insert(name.into(), token.clone());
            })
        }
    }

    fn client(script: &Arc<Script>, store: &Arc<Shared>) -> Client {
        let builder = Client::builder("ww1", 1, "s").transport(Arc::clone(script) as _);
        builder.token_store(Arc::clone(store) as _).build().unwrap()
    }

    #[tokio::test]
    async fn two_instances_fetch_one_token_and_one_ticket() {
        let store = Arc::<Shared>::default();
        let first = Script::with_token().then(r#"{"ticket":"J1","expires_in":7200}"#);
        let second = Arc::<Script>::default();
        for script in [&first, &second] {
            let client = client(script, &store);
            let ticket = client.js_ticket(TicketKind::Corp).await.unwrap();
            assert_eq!(ticket.expose_secret(), "J1");
            let token = client.access_token().await.unwrap();
            assert_eq!(token.expose_secret(), "T1");
        }
        assert_eq!(first.urls().len(), 2);
        assert!(second.urls().is_empty());
        let names: Vec<_> = store.0.lock().unwrap().keys().cloned().collect();
        assert!(
            names.contains(&"ww1/1/access_token".to_owned()),
            "{names:?}"
        );
    }

    #[tokio::test]
    async fn what_was_refused_or_is_about_to_expire_is_not_taken() {
        let store = Arc::<Shared>::default();
        let keep = |value: &str, seconds| {
            let token = LiveToken {
                value: value.into(),
                lifetime: Duration::from_secs(seconds),
            };
            let name = "ww1/1/access_token".to_owned();
            store.0.lock().unwrap().insert(name, token);
        };
        keep("old", 7000);
        let script = Arc::<Script>::default()
            .then(r#"{"errcode":42001,"errmsg":"expired"}"#)
            .then(r#"{"access_token":"new","expires_in":7200}"#)
            .then(r#"{"errcode":0,"ip_list":[]}"#)
            .then(r#"{"access_token":"newer","expires_in":7200}"#);
        client(&script, &store).api_ips().await.unwrap();
        assert!(script.urls()[2].ends_with("access_token=new"));
        keep("expiring", 300);
        let token = client(&script, &store).access_token().await.unwrap();
        assert_eq!(token.expose_secret(), "newer");
        assert!(!format!("{:?}", store.0.lock().unwrap()).contains("newer"));
    }

    #[tokio::test]
    async fn a_forgotten_value_does_not_come_back_from_the_store() {
        let store = Arc::<Shared>::default();
        let script = Script::with_token().then(r#"{"access_token":"T2","expires_in":7200}"#);
        let client = client(&script, &store);
        client.access_token().await.unwrap();
        client.forget_access_token();
        client.forget_access_token();
        let token = client.access_token().await.unwrap();
        assert_eq!(token.expose_secret(), "T2");
    }
}
