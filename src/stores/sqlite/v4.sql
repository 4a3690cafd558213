-- What shows that a pepper was swapped under its version.
CREATE TABLE pepper (
    authority TEXT NOT NULL,
    version INTEGER NOT NULL,
    check_value BLOB NOT NULL,
    PRIMARY KEY (authority, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_by_pepper ON api_key (authority, pepper);
