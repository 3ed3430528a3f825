//! The trade bill of a day (§8): asked for, downloaded, held against its hash.

use super::bill_file::TradeBill;
use super::client::{MAX_BILL_BYTES, WechatPay};
use super::error::Error;
use super::field_limits::is_secure_address;
use super::operation::Operation;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::NaiveDate;
use flate2::read::MultiGzDecoder;
use reqwest::{Method, Url};
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Read as _;
use wecom::lenient_json::exact;

const TRADE_BILL_PATH: &str = "/v3/bill/tradebill";
const HASH: &str = "SHA1";
/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What WeChat Pay has of a day.
#[derive(Debug)]
pub enum BillAnswer {
    /// Its bill, true to its hash.
    Bill(TradeBill),
    /// Nothing happened on that day; also said of days that are not over or too long ago (§8).
    Nothing,
    /// It is being made: again in half an hour.
    Creating,
}

impl WechatPay {
    /// Fetches the bill of all payments and refunds of a Beijing day. It is ready from ten o'clock
    /// of the next day on, and is kept for three months.
    ///
    /// # Errors
    /// See [`Error::next_step`]. [`Error::UnexpectedAnswer`] if the file is not the one that was
    /// announced, or no bill.
    pub async fn trade_bill(&self, day: NaiveDate) -> Result<BillAnswer, Error> {
        let path = format!("{TRADE_BILL_PATH}?bill_date={day}&bill_type=ALL&tar_type=GZIP");
        let asked = self.call(Operation::AskForBill, Method::GET, &path, Vec::new());
        let announced: Announced = match asked.await {
            Err(error) if error.code() == Some("NO_STATEMENT_EXIST") => {
                return Ok(BillAnswer::Nothing);
            }
            Err(error) if error.code() == Some("STATEMENT_CREATING") => {
                return Ok(BillAnswer::Creating);
            }
            other => other?.read()?,
        };
        let url = announced.url().map_err(unexpected)?;
        let file = self.download(Operation::DownloadBill, &url).await?;
        let bill = unpacked(file).and_then(|file| {
            announced.check(&file)?;
            TradeBill::read(file)
        });
        bill.map(BillAnswer::Bill).map_err(unexpected)
    }
}

fn unexpected(problem: &'static str) -> Error {
    Error::UnexpectedAnswer {
        operation: Operation::DownloadBill,
        status: 200,
        request_id: None,
        problem,
    }
}

/// Where the file is, and what it hashes to.
#[derive(Deserialize)]
struct Announced {
    hash_type: String,
    #[serde(deserialize_with = "exact")]
    hash_value: String,
    #[serde(deserialize_with = "exact")]
    download_url: String,
}

impl Announced {
    /// The address stands in a verified answer; still no signature of ours goes over an open line.
    fn url(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.download_url).map_err(|_| "names no address")?;
        if is_secure_address(&url) {
            Ok(url)
        } else {
            Err("names an address that is not https")
        }
    }

    /// The hash is that of the file before it was packed (§8).
    fn check(&self, file: &[u8]) -> Result<(), &'static str> {
        if !self.hash_type.eq_ignore_ascii_case(HASH) {
            return Err("has a hash of an unknown kind");
        }
        let mut hash = String::new();
        for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, file).as_ref() {
            // Writing to a text cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        if hash.eq_ignore_ascii_case(self.hash_value.trim()) {
            Ok(())
        } else {
            Err("has not the hash that was announced")
        }
    }
}

/// The file as it was before it was packed, if it is.
fn unpacked(file: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    if !file.starts_with(&GZIP) {
        return Ok(file);
    }
    let most = u64::try_from(MAX_BILL_BYTES).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    MultiGzDecoder::new(file.as_slice())
        .take(most.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| "is no gzip file")?;
    if plain.len() > MAX_BILL_BYTES {
        return Err("is larger than is taken");
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    fn announced(hash_value: &str) -> Announced {
        Announced {
            hash_type: "SHA1".to_owned(),
            hash_value: hash_value.to_owned(),
            download_url: "https://api.mch.weixin.qq.com/v3/billdownload/file?token=t".to_owned(),
        }
    }

    #[test]
    fn the_hash_is_that_of_the_unpacked_file() {
        let expected = &vectors::json("bill/expected.json")["tradebill_all"];
        let text = |name: &str| expected[name].as_str().unwrap().to_owned();
        let hash = announced(&text("hash_value").to_uppercase());
        for file in [text("file"), text("gzip_file")] {
            let plain = unpacked(vectors::bytes(&format!("bill/{file}"))).unwrap();
            assert_eq!(hash.check(&plain), Ok(()), "{file}");
            let of_packed = announced(&text("gzip_sha1_must_not_match"));
            assert!(of_packed.check(&plain).is_err());
        }
        let mut changed = vectors::bytes("bill/tradebill_all.csv");
        changed.push(b'\n');
        assert!(hash.check(&changed).is_err());
    }

    #[test]
    fn only_safe_addresses_are_called() {
        for (address, is_safe) in [
            (
                "https://api.mch.weixin.qq.com/v3/billdownload/file?token=1",
                true,
            ),
            ("http://127.0.0.1:9/v3/billdownload/file?token=1", true),
            (
                "http://api.mch.weixin.qq.com/v3/billdownload/file?token=1",
                false,
            ),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            let announced = Announced {
                download_url: address.to_owned(),
                ..announced("")
            };
            assert_eq!(announced.url().is_ok(), is_safe, "{address}");
        }
    }

    #[test]
    fn what_is_cut_off_is_no_gzip_file() {
        let mut file = vectors::bytes("bill/tradebill_all.csv.gz");
        file.truncate(file.len() / 2);
        assert!(unpacked(file).is_err());
    }
}
