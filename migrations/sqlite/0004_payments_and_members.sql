-- Payment attempts, the members they make, and the sessions of the member pages.

CREATE TABLE h5_session (
    id_hash      BLOB PRIMARY KEY,
    platform     TEXT NOT NULL,
    openid       BLOB,
    wecom_userid TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX h5_session_end ON h5_session (expires_at);

-- A sign-in under way: the state we sent along, the browser that began it, and where to go
-- afterwards. Once it has come back it keeps the session that it opened, so that a return which
-- comes twice finds its way.
CREATE TABLE oauth_state (
    state_hash   BLOB PRIMARY KEY,
    purpose      TEXT NOT NULL,
    browser_hash BLOB NOT NULL,
    redirect     TEXT NOT NULL,
    -- True for one that was begun because the one before it came to nothing.
    is_retry     INTEGER NOT NULL CHECK (is_retry IN (0, 1)),
    taken_at     INTEGER,
    session_hash BLOB,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_state_browser ON oauth_state (browser_hash);
CREATE INDEX oauth_state_end ON oauth_state (expires_at);

CREATE TABLE camp_member (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    camp_id         INTEGER NOT NULL REFERENCES training_camp (id),
    payment_id      INTEGER NOT NULL,
    planet_user_id  INTEGER,
    planet_nickname TEXT NOT NULL,
    wechat_nickname TEXT NOT NULL,
    names_folded    TEXT NOT NULL,
    match_status    TEXT NOT NULL,
    confidence      INTEGER NOT NULL,
    match_reasons   TEXT NOT NULL,
    -- What the member writes into a check-in to prove an account; none before it was shown.
    proof_code      TEXT,
    -- Who looked at the accounts that fit and took none: from then on the machine decides nothing.
    looked_at_by    INTEGER REFERENCES system_user (id),
    joined          INTEGER NOT NULL CHECK (joined IN (0, 1)),
    joined_at       INTEGER,
    -- When somebody last said whether they are in the group; before that it is not known.
    joined_said_at  INTEGER,
    -- When somebody said that they are out again; none while they are in.
    left_at         INTEGER,
    checked_in_days INTEGER NOT NULL,
    -- ranking, import or attested; none before anything was stated of them.
    days_source     TEXT,
    eligible        INTEGER NOT NULL CHECK (eligible IN (0, 1)),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- Since when the account is free to be another member's: as released_at of its payment.
    released_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX camp_member_payment ON camp_member (payment_id);
-- One confirmed account belongs to one member of a camp, unless it is free again.
CREATE UNIQUE INDEX camp_member_planet_user ON camp_member (camp_id, planet_user_id)
    WHERE match_status = 'matched' AND released_at IS NULL;
CREATE UNIQUE INDEX camp_member_proof_code ON camp_member (camp_id, proof_code);
CREATE INDEX camp_member_camp ON camp_member (camp_id, match_status, id);
CREATE INDEX camp_member_claim ON camp_member (camp_id, planet_user_id);
-- People search part of a name: no index leads to it, but this one is read in place of wide rows.
CREATE INDEX camp_member_names ON camp_member (camp_id, names_folded);

-- The accounts that have written a member's code into a check-in.
CREATE TABLE member_proof (
    member_id      INTEGER NOT NULL REFERENCES camp_member (id),
    planet_user_id INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (member_id, planet_user_id)
) STRICT;

CREATE TABLE payment_record (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    order_no          TEXT NOT NULL,
    -- None for a payment of an order that we do not know.
    camp_id           INTEGER REFERENCES training_camp (id),
    member_id         INTEGER REFERENCES camp_member (id),
    session_hash      BLOB,
    channel           TEXT,
    status            TEXT NOT NULL,
    flag              TEXT,
    amount_fen        INTEGER NOT NULL CHECK (amount_fen >= 0),
    -- What WeChat Pay says was paid.
    paid_fen          INTEGER,
    paid_at           INTEGER,
    transaction_id    TEXT,
    -- Whose order it is: as we made it, then as WeChat Pay names them.
    mch_id            TEXT,
    app_id            TEXT,
    openid            BLOB,
    openid_mac        BLOB,
    wecom_userid      TEXT,
    -- The rules agreed to, copied from the camp.
    start_date        TEXT,
    end_date          TEXT,
    total_days        INTEGER,
    required_days     INTEGER,
    grace_days        INTEGER,
    -- What the member was promised with them: days, and days from the decision until the money.
    promise_list_by     TEXT,
    promise_decision_by TEXT,
    promise_money_days  INTEGER,
    -- The version of what they were told of their data; agreed to when the order was made.
    info_version        TEXT,
    -- Who the payer says to be.
    claimed_planet_id TEXT,
    claimed_nickname  TEXT,
    wechat_nickname   TEXT,
    signed_user_id    INTEGER,
    bind_status       TEXT NOT NULL,
    bind_method       TEXT,
    bind_deadline     INTEGER,
    -- What the payer needs to pay.
    prepay_id         TEXT,
    code_url          TEXT,
    h5_url            TEXT,
    -- The payer's address as WeChat Pay was told it: an order can only be prepared again with it.
    payer_ip          TEXT,
    prepared_at       INTEGER,
    expires_at        INTEGER NOT NULL,
    -- When to ask WeChat Pay next about an order without a payment, and how often it has been asked.
    next_query_at     INTEGER,
    queries           INTEGER NOT NULL,
    -- When the payer's page last had WeChat Pay asked about it.
    asked_at          INTEGER,
    raw_notice        BLOB,
    -- Since when nothing of it is in custody any more: back, settled outside or kept.
    rested_at         INTEGER,
    -- Since when the refund list says that the days do not suffice.
    refused_at        INTEGER,
    -- Since when its payer is free to pay for the camp again: it ended otherwise than by the deposit
    -- going back.
    released_at       INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payment_record_order_no ON payment_record (order_no);
CREATE UNIQUE INDEX payment_record_transaction ON payment_record (transaction_id);
-- One unflagged payment per payer and camp; a second one is recorded with its flag.
CREATE UNIQUE INDEX payment_record_one_per_payer ON payment_record (camp_id, openid_mac)
    WHERE flag IS NULL AND status IN ('paid', 'refunding', 'refunded') AND released_at IS NULL;
-- One open order per session and camp: another channel or price closes the old one first.
CREATE UNIQUE INDEX payment_record_one_open ON payment_record (session_hash, camp_id)
    WHERE status = 'created';
CREATE INDEX payment_record_session ON payment_record (session_hash, camp_id);
CREATE INDEX payment_record_openid ON payment_record (openid_mac);
CREATE INDEX payment_record_wecom ON payment_record (wecom_userid);
CREATE INDEX payment_record_claim ON payment_record (claimed_planet_id);
CREATE INDEX payment_record_camp ON payment_record (camp_id, status, id);
CREATE INDEX payment_record_due ON payment_record (next_query_at) WHERE next_query_at IS NOT NULL;
CREATE INDEX payment_record_custody ON payment_record (id)
    WHERE rested_at IS NULL AND transaction_id IS NOT NULL;
-- What came in on a day: held against the trade bill of that day.
CREATE INDEX payment_record_paid ON payment_record (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX payment_record_bind ON payment_record (bind_status, bind_deadline);

-- Under each master key that was in use while it was given out, a payment has one.
CREATE TABLE access_token (
    token_hash BLOB PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payment_record (id),
    key_id     BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_token_payment ON access_token (payment_id);

CREATE TABLE order_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_id  INTEGER NOT NULL REFERENCES payment_record (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX order_status_log_payment ON order_status_log (payment_id, id);

CREATE TABLE payment_bind_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_id  INTEGER NOT NULL REFERENCES payment_record (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_bind_status_log_payment ON payment_bind_status_log (payment_id, id);

CREATE TABLE member_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id   INTEGER NOT NULL REFERENCES camp_member (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX member_status_log_member ON member_status_log (member_id, id);
