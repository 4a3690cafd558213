//! Requests as data, and as an authorizer sees them.

use std::net::IpAddr;

use bearergate::Principal;
use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, Attribute};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::{Map, Value, json};

use crate::random::Random;

/// A Wednesday, 12:00:00 UTC.
pub(crate) const NOON: u64 = 1_699_963_200 + 86_400;

pub(crate) const KINDS: [PrincipalKind; 3] = [
    PrincipalKind::AccessToken,
    PrincipalKind::Session,
    PrincipalKind::ApiKey,
];
pub(crate) const AUTHORITIES: [&str; 2] = ["idp", "guest"];
pub(crate) const SUBJECTS: [&str; 4] = ["alice", "bob", "shop", ""];
pub(crate) const CLIENTS: [&str; 2] = ["shop", "till"];
pub(crate) const SCOPES: [&str; 6] = ["read", "write", "readwrite", "Read", "a:b", "admin"];
pub(crate) const ACTIONS: [&str; 4] = ["read", "write", "delete", "GET"];
pub(crate) const ROUTES: [&str; 3] = ["/orders", "/orders/{id}", "/users/{user}"];
pub(crate) const METHODS: [&str; 2] = ["GET", "POST"];
pub(crate) const PARAMS: [&str; 2] = ["user", "id"];
pub(crate) const ATTRIBUTES: [&str; 3] = ["owner", "state", "size"];
pub(crate) const ADDRESSES: [&str; 5] = [
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "192.0.2.7",
    "2001:db8::1",
    "::1",
];
pub(crate) const CLAIMS: [&str; 12] = [
    "sid",
    "tenant",
    "level",
    "roles",
    "realm",
    "ends",
    "acr",
    "amr",
    "auth_time",
    "aud",
    "flag",
    "groups",
];

