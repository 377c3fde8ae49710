//! What failures of the layers below mean to a caller. One table per layer; use-cases put their own
//! words in front where clients know such a text.

use lakefs_auth::AuthError;
use lakefs_block::BlockError;
use lakefs_kv::KvError;
use lakefs_tree::TreeError;
use lakefs_versioning::Error as EngineError;

use crate::{Error, ErrorKind, Reason};

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
        | E::NameTaken { .. }
        | E::WriteConflict { .. } => K::Conflict,
        E::ParentRequired { operation } if *operation == "reverting" => K::Conflict,
        E::Conflict { .. } => K::MergeConflict,
        E::ReadOnly { .. } | E::DefaultBranch { .. } | E::Protected { .. } => K::Forbidden,
        E::NamespaceInUse { .. }
        | E::NamespaceOverlaps { .. }
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
        E::Unsettled { .. } => {
            return Error::new(K::Unavailable, UNAVAILABLE).caused_by(error);
        }
        E::Kv(_) | E::Block(_) | E::Tree(_) | E::Corrupt { .. } => return store_failure(error),
        // The enumeration may grow; what is not known here is not the caller's fault.
        _ => K::Internal,
    };
    let failure = Error::new(kind, error.to_string());
    let failure = match engine_reason(&error) {
        Some(reason) => failure.because(reason),
        None => failure,
    };
    failure.caused_by(error)
}

/// What exactly a failure of the engine is about.
fn engine_reason(error: &EngineError) -> Option<Reason> {
    use EngineError as E;
    Some(match error {
        E::RepositoryNotFound { .. } | E::RepositoryInDeletion { .. } => Reason::RepositoryNotFound,
        E::BranchNotFound { .. } => Reason::BranchNotFound,
        E::RefNotFound { .. }
        | E::RefAmbiguous { .. }
        | E::TagNotFound { .. }
        | E::CommitNotFound { .. } => Reason::ReferenceNotFound,
        E::RefInvalid { .. } => Reason::InvalidName,
        E::ObjectNotFound { .. } => Reason::ObjectNotFound,
        E::Protected { .. } => Reason::ProtectedBranch,
        E::ReadOnly { .. } => Reason::ReadOnlyRepository,
        E::WriteConflict { .. } => Reason::WriteConflict,
        _ => return None,
    })
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
    use BlockError as B;
    use ErrorKind as K;
    let (kind, reason, message) = match &error {
        // There is a record of the object, but the object is not there.
        B::NotFound { .. } => (K::Gone, Some(Reason::DataMissing), "No data".to_owned()),
        B::RangeNotSatisfiable { .. } => (
            K::RangeNotSatisfiable,
            None,
            "Requested Range Not Satisfiable".to_owned(),
        ),
        B::InvalidAddress { .. } | B::InvalidRequest { .. } | B::Unsupported { .. } => {
            (K::Invalid, None, error.to_string())
        }
        B::Body(_) => (
            K::Invalid,
            Some(Reason::BodyBroken),
            "request body ended early".to_owned(),
        ),
        B::BodyLength { .. } => (K::Invalid, Some(Reason::BodyLength), error.to_string()),
        B::DigestMismatch { .. } => (K::Invalid, Some(Reason::DigestMismatch), error.to_string()),
        B::NoSuchUpload { .. } => (
            K::NotFound,
            Some(Reason::UploadNotFound),
            "upload not found".to_owned(),
        ),
        B::InvalidPart { .. } => (K::Invalid, Some(Reason::InvalidPart), error.to_string()),
        B::InvalidPartOrder => (
            K::Invalid,
            Some(Reason::InvalidPartOrder),
            error.to_string(),
        ),
        B::PartTooSmall { .. } => (K::Invalid, Some(Reason::PartTooSmall), error.to_string()),
        B::Denied { .. } => (K::Forbidden, None, "object store refused access".to_owned()),
        B::Unavailable { .. } => (K::Unavailable, None, UNAVAILABLE.to_owned()),
    };
    let failure = Error::new(kind, message);
    let failure = match reason {
        Some(reason) => failure.because(reason),
        None => failure,
    };
    failure.caused_by(error)
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
