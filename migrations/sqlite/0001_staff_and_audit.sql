-- Staff, their sessions, the settings they change, and the audit of what they do.
-- Times are UTC microseconds, days are 'YYYY-MM-DD' in Asia/Shanghai, amounts are fen.

CREATE TABLE system_user (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    username             TEXT NOT NULL,
    password_hash        TEXT NOT NULL,
    role                 TEXT NOT NULL,
    display_name         TEXT NOT NULL,
    wecom_userid         TEXT,
    status               TEXT NOT NULL,
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    -- Until when a password that somebody else chose is good, by the wall.
    password_expires_at  INTEGER,
    last_login_at        INTEGER,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    deleted_at           INTEGER
) STRICT;
CREATE UNIQUE INDEX system_user_username ON system_user (username) WHERE deleted_at IS NULL;
-- WeCom userids are case-insensitive; they are kept in lower case.
CREATE UNIQUE INDEX system_user_wecom ON system_user (wecom_userid) WHERE deleted_at IS NULL;

CREATE TABLE staff_session (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES system_user (id),
    -- Where it was opened from.
    ip         TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX staff_session_user ON staff_session (user_id);
CREATE INDEX staff_session_end ON staff_session (expires_at);

-- Attempts at a password by the name typed, whether or not there is such an account, so that a lock
-- does not tell which names exist. Each is counted before it is looked at; the right one forgets
-- them, and so does the end of the lock's time.
CREATE TABLE login_failure (
    username       TEXT PRIMARY KEY,
    failures       INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    locked_until   INTEGER
) STRICT;
CREATE INDEX login_failure_age ON login_failure (last_failed_at);

-- Requests that carry an Idempotency-Key, for a day: whoever sends one again gets the first answer.
-- The row is there before anything is done; one without an answer whose work does not run any more
-- tells nobody what became of it, and is not done again.
CREATE TABLE staff_request (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL REFERENCES system_user (id),
    -- Method and path.
    route       TEXT NOT NULL,
    request_key TEXT NOT NULL,
    -- A hash of what was asked and, once there is one, the answer; sealed.
    content     BLOB NOT NULL,
    is_answered INTEGER NOT NULL CHECK (is_answered IN (0, 1)),
    begun_at    INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX staff_request_name ON staff_request (user_id, route, request_key);
CREATE INDEX staff_request_end ON staff_request (expires_at);

CREATE TABLE system_config (
    config_key TEXT PRIMARY KEY,
    value      BLOB NOT NULL,
    updated_by INTEGER REFERENCES system_user (id),
    updated_at INTEGER NOT NULL
) STRICT;

-- One row: how often stored settings were changed, so that every instance sees that they were.
CREATE TABLE config_generation (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO config_generation (id, generation) VALUES (1, 0);

CREATE TABLE operation_log (
    seq         INTEGER PRIMARY KEY,
    actor_id    INTEGER,
    actor_name  TEXT NOT NULL,
    role        TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    details     TEXT NOT NULL,
    channel     TEXT NOT NULL,
    ip          TEXT,
    created_at  INTEGER NOT NULL,
    mac         BLOB NOT NULL
) STRICT;
CREATE INDEX operation_log_actor ON operation_log (actor_id, seq);
CREATE INDEX operation_log_action ON operation_log (action, seq);
CREATE INDEX operation_log_created ON operation_log (created_at);

-- One row: how long the chain is, the link of its newest row, and a MAC over both, so that rows
-- missing at the end are noticed too. A MAC has the id of its key before it.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    link BLOB NOT NULL,
    mac  BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, link, mac) VALUES (1, 0, x'', x'');

-- One row: a text sealed under the master key when the database was first opened, so that a key
-- that opens nothing stops the start.
CREATE TABLE master_key_check (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;
