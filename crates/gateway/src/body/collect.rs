//! Bodies that are documents: read whole, within their limit.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use lakefs_service::BlockError;
use md5::{Digest as _, Md5};

use super::OpenBody;
use crate::error::{Code, S3Error};

impl OpenBody {
    /// All bytes, once every digest the client sent has been checked.
    pub(crate) async fn collect(mut self) -> Result<Bytes, S3Error> {
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        while let Some(chunk) = self.body.stream.next().await {
            let chunk = chunk.map_err(failure)?;
            if first.is_none() {
                first = Some(chunk);
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(first.as_deref().unwrap_or_default());
            }
            all.extend_from_slice(&chunk);
        }
        let bytes = if all.is_empty() {
            first.unwrap_or_default()
        } else {
            all.freeze()
        };
        if let Some(expected) = self.expected_md5
            && Md5::digest(&bytes)[..] != expected
        {
            return Err(S3Error::new(Code::BadDigest));
        }
        Ok(bytes)
    }
}

fn failure(error: BlockError) -> S3Error {
    match error {
        BlockError::Body(cause) => match cause.downcast::<S3Error>() {
            Ok(failure) => *failure,
            Err(cause) => S3Error::new(Code::IncompleteBody).caused_by(cause),
        },
        error => S3Error::new(Code::InternalError).caused_by(error),
    }
}
