//! Decisions by route: owners in paths, `HEAD`, gates of single routes, and what a gate cannot know.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod head;
mod needs;
mod owners;
mod per_route;

use bearergate::Principal;
use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, Decision, RouteTable};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use http::{HeaderMap, Method, Uri};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const IDP: &str = "https://idp.example.com";

/// A caller with this id under [`IDP`].
fn user(id: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::Session, IDP);
    builder.subject(id).build()
}

/// The decision of a table about a request to a path.
fn decide(table: &RouteTable, caller: &Principal, method: &Method, path: &str) -> Decision {
    let uri: Uri = path.parse().unwrap();
    let headers = HeaderMap::new();
    let facts = RequestFacts::new(method, &uri, &headers);
    table.decide(&AccessRequest::new(caller, NOW).with_facts(&facts))
}
