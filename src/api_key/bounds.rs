//! The bounds of a key's values, and errors that name the field.

use std::time::Duration;

use super::store::ApiKeyRow;
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;

/// Latest time that every store can keep; SQLite has signed numbers.
pub(super) const LATEST: u64 = i64::MAX.unsigned_abs();

/// Checks the values of a row. The error shows none of its texts: it is also that of a record that
/// a store has read.
pub(super) fn check_row(row: &ApiKeyRow) -> Result<(), ConfigError> {
    if row.version == 0 {
        return Err(ConfigError::out_of_range("version", 0_u64, 1..));
    }
    check_text("subject", &row.subject, None, &[])?;
    if let Some(tenant) = &row.tenant {
        check_text("tenant", tenant, None, &[])?;
    }
    for (at, role) in row.roles.iter().enumerate() {
        check_text("roles", role, Some(at), &[])?;
    }
    for (at, scope) in row.scopes.iter().enumerate() {
        check_text("scopes", scope, Some(at), &[' '])?;
    }
    check_free(row)?;
    let networks = row.addresses.len();
    if networks > limits::API_KEY_ADDRESSES {
        let range = ..=limits::API_KEY_ADDRESSES;
        return Err(ConfigError::size_out_of_range(
            "addresses",
            networks,
            "networks",
            range,
        ));
    }
    check_times(row)
}

/// Checks a text that policies see.
fn check_text(
    field: &'static str,
    text: &str,
    place: Option<usize>,
    refused: &[char],
) -> Result<(), ConfigError> {
    let entry = place.map_or(String::new(), |at| format!(" in entry {}", at + 1));
    if text.is_empty() {
        // A key always has a subject.
        let remedy = match field {
            "subject" => "name the caller that the key is for",
            _ => "leave it out, or fill it in",
        };
        let detail = format!("expected a text, found an empty one{entry}; {remedy}");
        return Err(ConfigError::malformed(field, detail));
    }
    let is_refused = |c: char| c.is_control() || refused.contains(&c);
    let Some((at, c)) = text.chars().enumerate().find(|(_, c)| is_refused(*c)) else {
        return Ok(());
    };
    let (expected, remedy) = match refused.is_empty() {
        true => ("a text without control characters", "remove it"),
        false => (
            "entries without spaces or control characters",
            "remove it, or give each word as an entry of its own",
        ),
    };
    let found = if c == ' ' {
        "a space"
    } else {
        "a control character"
    };
    let at = at + 1;
    let detail = format!("expected {expected}, found {found} at character {at}{entry}; {remedy}");
    Err(ConfigError::malformed(field, detail))
}

/// Checks the texts that may be the owner's own: they have one bound together. The error names the
/// longest.
fn check_free(row: &ApiKeyRow) -> Result<(), ConfigError> {
    let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let entry = |(name, value): (&String, &String)| name.len() + value.len();
    let lens = [
        ("name", len(&row.name)),
        ("limit_class", len(&row.limit_class)),
        ("metadata", row.metadata.iter().map(entry).sum()),
    ];
    let all: usize = lens.iter().map(|(_, len)| len).sum();
    if all <= limits::API_KEY_FREE_BYTES {
        return Ok(());
    }
    let longest = lens.into_iter().max_by_key(|(_, len)| *len);
    let (field, own) = longest.unwrap_or(("metadata", all));
    let most = limits::API_KEY_FREE_BYTES;
    let detail = format!(
        "expected at most {most} bytes in `name`, `limit_class` and `metadata` together, found \
         {all}, {own} of them here; shorten it"
    );
    Err(ConfigError::new(ConfigErrorKind::OutOfRange, field, detail))
}

fn check_times(row: &ApiKeyRow) -> Result<(), ConfigError> {
    let times = [
        ("created_at", Some(row.created_at)),
        ("not_before", row.not_before),
        ("expires_at", row.expires_at),
        (
            "disabled",
            row.disabled.as_ref().map(|disabled| disabled.at),
        ),
        ("last_used", row.last_used),
    ];
    for (field, time) in times {
        let secs = time.map_or(0, UnixTime::as_secs);
        if secs > LATEST {
            return Err(ConfigError::out_of_range(field, secs, ..=LATEST));
        }
    }
    Ok(())
}

/// Returns the error of a row whose texts are together more than a principal may hold.
pub(super) fn too_large(row_texts: [(&'static str, usize); 2]) -> ConfigError {
    let longest = row_texts.into_iter().max_by_key(|(_, len)| *len);
    let (field, len) = longest.unwrap_or(("roles", 0));
    let detail = format!(
        "expected a tenant and roles that fit into the claims of one principal, found {len} bytes \
         here; shorten it"
    );
    ConfigError::new(ConfigErrorKind::OutOfRange, field, detail)
}

/// Returns when a key ends that lasts this long from now: at least a second, and at most until the
/// year 9999, in every store.
pub(super) fn end_after(
    field: &'static str,
    now: UnixTime,
    lifetime: Duration,
) -> Result<UnixTime, ConfigError> {
    let most = limits::TIME_MAX.saturating_sub(now.as_secs());
    if (1..=most).contains(&lifetime.as_secs()) {
        return Ok(now.saturating_add(lifetime));
    }
    let found = match lifetime.as_secs() {
        0 => "less than a second".to_owned(),
        secs => format!("{secs} seconds"),
    };
    let detail = format!(
        "expected between 1 second and {most} seconds (the end of the year 9999), found {found}; \
         use `never_expires` for a key without an end"
    );
    Err(ConfigError::new(ConfigErrorKind::OutOfRange, field, detail))
}

/// Checks a time that the caller gives: at most the end of the year 9999.
pub(super) fn check_time(field: &'static str, time: UnixTime) -> Result<(), ConfigError> {
    if time.as_secs() > limits::TIME_MAX {
        let most = UnixTime::from_secs(limits::TIME_MAX);
        let detail = format!(
            "expected a time in seconds up to {most}, found {}; give seconds, not milliseconds",
            time.as_secs()
        );
        return Err(ConfigError::new(ConfigErrorKind::OutOfRange, field, detail));
    }
    Ok(())
}

/// Checks that a key is valid for at least a second.
pub(super) fn check_span(
    begin: Option<UnixTime>,
    end: Option<UnixTime>,
) -> Result<(), ConfigError> {
    match (begin, end) {
        (Some(begin), Some(end)) if begin >= end => {
            let detail = format!(
                "expected a time before the expiry ({end}), found {begin}; the key would never be \
                 valid, let it begin earlier or expire later"
            );
            Err(ConfigError::new(
                ConfigErrorKind::OutOfRange,
                "not_before",
                detail,
            ))
        }
        _ => Ok(()),
    }
}
