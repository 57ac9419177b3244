//! TLS as all of the SDK has it: rustls with ring, whatever else the process uses.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;

use super::error::LinkConfigError;

/// Whom to trust and as whom to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates {
    /// Instead of those that the system trusts.
    roots: Option<RootCertStore>,
    own: Option<Arc<Own>>,
}

/// Its `Debug` shows the key's kind only.
#[derive(Debug)]
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn bad(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LinkConfigError {
    LinkConfigError::Certificates(error.into())
}

impl Certificates {
    pub(super) fn trust(&mut self, pem: &[u8]) -> Result<(), LinkConfigError> {
        let mut roots = RootCertStore::empty();
        for certificate in chain(pem)? {
            roots.add(certificate).map_err(bad)?;
        }
        self.roots = Some(roots);
        Ok(())
    }

    pub(super) fn come_as(&mut self, pem: &[u8], key: &[u8]) -> Result<(), LinkConfigError> {
        self.own = Some(Arc::new(Own {
            chain: chain(pem)?,
            key: PrivateKeyDer::from_pem_slice(key).map_err(bad)?,
        }));
        Ok(())
    }

    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, LinkConfigError> {
        // Given explicitly: the process-wide provider may be unset or anything.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder: ConfigBuilder<ClientConfig, WantsVerifier> =
            ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(bad)?;
        let builder = match &self.roots {
            Some(roots) => builder.with_root_certificates(roots.clone()),
            None => builder.with_platform_verifier().map_err(bad)?,
        };
        let config = match &self.own {
            None => builder.with_no_client_auth(),
            Some(own) => builder
                .with_client_auth_cert(own.chain.clone(), own.key.clone_key())
                .map_err(bad)?,
        };
        Ok(Arc::new(config))
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, LinkConfigError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(bad)?;
    if chain.is_empty() {
        return Err(bad("there is no certificate in it"));
    }
    Ok(chain)
}
