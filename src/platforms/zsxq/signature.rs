//! The request signature of the planet's web client (zsxq §1.1). It holds no secret: it only shows
//! that the sender is (or imitates) the vendor's own client.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// `hex(SHA-1(url + " " + timestamp + " " + request_id))`, lower case.
///
/// `url` is the whole URL exactly as it goes out, query percent-encoded; `timestamp` and
/// `request_id` are exactly the header values.
pub(super) fn sign(url: &str, timestamp: &str, request_id: &str) -> String {
    use std::fmt::Write as _;
    let sum = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        format!("{url} {timestamp} {request_id}").as_bytes(),
    );
    sum.as_ref()
        .iter()
        .fold(String::with_capacity(40), |mut hex, byte| {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn golden_vectors_of_the_reference() {
        let cases = [
            (
                "https://api.zsxq.com/v2/groups/88000000000011/checkins/7700000001/ranking_list?type=accumulated&index=0",
                "ff0c7c42ad510492633e3634fb859667e53ad183",
            ),
            (
                "https://api.zsxq.com/v2/groups/88000000000011/checkins/7700000001/topics?scope=all&count=20&end_time=2026-01-03T21%3A04%3A05.122%2B0800",
                "264a32df665e53d3db8dd64b861fe943b8f8af9a",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(
                sign(url, "1767225600", "11111111-2222-4333-8444-555555555555"),
                expected
            );
        }
    }
}
