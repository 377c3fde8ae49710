//! What `x-amz-content-sha256` says about the body.

/// SHA-256 of no bytes, hex.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The body is not covered by the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// How a body is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadMode {
    /// By its SHA-256, inside the signature.
    Sha256([u8; 32]),
    /// Not at all.
    Unsigned,
    /// Chunks, each with a signature.
    SignedChunks,
    /// Chunks, each with a signature, then signed trailers.
    SignedChunksTrailer,
    /// Chunks without signatures, then trailers with a checksum.
    UnsignedChunksTrailer,
}

impl PayloadMode {
    /// Parses the header's value; `None` if it is none of the known ones.
    pub fn parse(value: &str) -> Option<Self> {
        Some(match value {
            UNSIGNED_PAYLOAD => Self::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::SignedChunks,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Self::SignedChunksTrailer,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Self::UnsignedChunksTrailer,
            hash => {
                let mut bytes = [0; 32];
                hex::decode_to_slice(hash, &mut bytes).ok()?;
                Self::Sha256(bytes)
            }
        })
    }

    /// The header's value.
    pub fn header(&self) -> String {
        match self {
            Self::Sha256(hash) => hex::encode(hash),
            Self::Unsigned => UNSIGNED_PAYLOAD.to_owned(),
            Self::SignedChunks => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned(),
            Self::SignedChunksTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".to_owned(),
            Self::UnsignedChunksTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
        }
    }

    /// Whether the body is framed in chunks.
    pub fn is_chunked(&self) -> bool {
        !matches!(self, Self::Sha256(_) | Self::Unsigned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_print_and_parse() {
        for mode in [
            PayloadMode::Sha256([7; 32]),
            PayloadMode::Unsigned,
            PayloadMode::SignedChunks,
            PayloadMode::SignedChunksTrailer,
            PayloadMode::UnsignedChunksTrailer,
        ] {
            assert_eq!(PayloadMode::parse(&mode.header()), Some(mode));
        }
        for bad in ["", "STREAMING", "zz", &EMPTY_SHA256[1..]] {
            assert_eq!(PayloadMode::parse(bad), None, "{bad}");
        }
    }
}
