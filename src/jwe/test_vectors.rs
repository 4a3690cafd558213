//! The encrypted tokens of Wycheproof, and those of the RFCs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Decrypted, DecryptionKey, DecryptionKeys, KeyManagement};
use crate::credential::base64url;
use crate::error::RejectionKind;

fn read(path: &str) -> Option<Value> {
    let folder = std::env::var("BEARERGATE_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors").to_owned());
    let text = std::fs::read_to_string(format!("{folder}/{path}")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The algorithm that a token names, if it exists here.
fn algorithm(token: &str) -> Option<KeyManagement> {
    let header = base64url::decode(token.split('.').next()?)?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    KeyManagement::from_name(header["alg"].as_str()?)
}

/// Decrypts a token with one key, which serves the algorithm that the token names.
fn decrypted(jwk: &Value, token: &str) -> Option<Decrypted> {
    let key = DecryptionKey::from_jwk_for(jwk.to_string(), algorithm(token)?).ok()?;
    let keys = DecryptionKeys::of([key]).unwrap();
    keys.decrypt(token).try_now().unwrap().ok()
}

/// Valid tokens of algorithms that do not exist here.
const EXCEPTIONS: [u64; 28] = [
    // 192-bit keys
    28, 31, 53, 56, 77, 80, 83, 86, 89, 92, 60, 61, 70, // A*GCMKW
    71, 72, 73, 74, 75, 133, // RSA1_5
    100, 101, 102, 103, 104, 105, 112, 128, // zip
    135,
];

// Defect X82 (ephemeral key off the curve, or private): docs/defects.md
#[test]
fn every_invalid_token_of_wycheproof_is_refused_and_every_valid_one_opens_but_these() {
    let Some(file) = read("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let (mut total, mut as_labelled, mut refused) = (0, 0, BTreeSet::new());
    for group in file["testGroups"].as_array().unwrap() {
        let jwk = &group["private"];
        for test in group["tests"].as_array().unwrap() {
            total += 1;
            let id = test["tcId"].as_u64().unwrap();
            let token = test["jwe"].as_str().unwrap();
            let is_valid = test["result"] == "valid";
            match decrypted(jwk, token) {
                Some(own) => {
                    assert!(is_valid, "{id}: {}", test["comment"]);
                    let expected = test["pt"].as_str().unwrap();
                    let hex = own.plaintext().iter().map(|b| format!("{b:02x}"));
                    assert_eq!(hex.collect::<String>(), expected, "{id}");
                    as_labelled += 1;
                }
                None if is_valid => _ = refused.insert(id),
                None => as_labelled += 1,
            }
        }
    }
    assert_eq!(total, 139);
    assert_eq!(refused, EXCEPTIONS.into_iter().collect());
    assert_eq!(as_labelled, 111);
}

#[test]
fn the_examples_of_rfc_7520_of_known_algorithms_open() {
    let mut opened = 0;
    for (number, name) in [
        ("5_1", "key_encryption_using_rsa_v15_and_aes-hmac-sha2"),
        ("5_2", "key_encryption_using_rsa-oaep_with_aes-gcm"),
        (
            "5_4",
            "key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
        ),
        ("5_5", "key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2"),
        ("5_6", "direct_encryption_using_aes-gcm"),
        ("5_8", "key_wrap_using_aes-keywrap_with_aes-gcm"),
        ("5_9", "compressed_content"),
    ] {
        let Some(example) = read(&format!("ietf-jose-cookbook/jwe/{number}.{name}.json")) else {
            continue;
        };
        let jwk = &example["input"]["key"];
        let token = example["output"]["compact"].as_str().unwrap();
        let plain = example["input"]["plaintext"].as_str().unwrap();
        let found = decrypted(jwk, token);
        match number {
            // RSA1_5, and `zip`.
            "5_1" | "5_9" => assert!(found.is_none(), "{number}"),
            _ => {
                assert_eq!(found.unwrap().plaintext(), plain.as_bytes(), "{number}");
                opened += 1;
            }
        }
    }
    assert!(opened == 0 || opened >= 4, "{opened}");
}

// RFC 7516 appendix A.1.
const RSA_KEY: &str = concat!(
    r#"{"kty":"RSA","e":"AQAB","n":"oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M7"#,
    "0imEVhRU5djINXtqllXI4DFqcI1DgjT9LewND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhxN92i2",
    "asbOenSZeyaxziK72UwxrrKoExv6kc5twXTq4h-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf663tuEQueGC-FCMfra36C9knD",
    r#"FGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQtwHYbxevoJArm-L5StowjzGy-_bq6Gw","d":"kLdtIj6GbDks_ApCSTYQtelcNttl"#,
    "KiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xxhWMHXyvjYecPT9fpwR_M9gV8n9Hrh2anTpTD93Dt62ypW3yDsJzB",
    "nTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uGR1hghkqDp0Vqj3kbSCz1XyfCs6_LehBwtxHIyh8Ripy40p24moOAbgxVw3rxT_vlt3",
    "UVe4WO3JkJOzlpUf-KTVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8YAu7VILSB3lOW085-4qE3DzgrT",
    r#"jgyQ","p":"1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK3YIQgYdMgy"#,
    "AEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0",
    r#"","q":"wLb35x7hmQWZsWJmB_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGnDew00J28cR"#,
    "UoeBB_jKI1oma0Orv1T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZHvtc",
    r#"","dp":"ZK-YwE7diUh0qR1tR7w8WHtolDx3MZ_OTowiFvgfeQ3SiresXjm9gZ5KLhMXvo-uz-KUJWDxS5pFQ_M0evdo1dKiRTjVw"#,
    "_x4NyqyXPM5nULPkcpU827rnpZzAJKpdhWAgqrXGKAECQH0Xt4taznjnd_zVpAmZZq60WPMBMfKcuE",
    r#"","dq":"Dq0gfgJ1DdFGXiLvQEZnuKEN0UUmsJBxkjydc3j4ZYdBiMRAy86x0vHCjywcMlYYg4yoC4YZa9hNVcsjqA3FeiL19rk8g"#,
    "6Qn29Tt0cj8qqyFpz9vNDBUfCAiJVeESOjJDZPYHdHY8v1b-o-Z2X5tvLx-TCekf7oxyeKDUqKWjis",
    r#"","qi":"VIMpMYbPf47dT1w_zDUXfPimsSegnMOA1zTaX7aGk_8urY6R8-ZW1FxU7AlWAyLWybqq6t16VFd7hQd0y6flUK4SlOydB"#,
    r#"61gwanOsXGOAOv82cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz9JF_XyaY14ardLSjf4L_FNY"}"#,
);
const OAEP_TOKEN: &str = concat!(
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.",
    "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9j",
    "wQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322",
    "i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWT",
    "Iy3brGPi6UklfCpIMfIjf7iGdXKHzg.48V1_ALb6US04U3b.",
    "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ",
);

// RFC 7516 appendix A.3.
const WRAPPED_TOKEN: &str = concat!(
    "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.",
    "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.",
    "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ",
);

// Appendix A.2 is RSA1_5, and A.4 has no compact form.
#[test]
fn the_examples_of_rfc_7516_of_known_algorithms_open() {
    let rsa: Value = serde_json::from_str(RSA_KEY).unwrap();
    let oct = serde_json::json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"});
    for (jwk, token, plain) in [
        (
            &rsa,
            OAEP_TOKEN,
            "The true sign of intelligence is not knowledge but imagination.",
        ),
        (&oct, WRAPPED_TOKEN, "Live long and prosper."),
    ] {
        let found = decrypted(jwk, token).unwrap();
        assert_eq!(found.plaintext(), plain.as_bytes());
    }
    let header = base64url::encode(br#"{"alg":"RSA1_5","enc":"A128CBC-HS256"}"#);
    let (_, rest) = OAEP_TOKEN.split_once('.').unwrap();
    let key = DecryptionKey::from_jwk_for(RSA_KEY, KeyManagement::RsaOaep).unwrap();
    let keys = DecryptionKeys::of([key]).unwrap();
    let found = keys.decrypt(&format!("{header}.{rest}")).try_now().unwrap();
    assert_eq!(
        found.unwrap_err().kind(),
        RejectionKind::AlgorithmNotAllowed
    );
}

#[test]
fn a_changed_byte_anywhere_has_one_kind() {
    let Some(file) = read("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let group = &file["testGroups"][0];
    let token = group["tests"][0]["jwe"].as_str().unwrap();
    let jwk = group["private"].to_string();
    let keys = DecryptionKeys::of([DecryptionKey::from_jwk(jwk).unwrap()]).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for at in 1..5 {
        let mut bytes = base64url::decode(parts[at]).unwrap();
        for byte in 0..bytes.len() {
            bytes[byte] ^= 1;
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            changed[at] = base64url::encode(&bytes);
            bytes[byte] ^= 1;
            let found = keys.decrypt(&changed.join(".")).try_now().unwrap();
            assert_eq!(found.unwrap_err().kind(), RejectionKind::DecryptionFailed);
        }
        for length in [0, 1, bytes.len() - 1] {
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            changed[at] = base64url::encode(&bytes[..length]);
            let found = keys.decrypt(&changed.join(".")).try_now().unwrap();
            assert_eq!(
                found.unwrap_err().kind(),
                RejectionKind::DecryptionFailed,
                "{at} {length}"
            );
        }
    }
}
