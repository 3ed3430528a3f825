//! Who is connected, and for whom each of them waits. There is a limit for all and one for each
//! address; over either, whoever has kept us waiting longest is hung up on. Nobody is whom we keep
//! waiting.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::services::seldom::Seldom;

use super::super::caller::block_of;

/// Of all connections, those of one address (of an IPv6 /64): a whole camp may sit behind one.
const MAX_OF_ONE_ADDRESS: usize = 1_000;
/// From the connection, or the first byte of a request, to the end of its head.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// From an answer to the next request.
const IDLE_WITHIN: Duration = Duration::from_secs(60);
/// For a peer to read a little of its answer.
const WRITE_WITHIN: Duration = Duration::from_secs(60);

/// All connections.
pub(super) struct Peers {
    most: usize,
    trusted: Vec<IpNet>,
    held: Mutex<Held>,
    full: Seldom,
}

#[derive(Default)]
struct Held {
    next: u64,
    all: HashMap<u64, Arc<Peer>>,
    /// How many of each address there are.
    of_block: HashMap<IpAddr, usize>,
}

/// One connection.
pub(super) struct Peer {
    /// None for a trusted proxy.
    block: Option<IpAddr>,
    state: Mutex<State>,
    hang_up: Notify,
}

struct State {
    phase: Phase,
    /// Since when we wait for the rest of a body.
    body_awaited: Option<Instant>,
    /// Since when nothing could be written.
    write_stuck: Option<Instant>,
}

/// What a connection is at, since when.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing has come yet.
    Opened(Instant),
    /// A head has begun to come.
    Head(Instant),
    /// A request is read, worked on or answered.
    Serving,
    /// Answered; the next request may come.
    Idle(Instant),
}

/// A place among the connections; given up when dropped.
pub(super) struct Admitted {
    peers: Arc<Peers>,
    id: u64,
    peer: Arc<Peer>,
}

/// A request that is served; ended when dropped.
pub(super) struct Serving(Arc<Peer>);

impl Peers {
    pub(super) fn new(most: usize, trusted: Vec<IpNet>) -> Self {
        Self {
            most,
            trusted,
            held: Mutex::default(),
            full: Seldom::new(),
        }
    }

