//! What every target holds itself to beside what libFuzzer watches: no input takes over 100 ms.

use std::time::{Duration, Instant};

/// The longest that one input may take.
const MOST: Duration = Duration::from_millis(100);
/// A machine that is busy with something else is not a slow reader: the best of so many counts.
const TRIES: u32 = 3;

/// Reads `bytes`, again where it took long.
///
/// # Panics
/// It took long every time.
pub fn in_time(bytes: &[u8], read: fn(&[u8])) {
    for _ in 0..TRIES {
        let began = Instant::now();
        read(bytes);
        if began.elapsed() <= MOST {
            return;
        }
    }
    panic!("{} bytes take over {MOST:?}", bytes.len());
}
