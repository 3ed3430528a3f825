//! Why a sandbox does not start.

use std::{io, net::SocketAddr};

use crate::faults::Platform;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could not be taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The HTTP client could not be built.
    #[error("cannot build the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// A stand-in could not be set up.
    #[error("cannot set up {platform}: {reason}")]
    Setup {
        platform: Platform,
        /// Why not.
        reason: String,
    },
}
