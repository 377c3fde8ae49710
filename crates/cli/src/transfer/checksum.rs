//! Checksums of content.
//!
//! The checksum of an object is the MD5 of its content in hexadecimal where the server or a plain
//! upload made it; a multipart upload to S3 leaves an opaque tag with a hyphen. Only the former can
//! be compared.

use md5::{Digest as _, Md5};

/// A running MD5 and the number of bytes it covers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checksum {
    md5: Md5,
    bytes: u64,
}

impl Checksum {
    /// Takes in more content.
    pub(crate) fn update(&mut self, content: &[u8]) {
        self.md5.update(content);
        self.bytes += content.len() as u64;
    }

    /// How many bytes were taken in.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The MD5 in hexadecimal.
    pub(crate) fn hex(&self) -> String {
        hex::encode(self.md5.clone().finalize())
    }
}

/// The content's MD5, if a checksum or entity tag is one.
pub(crate) fn plain_md5(tag: &str) -> Option<String> {
    let tag = tag.trim().trim_matches('"');
    let hexadecimal = tag.len() == 32 && tag.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_md5_is_compared() {
        let md5 = "b1946ac92492d2347c6235b4d2611184";
        assert_eq!(plain_md5(&format!("\"{md5}\"")).as_deref(), Some(md5));
        assert_eq!(plain_md5(&md5.to_uppercase()).as_deref(), Some(md5));
        assert_eq!(plain_md5("b1946ac92492d2347c6235b4d2611184-2"), None);
        assert_eq!(plain_md5("0x8DC0FFEE"), None);
        let mut checksum = Checksum::default();
        checksum.update(b"hel");
        checksum.update(b"lo\n");
        assert_eq!((checksum.hex().as_str(), checksum.bytes()), (md5, 6));
    }
}
