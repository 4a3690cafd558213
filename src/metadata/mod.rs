//! The metadata document of a protected resource (RFC 9728).
//!
//! Clients read there which authorization servers issue tokens for a service, and how to present them.
//! The document is made once, from the configuration: nothing of a request is in it.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::error::ConfigError;
use crate::policy::OFFLINE_ACCESS;
use crate::request::{ExternalUrl, RequestFacts, normalized};
use crate::validator::Proofs;

/// The metadata document of a service. Cheap to clone.
///
/// ```
/// use bearergate::metadata::ResourceMetadata;
/// use bearergate::validator::Proofs;
///
/// let metadata = ResourceMetadata::builder("https://api.example.com/orders")
///     .authorization_servers(["https://idp.example.com"])
///     .scopes(["orders:read", "orders:write"])
///     .proofs(Proofs::NONE) // `Gate::proofs()` of the gate
///     .build()?;
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource/orders");
/// assert_eq!(metadata.url(), "https://api.example.com/.well-known/oauth-protected-resource/orders");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ResourceMetadata(Arc<Document>);

struct Document {
    path: String,
    url: String,
    json: String,
}

/// Configures a [`ResourceMetadata`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ResourceMetadataBuilder {
    resource: String,
    servers: Vec<String>,
    scopes: Vec<String>,
    name: Option<String>,
    documentation: Option<String>,
    proofs: Proofs,
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl ResourceMetadata {
    /// Starts the document of a resource: its identifier, which is the URL that clients use, and the
    /// audience of its tokens.
    pub fn builder(resource: impl Into<String>) -> ResourceMetadataBuilder {
        ResourceMetadataBuilder {
            resource: resource.into(),
            servers: Vec::new(),
            scopes: Vec::new(),
            name: None,
            documentation: None,
            proofs: Proofs::NONE,
        }
    }

    /// Returns the path of the document: the well-known part, then the path of the resource (RFC 9728
    /// section 3.1).
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns the public address of the document, for
    /// [`ResponseConfigBuilder::resource_metadata`](crate::http_response::ResponseConfigBuilder::resource_metadata).
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Returns the document.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// Answers a request for the document, or returns `None` for a request for anything else. It needs no
    /// credential, and every origin may read the answer (RFC 9728 section 3.1): `GET`, `HEAD`, and
    /// `OPTIONS` of a preflight; another method is 405.
    pub fn respond<B: From<String>>(&self, facts: &RequestFacts<'_>) -> Option<Response<B>> {
        if facts.uri().path() != self.0.path {
            return None;
        }
        let (status, body) = match *facts.method() {
            Method::GET => (StatusCode::OK, self.0.json.clone()),
            Method::HEAD => (StatusCode::OK, String::new()),
            Method::OPTIONS => (StatusCode::NO_CONTENT, String::new()),
            _ => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        };
        let mut response = Response::new(B::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        match status {
            StatusCode::OK => {
                let json = HeaderValue::from_static("application/json");
                headers.insert(header::CONTENT_TYPE, json);
                headers.insert(header::CONTENT_LENGTH, self.0.json.len().into());
                headers.insert(
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("max-age=3600"),
                );
            }
            StatusCode::NO_CONTENT => {
                let methods = HeaderValue::from_static("GET, HEAD");
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    HeaderValue::from_static("*"),
                );
            }
            _ => {
                headers.insert(
                    header::ALLOW,
                    HeaderValue::from_static("GET, HEAD, OPTIONS"),
                );
            }
        }
        Some(response)
    }
}

