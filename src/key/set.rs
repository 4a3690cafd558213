//! Sets of keys, and the rule by which a key is picked for a token.

use std::fmt;
use std::sync::Arc;

use super::hint::KeyHint;
use super::skipped::SkippedKey;
use super::verification_key::Key;
use crate::crypto::{Algorithm, Algorithms};
use crate::error::{ConfigError, ConfigErrorKind, RejectionKind};
use crate::limits;
use crate::principal::KeyId;

/// The keys of one issuer; cheap to clone.
///
/// A token is verified with exactly one key: the one that has the token's algorithm and its `kid`.
/// Keys are not tried one after the other, except in a set made by [`rotating`](Self::rotating).
///
/// - No such key is [`KeyNotFound`](RejectionKind::KeyNotFound), more than one is
///   [`KeyAmbiguous`](RejectionKind::KeyAmbiguous). Identical keys count once.
/// - A token without a `kid` matches every key of its algorithm.
/// - A key without a `kid` that was imported by itself matches every `kid`. One that is a member of
///   a JWK Set matches only if no key of the algorithm has the token's `kid`.
///
/// A set is also the simplest [`KeyStore`](crate::KeyStore): its keys never change.
#[derive(Clone)]
pub struct KeySet {
    inner: Arc<Inner>,
    /// The set in an `Arc`, made once so that [`to_shared`](Self::to_shared) does not allocate.
    /// That set has no handle itself.
    handle: Option<Arc<Self>>,
}

struct Inner {
    keys: Box<[Key]>,
    skipped: Box<[SkippedKey]>,
    algorithms: Algorithms,
    is_rotating: bool,
}

