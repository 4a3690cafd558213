//! Explanation of API keys.

use std::error::Error;

use super::api_key_validator::{ApiKeyValidator, Fault, Use};
use crate::api_key::format::{ApiKeyId, ParsedKey};
use crate::api_key::pepper_guard::PepperFault;
use crate::api_key::record::ApiKeyRecord;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::diagnosis::{Explanation, Step, StepList, error_chain};
use crate::error::{Rejection, RejectionKind, StoreError};
use crate::now_or_later::NowOrLater;
use crate::principal::PrincipalKind;
use crate::request::RequestFacts;
use crate::validator::check_kind;

/// The steps in the order of the checks.
const STEPS: &[&str] = &[
    "scheme",
    "clock",
    "format",
    "pepper",
    "key",
    "secret",
    "disabled",
    "not_before",
    "expiry",
    "address",
];

impl ApiKeyValidator {
    /// Explains a key by the same functions that validate it, so that the results are equal. It
    /// counts no use and replaces no digest.
    pub(super) fn explained<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let steps = StepList::new(STEPS);
        let scheme = presented.credential().scheme();
        if let Err(kind) = check_kind(scheme, PrincipalKind::ApiKey) {
            let step = Step::failed("scheme")
                .expected(
                    "an API key under `Bearer`, `ApiKey` or `Basic`, or in a place of its own",
                )
                .found(format!("one under `{scheme}`"));
            return NowOrLater::now(steps.reject(kind.into(), step));
        }
        let Some(now) = presented.now().or_else(|| self.clock.now()) else {
            let rejection = RejectionKind::Unavailable.into();
            return NowOrLater::now(steps.reject(rejection, Step::no_time()));
        };
        let usage = Use { presented, now };
        let text = presented.credential().expose();
        let prefix = self.scheme.format().prefix();
        if let Some(legacy) = self.scheme.legacy().filter(|_| !text.starts_with(prefix)) {
            return match legacy.parse(text) {
                Ok(key) => {
                    let digests = self.scheme.peppers().legacy_digests(key);
                    let found = self.find_legacy(digests);
                    found.map(move |found| self.of_legacy(steps, found, usage))
                }
                Err(rejection) => {
                    let step = malformed_legacy(text, legacy.min_bytes());
                    NowOrLater::now(steps.reject(rejection, step))
                }
            };
        }
        match self.scheme.format().parse(text) {
            Ok(key) => self.once_explained(steps, move |steps| {
                let probed = self.store.probe(key.id());
                probed.map(move |found| self.of_own(steps, &key, found, usage))
            }),
            Err(rejection) => NowOrLater::now(steps.reject(rejection, malformed(text, prefix))),
        }
    }

    /// Continues only if no pepper was swapped.
    fn once_explained<'a, F>(&'a self, steps: StepList, explain: F) -> NowOrLater<'a, Explanation>
    where
        F: FnOnce(StepList) -> NowOrLater<'a, Explanation> + Send + 'a,
    {
        self.compare_peppers().then(move |settled| match settled {
            Ok(()) => explain(steps),
            Err(PepperFault::Store(error)) => {
                NowOrLater::now(failed_store(steps, error.into()))
            }
            Err(swapped @ PepperFault::Swapped { version }) => {
                let step = Step::failed("pepper")
                    .expected(format!(
                        "under version {version} the pepper with which the keys in the store were made"
                    ))
                    .found("another pepper")
                    .hint(
                        "give the version its former bytes, and a new pepper the next version; the \
                         key may be valid",
                    );
                NowOrLater::now(steps.reject(swapped.into(), step))
            }
        })
    }

    fn of_own(
        &self,
        mut steps: StepList,
        key: &ParsedKey<'_>,
        found: Result<Option<ApiKeyRecord>, StoreError>,
        usage: Use<'_>,
    ) -> Explanation {
        steps.add(Step::ok("format").found(format!("prefix `{}`", self.scheme.format().prefix())));
        let found = match found {
            Ok(found) => found,
            Err(error) => return failed_store(steps, error.into()),
        };
        match self.identify(key, found) {
            Ok((record, _)) => self.of_record(steps, &record, usage),
            Err(rejection) => unidentified(steps, key.id(), rejection),
        }
    }

    fn of_legacy(
        &self,
        mut steps: StepList,
        found: Result<Option<ApiKeyRecord>, Rejection>,
        usage: Use<'_>,
    ) -> Explanation {
        steps.add(Step::ok("format").found("a key of the other format"));
        match found {
            Ok(Some(record)) => self.of_record(steps, &record, usage),
            Ok(None) => {
                let step = Step::failed("key")
                    .expected("the digest of an imported key")
                    .found("no such digest")
                    .hint("import the key, or give the client a new one");
                steps.reject(Fault::Id.unknown(), step)
            }
            Err(rejection) => failed_store(steps, rejection),
        }
    }

    /// Explains whether the holder of the secret may use the key now and from that address.
    fn of_record(&self, mut steps: StepList, record: &ApiKeyRecord, usage: Use<'_>) -> Explanation {
        steps.add(Step::ok("key").found(format!("key id `{}`", record.id())));
        let Err(rejection) = self.check(record, usage) else {
            return steps.accept();
        };
        let now = usage.now;
        let step = match rejection.kind() {
            RejectionKind::ApiKeyDisabled => Step::failed("disabled")
                .expected("a key that is not disabled")
                .found("a key that was disabled or revoked")
                .hint("give the client a new key"),
            RejectionKind::TokenNotYetValid => Step::failed("not_before")
                .expected(format!("now, {now}, or earlier"))
                .found(moment(record.not_before(), now))
                .hint("wait, or compare the clocks of this host and of the one that made the key"),
            RejectionKind::ApiKeyExpired => Step::failed("expiry")
                .expected(format!("later than now, {now}"))
                .found(moment(record.expires_at(), now))
                .hint("rotate keys before they expire; give the client a new one"),
            _ => Step::failed("address")
                .expected(addresses(record))
                .found(client(usage.presented.facts()))
                .hint(
                    "add the client's address to the key; behind a proxy set `ClientAddress`, or every \
                     client has the address of the proxy",
                ),
        };
        steps.reject(rejection, step)
    }
}

