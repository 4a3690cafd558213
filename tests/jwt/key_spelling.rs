//! A key of a set verifies the same tokens in whichever way the set spells it.

use std::sync::LazyLock;

use bearergate::key::KeySet;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};

use crate::common::*;

/// A key with its canonical members, a token that it signed, and one that it did not.
struct Sample {
    fixed: &'static [(&'static str, &'static str)],
    /// Numbers, or for Ed25519 octets that are no number.
    material: Vec<(&'static str, Vec<u8>)>,
    are_numbers: bool,
    good: String,
    broken: String,
}

impl Sample {
    fn new(
        fixed: &'static [(&'static str, &'static str)],
        material: Vec<(&'static str, Vec<u8>)>,
        sign: impl Fn(&[u8]) -> Vec<u8>,
        alg: &str,
    ) -> Self {
        let header = header().set("alg", format!("\"{alg}\""));
        let message = message(header.to_string(), claims().to_string());
        let mut signature = sign(message.as_bytes());
        let good = format!("{message}.{}", encode(&signature));
        signature[7] ^= 1;
        Self {
            fixed,
            material,
            are_numbers: alg != "EdDSA",
            good,
            broken: format!("{message}.{}", encode(&signature)),
        }
    }

    fn ec(
        fixed: &'static [(&'static str, &'static str)],
        algorithm: &'static EcdsaSigningAlgorithm,
        pem: &str,
        alg: &str,
    ) -> Self {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der(pem), &random).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let material = vec![("x", x.to_vec()), ("y", y.to_vec())];
        let sign = |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
        Self::new(fixed, material, sign, alg)
    }

    fn edwards() -> Self {
        let pkcs8 = der(include_str!("../keys/ed25519.private.pem"));
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).unwrap();
        let material = vec![("x", pair.public_key().as_ref().to_vec())];
        let sign = |message: &[u8]| pair.sign(message).as_ref().to_vec();
        Self::new(
            &[("kty", "OKP"), ("crv", "Ed25519")],
            material,
            sign,
            "EdDSA",
        )
    }

