//! The guide: how-to pages and concepts. These modules have no items.
//!
//! | page | contents |
//! |---|---|
//! | [Quick start](quick_start) | A gate for the access tokens of one issuer, a complete program, and the defaults. |

pub mod quick_start;
