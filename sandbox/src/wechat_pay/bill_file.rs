//! The file of a trade bill (wechat-pay-v3 §8.1): made of what the stand-in has processed, or wrong
//! on demand.

use std::collections::HashMap;
use std::io::Write as _;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::keys::{APP_ID, MERCHANT_ID};
use super::numbers;
use super::records::{Order, Refund};

const COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,\
交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,\
充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TOTALS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// What is wrong with the bill of a day. In JSON: `{"kind": "missing", "number": "ord_…"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum BillFault {
    /// It is not made before this moment of business time.
    Late {
        /// When it is.
        until: DateTime<Utc>,
    },
    /// There is none, whatever has happened.
    Empty,
    /// It has a row of something that never was: a payment, or a refund if that has a number.
    Forged {
        /// The merchant's number of the order.
        out_trade_no: String,
        /// The merchant's number of the refund.
        out_refund_no: Option<String>,
        /// Fen.
        amount_fen: i64,
    },
    /// It lacks the row of this order or refund.
    Missing {
        /// The merchant's number.
        number: String,
    },
    /// The row of this order or refund has another amount.
    Amount {
        /// The merchant's number.
        number: String,
        /// Fen.
        amount_fen: i64,
    },
    /// The row of this order or refund comes twice.
    Twice {
        /// The merchant's number.
        number: String,
    },
    /// The row of this order or refund cannot be read.
    Unreadable {
        /// The merchant's number.
        number: String,
    },
}

/// What is wrong with bills, and the files that wait to be fetched.
#[derive(Debug, Default)]
pub(super) struct Bills {
    faults: HashMap<NaiveDate, Vec<BillFault>>,
    files: HashMap<String, File>,
}

impl Bills {
    pub(super) fn set_faults(&mut self, day: NaiveDate, faults: Vec<BillFault>) {
        self.faults.insert(day, faults);
    }

    pub(super) fn faults(&self, day: NaiveDate) -> Vec<BillFault> {
        self.faults.get(&day).cloned().unwrap_or_default()
    }

    /// Keeps a file to be fetched, and drops those that nobody can fetch any more.
    pub(super) fn keep(
        &mut self,
        token: String,
        bytes: Vec<u8>,
        now: DateTime<Utc>,
        good_until: DateTime<Utc>,
    ) {
        self.files.retain(|_, file| now < file.good_until);
        self.files.insert(token, File { bytes, good_until });
    }

    pub(super) fn file(&self, token: &str, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let file = self.files.get(token).filter(|file| now < file.good_until);
        file.map(|file| file.bytes.clone())
    }
}

#[derive(Debug, Clone)]
struct File {
    bytes: Vec<u8>,
    good_until: DateTime<Utc>,
}

/// A row before it is written down.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) at: DateTime<Utc>,
    app_id: String,
    transaction_id: String,
    out_trade_no: String,
    openid: String,
    trade_type: &'static str,
    /// WeChat Pay's and the merchant's number, and the state, of a refund.
    refund: Option<(String, String, &'static str)>,
    amount_fen: i64,
    product: String,
    attach: String,
    is_unreadable: bool,
}

impl Row {
    pub(super) fn of_payment(order: &Order) -> Option<Self> {
        let payment = order.payment.as_ref()?;
        Some(Self {
            at: payment.paid_at,
            app_id: order.app_id.clone(),
            transaction_id: payment.transaction_id.clone(),
            out_trade_no: order.out_trade_no.clone(),
            openid: payment.openid.clone(),
            trade_type: order.channel.trade_type(),
            refund: None,
            amount_fen: payment.total_fen,
            product: order.description.clone(),
            attach: order.attach.clone().unwrap_or_default(),
            is_unreadable: false,
        })
    }

    pub(super) fn of_refund(refund: &Refund, order: &Order) -> Option<Self> {
        let of_order = Self::of_payment(order)?;
        Some(Self {
            at: refund.accepted_at,
            refund: Some((
                refund.refund_id.clone(),
                refund.out_refund_no.clone(),
                refund.status.as_str(),
            )),
            amount_fen: refund.refund_fen,
            ..of_order
        })
    }

    fn forged(day: NaiveDate, order: &str, refund: Option<&String>, amount_fen: i64) -> Self {
        let at = beginning_of(day) + TimeDelta::hours(12);
        Self {
            at,
            app_id: APP_ID.to_owned(),
            transaction_id: forged_number("4200", day, order),
            out_trade_no: order.to_owned(),
            openid: numbers::openid(),
            trade_type: "NATIVE",
            refund: refund.map(|number| {
                let refund_id = forged_number("5030", day, number);
                (refund_id, number.clone(), "SUCCESS")
            }),
            amount_fen,
            product: "没有的,商品".to_owned(),
            attach: String::new(),
            is_unreadable: false,
        }
    }

