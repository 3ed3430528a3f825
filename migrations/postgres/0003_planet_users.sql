-- Accounts of the planet, as the roster and the syncs know them.

CREATE TABLE planet_user (
    planet_user_id  BIGINT PRIMARY KEY,
    member_number   BIGINT,
    nickname        TEXT NOT NULL,
    card_name       TEXT NOT NULL,
    wechat_nickname TEXT NOT NULL,
    avatar_url      TEXT,
    -- Whether the back office's roster has named it, and not only a sync.
    in_roster       BOOLEAN NOT NULL,
    -- By which names alone the roster's number was given to the account; none where a row of the
    -- roster named number and id together. Such a link is looked at again when a namesake turns up.
    linked_nickname TEXT,
    linked_card     TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX planet_user_number ON planet_user (member_number);

-- Every name an account has had, so that a rename does not break a match.
-- kind: nickname, card_name or wechat_nickname.
CREATE TABLE planet_user_name (
    planet_user_id BIGINT NOT NULL REFERENCES planet_user (planet_user_id),
    kind           TEXT NOT NULL,
    name           TEXT NOT NULL,
    first_seen_at  BIGINT NOT NULL,
    last_seen_at   BIGINT NOT NULL,
    PRIMARY KEY (planet_user_id, kind, name)
);

-- Rows of the roster whose account nobody has seen yet: the back office's export has 成员编号 and
-- names, but no user_id. Once a sync names the account, the row becomes part of planet_user.
CREATE TABLE roster_entry (
    member_number   BIGINT PRIMARY KEY,
    nickname        TEXT NOT NULL,
    card_name       TEXT NOT NULL,
    wechat_nickname TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE roster_entry_name (
    member_number BIGINT NOT NULL REFERENCES roster_entry (member_number),
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL,
    PRIMARY KEY (member_number, kind, name)
);

-- An import on its way: its rows come in few at a time, and become accounts and rows of the roster
-- all at once. What an import that was cut off has left here is used by nobody.
CREATE TABLE roster_staged (
    import          TEXT NOT NULL,
    place           BIGINT NOT NULL,
    planet_user_id  BIGINT,
    member_number   BIGINT,
    nickname        TEXT NOT NULL,
    card_name       TEXT NOT NULL,
    wechat_nickname TEXT NOT NULL,
    -- The file names the account's number and its id in one row.
    proves_number   BOOLEAN NOT NULL,
    -- By the wall.
    staged_at       BIGINT NOT NULL,
    PRIMARY KEY (import, place)
);
CREATE INDEX roster_staged_number ON roster_staged (import, member_number);
