//! Explanations of tokens: every step of a validation, expected against found.
//!
//! The result is that of the checks themselves. The texts are made by reading the token a second
//! time, so nothing here is on the path of a validation.

mod case;
mod claim_steps;
mod demand_steps;
mod failure;
mod header_steps;
mod issuer_hints;
mod key_steps;
mod party_steps;
mod run;
mod shape_steps;
mod step_name;
mod step_words;
mod time_steps;
mod type_steps;
mod wording;
