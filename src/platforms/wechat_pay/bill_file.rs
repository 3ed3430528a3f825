//! The file of a trade bill (§8.1), read row by row. There is no quoting in it, only a backtick
//! before every cell; columns are found by their names, since merchants have different ones. A row
//! that cannot be read is named and holds up no other.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

const BOM: &[u8] = b"\xef\xbb\xbf";
const BETWEEN_CELLS: &str = ",`";
const SUMMARY: &str = "总交易单数";
const BEIJING_OFFSET_SECONDS: i32 = 8 * 3600;
const CURRENCY: &str = "CNY";

/// The bill of one day.
#[derive(Debug)]
pub struct TradeBill {
    file: Vec<u8>,
    columns: Columns,
}

/// A payment or a refund as the bill has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// When it was paid, or the refund accepted.
    pub at: DateTime<Utc>,
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// Our number of the order.
    pub out_trade_no: String,
    /// What it is.
    pub entry: BillEntry,
}

/// What a row of a bill tells. Amounts are fen; those in another currency are zero, as in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillEntry {
    /// Money came in.
    Payment {
        /// What the order was made for.
        order_fen: i64,
    },
    /// A refund was accepted; how it ended is not told by bills (§8.1).
    Refund {
        /// Our number of the refund.
        out_refund_no: String,
        /// What was asked to go back.
        refund_fen: i64,
    },
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBillRow {
    /// Its line in the file, from 1.
    pub line: usize,
    /// A phrase that follows “the row”.
    pub problem: &'static str,
    /// Our number of the order, where at least that could be read.
    pub out_trade_no: Option<String>,
}

/// What the bill itself sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillTotals {
    /// Rows.
    pub rows: i64,
    /// All orders together, fen.
    pub order_fen: i64,
    /// All refunds together, fen.
    pub refund_fen: i64,
}

/// The places of the columns that are read.
#[derive(Debug)]
struct Columns {
    count: usize,
    time: usize,
    transaction_id: usize,
    out_trade_no: usize,
    state: usize,
    currency: Option<usize>,
    order_amount: usize,
    out_refund_no: usize,
    refund_amount: usize,
}

impl Columns {
    fn find(header: &str) -> Result<Self, &'static str> {
        let names = header
            .split(',')
            .map(|name| name.trim_start_matches('`').trim());
        let names: Vec<&str> = names.collect();
        // Older merchants have other names for amounts.
        let place = |wanted: &[&str]| {
            let mut places = wanted
                .iter()
                .map(|name| names.iter().position(|it| it == name));
            places.find_map(|place| place)
        };
        let missing = "lacks a column";
        Ok(Self {
            count: names.len(),
            time: place(&["交易时间"]).ok_or(missing)?,
            transaction_id: place(&["微信订单号"]).ok_or(missing)?,
            out_trade_no: place(&["商户订单号"]).ok_or(missing)?,
            state: place(&["交易状态"]).ok_or(missing)?,
            currency: place(&["货币种类"]),
            order_amount: place(&["订单金额", "总金额", "应结订单金额"]).ok_or(missing)?,
            out_refund_no: place(&["商户退款单号"]).ok_or(missing)?,
            refund_amount: place(&["申请退款金额", "退款金额"]).ok_or(missing)?,
        })
    }
}