impl ResourceMetadataBuilder {
    /// Names the authorization servers that issue tokens for the resource.
    pub fn authorization_servers<S: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = S>,
    ) -> Self {
        self.servers.extend(issuers.into_iter().map(Into::into));
        self
    }

    /// Names the scopes that clients may request.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Sets the name of the resource for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the address of the documentation for developers.
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.documentation = Some(url.into());
        self
    }

    /// Sets which proofs of possession the service checks
    /// ([`Gate::proofs`](crate::Gate::proofs)). The members about DPoP and certificates are derived from
    /// it: one of the flags is true only if every token must be bound, and by that method only.
    pub fn proofs(mut self, proofs: Proofs) -> Self {
        self.proofs = proofs;
        self
    }

    /// Builds the document.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if the resource is no https URL
    /// in its normal spelling (http on a loopback host), because clients compare it byte for byte, or if an
    /// authorization server or the documentation is no such URL; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for the scope `offline_access`, which is one
    /// of the authorization server.
    pub fn build(self) -> Result<ResourceMetadata, ConfigError> {
        let url = ExternalUrl::parse(&self.resource).map_err(|error| error.in_field("resource"))?;
        check_spelling(&self.resource, &url)?;
        if self.scopes.iter().any(|scope| scope == OFFLINE_ACCESS) {
            let detail = "expected scopes of the resource, found `offline_access`, which is one of the \
                          authorization server; remove it";
            return Err(ConfigError::conflict("scopes", detail));
        }
        for server in &self.servers {
            ExternalUrl::parse(server).map_err(|error| error.in_field("authorization_servers"))?;
        }
        if let Some(page) = &self.documentation {
            ExternalUrl::parse(page).map_err(|error| error.in_field("documentation"))?;
        }
        // Only the slash behind the host is removed (RFC 9728 section 3.1).
        let path = self.resource.strip_prefix(url.origin());
        let path = path.filter(|path| *path != "/").unwrap_or_default();
        let path = format!("{WELL_KNOWN}{path}");
        Ok(ResourceMetadata(Arc::new(Document {
            url: format!("{}{path}", url.origin()),
            path,
            json: self.document(),
        })))
    }

    fn document(self) -> String {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| _ = members.insert(name.to_owned(), value);
        add("resource", json!(self.resource));
        if !self.servers.is_empty() {
            add("authorization_servers", json!(self.servers));
        }
        if !self.scopes.is_empty() {
            add("scopes_supported", json!(self.scopes));
        }
        add("bearer_methods_supported", json!(["header"]));
        if let Some(name) = self.name {
            add("resource_name", json!(name));
        }
        if let Some(url) = self.documentation {
            add("resource_documentation", json!(url));
        }
        let proofs = self.proofs;
        if proofs.has_dpop() {
            let names = proofs.dpop_names();
            let names: Vec<_> = names.split(' ').collect();
            add("dpop_signing_alg_values_supported", json!(names));
        }
        // With both methods either flag would be wrong.
        match (
            proofs.is_required(),
            proofs.has_dpop(),
            proofs.has_certificate(),
        ) {
            (true, true, false) => add("dpop_bound_access_tokens_required", json!(true)),
            (true, false, true) => {
                add("tls_client_certificate_bound_access_tokens", json!(true));
            }
            _ => {}
        }
        Value::Object(members).to_string()
    }
}

/// Requires the spelling that URL libraries of clients make.
fn check_spelling(resource: &str, url: &ExternalUrl) -> Result<(), ConfigError> {
    let path = resource.strip_prefix(url.origin());
    let is_normal = path.is_some_and(|path| {
        let is_path = path.is_empty() || path.starts_with('/');
        is_path
            && normalized(resource).is_some_and(|normal| {
                normal.strip_prefix(url.origin()) == Some(if path.is_empty() { "/" } else { path })
            })
    });
    match is_normal {
        true => Ok(()),
        false => Err(ConfigError::unexpected(
            "resource",
            "a URL in its normal form: host in lower case, no default port, no dot segments, and no letter \
             encoded that need not be",
            resource,
            "write it as clients compare it",
        )),
    }
}

