//! What failures of the layers below mean to a caller. One table per layer; use-cases put their own
//! words in front where clients know such a text.

use lakefs_auth::AuthError;
use lakefs_block::BlockError;
use lakefs_kv::KvError;
use lakefs_tree::TreeError;
use lakefs_versioning::Error as EngineError;

use crate::{Error, ErrorKind};

const UNAVAILABLE: &str = "service unavailable, try again later";

/// A failure of the engine.
pub(crate) fn engine_failure(error: EngineError) -> Error {
    use EngineError as E;
    use ErrorKind as K;
    let kind = match &error {
        E::RepositoryNotFound { .. }
        | E::BranchNotFound { .. }
        | E::TagNotFound { .. }
        | E::CommitNotFound { .. }
        | E::RefNotFound { .. }
        | E::RefAmbiguous { .. }
        | E::ObjectNotFound { .. } => K::NotFound,
        E::RepositoryInDeletion { .. } => K::Gone,
        E::RepositoryExists { .. }
        | E::BranchExists { .. }
        | E::TagExists { .. }
        | E::NameTaken { .. } => K::Conflict,
        E::ParentRequired { operation } if *operation == "reverting" => K::Conflict,
        E::Conflict { .. } => K::MergeConflict,
        E::ReadOnly { .. } | E::DefaultBranch { .. } | E::Protected { .. } => K::Forbidden,
        E::NamespaceInUse { .. }
        | E::RefInvalid { .. }
        | E::DirtyBranch { .. }
        | E::MetaRangeDirtyBranch { .. }
        | E::NoChanges
        | E::NoMergeBase { .. }
        | E::ParentRequired { .. }
        | E::ParentOutOfRange { .. }
        | E::MetaRangeNotFound { .. }
        | E::InvalidCommit { .. }
        | E::Invalid { .. } => K::Invalid,
        E::PreconditionFailed | E::PathExists { .. } | E::Refused { .. } => K::PreconditionFailed,
        E::TooManyTries { .. } => K::TooManyRequests,
        E::Kv(_) | E::Block(_) | E::Tree(_) | E::Corrupt { .. } => return store_failure(error),
        // The enumeration may grow; what is not known here is not the caller's fault.
        _ => K::Internal,
    };
    Error::new(kind, error.to_string()).caused_by(error)
}

/// A failure below the engine, whose own text says nothing.
fn store_failure(error: EngineError) -> Error {
    match error {
        EngineError::Kv(error) => kv_failure(error),
        EngineError::Block(error) => block_failure(error),
        EngineError::Tree(TreeError::Store { source, .. }) => block_failure(source),
        // A full or failing disk below the cache of tables.
        EngineError::Tree(error @ TreeError::File { .. }) => {
            Error::new(ErrorKind::Unavailable, UNAVAILABLE).caused_by(error)
        }
        EngineError::Tree(error) => Error::internal(error.to_string()).caused_by(error),
        error => Error::internal(error.to_string()).caused_by(error),
    }
}

/// A failure of the key-value store.
pub(crate) fn kv_failure(error: KvError) -> Error {
    match error {
        KvError::Unavailable { .. } | KvError::SlowDown { .. } | KvError::Indeterminate { .. } => {
            Error::new(ErrorKind::Unavailable, UNAVAILABLE).caused_by(error)
        }
        KvError::Corrupt { .. } => Error::internal(error.to_string()).caused_by(error),
        KvError::TooLong { .. } => {
            Error::invalid("name or path is too long to be stored").caused_by(error)
        }
        KvError::EmptyKey { .. } | KvError::Refused { .. } => {
            Error::internal("internal error").caused_by(error)
        }
    }
}

/// A failure of the object store.
pub(crate) fn block_failure(error: BlockError) -> Error {
    let (kind, message) = match &error {
        // There is a record of the object, but the object is not there.
        BlockError::NotFound { .. } => (ErrorKind::Gone, "No data".to_owned()),
        BlockError::RangeNotSatisfiable { .. } => (
            ErrorKind::RangeNotSatisfiable,
            "Requested Range Not Satisfiable".to_owned(),
        ),
        BlockError::InvalidAddress { .. } | BlockError::InvalidRequest { .. } => {
            (ErrorKind::Invalid, error.to_string())
        }
        BlockError::Body(_) => (ErrorKind::Invalid, "request body ended early".to_owned()),
        BlockError::Denied { .. } => (
            ErrorKind::Forbidden,
            "object store refused access".to_owned(),
        ),
        BlockError::Unavailable { .. } => (ErrorKind::Unavailable, UNAVAILABLE.to_owned()),
        BlockError::Unsupported { .. } => (ErrorKind::Invalid, error.to_string()),
    };
    Error::new(kind, message).caused_by(error)
}

/// A failure of the user records.
pub(crate) fn auth_failure(error: AuthError) -> Error {
    let (kind, message) = match error {
        AuthError::Unauthenticated => return Error::unauthenticated(),
        AuthError::Store(error) => return kv_failure(error),
        AuthError::UserNotFound { .. } | AuthError::CredentialNotFound { .. } => {
            (ErrorKind::NotFound, "not found".to_owned())
        }
        AuthError::UserExists => (ErrorKind::Conflict, "Already exists".to_owned()),
        AuthError::CredentialExists { .. } => (ErrorKind::Invalid, "invalid request".to_owned()),
        AuthError::AlreadySetUp => (ErrorKind::Conflict, "lakeFS already initialized".to_owned()),
        AuthError::Invalid { ref reason } => (ErrorKind::Invalid, reason.clone()),
        AuthError::WrongSecretKey { .. }
        | AuthError::AmbiguousLegacyUser { .. }
        | AuthError::Corrupt { .. } => (ErrorKind::Internal, "internal error".to_owned()),
    };
    Error::new(kind, message).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Full or failing disks get better: the caller is told to come back. Damage does not: it is named.
    #[test]
    fn what_may_work_later_is_unavailable_and_damage_is_named() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let store = || BlockError::Unavailable {
            operation: "put",
            address: "local://lake/data/x".to_owned(),
            source: full().into(),
        };
        let object = || "local://lake/_lakefs/00fb".to_owned();
        for error in [
            EngineError::Block(store()),
            EngineError::Tree(TreeError::Store {
                operation: "write",
                object: object(),
                source: store(),
            }),
            EngineError::Tree(TreeError::File {
                operation: "cache",
                object: object(),
                source: full(),
            }),
            EngineError::Kv(KvError::Unavailable {
                operation: "set",
                source: full().into(),
            }),
        ] {
            let error = engine_failure(error);
            assert_eq!(
                (error.kind(), error.message()),
                (ErrorKind::Unavailable, UNAVAILABLE)
            );
        }
        for error in [
            EngineError::Tree(TreeError::Missing { object: object() }),
            EngineError::Tree(TreeError::Corrupt {
                object: object(),
                reason: "checksum".to_owned(),
            }),
        ] {
            let error = engine_failure(error);
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(error.message().contains(&object()), "{error}");
        }
    }
}
