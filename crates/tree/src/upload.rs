//! Sends a table's file to the store while it is being written: its name, a hash of all its records, is
//! known last. What is on the disk by then need not be waited for.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_block::{BlockError, LateName, Location, PutBody, PutOptions, PutOutcome};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::shared::Shared;

/// A table on its way to the store while its end is not known yet. Dropped without a name, it stores
/// nothing.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Holds no more than the table's file; the store takes what it can.
    chunks: mpsc::UnboundedSender<Bytes>,
    name: oneshot::Sender<Location>,
    stored: Stored,
}

/// The outcome of storing a table, to be awaited.
pub(crate) type Stored = JoinHandle<Result<PutOutcome, BlockError>>;

impl Upload {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        let (chunks, mut received) = mpsc::unbounded_channel();
        let (name, named) = oneshot::channel();
        let stream = futures_util::stream::poll_fn(move |context| {
            received.poll_recv(context).map(|chunk| chunk.map(Ok))
        });
        let body = PutBody {
            stream: Box::pin(stream),
            length: None,
        };
        let name_given: LateName = Box::pin(async move { named.await.ok() });
        let blocks = Arc::clone(&shared.blocks);
        let put = async move {
            blocks
                .put_named_late(body, name_given, &put_options())
                .await
        };
        Self {
            chunks,
            name,
            stored: shared.scope.spawn(put),
        }
    }

    /// Sends on bytes of the file. If the store has failed already, it says so in the end.
    pub(crate) fn send(&self, chunk: Vec<u8>) {
        let _gone = self.chunks.send(chunk.into());
    }

    /// Sends the rest of the file and says where it goes.
    pub(crate) fn finish(self, rest: Vec<u8>, location: Location) -> Stored {
        self.send(rest);
        let _gone = self.name.send(location);
        self.stored
    }
}

/// Tables are named by a hash of their own.
pub(crate) fn put_options() -> PutOptions {
    PutOptions {
        without_md5: true,
        ..PutOptions::default()
    }
}
