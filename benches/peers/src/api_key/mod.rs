//! The API key groups: many keys in memory, presented in turn.

mod argon2id;
mod bare;
mod fixture;
mod ours;

use crate::case::Case;
use crate::error::Result;
use std::rc::Rc;

/// Creates the cases for this number of keys.
///
/// # Errors
///
/// Fails if the keys cannot be created.
pub fn cases(count: usize) -> Result<Vec<Case>> {
    let (fixture, validator) = ours::fixture(count)?;
    let fixture = Rc::new(fixture);
    Ok(vec![
        ours::case(&fixture, validator),
        bare::case(&fixture)?,
        argon2id::case(&fixture)?,
    ])
}
