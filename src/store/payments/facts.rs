//! What is written of a payment, and by what its payer is known.

use crate::domain::promise::Promise;
use crate::domain::{CampId, Fen, OrderFlag, OrderNo, PayChannel, PlanetUserId, Terms, Timestamp};
use crate::store::{Macs, Sealed};

/// The payer, as a platform names them: encrypted, with a MAC to look up by.
#[derive(Debug, Clone)]
pub struct Payer {
    /// The encrypted openid.
    pub openid: Sealed,
    /// Its MAC, with the id of its key.
    pub openid_mac: Vec<u8>,
}

/// Who the payer says to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanetClaim {
    /// A number or an account id of the planet, as typed.
    pub planet_id: Option<String>,
    /// The planet nickname, as typed.
    pub nickname: Option<String>,
    /// The WeChat nickname, as typed.
    pub wechat_nickname: Option<String>,
    /// Whom the link that led here was signed for.
    pub signed: Option<PlanetUserId>,
}

/// Whose order it is, at WeChat Pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The merchant number.
    pub mch_id: String,
    /// The appid.
    pub app_id: String,
}

/// An order to be made.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// Our number at WeChat Pay.
    pub order_no: OrderNo,
    /// The camp.
    pub camp_id: CampId,
    /// The session that orders.
    pub session_hash: Vec<u8>,
    /// How it is to be paid.
    pub channel: PayChannel,
    /// The rules agreed to; the deposit is the amount.
    pub terms: Terms,
    /// What is promised with them.
    pub promise: Promise,
    /// The version of what they were told of their data with them.
    pub info_version: String,
    /// The payer, where they have signed in.
    pub payer: Option<Payer>,
    /// Their account, if they are a member of the corp.
    pub wecom_userid: Option<String>,
    /// Who they say to be.
    pub claim: PlanetClaim,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// The payer's address, for the h5 channel.
    pub payer_ip: Option<String>,
    /// When to ask WeChat Pay about it, should no notification come.
    pub next_query_at: Timestamp,
    /// Under which merchant and appid it is made.
    pub payee: Payee,
}

/// A payment that WeChat Pay has confirmed.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// What was paid.
    pub paid: Fen,
    /// When.
    pub paid_at: Timestamp,
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// Who paid.
    pub payer: Option<Payer>,
    /// What is wrong with it.
    pub flag: Option<OrderFlag>,
    /// The notification, encrypted.
    pub raw_notice: Option<Sealed>,
    /// Whom WeChat Pay names.
    pub payee: Payee,
}

/// What the member pages need to have an order paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayMeans {
    /// jsapi.
    pub prepay_id: Option<String>,
    /// native.
    pub code_url: Option<String>,
    /// h5.
    pub h5_url: Option<String>,
}

/// Whose payments to look for. Any of the three suffices.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// The session's hash.
    pub session_hash: Option<Vec<u8>>,
    /// The payer's MACs.
    pub openid_macs: Macs,
    /// The corp member's account, in lower case.
    pub wecom_userid: Option<String>,
}
