//! The one message that records of every layer have in them: a moment, as protobuf's `Timestamp`.

use lakefs_runtime::Timestamp;
use prost::Message;

/// A moment as stored. A fraction of a second that is out of range counts for none.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct StoredTimestamp {
    /// Unix seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds of the second.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl From<Timestamp> for StoredTimestamp {
    fn from(moment: Timestamp) -> Self {
        Self {
            seconds: moment.seconds,
            nanos: i32::try_from(moment.nanos).unwrap_or(0),
        }
    }
}

impl From<StoredTimestamp> for Timestamp {
    fn from(stored: StoredTimestamp) -> Self {
        Self {
            seconds: stored.seconds,
            nanos: u32::try_from(stored.nanos).unwrap_or(0),
        }
    }
}
