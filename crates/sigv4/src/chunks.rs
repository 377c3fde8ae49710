//! Signatures of bodies sent chunk by chunk. Each covers the one before, beginning with the seed, which
//! is the signature of the request's headers. The same type signs and verifies: a verifier compares
//! what it computes with what it received ([`ChunkSigner::verify_chunk`]).

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{AmzDate, EMPTY_SHA256, Scope, SigningKey};

/// The running chain of signatures of one body.
#[derive(Debug, Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    context: String,
    previous: String,
}

impl ChunkSigner {
    /// Starts from the seed.
    pub fn new(key: SigningKey, date: AmzDate, scope: &Scope, seed: &str) -> Self {
        Self {
            key,
            context: format!("{date}\n{scope}"),
            previous: seed.to_owned(),
        }
    }

    /// The signature of the next chunk, by the hex SHA-256 of its bytes. The last chunk is empty.
    pub fn sign_chunk(&mut self, sha256: &str) -> &str {
        let signature = self.key.sign(&format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{EMPTY_SHA256}\n{sha256}",
            self.context, self.previous
        ));
        self.previous = signature;
        &self.previous
    }

    /// The signature of the trailers, given as `name:value\n` lines with lower-case names.
    pub fn sign_trailer(&mut self, lines: &str) -> &str {
        let hash = hex::encode(Sha256::digest(lines));
        let signature = self.key.sign(&format!(
            "AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{hash}",
            self.context, self.previous
        ));
        self.previous = signature;
        &self.previous
    }

    /// Whether a received signature is that of the next chunk.
    #[must_use]
    pub fn verify_chunk(&mut self, sha256: &str, received: &str) -> bool {
        same(self.sign_chunk(sha256), received)
    }

    /// Whether a received signature is that of the trailers.
    #[must_use]
    pub fn verify_trailer(&mut self, lines: &str, received: &str) -> bool {
        same(self.sign_trailer(lines), received)
    }
}

/// Compares two signatures in time that does not depend on where they differ.
pub(crate) fn same(computed: &str, received: &str) -> bool {
    computed.as_bytes().ct_eq(received.as_bytes()).into()
}

/// The line before a signed chunk of `length` bytes. After the bytes comes `\r\n`.
pub fn chunk_header(length: usize, signature: &str) -> String {
    format!("{length:x};chunk-signature={signature}\r\n")
}

/// Length on the wire of `length` bytes in signed chunks of `chunk` bytes, without trailers.
pub fn encoded_length(length: u64, chunk: u64) -> u64 {
    let framed =
        |bytes: u64| format!("{bytes:x};chunk-signature=").len() as u64 + 64 + 2 + bytes + 2;
    let chunk = chunk.max(1);
    let rest = length % chunk;
    let whole = (length / chunk) * framed(chunk);
    whole + if rest > 0 { framed(rest) } else { 0 } + framed(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_lengths_count_every_frame() {
        // The example AWS publishes: 65 KiB in chunks of 64 KiB.
        assert_eq!(encoded_length(66_560, 65_536), 66_824);
        assert_eq!(encoded_length(0, 65_536), 86);
    }
}
