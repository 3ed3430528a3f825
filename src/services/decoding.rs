//! The memory that files of people may take. It is reserved before a file is received or decoded,
//! since a small file may unfold into a huge one: who finds no room within a while is asked to come
//! back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Result};

const MIB: u64 = 1024 * 1024;
/// Memory for files on their way here: three of the largest sheets.
const RECEIVED_MIB: u32 = 63;
/// Memory for decoding, pictures and sheets together.
const DECODED_MIB: u32 = 160;
/// What the largest sheet takes: its cells, its shared texts and what is made of them.
const SHEET_MIB: u32 = 112;
/// How long somebody waits for room, and comes back after.
const WAIT: Duration = Duration::from_secs(10);

/// Gives out room in memory. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Decoding(Arc<Rooms>);

struct Rooms {
    received: Arc<Semaphore>,
    decoded: Arc<Semaphore>,
    /// One picture at a time, and one sheet.
    picture: Arc<Semaphore>,
    sheet: Arc<Semaphore>,
}

/// Memory that is reserved until this is dropped.
#[must_use]
pub struct Room {
    _turn: Option<OwnedSemaphorePermit>,
    _memory: OwnedSemaphorePermit,
}

impl Default for Decoding {
    fn default() -> Self {
        let room = |mib: u32| Arc::new(Semaphore::new(mib as usize));
        Self(Arc::new(Rooms {
            received: room(RECEIVED_MIB),
            decoded: room(DECODED_MIB),
            picture: room(1),
            sheet: room(1),
        }))
    }
}

impl Decoding {
    /// Room for a file of so many bytes that is about to be received.
    ///
    /// # Errors
    /// [`Error::Busy`] when none becomes free within ten seconds.
    pub async fn for_a_file(&self, bytes: u64) -> Result<Room> {
        let memory = reserved(&self.0.received, mib(bytes, RECEIVED_MIB)).await?;
        Ok(Room {
            _turn: None,
            _memory: memory,
        })
    }

    /// Room to decode a picture that takes so many bytes on the way.
    ///
    /// # Errors
    /// [`Error::Busy`] when none becomes free within ten seconds.
    pub(super) async fn for_a_picture(&self, bytes: u64) -> Result<Room> {
        self.taken(&self.0.picture, mib(bytes, DECODED_MIB)).await
    }

    /// Room to read a sheet of any size.
    ///
    /// # Errors
    /// [`Error::Busy`] when none becomes free within ten seconds.
    pub(super) async fn for_a_sheet(&self) -> Result<Room> {
        self.taken(&self.0.sheet, SHEET_MIB).await
    }

    /// The turn first: who waits for it holds no memory.
    async fn taken(&self, turns: &Arc<Semaphore>, mib: u32) -> Result<Room> {
        Ok(Room {
            _turn: Some(reserved(turns, 1).await?),
            _memory: reserved(&self.0.decoded, mib).await?,
        })
    }
}

fn mib(bytes: u64, most: u32) -> u32 {
    let mib = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(most);
    mib.clamp(1, most)
}

async fn reserved(of: &Arc<Semaphore>, permits: u32) -> Result<OwnedSemaphorePermit> {
    let permits = Arc::clone(of).acquire_many_owned(permits);
    match tokio::time::timeout(WAIT, permits).await {
        Ok(Ok(permits)) => Ok(permits),
        // It is never closed.
        Ok(Err(_)) | Err(_) => Err(Error::Busy { retry_after: WAIT }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_of_a_kind_is_decoded_at_a_time_and_both_only_where_there_is_memory() {
        let decoding = Decoding::default();
        let sheet = decoding.for_a_sheet().await.unwrap();
        let busy = |result: Result<Room>| matches!(result, Err(Error::Busy { .. }));
        assert!(busy(decoding.for_a_sheet().await));
        let small = decoding.for_a_picture(40 * MIB).await.unwrap();
        assert!(busy(decoding.for_a_picture(1).await));
        drop(small);
        assert!(
            busy(decoding.for_a_picture(100 * MIB).await),
            "not beside a sheet"
        );
        drop(sheet);
        // More than there is for all takes all, and waits no longer than for that.
        let large = decoding.for_a_picture(1_000 * MIB).await.unwrap();
        let (next, _) = tokio::join!(decoding.for_a_sheet(), async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            drop(large);
        });
        assert!(next.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_received_within_their_own_memory() {
        let decoding = Decoding::default();
        let mut rooms = Vec::new();
        for _ in 0..3 {
            rooms.push(decoding.for_a_file(20 * MIB + 1).await.unwrap());
        }
        assert!(decoding.for_a_file(1).await.is_err());
        rooms.pop();
        assert!(decoding.for_a_file(2 * MIB).await.is_ok());
    }
}
