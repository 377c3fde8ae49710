//! Putting objects: small ones through the journal, others as a temporary file that is synced and renamed,
//! and the directory synced.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::direct::DIRECT_FROM;
use super::fill::{Begun, Manner, fill};
use super::journal::{Journal, Offer};
use super::temp_file::TempFile;
use super::{Core, Target};
use crate::{BlockError, PutBody, PutOptions, PutOutcome};

/// Stores a body under a key.
pub(super) async fn put(
    core: &Arc<Core>,
    journal: &Arc<Journal>,
    target: Target,
    body: PutBody,
    options: &PutOptions,
) -> Result<PutOutcome, BlockError> {
    let body = Begun::read(body).await?;
    if let Some(outcome) = put_small(journal, &target, body.whole(), options).await {
        return outcome;
    }
    let (journal, address) = (Arc::clone(journal), target.address.clone());
    let outcome = write_body(
        core,
        address.clone(),
        body,
        options,
        Manner::OBJECT,
        move |file| file.publish(&journal, &target),
    )
    .await?;
    if outcome.size > DIRECT_FROM {
        core.unread.note(&address);
    }
    Ok(outcome)
}

/// Stores a small body through the journal; `None` where it has to go the long way.
async fn put_small(
    journal: &Journal,
    target: &Target,
    chunks: Option<&[Bytes]>,
    options: &PutOptions,
) -> Option<Result<PutOutcome, BlockError>> {
    let size = chunks?.iter().map(Bytes::len).sum();
    if !journal.takes(size) {
        return None;
    }
    let bytes = concat(chunks?, size);
    let md5 = options.hashed().then(|| Md5::digest(&bytes).into());
    if let Some(md5) = md5
        && let Err(error) = options.check_md5(md5)
    {
        return Some(Err(error));
    }
    match journal.put(&target.location, &target.address, bytes).await {
        Offer::Declined => None,
        Offer::Taken(outcome) => Some(outcome.map(|()| PutOutcome {
            size: size as u64,
            md5: md5.map(hex::encode).unwrap_or_default(),
        })),
    }
}

/// Chunks as one.
fn concat(chunks: &[Bytes], size: usize) -> Bytes {
    if let [only] = chunks {
        return only.clone();
    }
    let mut all = Vec::with_capacity(size);
    for chunk in chunks {
        all.extend_from_slice(chunk);
    }
    all.into()
}

/// Stores a body under a key that is known only when the body has ended. What has come is synced while
/// the rest is still being made, so that little is left to wait for at the end.
pub(super) async fn put_named_late(
    core: &Arc<Core>,
    journal: &Arc<Journal>,
    target: impl Future<Output = Result<Target, BlockError>>,
    body: PutBody,
    options: &PutOptions,
) -> Result<PutOutcome, BlockError> {
    let body = Begun::read(body).await?;
    let address = "an object without a name yet";
    let (target, written) = if body.whole().is_some() {
        let target = target.await?;
        if let Some(outcome) = put_small(journal, &target, body.whole(), options).await {
            return outcome;
        }
        let written = fill(core, address, body, options, Manner::OBJECT).await?;
        (target, written)
    } else {
        let written = fill(core, address, body, options, Manner::TABLE).await?;
        (target.await?, written)
    };
    let (journal, address) = (Arc::clone(journal), target.address.clone());
    written
        .publish(address, options, move |file| {
            file.publish(&journal, &target)
        })
        .await
}

/// Writes a body to a temporary file and publishes it, unless the caller went away meanwhile.
pub(super) async fn write_body(
    core: &Arc<Core>,
    address: String,
    body: Begun,
    options: &PutOptions,
    manner: Manner,
    publish: impl FnOnce(&mut TempFile) -> io::Result<()> + Send + 'static,
) -> Result<PutOutcome, BlockError> {
    let written = fill(core, &address, body, options, manner).await?;
    written.publish(address, options, publish).await
}
