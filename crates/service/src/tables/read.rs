//! The tables a repository is made of, for clients that read them from the store.

use lakefs_block::ByteStream;

use crate::{Caller, Result, Service};

/// Which kind of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// A range.
    Range,
    /// A metarange.
    MetaRange,
}

/// How reading a table went.
pub enum TableOutcome {
    /// Its bytes.
    Content {
        /// How many.
        length: u64,
        /// The bytes.
        stream: ByteStream,
    },
    /// The caller reads it from the store (302).
    Redirect {
        /// Where.
        url: String,
    },
}

impl std::fmt::Debug for TableOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Content { .. } => "Content",
            Self::Redirect { .. } => "Redirect",
        })
    }
}

impl Service {
    /// `GET …/metadata/range/{range}` and `GET …/metadata/meta_range/{meta_range}`: where the table
    /// is, relative to the namespace. Answers for any identifier, as lakeFS does.
    pub async fn get_table_location(
        &self,
        caller: &Caller,
        repository: &str,
        kind: TableKind,
        id: &str,
    ) -> Result<String> {
        let _ = (caller, repository, kind, id);
        Err(crate::Error::not_implemented())
    }

    /// `GET …/metadata/object/{type}/{object_id}`.
    pub async fn get_metadata_object(
        &self,
        caller: &Caller,
        repository: &str,
        kind: TableKind,
        id: &str,
        presign: bool,
    ) -> Result<TableOutcome> {
        let _ = (caller, repository, kind, id, presign);
        Err(crate::Error::not_implemented())
    }
}
