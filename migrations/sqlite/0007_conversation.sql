-- What comes in from WeCom, what goes out to people, and the cards between.

CREATE TABLE inbound_event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT NOT NULL,
    dedupe_key  TEXT NOT NULL,
    payload     BLOB NOT NULL,
    status      TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    lease_until INTEGER,
    error       TEXT,
    received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX inbound_event_dedupe ON inbound_event (source, dedupe_key);
CREATE INDEX inbound_event_due ON inbound_event (next_try_at, id) WHERE status = 'pending';

-- The outbox. kind and version say how body is read; channel is wecom_app or group_robot; priority is
-- reply or notice: a reply does not wait behind notices. send_at is business time; the rest goes by
-- the wall.
CREATE TABLE notification_message (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    channel     TEXT NOT NULL,
    priority    TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    camp_id     INTEGER REFERENCES training_camp (id),
    card_id     INTEGER,
    body        TEXT NOT NULL,
    dedupe_key  TEXT,
    status      TEXT NOT NULL,
    -- Calls that went out for it.
    attempts    INTEGER NOT NULL,
    send_at     INTEGER NOT NULL,
    retry_at    INTEGER,
    lease_until INTEGER,
    -- A call went out then, and its answer is not known.
    tried_at    INTEGER,
    -- The message in whose text it was told.
    carried_by  INTEGER,
    error       TEXT,
    created_at  INTEGER NOT NULL,
    sent_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX notification_message_dedupe ON notification_message (dedupe_key);
CREATE INDEX notification_message_due ON notification_message (send_at, id) WHERE status = 'pending';
CREATE INDEX notification_message_order ON notification_message (recipient, priority, send_at, id) WHERE status = 'pending';
CREATE INDEX notification_message_camp ON notification_message (camp_id, kind, id);
CREATE INDEX notification_message_status ON notification_message (status, id);

-- Who was written to when, by the wall: one row per member of the audience, kept for the longest
-- window that WeCom counts, an hour.
CREATE TABLE notification_delivery (
    member     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    message_id INTEGER NOT NULL REFERENCES notification_message (id),
    PRIMARY KEY (member, at, message_id)
) STRICT;

CREATE TABLE bot_card (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    camp_id    INTEGER REFERENCES training_camp (id),
    subject    TEXT NOT NULL,
    -- refunds, retry, sync, match, choice or payment.
    waits_for  TEXT NOT NULL,
    -- What the card was made of, in the shape that its kind and version have.
    version    INTEGER NOT NULL,
    proposal   TEXT NOT NULL,
    audience   TEXT NOT NULL,
    state      TEXT NOT NULL,
    -- What became of it, in the shape of its version.
    outcome_version INTEGER,
    outcome    TEXT,
    decided_by INTEGER REFERENCES system_user (id),
    msgid      TEXT,
    -- The program of that moment could not read it: it is left as it is.
    set_apart_at INTEGER,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_card_subject ON bot_card (kind, subject, state);
CREATE INDEX bot_card_waiting ON bot_card (expires_at, id) WHERE state = 'open' AND set_apart_at IS NULL;

-- Response codes: one from sending, one per click; each is good once, for 72 hours.
CREATE TABLE bot_card_code (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    card_id       INTEGER NOT NULL REFERENCES bot_card (id),
    -- Empty for the code that came from sending.
    wecom_userid  TEXT NOT NULL,
    response_code BLOB NOT NULL,
    used_at       INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_card_code_card ON bot_card_code (card_id, id);

-- What somebody has been asked to write next; by the wall.
CREATE TABLE chat_dialogue (
    wecom_userid TEXT PRIMARY KEY,
    version      INTEGER NOT NULL,
    payload      TEXT NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX chat_dialogue_over ON chat_dialogue (expires_at);
