-- A mark ends only what was stored before it, so what it ends has to be removed once.
ALTER TABLE mark ADD COLUMN is_swept INTEGER NOT NULL DEFAULT 0;

CREATE INDEX mark_unswept ON mark (kind, authority, id) WHERE is_swept = 0;
CREATE INDEX mark_by_end ON mark (until);

-- With `since`, what a mark ends is one range of each index.
DROP INDEX session_by_subject;
DROP INDEX session_by_client;
DROP INDEX family_by_subject;
DROP INDEX family_by_client;
CREATE INDEX session_by_subject ON session (authority, subject, since);
CREATE INDEX session_by_client ON session (authority, client, since) WHERE client IS NOT NULL;
CREATE INDEX family_by_subject ON family (authority, subject, since);
CREATE INDEX family_by_client ON family (authority, client, since) WHERE client IS NOT NULL;
