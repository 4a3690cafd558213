//! Conditions and policies by method and route.

pub(super) mod guarded_route;
mod matcher;
mod pattern;
pub(super) mod route_table;
