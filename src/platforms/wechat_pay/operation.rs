//! The calls of this module.

use std::fmt;

/// The call an error belongs to: the same code can mean different things for different calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v3/pay/transactions/…`.
    CreateOrder,
    /// `GET /v3/pay/transactions/out-trade-no/…`.
    QueryOrder,
    /// `POST …/close`.
    CloseOrder,
    /// `POST /v3/refund/domestic/refunds`.
    CreateRefund,
    /// `GET /v3/refund/domestic/refunds/…`.
    QueryRefund,
    /// `GET /v3/certificates`.
    FetchCertificates,
    /// `GET /v3/bill/tradebill`.
    AskForBill,
    /// `GET` of the address that is answered to it.
    DownloadBill,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CreateOrder => "create order",
            Self::QueryOrder => "query order",
            Self::CloseOrder => "close order",
            Self::CreateRefund => "create refund",
            Self::QueryRefund => "query refund",
            Self::FetchCertificates => "fetch certificates",
            Self::AskForBill => "ask for bill",
            Self::DownloadBill => "download bill",
        })
    }
}
