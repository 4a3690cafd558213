//! The peers.

mod casbin;
mod cedar;
mod regorus;

use super::By;
use crate::case::Case;
use crate::error::Result;

/// Creates the case of each peer that can express the rules.
///
/// # Errors
///
/// Fails if a peer refuses its rules.
pub fn cases(count: usize, by: By) -> Result<Vec<Case>> {
    let mut cases = Vec::from(cedar::cases(count, by)?);
    cases.extend(regorus::cases(count, by)?);
    // Its access control list has subjects, objects and actions, but no scopes.
    if by == By::Action {
        cases.push(casbin::case(count)?);
    }
    Ok(cases)
}

/// The action that the middle rule permits.
fn action(count: usize) -> String {
    format!("orders:action-{}", count / 2)
}

/// The scopes of the caller, the last of which allows.
fn scopes(count: usize) -> [String; 3] {
    let last = format!("orders:scope-{}", count / 2);
    ["openid".to_owned(), "profile".to_owned(), last]
}