impl KeySet {
    /// Makes a set of keys that differ in their `kid`.
    ///
    /// A key without a `kid` matches every token, so two of them for one algorithm make every token
    /// of it ambiguous; use [`rotating`](Self::rotating) for such keys.
    ///
    /// # Errors
    ///
    /// [`NoUsableKey`](ConfigErrorKind::NoUsableKey) if no key is given.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, ConfigError> {
        let set = Self::assemble(Inner::new(keys.into_iter().collect()));
        set.check_usable()?;
        Ok(set)
    }

    /// Makes a set of a current key and its predecessors, for keys without a `kid`.
    ///
    /// Each key that matches the token is tried, in the given order, so a token is accepted if one
    /// of them verifies its signature.
    ///
    /// ```
    /// use bearergate::key::{Key, KeySet};
    ///
    /// let (current, previous) = (Key::from_secret(vec![8; 32])?, Key::from_secret(vec![7; 32])?);
    /// let keys = KeySet::rotating(current, [previous])?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for more than 4 keys in total.
    pub fn rotating(
        current: Key,
        previous: impl IntoIterator<Item = Key>,
    ) -> Result<Self, ConfigError> {
        let keys: Vec<_> = std::iter::once(current).chain(previous).collect();
        if keys.len() > limits::ROTATING_KEYS {
            let (given, most) = (keys.len() - 1, limits::ROTATING_KEYS - 1);
            return Err(ConfigError::size_out_of_range(
                "previous",
                given,
                "keys",
                ..=most,
            ));
        }
        let mut inner = Inner::new(keys);
        inner.is_rotating = true;
        Ok(Self::assemble(inner))
    }

    /// Returns the algorithms that at least one of the keys has. A token under any other algorithm
    /// is refused.
    pub fn algorithms(&self) -> Algorithms {
        self.inner.algorithms
    }

    /// Returns the keys, in the order in which they were given.
    ///
    /// Members of a JWK Set that were [skipped](Self::skipped) are not among them.
    pub fn keys(&self) -> &[Key] {
        &self.inner.keys
    }

    /// Returns the members of the JWK Set that were not imported, each with the reason.
    ///
    /// It is empty for a set that was made from keys.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.inner.skipped
    }

    /// Picks the keys that may verify a token with this header, without allocating.
    ///
    /// # Errors
    ///
    /// `KeyNotFound` without a candidate, `KeyAmbiguous` with more than one. The caller checks the
    /// algorithm against [`algorithms`](Self::algorithms) before.
    #[inline(always)]
    pub(crate) fn select(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Candidates<'_>, RejectionKind> {
        let hint = KeyHint::new(kid, algorithm);
        if let [only] = &*self.inner.keys {
            // No other key has the `kid`.
            let may_verify = only.algorithms().contains(algorithm) && matches(only, hint, false);
            return Candidates::single(algorithm, may_verify.then_some(only).into_iter());
        }
        let is_kid_known = self.eligible(algorithm).any(|key| key.kid() == kid);
        let matching = self
            .eligible(algorithm)
            .filter(|key| matches(key, hint, is_kid_known));
        if self.inner.is_rotating {
            Candidates::rotating(algorithm, matching)
        } else {
            Candidates::single(algorithm, matching)
        }
    }

    /// Returns true if an eligible key has the token's `kid`, or if the token has none.
    pub(crate) fn knows(&self, hint: KeyHint<'_>) -> bool {
        let has = |key: &Key| key.kid() == hint.kid();
        hint.kid().is_none() || self.eligible(hint.algorithm()).any(has)
    }

    /// Returns true only if both sets have the same keys with the same key ids and algorithms.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let named = |set: &Self| -> Vec<_> {
            let keys = set.keys().iter();
            keys.map(|k| (k.id(), k.kid().map(str::to_owned), k.algorithms()))
                .collect()
        };
        named(self) == named(other)
    }

    /// Refuses a set without a key, with the reason for each member that was skipped.
    pub(super) fn check_usable(&self) -> Result<(), ConfigError> {
        if !self.keys().is_empty() {
            return Ok(());
        }
        let mut detail = String::from(match self.skipped() {
            [] => "expected at least one key, found an empty set; give or publish a key",
            _ => "expected at least one key that can be used, found none",
        });
        for skipped in self.skipped() {
            detail += &format!("; key {}: {}", skipped.index, skipped.reason);
        }
        Err(ConfigError::new(
            ConfigErrorKind::NoUsableKey,
            "keys",
            detail,
        ))
    }

    /// Returns true only if the set has a key of this identity.
    pub(super) fn has(&self, key: &KeyId) -> bool {
        self.inner.keys.iter().any(|own| own.id() == *key)
    }

    /// Returns the set in an `Arc`, without allocating.
    pub(super) fn to_shared(&self) -> Arc<Self> {
        let shared = self.handle.clone();
        shared.unwrap_or_else(|| Arc::new(self.clone()))
    }

    fn eligible(&self, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        let keys = self.inner.keys.iter();
        keys.filter(move |key| key.algorithms().contains(algorithm))
    }

    /// Makes the set of what was read from a JWK Set; it may be empty.
    pub(super) fn from_members(keys: Vec<Key>, skipped: Vec<SkippedKey>) -> Self {
        let mut inner = Inner::new(keys);
        inner.skipped = skipped.into();
        Self::assemble(inner)
    }

    fn assemble(inner: Inner) -> Self {
        let handle = Self {
            inner: Arc::new(inner),
            handle: None,
        };
        Self {
            inner: Arc::clone(&handle.inner),
            handle: Some(Arc::new(handle)),
        }
    }
}

/// Returns whether an eligible key matches the token's `kid`.
fn matches(key: &Key, token: KeyHint<'_>, is_kid_known: bool) -> bool {
    match (token.kid(), key.kid()) {
        (None, _) => true,
        (Some(named), Some(own)) => named == own,
        (Some(_), None) => !key.0.is_member || !is_kid_known,
    }
}

