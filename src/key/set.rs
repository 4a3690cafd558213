//! Sets of keys, and the rule that picks one.

use std::fmt;
use std::sync::Arc;

use super::Key;
use super::import::KeyImporter;
use super::jwks::SkippedKey;
use super::jwks::check_usable;
use super::store::KeyHint;
use super::store::KeyStatus;
use super::store::KeyStore;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// The keys of one issuer, cheap to clone.
///
/// A token is judged by exactly one of them: the one that serves its algorithm and has its `kid`.
/// No such key, or more than one, is a rejection; nothing is tried in turn, but for
/// [`rotating`](Self::rotating).
#[derive(Clone)]
pub struct KeySet {
    inner: Arc<Inner>,
    /// What [`find`](KeyStore::find) hands out, made once so that finding does not allocate. It
    /// has none itself.
    handle: Option<Arc<Self>>,
}

struct Inner {
    keys: Box<[Key]>,
    skipped: Box<[SkippedKey]>,
    algorithms: Algorithms,
    is_rotating: bool,
}

impl KeySet {
    /// Takes keys that are told apart by their `kid`.
    ///
    /// A key without a `kid` matches any that a token names, so more than one of them for one
    /// algorithm makes every token ambiguous; see [`rotating`](Self::rotating).
    ///
    /// # Errors
    ///
    /// `no_usable_key` without a key.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, ConfigError> {
        let set = Self::assemble(Inner::new(keys.into_iter().collect()));
        check_usable(&set)?;
        Ok(set)
    }

    /// Takes the key in use and its predecessors: each that matches the token is tried, in order.
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
    /// `out_of_range` for more than 4 keys.
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

    /// Takes a JWK Set as JSON text.
    ///
    /// Members that are private, symmetric, weak, malformed, of an unknown type or not for
    /// verifying signatures are [skipped](Self::skipped) one by one; the others stay good.
    ///
    /// ```
    /// use bearergate::key::KeySet;
    ///
    /// let keys = KeySet::from_jwks(
    ///     r#"{"keys":[
    ///         {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///         {"kty":"AKP","alg":"ML-DSA-44","kid":"of tomorrow"}
    ///     ]}"#,
    /// )?;
    /// assert_eq!(keys.keys().len(), 1);
    /// assert_eq!(keys.skipped()[0].kid(), Some("of tomorrow"));
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `value_malformed` for what is no JWK Set in well-formed JSON without duplicate members,
    /// `out_of_range` for one over 256 KiB or 100 keys, `no_usable_key`.
    pub fn from_jwks(jwks: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().jwks(jwks)
    }

    /// Returns the algorithms that at least one of the keys serves.
    pub fn algorithms(&self) -> Algorithms {
        self.inner.algorithms
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[Key] {
        &self.inner.keys
    }

    /// Returns the members of the JWK Set that were left out.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.inner.skipped
    }

    /// Picks the keys that may judge a token with this header, without allocating.
    ///
    /// # Errors
    ///
    /// `KeyNotFound` without a candidate, `KeyAmbiguous` with more than one. Whether the set has
    /// any key for the algorithm is for [`algorithms`](Self::algorithms) to say.
    pub(crate) fn select(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Candidates<'_>, RejectionKind> {
        let hint = KeyHint::new(kid, algorithm);
        if let [only] = &*self.inner.keys {
            // No other key has the `kid`.
            let may_judge = only.algorithms().contains(algorithm) && matches(only, hint, false);
            return Candidates::single(algorithm, may_judge.then_some(only).into_iter());
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

    /// Says whether an eligible key has the token's `kid`; a token without one asks for no key.
    pub(crate) fn knows(&self, hint: KeyHint<'_>) -> bool {
        let has = |key: &Key| key.kid() == hint.kid();
        hint.kid().is_none() || self.eligible(hint.algorithm()).any(has)
    }

    /// Says whether both sets have the same keys under the same names.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let named = |set: &Self| -> Vec<_> {
            let keys = set.keys().iter();
            keys.map(|k| (k.id(), k.kid().map(str::to_owned), k.algorithms()))
                .collect()
        };
        named(self) == named(other)
    }

    fn eligible(&self, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        let keys = self.inner.keys.iter();
        keys.filter(move |key| key.algorithms().contains(algorithm))
    }

    /// Makes the set that a JWK Set was read as; it may be empty.
    pub(super) fn of_jwks(keys: Vec<Key>, skipped: Vec<SkippedKey>) -> Self {
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

/// Applies the rule of the `kid` to an eligible key.
fn matches(key: &Key, token: KeyHint<'_>, is_kid_known: bool) -> bool {
    match (token.kid(), key.kid()) {
        (None, _) => true,
        (Some(named), Some(own)) => named == own,
        (Some(_), None) => !key.0.is_member || !is_kid_known,
    }
}

impl KeyStore for KeySet {
    fn find<'a>(&'a self, _hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        let found = self.handle.clone();
        NowOrLater::now(Ok(found.unwrap_or_else(|| Arc::new(self.clone()))))
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        if self.inner.keys.iter().any(|own| own.id() == *key) {
            KeyStatus::Fresh
        } else {
            KeyStatus::Gone
        }
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

/// The keys that may judge one token: one, or those of a rotation in their order.
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
    use crate::event::Event;
    use crate::event::Observer;
    use crate::key::test_samples;

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
    fn a_key_given_singly_without_a_kid_matches_any() {
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
    fn a_key_without_a_kid_beside_one_with_the_tokens_is_ambiguous() {
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
        let stranger = test_samples::mac(Algorithm::Hs256, &[4; 32], MESSAGE);
        assert!(candidates.verify(MESSAGE, &stranger).is_none());
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
    fn finding_brings_the_same_set_each_time() {
        let set = KeySet::from(secret(1));
        let hint = KeyHint::new(None, Algorithm::Hs256);
        let found = || set.find(hint).try_now().unwrap().unwrap();
        assert!(Arc::ptr_eq(&found(), &found()));
        assert!(Arc::ptr_eq(&found().inner, &set.inner));
        let again = found().find(hint).try_now().unwrap().unwrap();
        assert!(Arc::ptr_eq(&again.inner, &set.inner));
    }

    #[test]
    fn keys_of_the_set_are_fresh_and_all_others_gone() {
        let store: Arc<dyn KeyStore> = Arc::new(KeySet::from(secret(1)));
        assert_eq!(store.status(&secret(1).id()), KeyStatus::Fresh);
        assert_eq!(store.status(&secret(2).id()), KeyStatus::Gone);
    }

    #[derive(Debug, Default)]
    struct Notes(Mutex<Vec<(usize, Option<String>, &'static str)>>);

    impl Observer for Notes {
        fn observe(&self, event: &Event<'_>) {
            let Event::KeySkipped { index, kid, reason } = event else {
                return;
            };
            let note = (*index, kid.map(str::to_owned), *reason);
            self.0.lock().unwrap().push(note);
        }
    }

    #[test]
    fn the_observer_is_told_of_each_skipped_key() {
        let notes = Arc::new(Notes::default());
        let text = json!({"keys": [
            {"kty": "oct", "k": "AAAA", "kid": "sym"},
            test_samples::jwk(test_samples::ES256),
            7,
        ]});
        let import = KeyImporter::default().observer(notes.clone());
        let set = import.jwks(text.to_string()).unwrap();
        let told = notes.0.lock().unwrap();
        let listed: Vec<_> = set
            .skipped()
            .iter()
            .map(|key| (key.index(), key.kid().map(str::to_owned), key.reason()))
            .collect();
        assert_eq!(*told, listed);
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].0, told[0].1.as_deref()), (0, Some("sym")));
        assert_eq!((told[1].0, told[1].1.as_deref()), (2, None));
    }

    #[test]
    fn a_set_that_may_be_empty_is_made_inside_only() {
        let import = KeyImporter::default();
        let set = import.jwks_or_empty(br#"{"keys":[]}"#).unwrap();
        assert!(set.keys().is_empty() && set.algorithms().is_empty());
        let error = import.jwks(r#"{"keys":[]}"#).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::NoUsableKey);
    }
}
