//! Tests of one claim that no value passes together.

use crate::clock::UnixTime;
use crate::json::Value;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::principal::ClaimValue;

/// Returns whether a claim may pass all tests. The answer is no only if it never does.
///
/// `None` is the test that there is no claim.
pub(in crate::policy) fn may_pass(tests: &[Option<&ClaimPredicate>]) -> bool {
    let present: Vec<_> = tests.iter().copied().flatten().collect();
    if present.len() < tests.len() {
        return present.is_empty();
    }
    let values = present.iter().find_map(|test| match test {
        ClaimPredicate::Is(value) => Some(std::slice::from_ref(value)),
        ClaimPredicate::OneOf(values) => Some(&**values),
        _ => None,
    });
    match values {
        Some(values) => values
            .iter()
            .any(|value| present.iter().all(|test| accepts(test, value))),
        None => have_common_type(&present) && !are_opposite(&present),
    }
}

/// Returns whether a test is true of a value, now or at another time.
fn accepts(test: &ClaimPredicate, value: &ClaimValue) -> bool {
    let text = match value {
        ClaimValue::Bool(value) => value.to_string(),
        ClaimValue::Integer(value) => value.to_string(),
        ClaimValue::Text(text) => serde_json::to_string(text).unwrap_or_default(),
    };
    let Ok(json) = Value::parse(text.as_bytes()) else {
        return true;
    };
    match test {
        // The time of the request is not known.
        ClaimPredicate::Age(_) | ClaimPredicate::InFuture | ClaimPredicate::InPast => {
            matches!(value, ClaimValue::Integer(_))
        }
        test => test.evaluate(json, UnixTime::from_secs(0)).is_true(),
    }
}

/// Returns whether one type of values passes all tests.
fn have_common_type(tests: &[&ClaimPredicate]) -> bool {
    let types = tests.iter().map(|test| types(test));
    types.fold(ANY, |common, types| common & types) != 0
}

const LIST: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 4;
const ANY: u8 = u8::MAX;

fn types(test: &ClaimPredicate) -> u8 {
    match test {
        ClaimPredicate::Age(_)
        | ClaimPredicate::AtLeast(_)
        | ClaimPredicate::AtMost(_)
        | ClaimPredicate::InFuture
        | ClaimPredicate::InPast => NUMBER,
        ClaimPredicate::Contains(_) | ClaimPredicate::Detail(_) => LIST,
        ClaimPredicate::Level(_) | ClaimPredicate::Matches(_) | ClaimPredicate::StartsWith(_) => {
            TEXT
        }
        ClaimPredicate::Names(_) => LIST | TEXT,
        ClaimPredicate::Is(_) | ClaimPredicate::OneOf(_) | ClaimPredicate::Present => ANY,
    }
}

/// Returns whether the tests leave no number, no time or no beginning of a text.
fn are_opposite(tests: &[&ClaimPredicate]) -> bool {
    let (mut least, mut most) = (i64::MIN, i64::MAX);
    let (mut is_ahead, mut is_over) = (false, false);
    let mut prefix = "";
    for test in tests {
        match test {
            ClaimPredicate::AtLeast(min) => least = least.max(*min),
            ClaimPredicate::AtMost(max) => most = most.min(*max),
            ClaimPredicate::InFuture => is_ahead = true,
            ClaimPredicate::InPast => is_over = true,
            ClaimPredicate::StartsWith(next) if next.starts_with(prefix) => prefix = next,
            ClaimPredicate::StartsWith(next) if !prefix.starts_with(&**next) => return true,
            _ => {}
        }
    }
    least > most || (is_ahead && is_over)
}
