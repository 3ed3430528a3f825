-- Objections of members, and the days that accepted ones made count.

CREATE TABLE appeal (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_id       INTEGER NOT NULL REFERENCES payment_record (id),
    camp_id          INTEGER REFERENCES training_camp (id),
    member_id        INTEGER REFERENCES camp_member (id),
    -- day, verdict or rejection.
    kind             TEXT NOT NULL,
    -- The day that it is about; none for the other kinds.
    day              TEXT,
    text             TEXT NOT NULL,
    status           TEXT NOT NULL,
    -- What the member reads, by whom and when; none while it is open.
    answer           TEXT,
    answered_by      INTEGER REFERENCES system_user (id),
    answered_by_name TEXT,
    answered_at      INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
-- One open objection an order.
CREATE UNIQUE INDEX appeal_open ON appeal (payment_id) WHERE status = 'open';
CREATE INDEX appeal_payment ON appeal (payment_id, id);
CREATE INDEX appeal_camp ON appeal (camp_id, status, id);
CREATE INDEX appeal_status ON appeal (status, id);
CREATE INDEX appeal_answered ON appeal (answered_at) WHERE answered_at IS NOT NULL;

CREATE TABLE appeal_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    appeal_id   INTEGER NOT NULL REFERENCES appeal (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX appeal_status_log_appeal ON appeal_status_log (appeal_id, id);

-- Pictures that members bring; without an objection those that were sent and not used yet. They go
-- 90 days after the answer.
CREATE TABLE appeal_picture (
    upload_id  INTEGER PRIMARY KEY REFERENCES upload (id),
    payment_id INTEGER NOT NULL REFERENCES payment_record (id),
    appeal_id  INTEGER REFERENCES appeal (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX appeal_picture_payment ON appeal_picture (payment_id);
CREATE INDEX appeal_picture_appeal ON appeal_picture (appeal_id);

-- Days that an accepted objection made count.
CREATE TABLE granted_day (
    member_id  INTEGER NOT NULL REFERENCES camp_member (id),
    day        TEXT NOT NULL,
    appeal_id  INTEGER NOT NULL REFERENCES appeal (id),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (member_id, day)
) STRICT;
