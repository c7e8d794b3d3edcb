//! TLS to the server, as `sslmode` says.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tarbox_store::{Error, ErrorKind, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether the server has to show who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// What it shows is taken as it is: `prefer` and `require`, as everywhere with PostgreSQL.
    Unchecked,
    /// By the certificates of a file, or of the system: `verify-ca` and `verify-full`.
    Checked(Option<PathBuf>),
}

impl Tls {
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider.clone());
        let builder = versions.with_safe_default_protocol_versions().map_err(unusable)?;
        let config = match self {
            Self::Unchecked => {
                let any = Arc::new(Anyone(provider));
                builder.dangerous().with_custom_certificate_verifier(any)
            }
            Self::Checked(file) => builder.with_root_certificates(roots(file.as_ref())?),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }
}

fn roots(file: Option<&PathBuf>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let shown = file.as_os_str().as_encoded_bytes();
            let unread = |e| {
                Error::new(ErrorKind::Invalid)
                    .about(shown)
                    .because("no certificates can be read there")
                    .caused_by(e)
            };
            for certificate in CertificateDer::pem_file_iter(file).map_err(unread)? {
                roots.add(certificate.map_err(unread)?).map_err(unusable)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn unusable(error: rustls::Error) -> Error {
    Error::new(ErrorKind::Invalid)
        .because("TLS cannot be set up")
        .caused_by(error)
}

/// Believes every certificate, but not that the server has its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
