-- Refunds: the frozen proposal, the decision, and what WeChat Pay said.

CREATE TABLE refund_record (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    refund_no        TEXT NOT NULL,
    camp_id          INTEGER REFERENCES training_camp (id),
    member_id        INTEGER REFERENCES camp_member (id),
    payment_id       INTEGER NOT NULL REFERENCES payment_record (id),
    order_no         TEXT NOT NULL,
    status           TEXT NOT NULL,
    -- The proposal, as its hash covers it.
    kind             TEXT NOT NULL,
    flags            TEXT NOT NULL,
    -- Whether it may be approved with others by one click.
    is_clear         INTEGER NOT NULL CHECK (is_clear IN (0, 1)),
    amount_fen       INTEGER NOT NULL CHECK (amount_fen > 0),
    sync_id          INTEGER REFERENCES sync_run (id),
    checked_in_days  INTEGER NOT NULL,
    eligible         INTEGER NOT NULL CHECK (eligible IN (0, 1)),
    confidence       INTEGER NOT NULL,
    -- Whose check-ins it rests on.
    planet_user_id   INTEGER,
    -- The version of its shape.
    proposal_version INTEGER NOT NULL,
    proposal         TEXT NOT NULL,
    proposal_hash    TEXT NOT NULL,
    -- Why the member is taken for the account; like sync and confidence it is not hashed.
    match_reasons    TEXT NOT NULL,
    reason           TEXT NOT NULL,
    proposed_by      INTEGER REFERENCES system_user (id),
    -- Why a person has rejected what was proposed against the judgement; none once they took it back.
    rejected_before  TEXT,
    -- The decision; the first of two approvers, where two are needed.
    first_approver   INTEGER REFERENCES system_user (id),
    decided_by       INTEGER REFERENCES system_user (id),
    decided_by_name  TEXT,
    decided_at       INTEGER,
    undo_until       INTEGER,
    -- The runner.
    attempts         INTEGER NOT NULL,
    -- How often WeChat Pay has been asked since the last attempt was sent.
    polls            INTEGER NOT NULL,
    next_try_at      INTEGER,
    lease_until      INTEGER,
    -- Since when WeChat Pay has told nothing of it although it was asked.
    silent_since     INTEGER,
    failure_reason   TEXT,
    wechat_refund_id TEXT,
    refunded_at      INTEGER,
    -- Who settled it outside of WeChat Pay.
    closed_by        INTEGER REFERENCES system_user (id),
    closed_by_name   TEXT,
    closed_at        INTEGER,
    -- By which way the payer got how much of it.
    closed_way       TEXT,
    settled_fen      INTEGER,
    -- The refund_no of the refund that took its place after WeChat Pay had closed this one.
    replaced_by      TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX refund_record_refund_no ON refund_record (refund_no);
-- One refund per payment; another only when WeChat Pay has closed the first.
CREATE UNIQUE INDEX refund_record_payment ON refund_record (payment_id) WHERE replaced_by IS NULL;
-- One planet account brings back one deposit of a camp: services look first, this is the last word.
-- What was settled outside has happened, whoever the account served before.
CREATE UNIQUE INDEX refund_record_account ON refund_record (camp_id, planet_user_id)
    WHERE kind = 'deposit' AND replaced_by IS NULL
    AND status NOT IN ('pending', 'rejected', 'closed');
CREATE INDEX refund_record_camp ON refund_record (camp_id, status, id);
CREATE INDEX refund_record_member ON refund_record (member_id);
CREATE INDEX refund_record_order ON refund_record (order_no);
CREATE INDEX refund_record_created ON refund_record (created_at);
CREATE INDEX refund_record_status ON refund_record (status, id);
CREATE INDEX refund_record_due ON refund_record (next_try_at) WHERE status IN ('approved', 'processing', 'failed');

-- Every proposal that a refund had: whoever comes back with an old one is told what has changed.
CREATE TABLE refund_proposal (
    refund_id     INTEGER NOT NULL REFERENCES refund_record (id),
    proposal_hash TEXT NOT NULL,
    version       INTEGER NOT NULL,
    proposal      TEXT NOT NULL,
    reason        TEXT NOT NULL,
    shown_at      INTEGER NOT NULL,
    PRIMARY KEY (refund_id, proposal_hash)
) STRICT;

-- Pictures that show how a refund was settled outside.
CREATE TABLE refund_evidence (
    refund_id INTEGER NOT NULL REFERENCES refund_record (id),
    upload_id INTEGER NOT NULL REFERENCES upload (id),
    PRIMARY KEY (refund_id, upload_id)
) STRICT;

CREATE TABLE refund_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    refund_id   INTEGER NOT NULL REFERENCES refund_record (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_status_log_refund ON refund_status_log (refund_id, id);

-- One row a call that asks WeChat Pay for a refund, written before it goes out. Without an outcome:
-- nobody knows what it did. Sent and answered by the wall.
CREATE TABLE refund_attempt (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    refund_id         INTEGER NOT NULL REFERENCES refund_record (id),
    -- 1 for the first call about this refund.
    number            INTEGER NOT NULL,
    request_hash      TEXT NOT NULL,
    mch_id            TEXT NOT NULL,
    app_id            TEXT NOT NULL,
    sent_at           INTEGER NOT NULL,
    answered_at       INTEGER,
    outcome           TEXT,
    error_code        TEXT,
    request_id        TEXT,
    -- When WeChat Pay says that it accepted the refund; on one row of a refund.
    wechat_created_at INTEGER
) STRICT;
CREATE UNIQUE INDEX refund_attempt_number ON refund_attempt (refund_id, number);
CREATE INDEX refund_attempt_created ON refund_attempt (wechat_created_at)
    WHERE wechat_created_at IS NOT NULL;

-- The merchant account cannot refund: while there is a row, no refund goes out but the one that
-- probes.
CREATE TABLE merchant_hold (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    reason          TEXT NOT NULL,
    since           INTEGER NOT NULL,
    -- Probes that have not lifted it.
    probes          INTEGER NOT NULL,
    next_probe_at   INTEGER NOT NULL,
    -- The refund that probes, or probed last; until when it is under way, by the wall.
    probe_refund_id INTEGER REFERENCES refund_record (id),
    probe_until     INTEGER
) STRICT;

-- Answers of WeChat Pay that were no result, by the wall: of all instances, kept for a minute.
CREATE TABLE wrong_answer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX wrong_answer_at ON wrong_answer (at);
