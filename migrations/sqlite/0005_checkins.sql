-- Check-ins as the planet tells them: runs, the ranking each one saw, and the calendar; and as files
-- and people state them, where the planet cannot tell.

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
    lease_until    INTEGER NOT NULL,
    -- What is odd about a clean ranking, empty or shrunken: it decides nothing before a person has
    -- confirmed it.
    suspicion      TEXT,
    confirmed_by   INTEGER REFERENCES system_user (id),
    confirmed_at   INTEGER,
    confirm_reason TEXT
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
    -- At most 40 characters of the post, for the staff of the camp; never exported.
    summary        TEXT,
    -- post or import; a post of the same day takes the place of what was imported.
    source         TEXT NOT NULL,
    -- When a file named the day; it stays when a post takes the place, and when that post is gone.
    imported_at    INTEGER,
    -- The sync that read the post.
    sync_id        INTEGER REFERENCES sync_run (id),
    PRIMARY KEY (camp_id, planet_user_id, day)
) STRICT;
-- The order of lists, of one camp and of all: a page of two million is read at once.
CREATE INDEX checkin_record_day
    ON checkin_record (camp_id, day, COALESCE(checked_in_at, 0), planet_user_id);
CREATE INDEX checkin_record_newest
    ON checkin_record (day, COALESCE(checked_in_at, 0), camp_id, planet_user_id);

-- Totals of days that a file (source import: of an account in a camp) or a person (source attested:
-- of a member) states. The newest of each counts; those before it stay for the audit.
CREATE TABLE stated_days (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    camp_id        INTEGER NOT NULL REFERENCES training_camp (id),
    source         TEXT NOT NULL,
    planet_user_id INTEGER,
    member_id      INTEGER REFERENCES camp_member (id),
    -- None for a file that names days one by one: they are counted where they stand, posts with
    -- them (checkin_record), since a post may turn out to be of another project.
    days           INTEGER CHECK (days >= 0),
    -- Why, in the words of who attests; empty for a file.
    reason         TEXT NOT NULL,
    stated_by      INTEGER NOT NULL REFERENCES system_user (id),
    stated_at      INTEGER NOT NULL,
    -- When a newer one took its place.
    replaced_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX stated_days_import ON stated_days (camp_id, planet_user_id)
    WHERE source = 'import' AND replaced_at IS NULL;
CREATE UNIQUE INDEX stated_days_attested ON stated_days (member_id)
    WHERE source = 'attested' AND replaced_at IS NULL;
CREATE INDEX stated_days_camp ON stated_days (camp_id) WHERE replaced_at IS NULL;
