//! Orders: create, query, close, and the parameters that invoke the payment in the page (§4, §5).

use super::client::WechatPay;
use super::error::Error;
use super::field_limits::{
    check_amount_fen, check_notify_url, check_opaque, check_out_trade_no, check_transaction_id,
    fitted, invalid, path_segment,
};
use super::operation::Operation;
use super::signing::fresh_nonce;
use super::transaction::Transaction;
use super::wire::beijing_time;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use wecom::lenient_json::exact_or_none;

const ORDERS_PATH: &str = "/v3/pay/transactions";
const CURRENCY: &str = "CNY";
/// Bytes or characters is unconfirmed: bytes are safe either way (§4).
const MAX_DESCRIPTION_BYTES: usize = 127;
const MAX_ATTACH_BYTES: usize = 128;
const MAX_OPENID_BYTES: usize = 128;
const MAX_PREPAY_ID_BYTES: usize = 64;

/// An attempt to be paid: one `out_trade_no` per channel, payer and price (§4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Our number: 6 to 32 of `[0-9A-Za-z_\-|*]`, unique per merchant for ever.
    pub out_trade_no: String,
    /// What the payer reads. Cut to 127 bytes; emoji are dropped.
    pub description: String,
    /// At least 1.
    pub amount_fen: i64,
    /// Where the notification goes: https, absolute, no query, at most 255 bytes.
    pub notify_url: String,
    /// After this it can no longer be paid; `None`: seven days.
    pub expires_at: Option<DateTime<Utc>>,
    /// Comes back in the notification; at most 128 bytes.
    pub attach: Option<String>,
    /// How it is paid.
    pub channel: Channel,
}

/// How an order is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// Inside WeChat or WeCom, by the payer with this openid of our appid.
    Jsapi {
        /// Of the appid of the settings, no other.
        openid: String,
    },
    /// A code that is scanned with WeChat.
    Native,
    /// A browser outside WeChat, on a phone.
    H5 {
        /// The payer's real address; WeChat Pay compares it.
        payer_ip: IpAddr,
    },
}

impl Channel {
    fn path(&self) -> &'static str {
        match self {
            Self::Jsapi { .. } => "jsapi",
            Self::Native => "native",
            Self::H5 { .. } => "h5",
        }
    }
}

/// What the page needs to have an order paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepay {
    /// For [`WechatPay::jsapi_params`]; good for two hours.
    Jsapi {
        /// `wx` and digits.
        prepay_id: String,
    },
    /// To be drawn as a QR code; good for two hours.
    Native {
        /// `weixin://wxpay/…`.
        code_url: String,
    },
    /// To be opened in the browser; good for five minutes.
    H5 {
        /// An https address of WeChat Pay.
        h5_url: String,
    },
}

/// Parameters of `getBrandWCPayRequest`, named as the page passes them on (§4.2). All are strings:
/// iOS fails on a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayParams {
    /// The order's appid.
    pub app_id: String,
    /// Unix seconds.
    pub time_stamp: String,
    /// Random.
    pub nonce_str: String,
    /// `prepay_id=…`.
    pub package: String,
    /// `RSA`.
    pub sign_type: String,
    /// Over the first four.
    pub pay_sign: String,
}

impl WechatPay {
    /// Creates an order, or gives the payment means of an unpaid one anew when every field is the
    /// same as before (§4).
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a field that WeChat Pay would refuse; else see
    /// [`Error::next_step`].
    pub async fn create_order(&self, order: &NewOrder) -> Result<Prepay, Error> {
        let description = fitted(&order.description, MAX_DESCRIPTION_BYTES);
        check_order(order, &description)?;
        let body = self.order_body(order, &description);
        let path = format!("{ORDERS_PATH}/{}", order.channel.path());
        let answer = self.call_with(Operation::CreateOrder, &path, &body).await?;
        let prepay: PrepayBody = answer.read()?;
        match (&order.channel, prepay) {
            (
                Channel::Jsapi { .. },
                PrepayBody {
                    prepay_id: Some(prepay_id),
                    ..
                },
            ) => Ok(Prepay::Jsapi { prepay_id }),
            (
                Channel::Native,
                PrepayBody {
                    code_url: Some(code_url),
                    ..
                },
            ) => Ok(Prepay::Native { code_url }),
            (
                Channel::H5 { .. },
                PrepayBody {
                    h5_url: Some(h5_url),
                    ..
                },
            ) => Ok(Prepay::H5 { h5_url }),
            _ => Err(answer.unexpected("has no means of payment for this channel")),
        }
    }

    /// Signs the parameters that invoke the payment in WeChat (§4.2). Makes no call.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] if the id is not one.
    pub fn jsapi_params(&self, prepay_id: &str) -> Result<PayParams, Error> {
        check_opaque("prepay_id", prepay_id, MAX_PREPAY_ID_BYTES)?;
        self.signed_pay_params(prepay_id, fresh_nonce())
    }

    /// What WeChat Pay knows of our number; `None`: no such order.
    ///
    /// # Errors
    /// See [`Error::next_step`]. "Unknown" here means that nothing was learnt.
    pub async fn query_order(&self, out_trade_no: &str) -> Result<Option<Transaction>, Error> {
        check_out_trade_no(out_trade_no)?;
        let number = path_segment(out_trade_no);
        let is_it = |it: &Transaction| it.out_trade_no == out_trade_no;
        self.query(&format!("out-trade-no/{number}"), is_it).await
    }

