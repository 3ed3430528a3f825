//! What is kept under a master key, read in the order of its rows and written anew under the
//! present one. Every rewriting is guarded by the value that was read: who wrote the row meanwhile
//! wrote it under their own present key.

use crate::domain::{PaymentId, Timestamp};

use super::bundle::{Rows, Statement, Value};
use super::payments::Payer;
use super::{Conn, KeyId, Sealed, StoreResult, Tx};

macro_rules! sealed_page {
    ($table:literal, $key:literal, $column:literal) => {
        concat!(
            "SELECT ",
            $key,
            ", ",
            $column,
            " FROM ",
            $table,
            " WHERE ",
            $key,
            " > $1 AND ",
            $column,
            " IS NOT NULL ORDER BY ",
            $key,
            " LIMIT $2"
        )
    };
}

macro_rules! renew_sealed {
    ($table:literal, $key:literal, $column:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = $2 WHERE ",
            $key,
            " = $1 AND ",
            $column,
            " = $3"
        )
    };
}

statements! {
    RAW_NOTICES_PAGE = sealed_page!("payment_record", "id", "raw_notice");
    RAW_NOTICES_RENEW = renew_sealed!("payment_record", "id", "raw_notice");
    ROBOT_KEYS_PAGE = sealed_page!("training_camp", "id", "group_robot_key");
    ROBOT_KEYS_RENEW = renew_sealed!("training_camp", "id", "group_robot_key");
    EVENTS_PAGE = sealed_page!("inbound_event", "id", "payload");
    EVENTS_RENEW = renew_sealed!("inbound_event", "id", "payload");
    CARD_CODES_PAGE = sealed_page!("bot_card_code", "id", "response_code");
    CARD_CODES_RENEW = renew_sealed!("bot_card_code", "id", "response_code");
    SETTINGS_PAGE = sealed_page!("system_config", "config_key", "value");
    SETTINGS_RENEW = renew_sealed!("system_config", "config_key", "value");
    SESSION_OPENIDS_PAGE = sealed_page!("h5_session", "id_hash", "openid");
    SESSION_OPENIDS_RENEW = renew_sealed!("h5_session", "id_hash", "openid");
    STAFF_REQUESTS_PAGE = sealed_page!("staff_request", "id", "content");
    STAFF_REQUESTS_RENEW = renew_sealed!("staff_request", "id", "content");
    PAYERS_PAGE = "SELECT id, openid, openid_mac FROM payment_record \
                   WHERE id > $1 AND openid IS NOT NULL ORDER BY id LIMIT $2";
    RENEW_PAYER = "UPDATE payment_record SET openid = $2, openid_mac = $3 \
                   WHERE id = $1 AND openid = $4";
    TOKENS_PAGE = "SELECT p.id, p.order_no, CAST(MAX(t.expires_at) AS BIGINT) FROM access_token t \
                   JOIN payment_record p ON p.id = t.payment_id WHERE p.id > $1 AND NOT EXISTS \
                   (SELECT 1 FROM access_token n WHERE n.payment_id = p.id AND n.key_id = $2) \
                   GROUP BY p.id, p.order_no ORDER BY p.id LIMIT $3";
}

/// A key by whose order rows are read.
pub trait Key: Into<Value> + Clone + Default + Send + Sync + 'static {
    /// Reads rows of a key and a sealed value.
    fn read(rows: Rows) -> StoreResult<Vec<(Self, Vec<u8>)>>;
}

macro_rules! keys {
    ($($key:ty),+) => {$(
        impl Key for $key {
            fn read(rows: Rows) -> StoreResult<Vec<(Self, Vec<u8>)>> {
                rows.read()
            }
        }
    )+};
}

keys!(i64, String, Vec<u8>);

/// A column of sealed values in a table with keys `K`.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn<K> {
    /// `table.column`.
    pub name: &'static str,
    page: &'static str,
    renew: &'static str,
    key: std::marker::PhantomData<K>,
}

/// `payment_record.raw_notice`.
pub const RAW_NOTICES: SealedColumn<i64> = SealedColumn::new(
    "payment_record.raw_notice",
    RAW_NOTICES_PAGE,
    RAW_NOTICES_RENEW,
);
/// `training_camp.group_robot_key`.
pub const ROBOT_KEYS: SealedColumn<i64> = SealedColumn::new(
    "training_camp.group_robot_key",
    ROBOT_KEYS_PAGE,
    ROBOT_KEYS_RENEW,
);
/// `inbound_event.payload`.
pub const EVENTS: SealedColumn<i64> =
    SealedColumn::new("inbound_event.payload", EVENTS_PAGE, EVENTS_RENEW);