impl From<Key> for KeySet {
    fn from(key: Key) -> Self {
        Self::assemble(Inner::new(vec![key]))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("keys", &self.inner.keys)
            .field("skipped", &self.inner.skipped.len())
            .field("is_rotating", &self.inner.is_rotating)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn new(keys: Vec<Key>) -> Self {
        Self {
            algorithms: keys.iter().fold(Algorithms::default(), |all, key| {
                all.union(key.algorithms())
            }),
            keys: keys.into(),
            skipped: Box::default(),
            is_rotating: false,
        }
    }
}

/// The keys that may verify one token: a single one, or those of a rotation in their order.
#[derive(Debug)]
pub(crate) struct Candidates<'k> {
    algorithm: Algorithm,
    keys: [Option<&'k Key>; limits::ROTATING_KEYS],
}

impl<'k> Candidates<'k> {
    fn single(
        algorithm: Algorithm,
        mut matching: impl Iterator<Item = &'k Key>,
    ) -> Result<Self, RejectionKind> {
        let first = matching.next().ok_or(RejectionKind::KeyNotFound)?;
        // Identical keys count once.
        if matching.any(|other| other.id() != first.id()) {
            return Err(RejectionKind::KeyAmbiguous);
        }
        Ok(Self {
            algorithm,
            keys: [Some(first), None, None, None],
        })
    }

    fn rotating(
        algorithm: Algorithm,
        matching: impl Iterator<Item = &'k Key>,
    ) -> Result<Self, RejectionKind> {
        let mut keys = [None; limits::ROTATING_KEYS];
        for (place, key) in keys.iter_mut().zip(matching) {
            *place = Some(key);
        }
        match keys {
            [None, ..] => Err(RejectionKind::KeyNotFound),
            keys => Ok(Self { algorithm, keys }),
        }
    }

    /// Returns the key under which `signature` is valid for `message`, if there is one.
    #[inline(always)]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Option<&'k Key> {
        let mut keys = self.keys.iter().copied().flatten();
        keys.find(|key| key.verify(self.algorithm, message, signature))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::event::{Event, Observer};
    use crate::key::{KeyImporter, KeyStatus, KeyStore, test_samples};

    const MESSAGE: &[u8] = b"header.payload";

    fn secret(byte: u8) -> Key {
        Key::from_secret(vec![byte; 32]).unwrap()
    }

    /// An EC key that is not among the samples.
    fn other_es256() -> serde_json::Value {
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    fn with(mut jwk: serde_json::Value, members: serde_json::Value) -> serde_json::Value {
        for (name, value) in members.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    fn jwks(keys: &[serde_json::Value]) -> KeySet {
        KeySet::from_jwks(json!({"keys": keys}).to_string()).unwrap()
    }

    /// Returns the kid of the one candidate, or why there is none.
    fn picked<'k>(set: &'k KeySet, kid: Option<&str>) -> Result<Option<&'k str>, RejectionKind> {
        let candidates = set.select(Algorithm::Es256, kid)?;
        let [Some(key), None, ..] = candidates.keys else {
            panic!("more than one candidate");
        };
        Ok(key.kid())
    }

