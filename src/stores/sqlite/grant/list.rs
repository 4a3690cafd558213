//! Lists of the sessions, or families of refresh tokens, of one subject in the database file.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::is_revoked;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{GrantPage, GrantPosition, GrantQuery, Sequence, TokenDigest};
use crate::limits;
use crate::stores::sqlite::column::number;
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::read_all;

/// What a record is listed by: its grant, and the digest that is its key.
pub(super) trait Listed {
    fn grant(&self) -> &Grant;

    fn digest(&self) -> &TokenDigest;
}

/// Reads one page. `sql` takes authority, subject, number, digest and how many.
pub(super) fn page<R: Listed>(
    conn: &Connection,
    sql: &str,
    query: &GrantQuery,
    read: impl Fn(&Row<'_>) -> Result<R, Fault>,
) -> Result<GrantPage<Arc<R>>, Fault> {
    let most = query.limit.min(limits::GRANTS_PER_SUBJECT_MAX);
    let (since, digest) = match &query.after {
        Some(position) => read_position(position)?,
        // Longer than a digest, so after all of them.
        None => (i64::MAX, &[u8::MAX; 33][..]),
    };
    let (authority, subject) = (query.authority.as_str(), &query.subject);
    let wanted = i64::try_from(most).unwrap_or(i64::MAX);
    let row = params![authority, subject, since, digest, wanted];
    let mut records = read_all(conn, sql, row, read)?;
    let last = records.last().filter(|_| records.len() >= most);
    let next = last.map(position).transpose()?;
    let mut kept = Vec::with_capacity(records.len());
    for record in records.drain(..) {
        if !is_revoked(conn, record.grant())? {
            kept.push(Arc::new(record));
        }
    }
    Ok(GrantPage::new(kept, next))
}

fn position<R: Listed>(record: &R) -> Result<GrantPosition, Fault> {
    let since = number(record.grant().sequence().map_or(0, Sequence::as_u64))?;
    let bytes = [&since.to_be_bytes()[..], record.digest().as_bytes()].concat();
    Ok(GrantPosition::new(bytes))
}

fn read_position(position: &GrantPosition) -> Result<(i64, &[u8]), Fault> {
    match position.as_bytes().split_first_chunk() {
        Some((since, digest)) if digest.len() == 32 => Ok((i64::from_be_bytes(*since), digest)),
        _ => {
            let detail = "the position in the list is of another store";
            Err(StoreError::new(StoreErrorKind::Corrupt)
                .with_source(detail)
                .into())
        }
    }
}
