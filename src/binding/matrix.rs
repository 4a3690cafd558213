//! What a request has to prove, by the scheme of its credential and what the token is bound to.

use crate::credential::Scheme;
use crate::error::{Rejection, RejectionKind};
use crate::principal::Confirmation;

/// What a request has to prove.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// The token is bound to nothing.
    Nothing,
    /// The certificate of the connection.
    Certificate,
    /// The key of a proof.
    Proof { and_certificate: bool },
    /// A token that is bound to a key, and is not presented under `DPoP`.
    Downgraded,
    /// A token under `DPoP` that is bound to no key of a proof.
    NotDpop,
}

impl Demand {
    pub(super) const fn new(scheme: Scheme, confirmation: &Confirmation) -> Self {
        let is_dpop = matches!(scheme, Scheme::Dpop);
        match (
            is_dpop,
            confirmation.jkt().is_some(),
            confirmation.certificate().is_some(),
        ) {
            (false, false, false) => Self::Nothing,
            (false, false, true) => Self::Certificate,
            (false, true, _) => Self::Downgraded,
            (true, false, _) => Self::NotDpop,
            (true, true, and_certificate) => Self::Proof { and_certificate },
        }
    }

    /// The rejection of a token that is bound to a key, and is not presented under `DPoP`.
    #[cold]
    pub(super) fn downgraded() -> Rejection {
        let detail = "expected a token that is bound to a key under the scheme `DPoP` with a proof, found \
                      it in another place; let the client use DPoP";
        Rejection::new(RejectionKind::BindingRequired).with_source(detail)
    }

    /// The rejection of a token that is bound to a certificate, where none is checked.
    pub(super) fn without_method() -> Rejection {
        Rejection::new(RejectionKind::BindingRequired)
            .with_source(
                "the token is bound to a client certificate, and no certificates are checked",
            )
            .needing_certificate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    fn confirmation(members: &str) -> Confirmation {
        Confirmation::read(Value::parse(members.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn scheme_and_confirmation_decide() {
        let thumbprint = "0".repeat(42) + "0";
        let jkt = format!(r#""jkt":"{thumbprint}""#);
        let certificate = format!(r#""x5t#S256":"{thumbprint}""#);
        let cells = [
            String::new(),
            jkt.clone(),
            certificate.clone(),
            format!("{jkt},{certificate}"),
        ]
        .map(|members| confirmation(&format!("{{{members}}}")));
        let row = |scheme| cells.each_ref().map(|cnf| Demand::new(scheme, cnf));
        for scheme in [
            Scheme::Bearer,
            Scheme::Cookie,
            Scheme::ApiKey,
            Scheme::Basic,
        ] {
            assert_eq!(
                row(scheme),
                [
                    Demand::Nothing,
                    Demand::Downgraded,
                    Demand::Certificate,
                    Demand::Downgraded
                ]
            );
        }
        let proof = |and_certificate| Demand::Proof { and_certificate };
        assert_eq!(
            row(Scheme::Dpop),
            [Demand::NotDpop, proof(false), Demand::NotDpop, proof(true)]
        );
    }
}
