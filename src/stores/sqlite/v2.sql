-- Without `issued_before` it ends whatever was issued, without `until` it is never purged.
CREATE TABLE revocation (
    kind TEXT NOT NULL,
    authority TEXT NOT NULL,
    id TEXT NOT NULL,
    issued_before INTEGER,
    until INTEGER,
    PRIMARY KEY (kind, authority, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX revocation_by_end ON revocation (until) WHERE until IS NOT NULL;