impl fmt::Debug for ResourceMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResourceMetadata")
            .field(&self.0.url)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;

    fn built(resource: &str, proofs: Proofs) -> Value {
        let metadata = ResourceMetadata::builder(resource)
            .authorization_servers(["https://one.example", "https://two.example"])
            .proofs(proofs)
            .build()
            .unwrap();
        serde_json::from_str(metadata.json()).unwrap()
    }

    fn response(
        metadata: &ResourceMetadata,
        method: Method,
        uri: &str,
    ) -> Option<Response<String>> {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .body(())
            .unwrap();
        metadata.respond(&RequestFacts::from(&request))
    }

    // Defect X02 (metadata at the root only, or for a resource with a path too): docs/defects.md
    #[test]
    fn the_path_of_the_resource_is_inserted() {
        for (resource, path) in [
            ("https://api.example.com", WELL_KNOWN.to_owned()),
            ("https://api.example.com/", WELL_KNOWN.to_owned()),
            ("https://api.example.com/mcp", format!("{WELL_KNOWN}/mcp")),
            ("https://api.example.com/mcp/", format!("{WELL_KNOWN}/mcp/")),
            (
                "https://api.example.com:8443/a/b",
                format!("{WELL_KNOWN}/a/b"),
            ),
        ] {
            let metadata = ResourceMetadata::builder(resource).build().unwrap();
            assert_eq!(metadata.path(), path);
            let json: Value = serde_json::from_str(metadata.json()).unwrap();
            assert_eq!(json["resource"], resource);
        }
        let metadata = ResourceMetadata::builder("https://api.example.com/mcp")
            .build()
            .unwrap();
        assert!(response(&metadata, Method::GET, metadata.path()).is_some());
        for other in [
            WELL_KNOWN,
            "/mcp/.well-known/oauth-protected-resource",
            "/mcp",
        ] {
            assert!(response(&metadata, Method::GET, other).is_none(), "{other}");
        }
    }

    // Defect X04 (resource in another spelling than clients use): docs/defects.md
    #[test]
    fn resources_have_one_spelling() {
        for bad in [
            "",
            "api.example.com",
            "http://api.example.com",
            "https://API.example.com",
            "HTTPS://api.example.com",
            "https://api.example.com:443",
            "https://api.example.com/a/../b",
            "https://api.example.com/./b",
            "https://api.example.com/%61",
            "https://api.example.com/a%2fb",
            "https://user@api.example.com",
            "https://api.example.com?a=b",
            "https://api.example.com#a",
            "https://api.example.com//",
        ] {
            let error = ResourceMetadata::builder(bad).build().unwrap_err();
            assert_eq!(error.field(), "resource", "{bad}");
        }
        for good in [
            "https://api.example.com",
            "http://localhost:3000/x",
            "https://[2001:db8::1]/a",
            "https://api.example.com/a%20b",
            "https://api.example.com/a%2Fb",
            "https://api.example.com/.hidden",
        ] {
            assert!(ResourceMetadata::builder(good).build().is_ok(), "{good}");
        }
    }

    #[test]
    fn addresses_are_those_of_secure_services() {
        let built = |server: &str, page: &str| {
            let builder = ResourceMetadata::builder("https://api.example.com");
            let builder = builder.authorization_servers([server]).documentation(page);
            builder.build().err().map(|error| error.field())
        };
        let (server, page) = ("https://idp.example.com", "https://docs.example.com/api");
        assert_eq!(built(server, page), None);
        for bad in [
            "",
            "idp",
            "http://idp.example.com",
            "https://idp.example.com?a=b",
        ] {
            assert_eq!(built(bad, page), Some("authorization_servers"), "{bad}");
            assert_eq!(built(server, bad), Some("documentation"), "{bad}");
        }
    }

    #[test]
    fn members_about_proofs_are_derived() {
        let dpop = Proofs::dpop([Algorithm::Es256, Algorithm::EdDsa]);
        let flags = |proofs| {
            let json = built("https://api.example.com", proofs);
            let flag = |name: &str| json.get(name).cloned();
            (
                flag("dpop_signing_alg_values_supported"),
                flag("dpop_bound_access_tokens_required"),
                flag("tls_client_certificate_bound_access_tokens"),
            )
        };
        let names = Some(json!(["EdDSA", "Ed25519", "ES256"]));
        let yes = Some(json!(true));
        assert_eq!(flags(Proofs::NONE), (None, None, None));
        assert_eq!(flags(dpop), (names.clone(), None, None));
        assert_eq!(flags(dpop.required()), (names.clone(), yes.clone(), None));
        assert_eq!(
            flags(dpop.and(Proofs::CERTIFICATE).required()),
            (names, None, None)
        );
        assert_eq!(flags(Proofs::CERTIFICATE.required()), (None, None, yes));
    }

    // Defect X05 (offline_access offered by a resource): docs/defects.md
    #[test]
    fn the_scope_of_another_party_is_refused() {
        let builder = ResourceMetadata::builder("https://api.example.com");
        let error = builder.scopes(["a", "offline_access"]).build().unwrap_err();
        assert_eq!(error.field(), "scopes");
    }

    // Defect X03 (metadata built from Host): docs/defects.md
    #[test]
    fn the_document_is_public_and_the_same_for_everyone() {
        let metadata = ResourceMetadata::builder("https://api.example.com")
            .build()
            .unwrap();
        let path = metadata.path();
        let get = response(&metadata, Method::GET, path).unwrap();
        assert_eq!(get.status(), 200);
        assert_eq!(get.headers()["content-type"], "application/json");
        assert_eq!(get.headers()["access-control-allow-origin"], "*");
        assert_eq!(get.body(), metadata.json());
        let head = response(&metadata, Method::HEAD, path).unwrap();
        assert_eq!((head.status().as_u16(), head.body().as_str()), (200, ""));
        let options = response(&metadata, Method::OPTIONS, path).unwrap();
        assert_eq!(options.status(), 204);
        let post = response(&metadata, Method::POST, path).unwrap();
        assert_eq!(post.status(), 405);
        assert_eq!(post.headers()["allow"], "GET, HEAD, OPTIONS");
        let other_host = format!("https://attacker.example{path}");
        let same = response(&metadata, Method::GET, &other_host).unwrap();
        assert_eq!(same.body(), get.body());
    }
}