    #[test]
    fn the_key_with_the_kid_of_the_token_is_picked() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            with(other_es256(), json!({"kid": "b"})),
            test_samples::jwk_with(test_samples::RSA, json!({"kid": "c"})),
        ]);
        assert_eq!(picked(&set, Some("a")), Ok(Some("a")));
        assert_eq!(picked(&set, Some("b")), Ok(Some("b")));
        assert_eq!(picked(&set, Some("c")), Err(RejectionKind::KeyNotFound));
        assert_eq!(picked(&set, Some("A")), Err(RejectionKind::KeyNotFound));
        assert_eq!(picked(&set, Some("")), Err(RejectionKind::KeyNotFound));
        assert_eq!(picked(&set, None), Err(RejectionKind::KeyAmbiguous));
    }

    #[test]
    fn without_a_kid_the_only_eligible_key_is_picked() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            test_samples::jwk_with(test_samples::RSA, json!({"kid": "b"})),
            test_samples::jwk_with(test_samples::ED25519, json!({"kid": "c"})),
        ]);
        assert_eq!(picked(&set, None), Ok(Some("a")));
    }

    #[test]
    fn members_without_a_kid_are_candidates_only_if_no_eligible_key_has_the_tokens() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            other_es256(),
            test_samples::jwk_with(test_samples::RSA, json!({"kid": "r"})),
        ]);
        assert_eq!(picked(&set, Some("a")), Ok(Some("a")));
        assert_eq!(picked(&set, Some("unknown")), Ok(None));
        // The RSA key has it, but is not eligible.
        assert_eq!(picked(&set, Some("r")), Ok(None));
        assert_eq!(picked(&set, None), Err(RejectionKind::KeyAmbiguous));
    }

    #[test]
    fn a_key_imported_by_itself_without_a_kid_matches_any() {
        let set = KeySet::from(Key::from_pem(test_samples::ES256).unwrap());
        assert_eq!(picked(&set, None), Ok(None));
        assert_eq!(picked(&set, Some("any")), Ok(None));
        let single_jwk = Key::from_jwk(test_samples::jwk(test_samples::ES256).to_string()).unwrap();
        assert_eq!(picked(&single_jwk.into(), Some("any")), Ok(None));

        let named = Key::from_pem(test_samples::ES256).unwrap().with_kid("a");
        let set = KeySet::from(named.unwrap());
        assert_eq!(picked(&set, Some("a")), Ok(Some("a")));
        assert_eq!(picked(&set, None), Ok(Some("a")));
        assert_eq!(picked(&set, Some("b")), Err(RejectionKind::KeyNotFound));
    }

    #[test]
    fn a_key_without_a_kid_next_to_one_with_the_tokens_is_ambiguous() {
        let named = Key::from_pem(test_samples::ES256)
            .unwrap()
            .with_kid("a")
            .unwrap();
        let unnamed = Key::from_jwk(other_es256().to_string()).unwrap();
        let set = KeySet::new([named, unnamed]).unwrap();
        assert_eq!(picked(&set, Some("a")), Err(RejectionKind::KeyAmbiguous));
        assert_eq!(picked(&set, Some("b")), Ok(None));
    }

    #[test]
    fn different_keys_of_one_kid_are_ambiguous() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            with(other_es256(), json!({"kid": "a"})),
        ]);
        assert_eq!(picked(&set, Some("a")), Err(RejectionKind::KeyAmbiguous));
    }

    #[test]
    fn one_kid_for_two_types_is_not_ambiguous() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            test_samples::jwk_with(test_samples::RSA, json!({"kid": "a"})),
        ]);
        assert_eq!(picked(&set, Some("a")), Ok(Some("a")));
        assert!(set.select(Algorithm::Rs256, Some("a")).is_ok());
    }

    #[test]
    fn identical_keys_count_once() {
        let set = jwks(&[
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "a"})),
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "b"})),
            test_samples::jwk_with(test_samples::ES256, json!({"kid": "b", "alg": "ES256"})),
        ]);
        assert_eq!(picked(&set, None), Ok(Some("a")));
        assert_eq!(picked(&set, Some("b")), Ok(Some("b")));
    }

    #[test]
    fn a_key_bound_to_another_algorithm_is_not_eligible() {
        let set = jwks(&[test_samples::jwk_with(
            test_samples::RSA,
            json!({"alg": "PS256"}),
        )]);
        assert!(set.select(Algorithm::Ps256, None).is_ok());
        let refused = set.select(Algorithm::Rs256, None).map(|_| ());
        assert_eq!(refused, Err(RejectionKind::KeyNotFound));
        assert!(!set.algorithms().contains(Algorithm::Rs256));
    }

    #[test]
    fn a_rotation_tries_its_keys_in_order() {
        let set = KeySet::rotating(secret(1), [secret(2), secret(3)]).unwrap();
        let candidates = set.select(Algorithm::Hs256, Some("any")).unwrap();
        for byte in 1..=3 {
            let tag = test_samples::mac(Algorithm::Hs256, &[byte; 32], MESSAGE);
            let key = candidates.verify(MESSAGE, &tag).unwrap();
            assert_eq!(key.id(), secret(byte).id());
        }
        let unknown = test_samples::mac(Algorithm::Hs256, &[4; 32], MESSAGE);
        assert!(candidates.verify(MESSAGE, &unknown).is_none());
    }

    #[test]
    fn the_same_keys_without_rotation_are_ambiguous() {
        let set = KeySet::new([secret(1), secret(2)]).unwrap();
        let refused = set.select(Algorithm::Hs256, None).map(|_| ());
        assert_eq!(refused, Err(RejectionKind::KeyAmbiguous));
    }

    #[test]
    fn a_rotation_tries_only_keys_that_match_the_token() {
        let named = |byte, kid: &str| secret(byte).with_kid(kid).unwrap();
        let set = KeySet::rotating(named(1, "new"), [named(2, "old"), secret(3)]).unwrap();
        let tag = |byte| test_samples::mac(Algorithm::Hs256, &[byte; 32], MESSAGE);
        let candidates = set.select(Algorithm::Hs256, Some("old")).unwrap();
        assert!(candidates.verify(MESSAGE, &tag(2)).is_some());
        assert!(candidates.verify(MESSAGE, &tag(3)).is_some());
        assert!(candidates.verify(MESSAGE, &tag(1)).is_none());
    }

    #[test]
    fn a_rotation_holds_at_most_four_keys() {
        let kind = |previous: u8| {
            let set = KeySet::rotating(secret(0), (1..=previous).map(secret));
            set.err().map(|error| error.kind())
        };
        assert_eq!(kind(3), None);
        assert_eq!(kind(4), Some(ConfigErrorKind::OutOfRange));
    }

    #[test]
    fn find_returns_the_same_set_each_time() {
        let set = KeySet::from(secret(1));
        let hint = KeyHint::new(None, Algorithm::Hs256);
        let found = || set.find(hint).try_now().unwrap().unwrap();
        assert!(Arc::ptr_eq(&found(), &found()));
        assert!(Arc::ptr_eq(&found().inner, &set.inner));
        let again = found().find(hint).try_now().unwrap().unwrap();
        assert!(Arc::ptr_eq(&again.inner, &set.inner));
    }

    #[test]
    fn keys_of_the_set_are_fresh_and_all_others_are_gone() {
        let store: Arc<dyn KeyStore> = Arc::new(KeySet::from(secret(1)));
        assert_eq!(store.status(&secret(1).id()), KeyStatus::Fresh);
        assert_eq!(store.status(&secret(2).id()), KeyStatus::Gone);
    }

    #[derive(Debug, Default)]
    struct Reports(Mutex<Vec<(usize, Option<String>, &'static str)>>);

    impl Observer for Reports {
        fn observe(&self, event: &Event<'_>) {
            let Event::KeySkipped { index, kid, reason } = event else {
                return;
            };
            let report = (*index, kid.map(str::to_owned), *reason);
            self.0.lock().unwrap().push(report);
        }
    }

    #[test]
    fn each_skipped_key_is_reported_to_the_observer() {
        let reports = Arc::new(Reports::default());
        let text = json!({"keys": [
            {"kty": "oct", "k": "AAAA", "kid": "sym"},
            test_samples::jwk(test_samples::ES256),
            7,
        ]});
        let import = KeyImporter::default().observer(reports.clone());
        let set = import.jwks(text.to_string()).unwrap();
        let reported = reports.0.lock().unwrap();
        let listed: Vec<_> = set
            .skipped()
            .iter()
            .map(|key| (key.index(), key.kid().map(str::to_owned), key.reason()))
            .collect();
        assert_eq!(*reported, listed);
        assert_eq!(reported.len(), 2);
        assert_eq!((reported[0].0, reported[0].1.as_deref()), (0, Some("sym")));
        assert_eq!((reported[1].0, reported[1].1.as_deref()), (2, None));
    }

    #[test]
    fn an_empty_set_is_possible_only_inside_the_crate() {
        let import = KeyImporter::default();
        let set = import.jwks_or_empty(br#"{"keys":[]}"#).unwrap();
        assert!(set.keys().is_empty() && set.algorithms().is_empty());
        let error = import.jwks(r#"{"keys":[]}"#).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::NoUsableKey);
    }
}
