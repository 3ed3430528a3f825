//! What several readers hold at once: one copy for all of them, read once and gone with the last.
//! A poster that a whole camp opens, or that somebody opens again and again without ever reading
//! it, costs its own size.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::OnceCell;

type Content = OnceCell<Vec<u8>>;

/// What is being read, by its key, whose content never changes.
#[derive(Debug)]
pub(super) struct SharedReads<K>(Mutex<HashMap<K, Weak<Content>>>);

/// Keeps the content for as long as somebody reads it.
struct Held(Arc<Content>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}

impl<K> Default for SharedReads<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> SharedReads<K> {
    /// The content of a key: that which others hold, or else what `read` finds.
    pub(super) async fn get<E, F>(
        &self,
        key: &K,
        read: impl FnOnce() -> F,
    ) -> Result<Option<Bytes>, E>
    where
        F: Future<Output = Result<Option<Vec<u8>>, E>>,
    {
        let content = self.content(key);
        let found = content
            .get_or_try_init(async || read().await.map_err(Some)?.ok_or(None))
            .await
            .map(drop);
        match found {
            Ok(()) => Ok(Some(Bytes::from_owner(Held(content)))),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    fn content(&self, key: &K) -> Arc<Content> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = all.get(key).and_then(Weak::upgrade) {
            return content;
        }
        all.retain(|_, content| content.strong_count() > 0);
        let content = Arc::new(Content::new());
        all.insert(key.clone(), Arc::downgrade(&content));
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(reads: &SharedReads<u8>, found: Result<Option<&str>, ()>) -> Option<Bytes> {
        let found = found.map(|found| found.map(|text| text.as_bytes().to_vec()));
        reads.get(&7, async || found).await.unwrap_or_default()
    }

    #[tokio::test]
    async fn readers_share_one_copy_that_goes_with_the_last() {
        let reads = SharedReads::default();
        assert_eq!(get(&reads, Err(())).await, None);
        assert_eq!(get(&reads, Ok(None)).await, None);
        let first = get(&reads, Ok(Some("poster"))).await.unwrap();
        let second = get(&reads, Err(())).await.unwrap();
        assert_eq!(first, "poster");
        assert_eq!(first.as_ptr(), second.as_ptr());
        drop((first, second));
        assert_eq!(
            get(&reads, Ok(Some("read again"))).await.unwrap(),
            "read again"
        );
    }
}
