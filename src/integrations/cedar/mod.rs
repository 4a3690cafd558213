//! Policies in the language Cedar, decided by Cedar's engine (feature `cedar`).
//!
//! Use a [`CedarAuthorizer`] in place of a [`Policy`](crate::Policy). It denies in the same cases:
//! a fact that is not known about a request is not given to Cedar, so a policy that reads it fails,
//! and a `forbid` that fails denies. A fact that is there and that Cedar cannot hold is not left out,
//! because `has` would take it for an absent one. It denies the request, with the reason
//! [`Unknown`](crate::policy::ReasonCode::Unknown): a [named claim](CedarAuthorizerBuilder::claims)
//! such as `0.5` or `null`, a header that a policy can read and that is sent twice or is not ASCII, a
//! parameter or attribute that is given twice.
//!
//! | Cedar | value |
//! |---|---|
//! | `principal` | `User::"authority\|subject"`; for a caller that is not a user `Client::"authority\|client"` |
//! | `principal.authority`, `.kind`, `.subject`, `.client`, `.scopes` | the [`Principal`](crate::principal::Principal), `scopes` as a set |
//! | `principal.issued_at`, `.expires_at` | seconds since 1970 |
//! | `principal.sender_constrained` | `true`, or absent |
//! | `principal.claims` | the claims that [`CedarAuthorizerBuilder::claims`] names |
//! | `action` | `Action::"name"`: the [action](crate::policy::AccessRequest::with_action), else the method |
//! | `resource` | `Resource::"name"`: the [resource](crate::policy::AccessRequest::with_resource), such as the route |
//! | `resource.NAME` | the [attributes](crate::policy::AccessRequest::with_attributes); a subject is a `User` |
//! | `context.now` | seconds since 1970 |
//! | `context.params`, `.headers` | the parameters of the route and the headers that the gate passes on, by name, untrusted |
//! | `context.method`, `.address`, `.tls` | the request's, `address` as an `ip` |
//! | `context.client` | the application in the second slot, with the members of a principal |
//!
//! In an id, `%` and `|` of the authority are written `%25` and `%7C`, so that the first `|` ends
//! it. The members `.subject` and `.client`, and claims such as `sub`, are ids without their
//! authority: compare `principal.authority` in the same policy, or the id of the entity. Where a gate
//! trusts several outside authorities, a policy that does neither denies the callers of all of them as
//! [`Unknown`](crate::policy::ReasonCode::Unknown), as
//! [`client`](crate::policy::client) does. A caller whose access token may have the client's id as its subject is not a `User`, as with
//! [`owner`](crate::policy::owner): write `principal is User` in a `forbid` about the owner.
//!
//! Cedar has two truth values, conditions of this crate have three. `==` between values of
//! different types is `false`, not an error: give a [schema](CedarAuthorizerBuilder::schema), and a
//! request that does not fit it is denied. And `a || b` fails if `a` fails, even if `b` is true.

mod authorizer;
mod bounds;
mod builder;
mod cedar_request;
mod decide;
mod reads;

pub use authorizer::CedarAuthorizer;
pub use builder::CedarAuthorizerBuilder;
