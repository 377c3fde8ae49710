//! What a download has to be: its size, and its checksum where the object's tag is one.

use lakefs_wire::ObjectStats;

use super::checksum::{Checksum, plain_md5};
use super::size_of;
use crate::error::{Error, Result};

/// What arrives has to be this.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// Its length.
    pub(super) size: Option<u64>,
    /// Its entity tag or checksum.
    pub(super) tag: Option<String>,
    /// The tag looks like a checksum and is none.
    pub(super) foreign_tag: bool,
}

impl Expected {
    /// What the properties promise. Without a presigned URL the answer itself says what it carries,
    /// which is newer: the branch may have moved since.
    pub(super) fn of(stats: &ObjectStats, presign: bool) -> Self {
        if !presign {
            return Self::default();
        }
        Self {
            size: size_of(stats),
            tag: Some(stats.checksum.clone()).filter(|tag| !tag.is_empty()),
            foreign_tag: false,
        }
    }

    /// Fails when something else arrived.
    pub(super) fn check(&self, received: &Checksum) -> Result<()> {
        if let Some(size) = self.size.filter(|size| *size != received.bytes()) {
            return Err(Error::failed(format!(
                "received {} of {size} bytes",
                received.bytes()
            )));
        }
        let md5 = self
            .tag
            .as_deref()
            .and_then(plain_md5)
            .filter(|_| !self.foreign_tag);
        match md5 {
            Some(md5) if md5 != received.hex() => Err(Error::failed(format!(
                "received other content than is stored (checksum {}, stored {md5})",
                received.hex()
            ))),
            _ => Ok(()),
        }
    }
}