    fn rsa() -> Self {
        let pkcs8 = der(include_str!("../keys/rsa-2048.private.pem"));
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).unwrap();
        let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
        let sign = |message: &[u8]| {
            let mut signature = vec![0; pair.public().modulus_len()];
            let random = SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap();
            signature
        };
        let material = vec![("n", public.n), ("e", public.e)];
        Self::new(&[("kty", "RSA")], material, sign, "RS256")
    }

    /// The set of this key with its canonical spelling.
    fn canonical(&self) -> KeySet {
        let mut member = Text::empty();
        for (name, value) in self.fixed {
            member = member.set(name, format!("\"{value}\""));
        }
        for (name, bytes) in &self.material {
            member = member.set(name, format!("\"{}\"", encode(bytes)));
        }
        KeySet::from_jwks(format!(r#"{{"keys":[{member}]}}"#)).unwrap()
    }

    fn spelled(&self, spelling: &Spelling) -> String {
        let mut member = Text::empty();
        for (name, value) in self.fixed {
            member = member.set(name, format!("\"{value}\""));
        }
        for ((name, bytes), as_text) in self.material.iter().zip(&spelling.members) {
            let bytes = if self.are_numbers {
                as_text.number(bytes)
            } else {
                bytes.clone()
            };
            member = member.set(name, format!("\"{}\"", as_text.text(&bytes)));
        }
        for name in &spelling.nulls {
            member = member.set(name, "null");
        }
        if let Some(kid) = spelling.kid {
            member = member.set("kid", kid);
        }
        format!(r#"{{"keys":[{member}]}}"#)
    }
}

static SAMPLES: LazyLock<[Sample; 5]> = LazyLock::new(|| {
    const P256: &[(&str, &str)] = &[("kty", "EC"), ("crv", "P-256")];
    const P384: &[(&str, &str)] = &[("kty", "EC"), ("crv", "P-384")];
    let (es256, es384) = (
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED_SIGNING,
    );
    let short = include_str!("../keys/es256.short-x.private.pem");
    [
        Sample::ec(
            P256,
            es256,
            include_str!("../keys/es256.private.pem"),
            "ES256",
        ),
        Sample::ec(P256, es256, short, "ES256"),
        Sample::ec(
            P384,
            es384,
            include_str!("../keys/es384.private.pem"),
            "ES384",
        ),
        Sample::edwards(),
        Sample::rsa(),
    ]
});

/// How a set writes the text of one member.
#[derive(Clone, Debug)]
struct MemberSpelling {
    /// For each character outside both alphabets' common part, whether it is the standard one.
    standard: u64,
    is_padded: bool,
    /// Leading zero bytes to add, or `None` to remove all.
    zeros: Option<usize>,
}

impl MemberSpelling {
    fn number(&self, bytes: &[u8]) -> Vec<u8> {
        match self.zeros {
            Some(count) => [&vec![0; count][..], bytes].concat(),
            None => bytes
                .iter()
                .copied()
                .skip_while(|byte| *byte == 0)
                .collect(),
        }
    }

    fn text(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        for (at, character) in encode(bytes).chars().enumerate() {
            text.push(match (character, self.standard >> (at % 64) & 1) {
                ('-', 1) => '+',
                ('_', 1) => '/',
                (other, _) => other,
            });
        }
        while self.is_padded && !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }
}

#[derive(Clone, Debug)]
struct Spelling {
    members: Vec<MemberSpelling>,
    nulls: Vec<&'static str>,
    kid: Option<&'static str>,
}

fn member_spelling() -> impl Strategy<Value = MemberSpelling> {
    let standard = prop_oneof![Just(0), Just(u64::MAX), any::<u64>()];
    let zeros = proptest::option::of(0_usize..5);
    (standard, any::<bool>(), zeros).prop_map(|(standard, is_padded, zeros)| MemberSpelling {
        standard,
        is_padded,
        zeros,
    })
}

fn spelling() -> impl Strategy<Value = Spelling> {
    const NULLS: [&str; 9] = [
        "alg", "use", "key_ops", "x5c", "x5t", "d", "k", "oth", "unknown",
    ];
    let kid = proptest::sample::select(vec![
        None,
        Some("null"),
        Some("7"),
        Some("[\"k\"]"),
        Some("{\"k\":1}"),
        Some("true"),
    ]);
    (
        proptest::collection::vec(member_spelling(), 2),
        proptest::sample::subsequence(NULLS.to_vec(), 0..=NULLS.len()),
        kid,
    )
        .prop_map(|(members, nulls, kid)| Spelling {
            members,
            nulls,
            kid,
        })
}

proptest! {
    #[test]
    fn a_key_of_any_spelling_verifies_what_the_canonical_one_verifies(
        at in 0_usize..5,
        spelling in spelling(),
    ) {
        let sample = &SAMPLES[at];
        let text = sample.spelled(&spelling);
        let (canonical, read) = (sample.canonical(), KeySet::from_jwks(&text).unwrap());
        prop_assert_eq!(read.keys()[0].id(), canonical.keys()[0].id(), "{}", text);
        prop_assert_eq!(read.keys()[0].kid(), None);
        prop_assert_eq!(read.algorithms(), canonical.algorithms());
        for keys in [canonical, read] {
            let validator = with_keys(keys).build().unwrap();
            prop_assert_eq!(outcome(&validator, &sample.good), "accept");
            prop_assert_eq!(outcome(&validator, &sample.broken), "signature_invalid");
        }
    }

    /// Another value in a lenient spelling is another key, or none.
    #[test]
    fn a_changed_byte_is_never_the_same_key(
        at in 0_usize..5,
        member in 0_usize..2,
        byte in any::<prop::sample::Index>(),
        bit in 0_u32..8,
        spelling in spelling(),
    ) {
        let sample = &SAMPLES[at];
        let mut material = sample.material.clone();
        let count = material.len();
        let bytes = &mut material[member % count].1;
        let place = byte.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let changed = Sample {
            fixed: sample.fixed,
            material,
            are_numbers: sample.are_numbers,
            good: String::new(),
            broken: String::new(),
        };
        if let Ok(read) = KeySet::from_jwks(changed.spelled(&spelling)) {
            prop_assert_ne!(read.keys()[0].id(), sample.canonical().keys()[0].id());
            let validator = with_keys(read).build().unwrap();
            prop_assert_eq!(outcome(&validator, &sample.good), "signature_invalid");
        }
    }
}

#[test]
fn the_short_coordinate_is_one() {
    assert_eq!(SAMPLES[1].material[0].1[0], 0);
}
