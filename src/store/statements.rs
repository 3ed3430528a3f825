//! Fixed statements, declared so that none can be forgotten by the test that prepares them.

/// Declares the fixed statements of a store file as constants, and lists them in `STATEMENTS`.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$meta])* const $name: &str = $sql;)+

        /// The fixed statements of this file.
        pub(super) const STATEMENTS: &[(&str, &str)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),+];
    };
}
