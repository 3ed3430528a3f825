-- The trade bills of WeChat Pay, one a Beijing day, and where they and the books differ.

CREATE TABLE trade_bill (
    bill_date    TEXT PRIMARY KEY,
    state        TEXT NOT NULL,
    -- Why there is no bill, while there is none.
    failure      TEXT,
    -- Rows of the bill, and those of them that are not ours: other shops of the merchant.
    row_count    INTEGER NOT NULL,
    foreign_rows INTEGER NOT NULL,
    compared_at  INTEGER,
    -- When the admins were told how it stands; none while they are to be told.
    told_at      INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX trade_bill_untold ON trade_bill (bill_date) WHERE told_at IS NULL;

CREATE TABLE trade_bill_difference (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    bill_date        TEXT NOT NULL REFERENCES trade_bill (bill_date),
    -- Whose row it is: of a payment, of a refund, or of a line that cannot be read.
    subject          TEXT NOT NULL,
    kind             TEXT NOT NULL,
    order_no         TEXT,
    refund_no        TEXT,
    -- What the books and the bill have, as JSON.
    ours             TEXT,
    theirs           TEXT,
    resolution       TEXT,
    resolved_by      INTEGER REFERENCES system_user (id),
    resolved_by_name TEXT,
    resolved_at      INTEGER,
    note             TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX trade_bill_difference_subject ON trade_bill_difference (bill_date, subject);
CREATE INDEX trade_bill_difference_open ON trade_bill_difference (bill_date) WHERE resolution IS NULL;
