//! The figures of one run over the outbox.

/// Counts of what one run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Taken by the platform.
    pub sent: u64,
    /// Sent together with another one, or nothing was left to send.
    pub merged: u64,
    /// Put off: the budget of a reader, the platform is busy, or it cannot be sent yet.
    pub put_off: u64,
    /// Refused for good.
    pub failed: u64,
    /// Nobody can say.
    pub unknown: u64,
}

impl Delivered {
    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.merged += other.merged;
        self.put_off += other.put_off;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}
