//! The tables a repository is made of, for clients that read them from the store.

use lakefs_block::{Address, BlockError, ByteStream, Presign};
use lakefs_types::RangeId;

use crate::audit::Call;
use crate::failure::block_failure;
use crate::{Caller, Error, Result, Service};

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
        let operation = match kind {
            TableKind::Range => "getRange",
            TableKind::MetaRange => "getMetaRange",
        };
        self.audited(caller, Call::on(operation, repository), async {
            self.may_list_objects(caller, repository).await?;
            self.may_read_repository(caller, repository).await?;
            self.repository(repository).await?;
            Ok(self.table_address(id))
        })
        .await
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
        // Ranges and metaranges share one directory; the kind says only what the caller expects.
        let _ = kind;
        let call = Call::on("getMetadataObject", repository);
        self.audited(caller, call, async {
            self.may_list_objects(caller, repository).await?;
            self.may_read_repository(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let missing = || Error::not_found("not found");
            // Anything else would let a caller read other objects below the prefix.
            let id: RangeId = id.parse().map_err(|_| missing())?;
            let address = self.table_address(id.as_str());
            let location = self.locate(&repository, Address::Relative(&address))?;
            if presign {
                self.require_presign()?;
                let what = Presign::Get { filename: None };
                let valid = self.options().presign_expiry;
                let url = self.blocks().presign(&location, &what, valid).await;
                let url = url.map_err(block_failure)?.url;
                return Ok(TableOutcome::Redirect { url });
            }
            match self.blocks().get(&location, None).await {
                Ok(found) => Ok(TableOutcome::Content {
                    length: found.length,
                    stream: found.stream,
                }),
                Err(BlockError::NotFound { .. }) => Err(missing()),
                Err(error) => Err(block_failure(error)),
            }
        })
        .await
    }

    fn table_address(&self, id: &str) -> String {
        format!("{}/{id}", self.options().tables_prefix)
    }
}
