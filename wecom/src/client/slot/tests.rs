//! Fetching, renewing, holding off and dropping, on a paused clock.

use std::sync::{Arc, atomic::AtomicUsize};

use super::*;
use crate::client::error::{RawText, TransportError};

fn fetched(value: &str) -> LiveToken {
    LiveToken {
        value: value.into(),
        lifetime: Duration::from_secs(7200),
    }
}

fn refused(code: i64) -> Error {
    Error::Api {
        code,
        message: RawText::from_bytes(b""),
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_share_one_fetch() {
    let (slot, fetches) = (Arc::new(Slot::default()), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (slot, fetches) = (Arc::clone(&slot), Arc::clone(&fetches));
            tokio::spawn(async move {
                slot.get(|| async move {
                    fetches.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Ok(fetched("t1"))
                })
                .await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().expose_secret(), "t1");
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_callers_share_a_failure_too() {
    let (slot, fetches) = (Arc::new(Slot::default()), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let (slot, fetches) = (Arc::clone(&slot), Arc::clone(&fetches));
            tokio::spawn(async move {
                slot.get(|| async move {
                    fetches.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(refused(-1))
                })
                .await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap_err().code(), Some(-1));
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    let next = slot.get(|| async { Ok(fetched("t2")) }).await;
    assert_eq!(
        next.unwrap().expose_secret(),
        "t2",
        "a busy platform is asked again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_not_tried_again_at_once() {
    let slot = Slot::default();
    assert!(slot.get(|| async { Err(refused(40001)) }).await.is_err());
    let held = slot.get(|| async { Ok(fetched("t")) }).await;
    assert_eq!(held.unwrap_err().code(), Some(40001));
    tokio::time::advance(HOLD_OFF).await;
    assert!(slot.get(|| async { Err(refused(40001)) }).await.is_err());
    tokio::time::advance(HOLD_OFF).await;
    let held = slot.get(|| async { Ok(fetched("t")) }).await;
    assert!(held.is_err(), "the second time it waits twice as long");
    tokio::time::advance(HOLD_OFF).await;
    assert!(slot.get(|| async { Ok(fetched("t")) }).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_tried_a_dozen_times_in_an_hour() {
    let (slot, mut tries) = (Slot::default(), 0);
    for _ in 0..1800 {
        let fetch = || {
            tries += 1;
            async { Err(refused(40001)) }
        };
        assert!(slot.get(fetch).await.is_err());
        tokio::time::advance(Duration::from_secs(2)).await;
    }
    assert!(tries <= 12, "{tries}");
}

/// Lets tasks in the background come to their end.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_early_and_the_old_value_bridges_a_failed_renewal() {
    let slot = Slot::default();
    slot.get(|| async { Ok(fetched("old")) }).await.unwrap();
    tokio::time::advance(Duration::from_secs(7200 - 299)).await;
    let down = TransportError {
        may_have_been_sent: true,
        is_permanent: false,
        detail: "timed out".into(),
    };
    let bridged = slot
        .get(|| async { Err(Error::Transport(down)) })
        .await
        .unwrap();
    assert_eq!(bridged.expose_secret(), "old");
    settle().await;
    let held = slot.get(|| async { panic!("asked at once again") }).await;
    assert_eq!(held.unwrap().expose_secret(), "old");
    settle().await;
    tokio::time::advance(HOLD_OFF).await;
    slot.get(|| async { Ok(fetched("new")) }).await.unwrap();
    settle().await;
    let renewed = slot.get(|| async { panic!("renewed already") }).await;
    assert_eq!(renewed.unwrap().expose_secret(), "new");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_an_early_renewal_and_one_runs_for_all() {
    let (slot, fetches) = (Slot::default(), Arc::new(AtomicUsize::new(0)));
    slot.get(|| async { Ok(fetched("old")) }).await.unwrap();
    tokio::time::advance(Duration::from_secs(7200 - 200)).await;
    let started = Instant::now();
    for _ in 0..10 {
        let fetches = Arc::clone(&fetches);
        let value = slot
            .get(|| async move {
                fetches.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ok(fetched("new"))
            })
            .await;
        assert_eq!(value.unwrap().expose_secret(), "old");
        settle().await;
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let value = slot.get(|| async { panic!("renewed already") }).await;
    assert_eq!(value.unwrap().expose_secret(), "new");
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_outlives_the_callers_who_gave_up() {
    let (slot, fetches) = (Slot::default(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..10 {
        let fetches = Arc::clone(&fetches);
        let caller = slot.get(|| async move {
            fetches.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(fetched("t1"))
        });
        if let Ok(value) = tokio::time::timeout(Duration::from_millis(200), caller).await {
            assert_eq!(value.unwrap().expose_secret(), "t1");
        }
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_address_is_left_alone_and_the_doubling_goes_on() {
    let (slot, mut tries) = (Slot::default(), 0);
    assert!(slot.get(|| async { Err(refused(40001)) }).await.is_err());
    tokio::time::advance(HOLD_OFF).await;
    for second in 0..3600 {
        let fetch = || {
            tries += 1;
            async { Err(refused(45009)) }
        };
        let error = slot.get(fetch).await.unwrap_err();
        assert_eq!(error.code(), Some(45009), "second {second}");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(tries <= 10, "{tries}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_between_two_wrong_secrets_survives_a_block_between_them() {
    let slot = Slot::default();
    for (code, wait_s) in [(40001, 10), (45009, 60), (40001, 40)] {
        let error = slot.get(|| async move { Err(refused(code)) }).await;
        assert_eq!(error.unwrap_err().code(), Some(code));
        tokio::time::advance(Duration::from_secs(wait_s - 1)).await;
        let held = slot.get(|| async { panic!("asked too early") }).await;
        assert_eq!(held.unwrap_err().code(), Some(code));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(slot.get(|| async { Ok(fetched("t")) }).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn values_that_are_always_refused_are_dropped_once_in_a_while() {
    let slot = Slot::default();
    let get = |value: &'static str| slot.get(move || async move { Ok(fetched(value)) });
    let first = get("t1").await.unwrap();
    assert!(slot.invalidate(&first));
    let second = get("t2").await.unwrap();
    assert!(
        slot.invalidate(&first),
        "it was replaced: the new one may do"
    );
    assert!(
        !slot.invalidate(&second),
        "a third would be refused as well"
    );
    assert_eq!(get("t3").await.unwrap().expose_secret(), "t2");
    tokio::time::advance(HOLD_OFF).await;
    assert!(slot.invalidate(&second));
    assert_eq!(get("t3").await.unwrap().expose_secret(), "t3");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_is_an_error_and_blocks_nobody() {
    let slot = Slot::default();
    let broken = slot.get(|| async { panic!("a transport") }).await;
    assert!(matches!(broken, Err(Error::Transport(_))));
    assert!(slot.get(|| async { Ok(fetched("t")) }).await.is_ok());
}

#[tokio::test]
async fn only_the_value_that_failed_is_dropped() {
    let slot = Slot::default();
    slot.get(|| async { Ok(fetched("new")) }).await.unwrap();
    slot.invalidate(&"old".into());
    let kept = slot.get(|| async { Ok(fetched("third")) }).await.unwrap();
    assert_eq!(kept.expose_secret(), "new");
    slot.invalidate(&"new".into());
    let fetched = slot.get(|| async { Ok(fetched("third")) }).await.unwrap();
    assert_eq!(fetched.expose_secret(), "third");
}
