//! The schemes of credentials: what may be presented under each.

use crate::credential::Scheme;
use crate::error::RejectionKind;
use crate::principal::{Confirmation, Principal, PrincipalKind};

/// Checks that credentials of this kind may be presented under a scheme.
///
/// Under `DPoP` that is no API key and no session, which no proof can be bound to; under `ApiKey`
/// and `Basic` it is nothing but an API key.
pub(crate) const fn check_kind(scheme: Scheme, kind: PrincipalKind) -> Result<(), RejectionKind> {
    let is_fitting = match scheme {
        Scheme::Dpop => !matches!(kind, PrincipalKind::ApiKey | PrincipalKind::Session),
        Scheme::ApiKey | Scheme::Basic => matches!(kind, PrincipalKind::ApiKey),
        _ => true,
    };
    match is_fitting {
        true => Ok(()),
        false => Err(RejectionKind::CredentialMalformed),
    }
}

/// Checks that the credential of an accepted principal may be presented under a scheme.
///
/// Under `DPoP` it must also be bound to the key of a proof (RFC 9449 section 7.1). Whether there
/// is such a proof, a sender constraint checks.
pub(crate) fn check_principal(scheme: Scheme, principal: &Principal) -> Result<(), RejectionKind> {
    if !has_meaning(scheme) {
        return Ok(());
    }
    check_kind(scheme, principal.kind())?;
    let key = principal.confirmation().and_then(Confirmation::jkt);
    match (scheme, key) {
        (Scheme::Dpop, None) => Err(RejectionKind::BindingMismatch),
        _ => Ok(()),
    }
}

/// Returns true if not every credential may be presented under the scheme.
pub(super) const fn has_meaning(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Dpop | Scheme::ApiKey | Scheme::Basic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PrincipalKind; 6] = [
        PrincipalKind::AccessToken,
        PrincipalKind::ApiKey,
        PrincipalKind::IdToken,
        PrincipalKind::OpaqueToken,
        PrincipalKind::Other,
        PrincipalKind::Session,
    ];

    fn fitting(scheme: Scheme) -> Vec<PrincipalKind> {
        let fits = |kind: &PrincipalKind| match check_kind(scheme, *kind) {
            Ok(()) => true,
            Err(rejected) => {
                assert_eq!(rejected, RejectionKind::CredentialMalformed);
                false
            }
        };
        KINDS.into_iter().filter(fits).collect()
    }

    #[test]
    fn each_scheme_has_its_kinds_of_credentials() {
        use PrincipalKind::{AccessToken, ApiKey, IdToken, OpaqueToken, Other};
        assert_eq!(fitting(Scheme::Bearer), KINDS);
        assert_eq!(fitting(Scheme::Cookie), KINDS);
        assert_eq!(fitting(Scheme::ApiKey), [ApiKey]);
        assert_eq!(fitting(Scheme::Basic), [ApiKey]);
        let tokens = [AccessToken, IdToken, OpaqueToken, Other];
        assert_eq!(fitting(Scheme::Dpop), tokens);
    }

    #[test]
    fn principal_without_a_key_is_refused_under_dpop_only() {
        for kind in KINDS {
            let principal = Principal::builder(kind, "example").build();
            let check = |scheme| check_principal(scheme, &principal);
            assert_eq!(check(Scheme::Bearer), Ok(()));
            assert_eq!(check(Scheme::ApiKey), check_kind(Scheme::ApiKey, kind));
            let unbound = Err(RejectionKind::BindingMismatch);
            assert_eq!(
                check(Scheme::Dpop),
                check_kind(Scheme::Dpop, kind).and(unbound)
            );
        }
    }
}