    /// The number that faults name it by.
    fn number(&self) -> &str {
        self.refund
            .as_ref()
            .map_or(&self.out_trade_no, |(_, number, _)| number)
    }

    /// Every cell with its backtick; commas in names stay as they are.
    fn line(&self) -> String {
        let amount = yuan(self.amount_fen);
        let (paid, refunded) = match self.refund {
            None => (amount.as_str(), "0.00"),
            Some(_) => ("0.00", amount.as_str()),
        };
        let none = ("0".to_owned(), "0".to_owned(), "");
        let (refund_id, out_refund_no, status) = self.refund.as_ref().unwrap_or(&none);
        let (state, channel) = match self.refund {
            None => ("SUCCESS", ""),
            Some(_) => ("REFUND", "ORIGINAL"),
        };
        let time = (self.at + TimeDelta::hours(8)).format("%Y-%m-%d %H:%M:%S");
        let time = if self.is_unreadable {
            "不是时间".to_owned()
        } else {
            time.to_string()
        };
        let cells = [
            time.as_str(),
            &self.app_id,
            MERCHANT_ID,
            "0",
            "",
            &self.transaction_id,
            &self.out_trade_no,
            &self.openid,
            self.trade_type,
            state,
            "OTHERS",
            "CNY",
            paid,
            "0.00",
            refund_id,
            out_refund_no,
            refunded,
            "0.00",
            channel,
            status,
            &self.product,
            &self.attach,
            "0.00000",
            "0.60%",
            paid,
            refunded,
            "",
        ];
        format!("`{}\r\n", cells.join(",`"))
    }
}

/// Makes the rows as wrong as they are wanted.
pub(super) fn apply(rows: &mut Vec<Row>, day: NaiveDate, fault: &BillFault) {
    let named = |rows: &[Row], number: &String| {
        let mut found = rows.iter();
        found.position(|row| row.number() == number)
    };
    match fault {
        BillFault::Late { .. } | BillFault::Empty => {}
        BillFault::Forged {
            out_trade_no,
            out_refund_no,
            amount_fen,
        } => rows.push(Row::forged(
            day,
            out_trade_no,
            out_refund_no.as_ref(),
            *amount_fen,
        )),
        BillFault::Missing { number } => rows.retain(|row| row.number() != number),
        BillFault::Amount { number, amount_fen } => {
            let place = named(rows, number);
            if let Some(row) = place.and_then(|place| rows.get_mut(place)) {
                row.amount_fen = *amount_fen;
            }
        }
        BillFault::Twice { number } => {
            let row = named(rows, number).and_then(|place| rows.get(place).cloned());
            rows.extend(row);
        }
        BillFault::Unreadable { number } => {
            let place = named(rows, number);
            if let Some(row) = place.and_then(|place| rows.get_mut(place)) {
                row.is_unreadable = true;
            }
        }
    }
}

/// The file: a byte order mark, the heading, the rows, and their sums.
pub(super) fn written(rows: &[Row]) -> String {
    let mut file = format!("\u{feff}{COLUMNS}\r\n");
    let (mut paid, mut refunded) = (0_i64, 0_i64);
    for row in rows {
        file.push_str(&row.line());
        let sum = match row.refund {
            None => &mut paid,
            Some(_) => &mut refunded,
        };
        *sum = sum.saturating_add(row.amount_fen);
    }
    let (paid, refunded) = (yuan(paid), yuan(refunded));
    let count = rows.len();
    file.push_str(&format!(
        "{TOTALS}\r\n`{count}.0,`{paid},`{refunded},`0.0,`0.00,`{paid},`{refunded}\r\n"
    ));
    file
}

pub(super) fn packed(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(plain)?;
    packer.finish()
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number in the shape of WeChat Pay's, the same however often the bill is made.
fn forged_number(start: &str, day: NaiveDate, number: &str) -> String {
    let hash = Sha1::digest(number.as_bytes());
    let digits: String = hash.iter().map(|byte| format!("{:03}", byte)).collect();
    let digits: String = digits.chars().take(16).collect();
    format!("{start}{}{digits}", day.format("%Y%m%d"))
}

/// The first moment of a Beijing day.
pub(super) fn beginning_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}