impl TradeBill {
    /// Takes a file that was held against its hash.
    ///
    /// # Errors
    /// It is no trade bill; a phrase that follows “the file”.
    pub(super) fn read(mut file: Vec<u8>) -> Result<Self, &'static str> {
        if file.starts_with(BOM) {
            file.drain(..BOM.len());
        }
        let header = lines(&file).next().map(|(_, line)| line);
        let header = header.and_then(|line| std::str::from_utf8(line).ok());
        let columns = Columns::find(header.ok_or("has no heading")?)?;
        Ok(Self { file, columns })
    }

    /// Its rows, in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Result<BillRow, BadBillRow>> {
        let data = lines(&self.file).skip(1);
        data.take_while(|(_, line)| !is_summary(line))
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| self.row(number, line))
    }

    /// What it says of itself at its end; none if it cannot be read.
    #[must_use]
    pub fn totals(&self) -> Option<BillTotals> {
        let mut end = lines(&self.file).skip_while(|(_, line)| !is_summary(line));
        let names = std::str::from_utf8(end.next()?.1).ok()?;
        let cells = cells(std::str::from_utf8(end.next()?.1).ok()?)?;
        let sum = |name: &str| {
            let place = names.split(',').position(|it| it.trim() == name)?;
            fen(cells.get(place)?)
        };
        Some(BillTotals {
            rows: sum(SUMMARY)? / 100,
            order_fen: sum("订单总金额")?,
            refund_fen: sum("申请退款总金额")?,
        })
    }

    fn row(&self, line: usize, bytes: &[u8]) -> Result<BillRow, BadBillRow> {
        let bad = |problem, out_trade_no| BadBillRow {
            line,
            problem,
            out_trade_no,
        };
        let text = std::str::from_utf8(bytes).map_err(|_| bad("is not UTF-8", None))?;
        let cells = cells(text).ok_or_else(|| bad("does not begin with a backtick", None))?;
        if cells.len() != self.columns.count {
            return Err(bad("has not as many cells as there are columns", None));
        }
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
        let out_trade_no = cell(self.columns.out_trade_no).to_owned();
        let entry = self.entry(cell);
        let entry = entry.map_err(|problem| bad(problem, Some(out_trade_no.clone())))?;
        let at = beijing_time(cell(self.columns.time));
        let at = at.ok_or_else(|| bad("has no time", Some(out_trade_no.clone())))?;
        Ok(BillRow {
            at,
            transaction_id: cell(self.columns.transaction_id).to_owned(),
            out_trade_no,
            entry,
        })
    }

    fn entry<'a>(&self, cell: impl Fn(usize) -> &'a str) -> Result<BillEntry, &'static str> {
        let is_foreign = self.columns.currency.is_some_and(|it| cell(it) != CURRENCY);
        let amount = |place| match fen(cell(place)) {
            Some(_) if is_foreign => Ok(0),
            amount => amount.ok_or("has an amount that is none"),
        };
        match cell(self.columns.state) {
            "SUCCESS" => Ok(BillEntry::Payment {
                order_fen: amount(self.columns.order_amount)?,
            }),
            "REFUND" => Ok(BillEntry::Refund {
                out_refund_no: cell(self.columns.out_refund_no).to_owned(),
                refund_fen: amount(self.columns.refund_amount)?,
            }),
            _ => Err("is neither a payment nor a refund"),
        }
    }
}

/// The lines of a file with their numbers, without their ends.
fn lines(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = file.split(|byte| *byte == b'\n');
    lines.enumerate().map(|(index, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (index + 1, line)
    })
}

fn is_summary(line: &[u8]) -> bool {
    line.starts_with(SUMMARY.as_bytes())
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let cells = line.strip_prefix('`')?.split(BETWEEN_CELLS);
    Some(cells.map(str::trim).collect())
}

