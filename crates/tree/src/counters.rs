//! What a tree store did so far, for metrics and for tests that assert on work instead of time.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {
        /// Totals since the store was made.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct TreeCounters {
            $($(#[$meta])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn snapshot(&self) -> TreeCounters {
                TreeCounters { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }

        impl TreeCounters {
            /// What happened since `earlier`.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.wrapping_sub(earlier.$name),)* }
            }
        }
    };
}

counters! {
    /// Tables opened (downloaded or mapped, footer and index read).
    tables_opened,
    /// Bytes downloaded from a store that is not a local file.
    bytes_downloaded,
    /// Data blocks read and decoded.
    blocks_read,
    /// Stored bytes of those blocks.
    block_bytes_read,
    /// Data blocks found in memory.
    block_cache_hits,
    /// Ranges written.
    ranges_written,
    /// Ranges taken over as they are.
    ranges_reused,
    /// Metaranges written.
    metaranges_written,
    /// Stored bytes of the tables written.
    bytes_written,
    /// Data blocks copied in their stored form instead of being encoded again.
    blocks_copied,
    /// Data blocks encoded.
    blocks_encoded,
    /// Fingerprints made by reading a range (those of ranges just written come for free).
    fingerprints_read,
    /// Tables found already stored, so not stored again.
    tables_already_stored,
}

pub(crate) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
