//! Names, identifiers, paths and reference expressions of a lake.
//!
//! Everything here is a pure value: no I/O, no async, no clock. A value that exists is valid; text
//! from outside is parsed once, at the edge, and trusted afterwards. The rules come from lakeFS
//! (docs/format/names.md) so that both servers accept the same installations.

pub mod identity;
pub mod reference;
pub mod xid;

mod ids;
mod names;
mod path;

pub use ids::{CommitId, MetaRangeId, ParseIdError, RangeId};
pub use names::{BranchId, NameError, RepositoryId, StagingToken, StorageNamespace, TagId};
pub use path::{MAX_PATH_BYTES, ObjectPath, PathError};
pub use reference::{Modifier, RefExpr, RefExprError};
