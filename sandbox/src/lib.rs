//! Strict stand-ins for the platforms that Campkeeper talks to.