/// `bot_card_code.response_code`.
pub const CARD_CODES: SealedColumn<i64> = SealedColumn::new(
    "bot_card_code.response_code",
    CARD_CODES_PAGE,
    CARD_CODES_RENEW,
);
/// `system_config.value`.
pub const SETTINGS: SealedColumn<String> =
    SealedColumn::new("system_config.value", SETTINGS_PAGE, SETTINGS_RENEW);
/// `h5_session.openid`.
pub const SESSION_OPENIDS: SealedColumn<Vec<u8>> = SealedColumn::new(
    "h5_session.openid",
    SESSION_OPENIDS_PAGE,
    SESSION_OPENIDS_RENEW,
);

/// `staff_request.content`.
pub const STAFF_REQUESTS: SealedColumn<i64> = SealedColumn::new(
    "staff_request.content",
    STAFF_REQUESTS_PAGE,
    STAFF_REQUESTS_RENEW,
);

/// Every column that a rotation rewrites: those above, and what goes its own way.
pub const COLUMNS: &[&str] = &[
    RAW_NOTICES.name,
    ROBOT_KEYS.name,
    EVENTS.name,
    CARD_CODES.name,
    SETTINGS.name,
    SESSION_OPENIDS.name,
    STAFF_REQUESTS.name,
    "payment_record.openid",
    "payment_record.openid_mac",
    "access_token.token_hash",
    "operation_log.mac",
    "audit_head.mac",
    "master_key_check.sealed",
];

impl<K> SealedColumn<K> {
    const fn new(name: &'static str, page: &'static str, renew: &'static str) -> Self {
        let key = std::marker::PhantomData;
        Self {
            name,
            page,
            renew,
            key,
        }
    }
}

impl<K: Key> SealedColumn<K> {
    /// Reads at most `limit` values behind the row `after`.
    pub async fn page(
        &self,
        conn: &mut Conn,
        after: K,
        limit: i64,
    ) -> StoreResult<Vec<(K, Sealed)>> {
        let page = Statement::new(self.page).bind(after).bind(limit);
        let [rows] = conn.ask([page]).await?;
        Ok(K::read(rows)?
            .into_iter()
            .map(|(key, value)| (key, Sealed(value)))
            .collect())
    }

    /// Writes `new` in the place of `old`, if that is still there.
    pub fn renew(&self, tx: &mut Tx, key: K, old: &Sealed, new: &Sealed) {
        let renew = Statement::new(self.renew).bind(key);
        tx.put_off(renew.bind(&new.0).bind(&old.0));
    }
}

/// Reads at most `limit` payers behind the payment `after`.
pub async fn payers(
    conn: &mut Conn,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<(PaymentId, Payer)>> {
    let page = Statement::new(PAYERS_PAGE).bind(after).bind(limit);
    let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = conn.ask_all(page).await?;
    let payer = |(id, openid, openid_mac)| {
        let openid = Sealed(openid);
        (PaymentId(id), Payer { openid, openid_mac })
    };
    Ok(rows.into_iter().map(payer).collect())
}

/// Writes who paid under another key, if that is still the same value.
pub fn renew_payer(tx: &mut Tx, id: PaymentId, old: &Payer, new: &Payer) {
    tx.put_off(
        Statement::new(RENEW_PAYER)
            .bind(id.0)
            .bind(&new.openid.0)
            .bind(&new.openid_mac)
            .bind(&old.openid.0),
    );
}

/// A payment without an access token under the present key.
#[derive(Debug, Clone)]
pub struct WithoutToken {
    /// The payment.
    pub payment: PaymentId,
    /// What its token is made from.
    pub order_no: String,
    /// Until when its tokens are good, by business time.
    pub expires_at: Timestamp,
}

/// Reads at most `limit` payments behind `after` that have no token under the key `present`.
pub async fn without_token(
    conn: &mut Conn,
    present: KeyId,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<WithoutToken>> {
    let page = Statement::new(TOKENS_PAGE).bind(after);
    let page = page.bind(present.as_slice()).bind(limit);
    let rows: Vec<(i64, String, i64)> = conn.ask_all(page).await?;
    let without = |(id, order_no, until)| WithoutToken {
        payment: PaymentId(id),
        order_no,
        expires_at: Timestamp::from_micros(until),
    };
    Ok(rows.into_iter().map(without).collect())
}
