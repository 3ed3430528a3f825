//! Clients of the outside world. They know the protocols and nothing of camps.

pub mod backup_file;
pub mod disk;
pub mod files;
pub mod measured;
pub mod postgres_tools;
pub mod probe;
pub mod sealed_stream;
mod shared_reads;
pub mod sheets;
pub mod wechat_pay;
pub mod workbook;
pub mod zsxq;
