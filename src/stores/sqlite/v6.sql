-- Sums of usage: `hour` is the start of a UTC hour in seconds. Amounts above 2^63 - 1 are stored as the
-- signed number of the same bits.
CREATE TABLE usage (
    subject TEXT NOT NULL,
    authority TEXT NOT NULL,
    meter TEXT NOT NULL,
    hour INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (subject, authority, meter, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_hour ON usage (hour);

-- The last batch of each start of each node.
CREATE TABLE usage_sender (
    node TEXT NOT NULL,
    boot BLOB NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (node, boot)
) STRICT, WITHOUT ROWID;

-- What is spent of each window; `made` numbers the windows of a holder in the order of their first use.
-- A balance of credits is the row with the start -1, `units` what it has.
CREATE TABLE quota (
    quota TEXT NOT NULL,
    authority TEXT NOT NULL,
    holder TEXT NOT NULL,
    start INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    made INTEGER NOT NULL,
    units INTEGER NOT NULL,
    PRIMARY KEY (quota, authority, holder, start)
) STRICT, WITHOUT ROWID;

CREATE INDEX quota_by_end ON quota (ends) WHERE start >= 0;

-- Calls by their id. `phase` is 0 for a spend, 1 for a lease whose units were freed, 2 for a spend that
-- was closed.
CREATE TABLE spend (
    id BLOB NOT NULL PRIMARY KEY,
    quota TEXT NOT NULL,
    authority TEXT NOT NULL,
    holder TEXT NOT NULL,
    start INTEGER NOT NULL,
    units INTEGER NOT NULL,
    at INTEGER NOT NULL,
    lapses INTEGER,
    phase INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spend_by_time ON spend (at) WHERE lapses IS NULL OR phase > 0;
CREATE INDEX spend_open ON spend (quota, authority, holder, start, lapses)
    WHERE lapses IS NOT NULL AND phase = 0;

CREATE TABLE credit (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
