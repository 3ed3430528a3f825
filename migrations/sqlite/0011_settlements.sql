-- The settlement pages of camps: editions that are never changed. A correction is another one.

CREATE TABLE settlement_edition (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    camp_id      INTEGER NOT NULL REFERENCES training_camp (id),
    -- 1 for the first of its camp.
    edition      INTEGER NOT NULL,
    -- The address of its page, which nobody can guess.
    public_id    TEXT NOT NULL,
    -- The page that it takes the place of.
    replaces     TEXT,
    -- Of the Merkle-sum tree over its lines.
    root         TEXT NOT NULL,
    -- Counts and sums as they are; what of them is told is decided when they are read.
    classes      TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX settlement_edition_public ON settlement_edition (public_id);
CREATE UNIQUE INDEX settlement_edition_number ON settlement_edition (camp_id, edition);

CREATE TABLE settlement_line (
    edition_id INTEGER NOT NULL REFERENCES settlement_edition (id),
    -- Its place among the leaves.
    position   INTEGER NOT NULL,
    payment_id INTEGER NOT NULL REFERENCES payment_record (id),
    result     TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    salt       TEXT NOT NULL,
    PRIMARY KEY (edition_id, position)
) STRICT;
CREATE INDEX settlement_line_payment ON settlement_line (payment_id, edition_id);
