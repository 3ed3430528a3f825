//! The codes by which members join the group of their camp.

use serde::Serialize;

use super::{Timestamp, UploadId};

/// A group of WeCom takes in so many by its code.
pub const DEFAULT_CAPACITY: i64 = 200;
/// A group of WeCom holds so many at most.
pub const MAX_CAPACITY: i64 = 500;

/// A picture of a group's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupCode {
    pub upload_id: UploadId,
    /// So many members are shown it, before the next.
    pub capacity: i64,
    /// From then on nobody gets in by it; none where it does not end.
    pub expires_at: Option<Timestamp>,
}

impl GroupCode {
    /// One of which nothing but the picture is known.
    #[must_use]
    pub const fn plain(upload_id: UploadId) -> Self {
        Self {
            upload_id,
            capacity: DEFAULT_CAPACITY,
            expires_at: None,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// The code for the member before whom so many have come: the first with room, and where it is over
/// the next that is not. Where none is left, the last: a picture tells more than nothing.
#[must_use]
pub fn code_for(codes: &[GroupCode], before: i64, now: Timestamp) -> Option<GroupCode> {
    let mut room = 0_i64;
    let is_full = |code: &&GroupCode| {
        room = room.saturating_add(code.capacity);
        before >= room
    };
    let mut rest = codes.iter().skip_while(is_full);
    let mut living = codes.iter().rev().filter(|code| !code.is_over(now));
    rest.find(|code| !code.is_over(now))
        .or_else(|| living.next())
        .or(codes.last())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(id: i64, capacity: i64, expires_at: Option<i64>) -> GroupCode {
        GroupCode {
            upload_id: UploadId(id),
            capacity,
            expires_at: expires_at.map(Timestamp::from_micros),
        }
    }

    #[test]
    fn each_member_is_shown_a_code_with_room_that_is_not_over() {
        let codes = [code(1, 2, Some(50)), code(2, 3, None), code(3, 1, Some(90))];
        for (before, now, id) in [
            (0, 10, 1),
            (1, 10, 1),
            (2, 10, 2),
            (4, 10, 2),
            (5, 10, 3),
            // More than all of them hold.
            (6, 10, 3),
            // The first is over, in the moment that was named.
            (0, 50, 2),
            // So is the last, and the one before it takes who comes.
            (5, 90, 2),
        ] {
            let shown = code_for(&codes, before, Timestamp::from_micros(now));
            assert_eq!(shown.unwrap().upload_id, UploadId(id), "{before} at {now}");
        }
        let over = [code(1, 2, Some(5)), code(2, 2, Some(5))];
        let now = Timestamp::from_micros(10);
        assert_eq!(code_for(&over, 0, now).unwrap().upload_id, UploadId(2));
        assert_eq!(code_for(&[], 0, now), None);
    }
}
