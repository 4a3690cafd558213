//! The configuration of the validator of a load balancer's tokens.

use std::fmt;
use std::sync::Arc;

use super::alb_keys::AlbKeys;
use super::alb_validator::AwsAlbValidator;
use crate::clock::{Clock, Leeway, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::jwt::providers::argument::check_region;
use crate::principal::Authority;

/// The identity of a user that an AWS Application Load Balancer has authenticated, from the header
/// [`AWS_ALB_HEADER`](super::AWS_ALB_HEADER).
///
/// `region` is the load balancer's, such as `eu-west-1`; `load_balancer` is its ARN; `client` is the
/// client id that its rule has at the identity provider.
///
/// # What it requires, and why
///
/// - The token is in the load balancer's own header, and this validator takes no other. Its parts are
///   padded, and the padding is signed, so it is no JWT (RFC 7515 section 2) and no
///   [`JwtValidator`](crate::JwtValidator) accepts it.
/// - `alg` is `ES256`, and the key is the one that AWS publishes for the region under the token's
///   `kid`, a UUID. **All load balancers of a region, of every account, share these keys.**
/// - `signer` in the header is the ARN: without this check the token of a stranger's load balancer
///   would be accepted.
/// - `client` in the header is the client: two rules of one load balancer may have different ones.
/// - `exp` has not passed; the load balancer issues a token for each request, for two minutes.
///
/// The claims are those of the provider's user info endpoint. Scopes are not among them. Requests that
/// do not come through the load balancer can carry a token that was seen before, so let only the load
/// balancer connect to the service.
///
/// ```
/// use bearergate::Gate;
/// use bearergate::credential::Sources;
/// use bearergate::environment::Environment;
/// use bearergate::jwt::providers::{self, AWS_ALB_HEADER};
///
/// # fn build(environment: &Environment) -> Result<Gate, bearergate::ConfigError> {
/// let arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
/// let users = providers::aws_alb("eu-west-1", arn, "my-client-id")
///     .issuer("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123")
///     .env(environment)
///     .build()?;
/// Gate::builder()
///     .validator(users)
///     .sources(Sources::builder().without_bearer().header(AWS_ALB_HEADER).build()?)
///     .allow_any_authenticated()
///     .build()
/// # }
/// ```
pub fn aws_alb(
    region: impl Into<String>,
    load_balancer: impl Into<String>,
    client: impl Into<String>,
) -> AwsAlbBuilder {
    AwsAlbBuilder {
        region: region.into(),
        load_balancer: load_balancer.into(),
        client: client.into(),
        issuer: None,
        authority: None,
        keys_at: None,
        leeway: Leeway::default(),
        clock: Arc::new(SystemClock),
        environment: Environment::new(),
    }
}

/// A builder for an [`AwsAlbValidator`]; see [`aws_alb`]. It needs an [environment](Self::env) with an
/// HTTP client and a spawner, because the keys are fetched.
#[must_use]
pub struct AwsAlbBuilder {
    region: String,
    load_balancer: String,
    client: String,
    issuer: Option<String>,
    authority: Option<Authority>,
    keys_at: Option<String>,
    leeway: Leeway,
    clock: Arc<dyn Clock>,
    environment: Environment,
}

impl AwsAlbBuilder {
    /// Requires this `iss`, the identity provider's, byte for byte. It is then also the
    /// [`Authority`] of the subjects, so that a user has one subject here and under a
    /// [`JwtValidator`](crate::JwtValidator) of the same issuer. Without it the load balancer's ARN
    /// is the authority.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the [`Authority`] of the subjects, in place of the issuer or the ARN.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// Sets the address of the keys without the id at its end, for a partition whose address this
    /// crate does not know. By default it is the one that AWS documents for the region.
    pub fn keys_at(mut self, url: impl Into<String>) -> Self {
        self.keys_at = Some(url.into());
        self
    }

    /// Sets the tolerated difference between the clocks of the load balancer and the service, by
    /// default 30 seconds.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the clock, by default the system's. A gate gives each credential a time of its own.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock, the observer, the HTTP client and the spawner from an [`Environment`]. An
    /// HTTP client and a spawner are required. Call it before [`clock`](Self::clock).
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self.environment.take_from(environment);
        self
    }

    /// Builds the validator. Nothing is sent before the first token.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a region or an ARN that
    /// is not well-formed, [`Conflict`](crate::error::ConfigErrorKind::Conflict) if the ARN is of
    /// another region, [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty client or issuer,
    /// or without an HTTP client or a spawner.
    pub fn build(self) -> Result<AwsAlbValidator, ConfigError> {
        self.check()?;
        let base = match self.keys_at {
            Some(url) => url,
            None => keys_of(&self.region),
        };
        let environment = self.environment.clock(Arc::clone(&self.clock));
        let authority = self.authority.unwrap_or_else(|| {
            let name = self.issuer.as_deref().unwrap_or(&self.load_balancer);
            Authority::from(name)
        });
        Ok(AwsAlbValidator::new(super::alb_validator::AlbRules {
            load_balancer: self.load_balancer.into(),
            client: self.client.into(),
            issuer: self.issuer.map(Into::into),
            authority,
            leeway: self.leeway,
            clock: self.clock,
            keys: AlbKeys::new(base, environment)?,
        }))
    }

    fn check(&self) -> Result<(), ConfigError> {
        if let Some(error) = check_region(&self.region) {
            return Err(error);
        }
        // arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID
        let parts: Vec<_> = self.load_balancer.splitn(6, ':').collect();
        let region = match *parts.as_slice() {
            ["arn", _, "elasticloadbalancing", region, _, resource]
                if resource.starts_with("loadbalancer/app/") =>
            {
                region
            }
            _ => {
                return Err(ConfigError::unexpected(
                    "load_balancer",
                    "the ARN of an application load balancer",
                    &self.load_balancer,
                    "write it like \
                     `arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>`",
                ));
            }
        };
        if region != self.region {
            let detail = format!(
                "expected the region of `region`, `{}`, found `{region}` in the ARN; give both the same",
                self.region
            );
            return Err(ConfigError::conflict("load_balancer", detail));
        }
        if self.client.is_empty() {
            return Err(ConfigError::empty(
                "client",
                "give the client id of the rule",
            ));
        }
        match self.issuer.as_deref() {
            Some("") => Err(ConfigError::empty("issuer", "give the provider's issuer")),
            _ => Ok(()),
        }
    }
}

/// Returns the documented address of a region's keys.
fn keys_of(region: &str) -> String {
    if region.starts_with("us-gov-") {
        return format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}");
    }
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("https://public-keys.auth.elb.{region}.{domain}")
}

impl fmt::Debug for AwsAlbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAlbBuilder")
            .field("region", &self.region)
            .field("load_balancer", &self.load_balancer)
            .finish_non_exhaustive()
    }
}
