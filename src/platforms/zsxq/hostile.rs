//! What the readers of the planet's pages must live through, for property tests and fuzz targets.

use super::envelope;
use super::members::MembersAnswer;
use super::projects::ListAnswer;
use super::ranking::RankingAnswer;
use super::topics::TopicsAnswer;

/// Reads `bytes` as the planet's answer with each kind of page.
///
/// # Panics
/// A property does not hold.
pub fn read_any_page(bytes: &[u8]) {
    // A row has two bytes at least, and none is invented.
    let most_rows = bytes.len();
    if let Ok(page) = envelope::read::<RankingAnswer>(200, bytes) {
        assert!(page.n_rows() <= most_rows);
    }
    if let Ok(page) = envelope::read::<TopicsAnswer>(200, bytes) {
        assert!(page.n_rows() <= most_rows);
    }
    if let Ok(page) = envelope::read::<MembersAnswer>(200, bytes) {
        assert!(page.n_rows() <= most_rows);
    }
    if let Ok(page) = envelope::read::<ListAnswer>(200, bytes) {
        assert!(page.n_rows() <= most_rows);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"user\":{\"user_id\":3,\"name\":\"",
        "\\ud83d",
        "\n",
        "\"rankings\":1",
        "\"checkined_days\":7",
        "\"topic_id\":9",
        "\"talk\":{\"owner\":",
        "\"create_time\":\"2026-01-03T21:04:05.123+0800\"",
        "\"user_id\":\"3\"",
        "null",
        "-1",
        "1e9",
        "\"checkin_id\":7700000001",
        "\u{feff}",
        "小明\u{202e}",
    ];

    proptest! {
        #[test]
        fn any_bytes_are_lived_through(bytes: Vec<u8>) {
            read_any_page(&bytes);
        }

        #[test]
        fn almost_a_page_is_lived_through(
            list in proptest::sample::select(&["ranking_list", "topics", "members", "checkins"][..]),
            pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24),
            junk in proptest::collection::vec(any::<u8>(), 0..6),
        ) {
            let rows = [pieces.concat().as_bytes(), &*junk].concat();
            let head = format!(r#"{{"succeeded":true,"resp_data":{{"{list}":["#);
            read_any_page(&[head.as_bytes(), &rows, b"]}}"].concat());
            read_any_page(&[head.as_bytes(), b"{\"name\":\"", &rows, b"\"}]}}"].concat());
        }
    }
}
