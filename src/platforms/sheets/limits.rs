//! What a file may have. `docs/limits.md` lists it.

/// Largest file that is read (design §8: imports 20 MiB).
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Most bytes of an xlsx that are unpacked (design §8), counted while they are.
pub const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;
/// Most rows below the headings.
pub const MAX_ROWS: usize = 100_000;
/// Columns further right are not read.
pub const MAX_COLUMNS: usize = 64;
/// Characters of a cell that are kept.
pub const MAX_CELL_CHARS: usize = 500;
/// Bytes of a cell that are read. Spreadsheet programs write at most 32,767 characters.
pub(super) const MAX_CELL_BYTES: usize = 256 * 1024;
/// Texts that a workbook keeps beside its sheets.
pub(super) const MAX_SHARED_STRINGS: usize = 1_000_000;
/// Memory that they may take.
pub(super) const MAX_SHARED_BYTES: usize = 32 * 1024 * 1024;
/// Memory that the cells of one file may take: a hostile workbook says a long text once and shows
/// it in every cell.
pub(super) const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
