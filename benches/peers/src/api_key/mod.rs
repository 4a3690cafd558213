//! The API key groups: one of many keys in memory, each presented in turn.

mod argon2id;
mod bare;
mod fixture;
mod ours;

use crate::case::Case;
use crate::error::Result;
use std::rc::Rc;

/// Makes the cases for so many keys.
///
/// # Errors
///
/// Fails if the keys cannot be made.
pub fn cases(count: usize) -> Result<Vec<Case>> {
    let (fixture, validator) = ours::fixture(count)?;
    let fixture = Rc::new(fixture);
    Ok(vec![
        ours::case(&fixture, validator),
        bare::case(&fixture)?,
        argon2id::case(&fixture)?,
    ])
}