    /// A place for a new connection; none while everybody there is waits for us.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        let is_proxy = self.trusted.iter().any(|range| range.contains(&address));
        let block = (!is_proxy).then(|| block_of(address));
        let mut held = self.held();
        let of_block = block.and_then(|block| held.of_block.get(&block));
        let has_room = if of_block.is_some_and(|count| *count >= MAX_OF_ONE_ADDRESS) {
            self.log_full("one address has its share of connections");
            held.displace(|peer| peer.block == block)
        } else if held.all.len() >= self.most {
            self.log_full("all connections are taken");
            held.displace(|_| true)
        } else {
            true
        };
        has_room.then(|| {
            let peer = Arc::new(Peer::new(block));
            let id = held.insert(Arc::clone(&peer));
            let peers = Arc::clone(self);
            Admitted { peers, id, peer }
        })
    }

    /// Hangs up on whoever has kept us waiting longest.
    pub(super) fn make_room(&self) {
        self.held().displace(|_| true);
    }

    fn log_full(&self, what: &str) {
        if let Some(left_out) = self.full.turn() {
            tracing::warn!(left_out, "{what}: the one that waits longest is hung up on");
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn insert(&mut self, peer: Arc<Peer>) -> u64 {
        if let Some(block) = peer.block {
            *self.of_block.entry(block).or_default() += 1;
        }
        let id = self.next;
        self.next += 1;
        self.all.insert(id, peer);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Peer>> {
        let peer = self.all.remove(&id)?;
        if let Some(block) = peer.block
            && let Some(count) = self.of_block.get_mut(&block)
        {
            *count -= 1;
            if *count == 0 {
                self.of_block.remove(&block);
            }
        }
        Some(peer)
    }

    /// Hangs up on whoever of some has kept us waiting longest; false if none of them does.
    fn displace(&mut self, is_of_them: impl Fn(&Peer) -> bool) -> bool {
        let of_them = self.all.iter().filter(|(_, peer)| is_of_them(peer));
        let waiting = of_them.filter_map(|(id, peer)| Some((peer.awaited_since()?, *id)));
        let Some((_, longest)) = waiting.min() else {
            return false;
        };
        if let Some(peer) = self.remove(longest) {
            peer.hang_up.notify_one();
        }
        true
    }
}

impl Admitted {
    pub(super) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.peers.held().remove(self.id);
    }
}

impl Peer {
    fn new(block: Option<IpAddr>) -> Self {
        Self {
            block,
            state: Mutex::new(State {
                phase: Phase::Opened(Instant::now()),
                body_awaited: None,
                write_stuck: None,
            }),
            hang_up: Notify::new(),
        }
    }

    /// A request begins to be served.
    pub(super) fn begin(self: &Arc<Self>) -> Serving {
        self.state().phase = Phase::Serving;
        Serving(Arc::clone(self))
    }

    /// Waits until it has to make room.
    pub(super) async fn displaced(&self) {
        self.hang_up.notified().await;
    }

    /// Waits until it has said nothing for too long.
    pub(super) async fn says_nothing(&self) {
        if let Some(deadline) = self.read_deadline() {
            tokio::time::sleep_until(deadline).await;
        }
    }

    /// Whether no part of a request has come.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state().phase, Phase::Opened(_) | Phase::Idle(_))
    }

    /// Until when its next bytes have to come. A body has its own limit.
    pub(super) fn read_deadline(&self) -> Option<Instant> {
        match self.state().phase {
            Phase::Opened(since) | Phase::Head(since) => Some(since + HEAD_WITHIN),
            Phase::Idle(since) => Some(since + IDLE_WITHIN),
            Phase::Serving => None,
        }
    }

    /// Something of it has come.
    pub(super) fn has_come(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Opened(_) | Phase::Idle(_)) {
            state.phase = Phase::Head(Instant::now());
        }
    }

    /// It has taken something.
    pub(super) fn has_taken(&self) {
        let mut state = self.state();
        state.write_stuck = None;
        // The end of an answer may be long on its way.
        if matches!(state.phase, Phase::Idle(_)) {
            state.phase = Phase::Idle(Instant::now());
        }
    }

    /// It takes nothing more for now: until when it has to.
    pub(super) fn is_stuck(&self) -> Instant {
        let mut state = self.state();
        *state.write_stuck.get_or_insert_with(Instant::now) + WRITE_WITHIN
    }

    /// The rest of its body is awaited, or not any more.
    pub(super) fn await_body(&self, is_awaited: bool) {
        let mut state = self.state();
        if is_awaited {
            state.body_awaited.get_or_insert_with(Instant::now);
        } else {
            state.body_awaited = None;
        }
    }

    /// Since when it keeps us waiting.
    fn awaited_since(&self) -> Option<Instant> {
        let state = self.state();
        let of_phase = match state.phase {
            Phase::Opened(since) | Phase::Head(since) | Phase::Idle(since) => Some(since),
            Phase::Serving => state.body_awaited,
        };
        [of_phase, state.write_stuck].into_iter().flatten().min()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serving {
    pub(super) fn peer(&self) -> Arc<Peer> {
        Arc::clone(&self.0)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.body_awaited = None;
        state.phase = Phase::Idle(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(most: usize) -> Arc<Peers> {
        Arc::new(Peers::new(most, vec!["10.0.0.0/8".parse().unwrap()]))
    }

    fn admit(peers: &Arc<Peers>, address: &str) -> Option<Admitted> {
        peers.admit(address.parse().unwrap())
    }

    async fn is_displaced(admitted: &Admitted) -> bool {
        let displaced = tokio::time::timeout(Duration::from_millis(1), admitted.peer.displaced());
        displaced.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_keeps_us_waiting_longest_makes_room() {
        let peers = peers(3);
        let served = admit(&peers, "203.0.113.1").unwrap();
        let request = served.peer.begin();
        tokio::time::advance(Duration::from_secs(1)).await;
        let idle = admit(&peers, "203.0.113.2").unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let newer = admit(&peers, "203.0.113.3").unwrap();
        let newest = admit(&peers, "203.0.113.4").unwrap();
        assert!(is_displaced(&idle).await);
        assert!(!is_displaced(&served).await && !is_displaced(&newer).await);
        // Who is served keeps us waiting, too, where they leave their body open.
        served.peer.await_body(true);
        let (_first, _second) = (newer.peer.begin(), newest.peer.begin());
        let next = admit(&peers, "203.0.113.5").unwrap();
        assert!(is_displaced(&served).await);
        drop(request);
        // Where everybody waits for us, nobody is hung up on, and nobody else comes in.
        let _third = next.peer.begin();
        assert!(admit(&peers, "203.0.113.6").is_none());
        drop(newer);
        assert!(admit(&peers, "203.0.113.6").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_has_a_share_and_a_proxy_has_none() {
        let peers = peers(5 * MAX_OF_ONE_ADDRESS);
        let other = admit(&peers, "2001:db8:0:2::1").unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let of_block: Vec<_> = (0..MAX_OF_ONE_ADDRESS)
            .map(|host| admit(&peers, &format!("2001:db8:0:1::{host:x}")).unwrap())
            .collect();
        assert_eq!(peers.held().all.len(), MAX_OF_ONE_ADDRESS + 1);
        let _more = admit(&peers, "2001:db8:0:1:ffff::").unwrap();
        assert_eq!(peers.held().all.len(), MAX_OF_ONE_ADDRESS + 1);
        assert!(!is_displaced(&other).await, "it has the time on its side");
        let _of_proxy: Vec<_> = (0..MAX_OF_ONE_ADDRESS + 10)
            .map(|_| admit(&peers, "10.0.0.7").unwrap())
            .collect();
        assert_eq!(peers.held().all.len(), 2 * MAX_OF_ONE_ADDRESS + 11);
        drop((of_block, other));
        assert_eq!(peers.held().of_block.len(), 1, "of the one that came last");
    }
}
