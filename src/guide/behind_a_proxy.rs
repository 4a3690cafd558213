//! Behind a proxy: the address of the client, the address of the service, address lists, and recipes for
//! common proxies.
//!
//! Behind a proxy the peer of each connection is the proxy, and the address of the client is in a
//! header, which every client can send too. [`Proxies`] says which peers are proxies and which one
//! header they write; everything else is ignored.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use bearergate::address::{OriginProblem, Proxies};
//! use bearergate::request::{PeerAddress, RequestFacts};
//!
//! let proxies = Proxies::trust(["10.0.0.0/8"])?;
//! let locate = |peer: &str, forwarded_for: Option<&str>| {
//!     let peer: SocketAddr = peer.parse()?;
//!     let mut request = http::Request::get("/orders").extension(PeerAddress(peer));
//!     if let Some(entries) = forwarded_for {
//!         request = request.header("x-forwarded-for", entries);
//!     }
//!     let request = request.body(())?;
//!     Ok::<_, Box<dyn std::error::Error>>(proxies.locate(&RequestFacts::from(&request)))
//! };
//!
//! // Through the proxy, with what the client itself wrote to the left.
//! let origin = locate("10.0.0.1:4711", Some("127.0.0.1, 203.0.113.7"))?;
//! assert_eq!(origin.address(), Some("203.0.113.7".parse()?));
//! // Past the proxy: the header is not read.
//! let origin = locate("203.0.113.9:4711", Some("127.0.0.1"))?;
//! assert_eq!(origin.address(), Some("203.0.113.9".parse()?));
//! // The proxy did not say who the client is: unknown, never the proxy.
//! let origin = locate("10.0.0.1:4711", None)?;
//! assert_eq!(origin.address(), None);
//! assert_eq!(origin.problem(), Some(OriginProblem::HeaderMissing));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The service sets [`PeerAddress`](crate::request::PeerAddress) from the accepted connection
//! ([in axum](super::protect_an_axum_service#pass-the-address-of-the-client)). A gate with proxies
//! locates the client once for each request, before it reads the credential:
//!
//! ```
//! use bearergate::address::{AddressList, AddressRules, Proxies};
//! use bearergate::limit::LockOut;
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(validator: JwtValidator, denied: &str) -> Result<(Gate, AddressRules), ConfigError> {
//!     let rules = AddressRules::builder().deny(AddressList::parse(denied)?).build()?;
//!     let gate = Gate::builder()
//!         .validator(validator)
//!         .authorizer(require_scope("orders:read"))
//!         .proxies(Proxies::trust(["10.0.0.0/8"])?)
//!         .addresses(rules.clone())
//!         .lock_out(LockOut::default())
//!         .build()?;
//!     Ok((gate, rules)) // to replace the lists later
//! }
//! # let _ = gate;
//! ```
//!
//! Conditions on addresses, the address lists of API keys, limits and lock-outs then all see this one
//! address.
//!
//! # Which setting
//!
//! | between the clients and the service | setting |
//! |---|---|
//! | nobody | [`Proxies::none()`](crate::address::Proxies::none) |
//! | proxies with known networks that append to `X-Forwarded-For` | [`Proxies::trust(networks)`](crate::address::Proxies::trust) |
//! | the same, with `Forwarded` (RFC 7239) | `.header(ForwardedBy::Forwarded)` |
//! | a proxy that sets a header of its own to the address | [`.header(ForwardedBy::Single(name))`](crate::address::ForwardedBy::Single) |
//! | several proxies, of which not all have known networks | [`.hops(n)`](crate::address::Proxies::hops) |
//! | a platform whose routers have no fixed addresses | [`Proxies::trust_every_peer().hops(n)`](crate::address::Proxies::trust_every_peer) |
//! | a proxy for TCP with the PROXY protocol | [`read_preface`](crate::address::Proxies::read_preface) at the start of each connection |
//!
//! Two rules decide whether a setting is sound. A trusted network has no clients in it. And the
//! proxy writes the header on every request: it appends to it, or replaces it.
//!
//! # The address of the service
//!
//! Proofs of possession and signatures name the URI that the client has requested. The service compares it
//! with its own [`ExternalUrl`](crate::request::ExternalUrl), never with a header, so the configuration has
//! to say what the proxy changes:
//!
//! | the proxy | setting |
//! |---|---|
//! | passes the path on as it is | `ExternalUrl::parse("https://api.example.com")` |
//! | removes a prefix: `/orders/7` arrives as `/7` | `ExternalUrl::parse("https://api.example.com/orders")` |
//! | adds a prefix: `/7` arrives as `/internal/7` | [`.without("/internal")`](crate::request::ExternalUrl::without) |
//! | serves the service under several names | one [`or_at`](crate::binding::DpopBuilder::or_at) for each |
//! | changes paths in another way | [`target_fn`](crate::binding::DpopBuilder::target_fn), or the extension [`TargetUri`](crate::request::TargetUri) that a gateway of your own inserts |
//!
//! ```
//! use bearergate::request::ExternalUrl;
//!
//! let url = ExternalUrl::parse("https://api.example.com/orders")?.without("/internal")?;
//! assert_eq!(url.external("/internal/7?x=y"), "https://api.example.com/orders/7?x=y");
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! A proxy that ends mutual TLS passes the certificate on: see
//! [Mutual TLS](super::mutual_tls#behind-a-proxy-that-ends-tls).
//!
//! # Recipes
//!
//! ## nginx
//!
//! ```text
//! location / {
//!     proxy_pass http://10.0.1.20:8080;
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//!     proxy_set_header X-Forwarded-Proto $scheme;
//! }
//! ```
//!
//! ```
//! # use bearergate::address::Proxies;
//! let proxies = Proxies::trust(["10.0.1.10"])?; // the address of nginx
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! With several nginx in a row, list all of them. nginx that listens on a Unix socket writes `unix:`
//! as an address, which cannot be read: let it listen on an address, or use `hops` and let the one in
//! front of it write the header.
//!
//! ## HAProxy
//!
//! ```text
//! frontend https
//!     bind :443 ssl crt /etc/haproxy/site.pem
//!     option forwardfor
//!     http-request set-header X-Forwarded-Proto https
//!     default_backend orders
//! ```
//!
//! ```
//! # use bearergate::address::Proxies;
//! let proxies = Proxies::trust(["10.0.1.10", "10.0.1.11"])?;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! HAProxy adds a header line of its own below those of the client; all lines are read as one list.
//! Do not set `if-none`, which keeps what the client wrote. `option forwarded proto for` needs
//! `.header(ForwardedBy::Forwarded)`. For `mode tcp` with `send-proxy-v2` see
//! [below](#the-proxy-protocol).
//!
//! ## Envoy
//!
//! ```text
//! "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
//! use_remote_address: true
//! skip_xff_append: false
//! ```
//!
//! ```
//! # use bearergate::address::Proxies;
//! let proxies = Proxies::trust(["10.0.2.0/24"])?; // the network of the Envoys
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! Without `use_remote_address` Envoy appends nothing, and the header is what its client sent.
//! As a sidecar on the same host it is the peer `127.0.0.1`: trust `127.0.0.1` and `::1`, and the
//! network of the gateway in front of it.
//!
//! ## AWS Application Load Balancer
//!
//! ```text
//! aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes \
//!     Key=routing.http.xff_header_processing.mode,Value=append \
//!     Key=routing.http.xff_client_port.enabled,Value=false
//! ```
//!
//! ```
//! # use bearergate::address::Proxies;
//! // The subnets of the load balancer, and nothing else of the VPC.
//! let proxies = Proxies::trust(["10.0.16.0/24", "10.0.17.0/24"])?;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! Both values are the defaults. With `preserve` the header is what the client sent, and with
//! `remove` every client is unknown. A Network Load Balancer that keeps the address of the client
//! needs `Proxies::none()`; with its option `proxy_protocol_v2.enabled` see
//! [below](#the-proxy-protocol).
//!
//! ## Cloudflare
//!
//! ```text
//! Rules > Settings > Managed Transforms: "Remove visitor IP headers" off
//! Network > Pseudo IPv4: off, or "Add header"
//! ```
//!
//! ```
//! # use bearergate::address::{ForwardedBy, Proxies};
//! # use http::HeaderName;
//! // All networks of https://www.cloudflare.com/ips-v4 and https://www.cloudflare.com/ips-v6.
//! let proxies = Proxies::trust(["173.245.48.0/20", "103.21.244.0/22", "2400:cb00::/32"])?
//!     .header(ForwardedBy::Single(HeaderName::from_static("cf-connecting-ip")));
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! The list changes now and then; a network that is missing makes its requests those of a client with
//! the address of Cloudflare, so read both lists when you deploy. Everybody can be a customer of
//! Cloudflare and let it send requests to your server: Authenticated Origin Pulls or a tunnel keep
//! those out. Where nginx is between Cloudflare and the service, trust nginx, which passes
//! `CF-Connecting-IP` on, and let it accept connections from Cloudflare only.
//!
//! ## Azure
//!
//! ```text
//! az network application-gateway show --name orders-gateway --resource-group orders \
//!     --query "gatewayIPConfigurations[].subnet.id"
//! ```
//!
//! ```
//! # use bearergate::address::Proxies;
//! let proxies = Proxies::trust(["10.1.0.0/24"])?; // the subnet of the Application Gateway
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! Application Gateway appends `203.0.113.7:50123` to `X-Forwarded-For`; an entry with a port is
//! understood. No rewrite rule should change the header. For Front Door trust the networks of the
//! service tag `AzureFrontDoor.Backend`, and refuse requests whose `X-Azure-FDID` is not the id of
//! your profile, because all customers of Front Door share these networks.
//!
//! ## A platform router
//!
//! ```text
//! # Heroku, Cloud Run, Render and others: nothing to configure. The router appends the address of
//! # its client to X-Forwarded-For, and its own address is not fixed.
//! ```
//!
//! ```
//! # use bearergate::address::{ForwardedBy, Proxies};
//! # use http::HeaderName;
//! // One router that appends.
//! let proxies = Proxies::trust_every_peer().hops(1);
//! # proxies.check_settings()?;
//! // A router that sets a header of its own, such as that of Fly.io.
//! let proxies = Proxies::trust_every_peer()
//!     .header(ForwardedBy::Single(HeaderName::from_static("fly-client-ip")));
//! # proxies.check_settings()?;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! This is sound only if nobody but the router can connect to the port: not other applications of
//! the platform, and not the internet. Count the entries once, as the [test](#test-it) below shows.
//!
//! # What makes an address unknown
//!
//! | [`OriginProblem`](crate::address::OriginProblem) | cause | fix |
//! |---|---|---|
//! | `no_peer` | the service did not set the address of the peer | set [`PeerAddress`](crate::request::PeerAddress) from the connection |
//! | `header_missing` | the proxy did not write the configured header; or the request is a health check of the proxy itself | the proxy's configuration; answer health checks outside of the gate |
//! | `header_malformed` | `Forwarded` has not the syntax of RFC 7239; or a header with a single address has two lines | let the proxy replace what clients send |
//! | `header_too_long` | more than 32 entries or 4 096 bytes | a client that sends junk; nothing to do |
//! | `not_an_address` | an entry up to the client is `unknown`, a name, empty, or not spelled as an address | the configuration of the proxy that wrote it |
//! | `too_few_hops` | fewer entries than `hops`, or `trust_every_peer()` without `hops` | count the proxies; the request may have bypassed one |
//!
//! The event [`ForwardedUnusable`](crate::event::Event::ForwardedUnusable) reports the problem. A
//! request with an unknown address is refused where there is an address list, conditions on the
//! address are unknown, and it is counted in one [`Source`](crate::address::Source) for each proxy.
//!
//! # Address lists
//!
//! [`AddressRules`] have an allow list, a deny list or both; deny wins. A file has one network in
//! each line, and is read again without a restart; a file that does not load leaves the lists as they
//! are:
//!
//! ```
//! use bearergate::ConfigError;
//! use bearergate::address::{AddressList, AddressRules};
//!
//! fn rules(deny: &str) -> Result<AddressRules, ConfigError> {
//!     AddressRules::builder().deny(AddressList::parse(deny)?).build()
//! }
//!
//! let in_force = rules("203.0.113.0/24 # scans\n2001:db8:bad::/48\n")?;
//! // In a service: a clone is in the gate.
//! match rules("203.0.113.0/24\n203.0.114.1/24\n") {
//!     Ok(new) => in_force.replace(&new),
//!     Err(error) => assert!(error.to_string().contains("line 2")),
//! }
//! assert!(!in_force.admits(Some("203.0.113.7".parse()?)));
//! assert!(in_force.admits(Some("198.51.100.7".parse()?)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A deny list is also compared with the IPv4 address inside of addresses of NAT64 (`64:ff9b::/96`)
//! and 6to4 (`2002::/16`). Behind a translator of your own,
//! [`translated`](crate::address::Proxies::translated) turns the addresses under its prefix into IPv4 addresses, for
//! allow lists and limits too.
//!
//! # The PROXY protocol
//!
//! A service that accepts its connections itself reads the preface before the first byte of HTTP, and
//! uses its source as the peer of all requests of the connection:
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use bearergate::address::Proxies;
//! use bearergate::address::proxy_protocol::PrefaceError;
//!
//! /// The peer of the requests and the number of bytes to skip, or `None` to read more.
//! fn peer_of(
//!     proxies: &Proxies,
//!     connection: SocketAddr,
//!     received: &[u8],
//! ) -> Result<Option<(SocketAddr, usize)>, PrefaceError> {
//!     match proxies.read_preface(connection, received) {
//!         Ok(preface) => Ok(Some((preface.source().unwrap_or(connection), preface.len()))),
//!         Err(PrefaceError::Incomplete) => Ok(None), // within a deadline
//!         Err(error) => Err(error),                  // close the connection
//!     }
//! }
//!
//! let proxies = Proxies::trust(["10.0.1.10"])?;
//! let (load_balancer, direct) = ("10.0.1.10:4711".parse()?, "203.0.113.9:4711".parse()?);
//! let received = b"PROXY TCP4 203.0.113.7 10.0.1.20 50123 443\r\nGET / HTTP/1.1\r\n";
//! let peer = peer_of(&proxies, load_balancer, received)?;
//! assert_eq!(peer, Some(("203.0.113.7:50123".parse()?, 44)));
//! assert!(peer_of(&proxies, direct, received).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where it is enabled it is required. A proxy in front of that load balancer is trusted in
//! addition, with its header.
//!
//! # Test it
//!
//! Send a forged header through the proxy and past it, and let the service show
//! [`Origin::address`](crate::address::Origin::address):
//!
//! ```text
//! curl -H 'X-Forwarded-For: 127.0.0.1' -H 'Forwarded: for=127.0.0.1' https://orders.example.com/whoami
//! curl -H 'X-Forwarded-For: 127.0.0.1' http://10.0.1.20:8080/whoami
//! ```
//!
//! The first shows your own address, the second that of the machine you are on (or cannot connect).
//! If the first one shows `127.0.0.1`, the proxy does not write the header, or `hops` is too high; if
//! it shows an address of a proxy, that proxy is not in a trusted network.
//!
//! [`AddressRules`]: crate::address::AddressRules
//! [`Proxies`]: crate::address::Proxies
