//! The groups. A new group needs a line in [`ALL`] and a function that creates its cases.

use crate::api_key;
use crate::case::Case;
use crate::error::Result;
use crate::hit;
use crate::jwt;
use crate::jwt::Alg;
use crate::message;
use crate::policy;
use crate::policy::By;
use crate::proof;

/// Cases that do the same work.
#[derive(Debug)]
pub struct Group {
    /// The name in the output and for `--only`.
    pub name: &'static str,
    /// Creates the cases, with new keys and credentials.
    pub cases: fn() -> Result<Vec<Case>>,
}

/// Every group, in the order in which they are measured.
pub const ALL: &[Group] = &[
    Group {
        name: "jwt HS256",
        cases: || jwt::cases(Alg::Hs256),
    },
    Group {
        name: "jwt RS256",
        cases: || jwt::cases(Alg::Rs256),
    },
    Group {
        name: "jwt PS256",
        cases: || jwt::cases(Alg::Ps256),
    },
    Group {
        name: "jwt ES256",
        cases: || jwt::cases(Alg::Es256),
    },
    Group {
        name: "jwt ES384",
        cases: || jwt::cases(Alg::Es384),
    },
    Group {
        name: "jwt EdDSA",
        cases: || jwt::cases(Alg::EdDsa),
    },
    Group {
        name: "api key 1000",
        cases: || api_key::cases(1_000),
    },
    Group {
        name: "api key 100000",
        cases: || api_key::cases(100_000),
    },
    Group {
        name: "api key 1000000",
        cases: || api_key::cases(1_000_000),
    },
    Group {
        name: "policy 10 by action",
        cases: || policy::cases(10, By::Action),
    },
    Group {
        name: "policy 100 by action",
        cases: || policy::cases(100, By::Action),
    },
    Group {
        name: "policy 10 by scope",
        cases: || policy::cases(10, By::Scope),
    },
    Group {
        name: "policy 100 by scope",
        cases: || policy::cases(100, By::Scope),
    },
    Group {
        name: "token cache",
        cases: hit::token,
    },
    Group {
        name: "introspection cache",
        cases: hit::introspected,
    },
    Group {
        name: "dpop ES256",
        cases: || proof::cases(Alg::Es256),
    },
    Group {
        name: "dpop EdDSA",
        cases: || proof::cases(Alg::EdDsa),
    },
    Group {
        name: "message signature",
        cases: message::cases,
    },
];

/// Finds a group by its name.
///
/// # Errors
///
/// Lists the names of all groups if `name` is none of them.
pub fn find(name: &str) -> Result<&'static Group> {
    ALL.iter()
        .find(|group| group.name == name)
        .ok_or_else(|| format!("unknown group `{name}`; there are: {}", names()).into())
}

fn names() -> String {
    ALL.iter()
        .map(|group| group.name)
        .collect::<Vec<_>>()
        .join(", ")
}
