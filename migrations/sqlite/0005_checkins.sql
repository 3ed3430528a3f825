-- Check-ins as the planet tells them: runs, the ranking each one saw, and the calendar.

CREATE TABLE sync_run (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    camp_id        INTEGER NOT NULL REFERENCES training_camp (id),
    state          TEXT NOT NULL,
    requested_by   TEXT NOT NULL,
    started_at     INTEGER NOT NULL,
    finished_at    INTEGER,
    members        INTEGER NOT NULL,
    new_checkins   INTEGER NOT NULL,
    newly_eligible INTEGER NOT NULL,
    unknown_users  INTEGER NOT NULL,
    error          TEXT,
    lease_until    INTEGER NOT NULL
) STRICT;
CREATE INDEX sync_run_camp ON sync_run (camp_id, id);
-- One run per camp at a time.
CREATE UNIQUE INDEX sync_run_running ON sync_run (camp_id) WHERE state = 'running';

-- The ranking that a run saw. Rows of a run decide nothing unless the camp points at it.
CREATE TABLE sync_ranking (
    sync_id         INTEGER NOT NULL REFERENCES sync_run (id),
    planet_user_id  INTEGER NOT NULL,
    nickname        TEXT NOT NULL,
    checked_in_days INTEGER NOT NULL,
    PRIMARY KEY (sync_id, planet_user_id)
) STRICT;

CREATE TABLE checkin_record (
    camp_id        INTEGER NOT NULL REFERENCES training_camp (id),
    planet_user_id INTEGER NOT NULL,
    day            TEXT NOT NULL,
    checked_in_at  INTEGER,
    topic_id       TEXT,
    sync_id        INTEGER NOT NULL REFERENCES sync_run (id),
    PRIMARY KEY (camp_id, planet_user_id, day)
) STRICT;
-- The order of lists, of one camp and of all: a page of two million is read at once.
CREATE INDEX checkin_record_day
    ON checkin_record (camp_id, day, COALESCE(checked_in_at, 0), planet_user_id);
CREATE INDEX checkin_record_newest
    ON checkin_record (day, COALESCE(checked_in_at, 0), camp_id, planet_user_id);