fn malformed_legacy(text: &str, min: usize) -> Step {
    Step::failed("format")
        .expected(format!(
            "a key of the other format: {min} or more visible characters"
        ))
        .found(format!(
            "{} characters, or some that are not visible",
            text.len()
        ))
        .hint("look for a key that was cut off, or of another system")
}

/// Says which part of a key has another form, and nothing of the key itself.
fn malformed(text: &str, prefix: &str) -> Step {
    let step = Step::failed("format").expected(format!(
        "`{prefix}`, a key id, `_`, a secret and its checksum, of letters and digits"
    ));
    let found = match text.strip_prefix(prefix) {
        None => "a text without this prefix".to_owned(),
        Some(rest)
            if !rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            "other characters behind the prefix".to_owned()
        }
        Some(rest) => format!(
            "{} characters behind the prefix, whose length or checksum is wrong",
            rest.len()
        ),
    };
    step.found(found)
        .hint("the key was cut off or mistyped: copy it again as a whole")
}

fn unidentified(mut steps: StepList, id: ApiKeyId, rejection: Rejection) -> Explanation {
    let fault = rejection
        .source()
        .and_then(<dyn Error>::downcast_ref::<Fault>);
    let step = match fault {
        Some(Fault::Secret) => {
            steps.add(Step::ok("key").found(format!("key id `{id}`")));
            Step::failed("secret")
                .expected(format!("the secret of the key `{id}`"))
                .found("another secret")
                .hint("the key was rotated, mistyped or guessed; give the client a new key")
        }
        Some(Fault::Pepper) => {
            steps.add(Step::ok("key").found(format!("key id `{id}`")));
            Step::failed("secret")
                .expected("the pepper under which the digest of this key was made")
                .found("a `PepperSet` without its version")
                .hint("configure the older pepper too, until all keys are re-hashed")
        }
        _ => Step::failed("key")
            .expected("a key id of this store and this authority")
            .found(format!("key id `{id}`, which it does not have"))
            .hint("look whether the key is from another environment, or was deleted"),
    };
    steps.reject(rejection, step)
}

fn failed_store(steps: StepList, rejection: Rejection) -> Explanation {
    let step = Step::failed("key")
        .expected("an answer of the store")
        .found(error_chain(&rejection))
        .hint("the key may be valid; look at the store");
    steps.reject(rejection, step)
}

/// Returns a time, and how far from now it is.
fn moment(time: Option<UnixTime>, now: UnixTime) -> String {
    let Some(time) = time else {
        return "no time".to_owned();
    };
    let apart = time.as_secs().abs_diff(now.as_secs());
    let side = match time <= now {
        true => "before",
        false => "after",
    };
    format!("{time}, {apart} seconds {side} now")
}

fn addresses(record: &ApiKeyRecord) -> String {
    let networks = record.details().addresses().iter();
    let networks: Vec<_> = networks.map(ToString::to_string).collect();
    format!("a client address in {}", networks.join(", "))
}

fn client(facts: Option<&RequestFacts<'_>>) -> String {
    match facts.and_then(RequestFacts::client_or_peer) {
        Some(address) => address.to_string(),
        None => "no known address of the client".to_owned(),
    }
}