/// Fen of a decimal number of yuan that is not negative; what is finer than a fen must be zero.
fn fen(text: &str) -> Option<i64> {
    let (yuan, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (cents, finer) = rest.split_at_checked(2).unwrap_or((rest, ""));
    if yuan.is_empty() || !is_number(yuan) || !is_number(cents) || finer.bytes().any(|b| b != b'0')
    {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    yuan.parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)
}

fn beijing_time(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let beijing = FixedOffset::east_opt(BEIJING_OFFSET_SECONDS)?;
    let time = time.and_local_timezone(beijing).single()?;
    Some(time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;
    use proptest::prelude::*;

    fn bill(text: &str) -> TradeBill {
        TradeBill::read(text.as_bytes().to_vec()).unwrap()
    }

    fn sums(bill: &TradeBill) -> BillTotals {
        let mut sums = BillTotals {
            rows: 0,
            order_fen: 0,
            refund_fen: 0,
        };
        for row in bill.rows() {
            sums.rows += 1;
            match row.unwrap().entry {
                BillEntry::Payment { order_fen } => sums.order_fen += order_fen,
                BillEntry::Refund { refund_fen, .. } => sums.refund_fen += refund_fen,
            }
        }
        sums
    }

    #[test]
    fn reads_the_vector() {
        let bill = TradeBill::read(vectors::bytes("bill/tradebill_all.csv")).unwrap();
        let rows: Vec<BillRow> = bill.rows().map(Result::unwrap).collect();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let paid = BillRow {
            at: at(1_759_913_598),
            transaction_id: "4200002800202510091234567890".to_owned(),
            out_trade_no: "ord_01k73xq8zs5v9n3m2h7c4t6bwe".to_owned(),
            entry: BillEntry::Payment { order_fen: 19_900 },
        };
        let refunded = BillRow {
            at: at(1_759_917_600),
            entry: BillEntry::Refund {
                out_refund_no: "rfd_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d".to_owned(),
                refund_fen: 9_900,
            },
            ..paid.clone()
        };
        assert_eq!(rows.len(), 3);
        assert_eq!((&rows[0], &rows[2]), (&paid, &refunded));
        assert_eq!(rows[1].entry, BillEntry::Payment { order_fen: 1 });
        assert_eq!(bill.totals(), Some(sums(&bill)));
    }

    #[test]
    fn the_official_sample_adds_up() {
        let bill = TradeBill::read(vectors::bytes("official/bill.ALL.csv")).unwrap();
        let totals = bill.totals().unwrap();
        assert_eq!(totals, sums(&bill));
        assert_eq!(
            (totals.rows, totals.order_fen, totals.refund_fen),
            (45, 47, 14)
        );
    }

    const HEADER: &str =
        "交易时间,微信订单号,商户订单号,交易状态,货币种类,商户退款单号,总金额,退款金额,商品名称";

    #[test]
    fn one_bad_row_holds_up_no_other() {
        let good = "`2025-10-08 16:53:18,`42,`ord_1,`SUCCESS,`CNY,`0,`99.00,`0.00,`a,b";
        let rows = [
            (good, None),
            (
                "`2025-10-08 16:53:18,`42,`ord_2,`SUCCESS,`CNY,`0,`99.005,`0.00,`x",
                Some(Some("ord_2")),
            ),
            (
                "`2025-10-08 16:53:18,`42,`ord_3,`SUCCESS,`CNY,`0,`-1.00,`0.00,`x",
                Some(Some("ord_3")),
            ),
            (
                "`08.10.2025,`42,`ord_4,`SUCCESS,`CNY,`0,`1.00,`0.00,`x",
                Some(Some("ord_4")),
            ),
            (
                "`2025-10-08 16:53:18,`42,`ord_5,`REVOKED,`CNY,`0,`1.00,`0.00,`x",
                Some(Some("ord_5")),
            ),
            ("`2025-10-08 16:53:18,`42", Some(None)),
            ("2025-10-08 16:53:18,42", Some(None)),
            (good, None),
        ];
        let lines: Vec<&str> = rows.iter().map(|(row, _)| *row).collect();
        let bill = bill(&format!(
            "{HEADER}\n{}\n{SUMMARY}\n`8.0\n",
            lines.join("\n")
        ));
        let read: Vec<_> = bill.rows().collect();
        assert_eq!(read.len(), rows.len());
        for (read, (text, bad)) in read.iter().zip(rows) {
            let problem = read.as_ref().err();
            let order_no = problem.map(|bad| bad.out_trade_no.as_deref());
            assert_eq!(order_no, bad, "{text}");
        }
        assert_eq!(bill.totals(), None);
    }

    #[test]
    fn another_currency_is_no_fen() {
        let row = "`2025-10-08 16:53:18,`42,`ord_1,`SUCCESS,`USD,`0,`99.00,`0.00,`a";
        let bill = bill(&format!("{HEADER}\r\n{row}\r\n"));
        let row = bill.rows().next().unwrap().unwrap();
        assert_eq!(row.entry, BillEntry::Payment { order_fen: 0 });
    }

    #[test]
    fn what_is_no_bill_is_refused() {
        let files: [&[u8]; 4] = [
            b"",
            b"<html>",
            b"\xff\xfe",
            "交易时间,微信订单号".as_bytes(),
        ];
        for file in files {
            assert!(TradeBill::read(file.to_vec()).is_err());
        }
    }

    #[test]
    fn yuan_become_fen_exactly() {
        for (text, expected) in [
            ("199.00", Some(19_900)),
            ("0.01", Some(1)),
            ("45.0", Some(4_500)),
            ("7", Some(700)),
            ("1.19000", Some(119)),
            ("0.006", None),
            ("-0.59", None),
            ("1e3", None),
            ("", None),
            (".5", None),
            ("1.2.3", None),
            ("１", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(fen(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_file_is_read_to_its_end(rest in "(?s).{0,200}") {
            let bill = bill(&format!("{HEADER}\n{rest}"));
            let _ = (bill.rows().count(), bill.totals());
        }
    }
}
