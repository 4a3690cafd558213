//! Conditions and policies by method and route.

mod clean_path;
mod escape;
pub(super) mod guarded_route;
mod matched;
mod matcher;
mod pattern;
pub(super) mod route_table;
