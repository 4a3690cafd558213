-- The tokens of a family that were spent before `spent`, within the reuse window: 40 bytes each, the
-- time (big-endian) and the digest. Null for none.
ALTER TABLE family ADD COLUMN earlier BLOB;
