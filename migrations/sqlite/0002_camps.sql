-- Camps, the files they show, and the staff who lead and serve them.

CREATE TABLE upload (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    file_key     TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    created_by   INTEGER REFERENCES system_user (id),
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE training_camp (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT NOT NULL,
    name_folded       TEXT NOT NULL,
    poster_upload_id  INTEGER REFERENCES upload (id),
    deposit_fen       INTEGER NOT NULL CHECK (deposit_fen > 0),
    start_date        TEXT NOT NULL,
    end_date          TEXT NOT NULL,
    total_days        INTEGER NOT NULL,
    required_days     INTEGER NOT NULL,
    grace_days        INTEGER NOT NULL,
    introduction_html TEXT NOT NULL,
    planet_project_id TEXT,
    -- The project that the planet was asked to make, as JSON, and when; until it is known whether
    -- it did.
    asked_project     TEXT,
    asked_project_at  INTEGER,
    payee_id          TEXT,
    group_robot_key   BLOB,
    status            TEXT NOT NULL,
    -- The sync with the newest complete, checksum-clean ranking: the one that decides.
    current_sync_id   INTEGER,
    -- The newest sync that read all posts; none: there never was one.
    posts_sync_id     INTEGER,
    -- Who has said that the ranking suffices although there never was one, and when.
    posts_waived_by   INTEGER REFERENCES system_user (id),
    posts_waived_at   INTEGER,
    -- Its settlement page is shown to everybody who has the address.
    settlement_page   INTEGER NOT NULL DEFAULT 0 CHECK (settlement_page IN (0, 1)),
    -- An urging names who has not checked in; else it says how many they are.
    urge_by_name      INTEGER NOT NULL DEFAULT 0 CHECK (urge_by_name IN (0, 1)),
    -- The chat of its group, as the smart robot is told it.
    smart_bot_chat_id TEXT,
    created_by        INTEGER REFERENCES system_user (id),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    settling_since    INTEGER,
    deleted_at        INTEGER
) STRICT;
CREATE INDEX training_camp_status ON training_camp (status, start_date);

CREATE TABLE camp_group_code (
    camp_id    INTEGER NOT NULL REFERENCES training_camp (id),
    position   INTEGER NOT NULL,
    upload_id  INTEGER NOT NULL REFERENCES upload (id),
    -- So many members are shown it, before the next.
    capacity   INTEGER NOT NULL DEFAULT 200 CHECK (capacity > 0),
    -- From then on WeCom takes nobody in by it.
    expires_at INTEGER,
    PRIMARY KEY (camp_id, position)
) STRICT;

-- role: coach or volunteer.
CREATE TABLE camp_member_relation (
    camp_id INTEGER NOT NULL REFERENCES training_camp (id),
    user_id INTEGER NOT NULL REFERENCES system_user (id),
    role    TEXT NOT NULL,
    PRIMARY KEY (camp_id, user_id)
) STRICT;
CREATE INDEX camp_member_relation_user ON camp_member_relation (user_id, camp_id);

CREATE TABLE camp_status_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    camp_id     INTEGER NOT NULL REFERENCES training_camp (id),
    from_status TEXT,
    to_status   TEXT NOT NULL,
    operator    TEXT NOT NULL,
    -- The member of staff, where it was one.
    operator_id INTEGER REFERENCES system_user (id),
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX camp_status_log_camp ON camp_status_log (camp_id, id);