#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) kind: PrincipalKind,
    pub(crate) authority: &'static str,
    pub(crate) subject: Option<&'static str>,
    pub(crate) client: Option<&'static str>,
    pub(crate) scopes: Option<Vec<&'static str>>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) now: u64,
    pub(crate) action: Option<&'static str>,
    pub(crate) route: Option<&'static str>,
    pub(crate) method: Option<&'static str>,
    pub(crate) params: Vec<(&'static str, &'static str)>,
    pub(crate) attributes: Vec<(&'static str, Attr)>,
    pub(crate) address: Option<&'static str>,
    pub(crate) tls: Option<bool>,
    pub(crate) headers: Option<Vec<&'static str>>,
    /// Whether another authority may use the same ids.
    pub(crate) contested: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Attr {
    Bool(bool),
    Integer(i64),
    Subject(&'static str, &'static str),
    Text(&'static str),
}

const ATTRS: [Attr; 7] = [
    Attr::Bool(true),
    Attr::Integer(5),
    Attr::Integer(6),
    Attr::Subject("idp", "alice"),
    Attr::Subject("guest", "alice"),
    Attr::Text("open"),
    Attr::Text("alice"),
];

impl Facts {
    pub(crate) fn random(random: &mut Random) -> Self {
        let scopes = (0..random.below(4)).map(|_| random.of(&SCOPES)).collect();
        let params = (0..random.below(3)).map(|_| (random.of(&PARAMS), random.of(&SUBJECTS)));
        let params = params.collect();
        let attributes = (0..random.below(3)).map(|_| (random.of(&ATTRIBUTES), random.of(&ATTRS)));
        let attributes = attributes.collect();
        let headers = (0..random.below(3))
            .map(|_| random.of(&["blue", "red"]))
            .collect();
        Self {
            kind: random.of(&KINDS),
            authority: random.of(&AUTHORITIES),
            subject: random.maybe(&SUBJECTS),
            client: random.maybe(&CLIENTS),
            scopes: (!random.one_in(6)).then_some(scopes),
            claims: claims(random),
            now: NOON + random.below(8 * 86_400) as u64,
            action: random.maybe(&ACTIONS),
            route: random.maybe(&ROUTES),
            method: random.maybe(&METHODS),
            params,
            attributes,
            address: random.maybe(&ADDRESSES),
            tls: random.maybe(&[true, false]),
            headers: (!random.one_in(6)).then_some(headers),
            contested: random.one_in(3),
        }
    }
}

fn claims(random: &mut Random) -> Map<String, Value> {
    let mut claims = Map::new();
    for name in CLAIMS {
        if !random.one_in(4) {
            claims.insert(name.to_owned(), claim(random, name));
        }
    }
    claims
}

fn claim(random: &mut Random, name: &str) -> Value {
    if random.one_in(8) {
        let odd = [
            json!(null),
            json!("5"),
            json!([]),
            json!({}),
            json!(5.5),
            json!(true),
            json!(7),
        ];
        return odd[random.below(odd.len())].clone();
    }
    let roles = |random: &mut Random| {
        let all = [
            json!("clerk"),
            json!("boss"),
            json!("\u{e4}rger"),
            json!(7),
            json!(null),
        ];
        let own = (0..random.below(4)).map(|_| all[random.below(all.len())].clone());
        Value::Array(own.collect())
    };
    match name {
        "sid" => json!(random.of(&["acme", "clerk", "5"])),
        "tenant" => json!(random.of(&["acme", "acme-west", "zeta", "\u{e4}\"\\\n", "ACME"])),
        "level" => json!(random.of(&[-1_i64, 0, 4, 5, 6, i64::MAX])),
        "realm" if random.one_in(5) => json!({"other": 1}),
        "realm" => json!({"roles": roles(random), "x": {"roles": 1}}),
        "ends" | "auth_time" => json!(NOON + random.below(8 * 86_400) as u64),
        "acr" => json!(random.of(&["bronze", "silver", "gold", "plastic"])),
        "amr" => json!([random.of(&["pwd", "otp"]), "mfa"]),
        "aud" if random.one_in(2) => json!(random.of(&["api", "web"])),
        "aud" => json!(["web", random.of(&["api", "app"])]),
        "flag" => json!(random.of(&[true, false])),
        _ => roles(random),
    }
}

/// The values that a request borrows.
pub(crate) struct BuiltFacts<'f> {
    facts: &'f Facts,
    principal: Principal,
    authorities: Vec<bearergate::principal::Authority>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    none: HeaderMap,
}

impl<'f> BuiltFacts<'f> {
    pub(crate) fn of(facts: &'f Facts) -> Self {
        let mut builder = Principal::builder(facts.kind, facts.authority);
        if let Some(subject) = facts.subject {
            builder = builder.subject(subject);
        }
        if let Some(client) = facts.client {
            builder = builder.client(client);
        }
        if let Some(scopes) = &facts.scopes {
            builder = builder.scopes(scopes);
        }
        let claims = serde_json::to_string(&facts.claims).unwrap();
        let mut headers = HeaderMap::new();
        for value in facts.headers.iter().flatten() {
            headers.append("x-colour", HeaderValue::from_static(value));
        }
        let authorities = facts.attributes.iter().map(|(_, attr)| match attr {
            Attr::Subject(authority, _) => (*authority).into(),
            _ => "".into(),
        });
        Self {
            facts,
            principal: builder.claims(claims).unwrap().build(),
            authorities: authorities.collect(),
            method: facts.method.unwrap_or("GET").parse().unwrap(),
            uri: Uri::from_static("/"),
            headers,
            none: HeaderMap::new(),
        }
    }

    pub(crate) fn with<R>(&self, call: impl FnOnce(&AccessRequest<'_>) -> R) -> R {
        let facts = self.facts;
        let now = UnixTime::from_secs(facts.now);
        let attributes: Vec<_> = facts.attributes.iter().zip(&self.authorities).collect();
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|((name, attr), authority)| {
                let attribute = match attr {
                    Attr::Bool(value) => Attribute::Bool(*value),
                    Attr::Integer(value) => Attribute::Integer(*value),
                    Attr::Subject(_, id) => Attribute::Subject(authority, id),
                    Attr::Text(value) => Attribute::Text(value),
                };
                (*name, attribute)
            })
            .collect();
        let request_facts = RequestFacts::new(&self.method, &self.uri, &self.none);
        let mut request = AccessRequest::new(&self.principal, now)
            .with_params(&facts.params)
            .with_attributes(&attributes);
        if let Some(action) = facts.action {
            request = request.with_action(action);
        }
        if let Some(route) = facts.route {
            request = request.with_resource(route);
        }
        if facts.method.is_some() {
            request = request.with_facts(&request_facts);
        }
        if let Some(address) = facts.address {
            request = request.with_address(address.parse::<IpAddr>().unwrap());
        }
        if let Some(tls) = facts.tls {
            request = request.with_tls(tls);
        }
        if facts.headers.is_some() {
            request = request.with_headers(&self.headers);
        }
        if facts.contested {
            request = request.with_contested_ids();
        }
        call(&request)
    }
}
