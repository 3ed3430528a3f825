//! Clients of the outside world. They know the protocols and nothing of camps.

pub mod files;
pub mod measured;
mod shared_reads;
pub mod sheets;
pub mod wechat_pay;
pub mod workbook;
pub mod zsxq;
