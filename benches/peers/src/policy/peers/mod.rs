//! The peers.

mod casbin;
mod cedar;
mod regorus;

use super::By;
use crate::case::Case;
use crate::error::Result;

/// Makes the case of each peer that has a form for the rules.
///
/// # Errors
///
/// Fails if a peer does not take its rules.
pub fn cases(count: usize, by: By) -> Result<Vec<Case>> {
    let mut cases = Vec::from(cedar::cases(count, by)?);
    cases.extend(regorus::cases(count, by)?);
    // Its ACL knows subjects, objects and actions, and no scopes.
    if by == By::Action {
        cases.push(casbin::case(count)?);
    }
    Ok(cases)
}

/// The action that the middle rule permits.
fn action(count: usize) -> String {
    format!("orders:action-{}", count / 2)
}

/// The scopes of the caller, of which the last one allows.
fn scopes(count: usize) -> [String; 3] {
    let last = format!("orders:scope-{}", count / 2);
    ["openid".to_owned(), "profile".to_owned(), last]
}