    /// What WeChat Pay knows of its own number of a payment; `None`: no such payment. An order that
    /// was paid twice has two.
    ///
    /// # Errors
    /// Those of [`Self::query_order`].
    pub async fn query_transaction(
        &self,
        transaction_id: &str,
    ) -> Result<Option<Transaction>, Error> {
        check_transaction_id(transaction_id)?;
        let is_it = |it: &Transaction| it.transaction_id.as_deref() == Some(transaction_id);
        self.query(&format!("id/{transaction_id}"), is_it).await
    }

    async fn query(
        &self,
        which: &str,
        is_it: impl Fn(&Transaction) -> bool,
    ) -> Result<Option<Transaction>, Error> {
        let mch_id = self.mch_id();
        let path = format!("{ORDERS_PATH}/{which}?mchid={mch_id}");
        let answer = match self
            .call(Operation::QueryOrder, Method::GET, &path, Vec::new())
            .await
        {
            Err(error) if error.has_code(404, "ORDER_NOT_EXIST") => return Ok(None),
            other => other?,
        };
        let transaction: Transaction = answer.read()?;
        if !is_it(&transaction) {
            return Err(answer.unexpected("is about another order"));
        }
        Ok(Some(transaction))
    }

    /// Closes an unpaid order; closing it again is fine. Query once afterwards: the payer may have
    /// been faster (§5).
    ///
    /// # Errors
    /// See [`Error::next_step`]; any refusal may mean that the order was paid.
    pub async fn close_order(&self, out_trade_no: &str) -> Result<(), Error> {
        check_out_trade_no(out_trade_no)?;
        let path = format!(
            "{ORDERS_PATH}/out-trade-no/{}/close",
            path_segment(out_trade_no)
        );
        let body = CloseBody {
            mchid: self.mch_id(),
        };
        self.call_with(Operation::CloseOrder, &path, &body).await?;
        Ok(())
    }

    fn order_body<'a>(&'a self, order: &'a NewOrder, description: &'a str) -> OrderBody<'a> {
        let (payer, scene_info) = match &order.channel {
            Channel::Jsapi { openid } => (Some(PayerBody { openid }), None),
            Channel::Native => (None, None),
            Channel::H5 { payer_ip } => (None, Some(SceneBody::of(*payer_ip))),
        };
        OrderBody {
            appid: self.app_id(),
            mchid: self.mch_id(),
            description,
            out_trade_no: &order.out_trade_no,
            time_expire: order.expires_at.map(beijing_time),
            attach: order.attach.as_deref(),
            notify_url: &order.notify_url,
            amount: AmountBody {
                total: order.amount_fen,
                currency: CURRENCY,
            },
            payer,
            scene_info,
        }
    }

    fn signed_pay_params(&self, prepay_id: &str, nonce_str: String) -> Result<PayParams, Error> {
        let timestamp = self.unix_seconds();
        let package = format!("prepay_id={prepay_id}");
        let pay_sign = self
            .signer()
            .pay_sign(self.app_id(), timestamp, &nonce_str, &package)?;
        Ok(PayParams {
            app_id: self.app_id().to_owned(),
            time_stamp: timestamp.to_string(),
            nonce_str,
            package,
            sign_type: "RSA".to_owned(),
            pay_sign,
        })
    }
}

fn check_order(order: &NewOrder, fitted_description: &str) -> Result<(), Error> {
    check_out_trade_no(&order.out_trade_no)?;
    check_notify_url(&order.notify_url)?;
    check_amount_fen("amount.total", order.amount_fen)?;
    if fitted_description.is_empty() {
        return Err(invalid(
            "description",
            "has no character that WeChat Pay takes",
        ));
    }
    if let Some(attach) = &order.attach {
        check_opaque("attach", attach, MAX_ATTACH_BYTES)?;
    }
    if let Channel::Jsapi { openid } = &order.channel {
        check_opaque("payer.openid", openid, MAX_OPENID_BYTES)?;
    }
    Ok(())
}

// Field order is that of the documentation; absent keys are left out, since null is refused (§0).

#[derive(Serialize)]
struct OrderBody<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    notify_url: &'a str,
    amount: AmountBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody>,
}

#[derive(Serialize)]
struct AmountBody {
    total: i64,
    currency: &'static str,
}

#[derive(Serialize)]
struct PayerBody<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct SceneBody {
    payer_client_ip: IpAddr,
    h5_info: H5Body,
}

#[derive(Serialize)]
struct H5Body {
    #[serde(rename = "type")]
    kind: &'static str,
}

impl SceneBody {
    fn of(payer_client_ip: IpAddr) -> Self {
        Self {
            payer_client_ip,
            h5_info: H5Body { kind: "Wap" },
        }
    }
}

#[derive(Serialize)]
struct CloseBody<'a> {
    mchid: &'a str,
}

#[derive(Deserialize)]
struct PrepayBody {
    #[serde(default, deserialize_with = "exact_or_none")]
    prepay_id: Option<String>,
    #[serde(default, deserialize_with = "exact_or_none")]
    code_url: Option<String>,
    #[serde(default, deserialize_with = "exact_or_none")]
    h5_url: Option<String>,
}
