//! What a proof costs.

use bearergate::testing::ProofKey;
use serde_json::json;

use crate::common::*;

#[test]
fn an_accepted_proof_is_checked_without_an_allocation_of_its_own() {
    for client in [ProofKey::es256(), ProofKey::ed25519()] {
        let mut service = Service::new();
        service.client = client;
        let token = service.bound_token();
        let proofs: Vec<_> = (0..3).map(|_| service.proof(&token).sign()).collect();
        let measure = |proof: &str| {
            let parts = request(&token, &[proof]);
            allocation_counter::measure(|| assert_eq!(service.kind(&parts), None)).count_total
        };
        measure(&proofs[0]);
        // The mark is a new entry in a table that has grown before.
        let bound = measure(&proofs[1]).min(measure(&proofs[2]));
        // The same gate, and a token that is bound to nothing.
        let plain = bearergate::testing::TokenBuilder::new(&service.issuer, NOW)
            .issuer("https://idp.example.com")
            .audience(URL)
            .subject("alice")
            .claim("cfn", json!({"jkt": service.client.thumbprint()}))
            .sign();
        let parts = under("Bearer", &plain, &[]);
        let measure = || {
            let used = allocation_counter::measure(|| assert_eq!(service.kind(&parts), None));
            used.count_total
        };
        measure();
        assert_eq!(bound, measure());
    }
}
