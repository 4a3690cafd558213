-- Times are seconds since 1970, lists and maps are JSON, digests are 32 bytes.
-- `ends_at` is the earlier of `expires_at` and `disabled_at`.

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    is_foreign INTEGER NOT NULL,
    digest BLOB NOT NULL,
    pepper INTEGER NOT NULL,
    authority TEXT NOT NULL,
    subject TEXT NOT NULL,
    tenant TEXT,
    created_at INTEGER NOT NULL,
    not_before INTEGER,
    expires_at INTEGER,
    disabled_at INTEGER,
    disabled_reason TEXT,
    last_used INTEGER,
    predecessor TEXT,
    successor TEXT,
    scopes TEXT NOT NULL,
    roles TEXT NOT NULL,
    name TEXT,
    metadata TEXT NOT NULL,
    addresses TEXT NOT NULL,
    limit_class TEXT,
    ends_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_key_by_digest ON api_key (digest) WHERE is_foreign;
CREATE INDEX api_key_by_subject ON api_key (authority, subject);
CREATE INDEX api_key_by_tenant ON api_key (authority, tenant) WHERE tenant IS NOT NULL;
CREATE INDEX api_key_by_authority ON api_key (authority);
CREATE INDEX api_key_by_end ON api_key (authority, ends_at) WHERE ends_at IS NOT NULL;

-- The last moment that was given to a grant or a mark: one row, or none.
CREATE TABLE moment (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE mark (
    kind TEXT NOT NULL,
    authority TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (kind, authority, id)
) STRICT, WITHOUT ROWID;

-- `ends` is the earlier of `expires` and `last_used + idle`.
CREATE TABLE session (
    digest BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    data BLOB NOT NULL,
    authority TEXT NOT NULL,
    subject TEXT NOT NULL,
    client TEXT,
    session TEXT,
    scopes TEXT,
    claims TEXT,
    created INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_end ON session (ends);
CREATE INDEX session_by_subject ON session (authority, subject);
CREATE INDEX session_by_client ON session (authority, client) WHERE client IS NOT NULL;
CREATE INDEX session_by_session ON session (authority, session) WHERE session IS NOT NULL;

CREATE TABLE family (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    current BLOB NOT NULL,
    spent BLOB,
    spent_at INTEGER,
    sealed BLOB,
    thumbprint BLOB,
    revoked INTEGER,
    authority TEXT NOT NULL,
    subject TEXT NOT NULL,
    client TEXT,
    session TEXT,
    scopes TEXT,
    claims TEXT,
    created INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX family_by_end ON family (ends);
CREATE INDEX family_revoked ON family (revoked) WHERE revoked IS NOT NULL;
CREATE INDEX family_by_subject ON family (authority, subject);
CREATE INDEX family_by_client ON family (authority, client) WHERE client IS NOT NULL;
CREATE INDEX family_by_session ON family (authority, session) WHERE session IS NOT NULL;
