//! Whom this machine trusts.

use rustls::RootCertStore;

/// The certificates that the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` choose others). One that
/// cannot be read is told in the log and no reason to do without the others. Reads files.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a system certificate could not be read");
    }
    let (_, ignored) = roots.add_parsable_certificates(found.certs);
    if ignored > 0 {
        tracing::debug!(ignored, "system certificates not understood");
    }
    roots
}
