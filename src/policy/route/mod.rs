//! Policies by method and route.

pub(super) mod matcher;
pub(super) mod pattern;
pub(super) mod route_table;
