//! TLS with rustls on ring; certificates are always verified.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::ConfigError;

/// Makes a configuration for TLS 1.2 and 1.3 that trusts the roots of the system and these.
pub(super) fn config(pems: &[Vec<u8>], given_only: bool) -> Result<ClientConfig, ConfigError> {
    let roots = roots(pems, given_only)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| {
        ConfigError::malformed(
            "client",
            "TLS cannot be set up; see the source of this error",
        )
        .with_source(error)
    })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots(pems: &[Vec<u8>], given_only: bool) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    if !given_only {
        // Roots of the system that are absent or malformed are left out.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    for pem in pems {
        add(&mut roots, pem)?;
    }
    if given_only && roots.is_empty() {
        let remedy = "the system's roots are not trusted, so add at least one";
        return Err(ConfigError::empty("root_certificates", remedy));
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), ConfigError> {
    let malformed = || {
        ConfigError::malformed(
            "root_certificates",
            "expected PEM with certificates; check the text",
        )
    };
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| malformed())?;
        roots.add(certificate).map_err(|_| malformed())?;
    }
    if roots.len() == before {
        return Err(malformed());
    }
    Ok(())
}
