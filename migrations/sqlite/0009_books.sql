-- The books: double entry. Rows are never changed and never deleted; another row corrects one.

CREATE TABLE ledger_transfer (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Its cause: what happens once is written once.
    id          TEXT NOT NULL,
    -- plain, pending, post or void.
    kind        TEXT NOT NULL,
    debit       TEXT NOT NULL,
    credit      TEXT NOT NULL,
    amount_fen  INTEGER NOT NULL CHECK (amount_fen > 0),
    camp_id     INTEGER REFERENCES training_camp (id),
    payment_id  INTEGER NOT NULL REFERENCES payment_record (id),
    refund_id   INTEGER REFERENCES refund_record (id),
    -- The pending transfer that a post or a void resolves.
    resolves    TEXT,
    -- The transfer whose effect it takes back.
    reverses    TEXT,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ledger_transfer_id ON ledger_transfer (id);
-- A pending transfer is resolved once, and an effect taken back once.
CREATE UNIQUE INDEX ledger_transfer_resolves ON ledger_transfer (resolves);
CREATE UNIQUE INDEX ledger_transfer_reverses ON ledger_transfer (reverses);
CREATE INDEX ledger_transfer_payment ON ledger_transfer (payment_id, seq);
CREATE INDEX ledger_transfer_camp ON ledger_transfer (camp_id, seq);
CREATE INDEX ledger_transfer_created ON ledger_transfer (created_at, seq);

-- Steps of payments in custody whose date has passed: since when that was seen, and whom it was told
-- to (0 its deciders, 1 the admins, 2 the super admins), so that each is told once.
CREATE TABLE overdue_step (
    payment_id INTEGER PRIMARY KEY REFERENCES payment_record (id),
    what       TEXT NOT NULL,
    until      INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    level      INTEGER NOT NULL
) STRICT;
