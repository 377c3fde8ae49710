//! Writing metaranges: records become ranges, split where their content says; ranges become the
//! metarange (docs/format/tables.md, "Splitting").

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use lakefs_block::PutBody;
use lakefs_types::{MetaRangeId, RangeId, StorageNamespace};

use crate::counters::add;
use crate::cursor::{Place, TableCursor};
use crate::fingerprint::FingerprintBuilder;
use crate::record::{MAX_PART_BYTES, encode_value, encoded_len};
use crate::shared::Shared;
use crate::split::{Divisor, KeyHash};
use crate::sst::separator::common_prefix;
use crate::sst::writer::{Origin, TableWriter};
use crate::upload::{Stored, Upload, put_options};
use crate::walk::{Pacer, Walk};
use crate::{RangeInfo, Result, TreeError};

/// Whole tables of one writer that are on their way to the store at a time. Each is held in memory as
/// far as the store has not taken it.
const MAX_UPLOADS: usize = 4;
/// A table's file is handed to the store in pieces of this size while the rest of it is being made: what
/// is on the disk already need not be waited for at the end.
const CHUNK_BYTES: usize = 1 << 20;

/// What to write into new tables besides their records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterOptions {
    /// Properties of every table written, part of its identity (dumps of references have some).
    pub metadata: BTreeMap<String, String>,
}

/// Writes a metarange from records and whole ranges, given in ascending key order.
///
/// Dropping it leaves behind at most tables that nothing refers to.
#[derive(Debug)]
pub struct MetaRangeWriter {
    shared: Arc<Shared>,
    namespace: StorageNamespace,
    metadata: BTreeMap<String, String>,
    table: TableWriter,
    /// The last key of the last range; while a range is being written, its table has the last key.
    last_key: Vec<u8>,
    /// Whether a key was given at all.
    started: bool,
    hash: KeyHash,
    ragged: Divisor,
    fingerprint: FingerprintBuilder,
    value: Vec<u8>,
    /// Where the record given last ends in the table it was copied from.
    after: Option<Place>,
    ranges: Vec<RangeInfo>,
    /// Tables known to be stored: those of the content that is being changed.
    stored: HashSet<RangeId>,
    /// The beginning of the table being written, once it is worth sending ahead.
    upload: Option<Upload>,
    /// Tables on their way, by their addresses.
    uploads: VecDeque<(String, Stored)>,
}

impl MetaRangeWriter {
    pub(crate) fn new(
        shared: Arc<Shared>,
        namespace: StorageNamespace,
        options: WriterOptions,
    ) -> Self {
        let mut metadata = options.metadata;
        metadata.insert("type".to_owned(), "ranges".to_owned());
        Self {
            table: TableWriter::new(metadata.clone()),
            fingerprint: FingerprintBuilder::new(shared.secret.clone()),
            ragged: Divisor::new(shared.config.ranges.raggedness_entries),
            shared,
            namespace,
            metadata,
            last_key: Vec::new(),
            started: false,
            hash: KeyHash::default(),
            value: Vec::new(),
            after: None,
            ranges: Vec::new(),
            stored: HashSet::new(),
            upload: None,
            uploads: VecDeque::new(),
        }
    }

    /// Says that these ranges are stored already.
    pub(crate) fn know(&mut self, ranges: &[RangeInfo]) {
        self.stored
            .extend(ranges.iter().map(|range| range.id.clone()));
    }

    /// Appends a record.
    pub async fn write_record(&mut self, key: &[u8], identity: &[u8], data: &[u8]) -> Result<()> {
        if identity.len() > MAX_PART_BYTES || data.len() > MAX_PART_BYTES {
            return Err(TreeError::TooLarge {
                key: String::from_utf8_lossy(key).into_owned(),
            });
        }
        if self.push_parts(key, identity, data)? {
            self.end_range().await
        } else {
            Ok(())
        }
    }

    /// Appends records of another table as they are: from the one `walk` stands on up to the first that
    /// is not `wanted`, or to the end of the range it is in.
    pub(crate) async fn copy_while(
        &mut self,
        walk: &mut Walk,
        pacer: &mut Pacer,
        wanted: impl Fn(&TableCursor) -> bool,
    ) -> Result<()> {
        loop {
            match self.copy_some(walk, pacer, &wanted)? {
                Stop::End => return Ok(()),
                Stop::Full => self.end_range().await?,
                Stop::Pause => tokio::task::yield_now().await,
            }
        }
    }

    /// Goes on copying until something is to be waited for.
    fn copy_some(
        &mut self,
        walk: &mut Walk,
        pacer: &mut Pacer,
        wanted: impl Fn(&TableCursor) -> bool,
    ) -> Result<Stop> {
        while let Some(cursor) = walk.cursor()
            && wanted(cursor)
        {
            let full = self.push_current(cursor)?;
            walk.advance()?;
            if full {
                return Ok(Stop::Full);
            }
            if pacer.due() {
                return Ok(Stop::Pause);
            }
        }
        Ok(Stop::End)
    }

    /// Appends the record that a cursor stands on, as it is. Answers whether the range is to be ended now.
    #[inline]
    pub(crate) fn push_current(&mut self, cursor: &TableCursor) -> Result<bool> {
        let (key, stored, value) = (cursor.key(), cursor.stored_value(), cursor.value()?);
        if encoded_len(value) != stored.len() {
            // Padded or followed by something: write what it means.
            return self.push_parts(key, value.identity, value.data);
        }
        let (start, end) = cursor.bounds();
        let origin = Origin {
            block: cursor.origin(),
            entry: cursor.raw().filter(|_| self.after == Some(start)),
        };
        let full = self.push(key, stored, value.identity, origin)?;
        self.after = Some(end);
        Ok(full)
    }

    fn push_parts(&mut self, key: &[u8], identity: &[u8], data: &[u8]) -> Result<bool> {
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        encode_value(&mut value, identity, data);
        let full = self.push(key, &value, identity, Origin::default());
        self.value = value;
        self.after = None;
        full
    }

    #[inline]
    fn push(
        &mut self,
        key: &[u8],
        value: &[u8],
        identity: &[u8],
        origin: Origin<'_>,
    ) -> Result<bool> {
        let last = if self.table.count() == 0 {
            &self.last_key
        } else {
            self.table.last_key()
        };
        // What an entry says its key shares is so, since the one before it was appended just now; but it
        // may share more, or some of the trailer of that one.
        let shared = match origin.entry.map(|entry| entry.shared) {
            Some(shared) if shared < last.len() && last.get(shared) != key.get(shared) => shared,
            _ => common_prefix(last, key),
        };
        let ascends = match (last.get(shared), key.get(shared)) {
            (Some(last), Some(next)) => next > last,
            (None, Some(_)) => true,
            (_, None) => !self.started,
        };
        if !ascends {
            return Err(TreeError::order(key));
        }
        self.started = true;
        let hash = self.hash.update(key, shared);
        let in_table = if self.table.count() == 0 { 0 } else { shared };
        let spot = self.table.add_after(key, in_table, value, origin);
        if spot.entry == 0 && self.table.written() >= CHUNK_BYTES {
            self.hand_on();
        }
        self.fingerprint.add(key, identity, spot);
        let rules = &self.shared.config.ranges;
        let size = self.table.estimated_size_bytes();
        Ok(size >= rules.min_size_bytes
            && (size >= rules.max_size_bytes || self.ragged.divides(hash)))
    }

    /// Appends a stored range as it is.
    pub async fn write_range(&mut self, range: &RangeInfo) -> Result<()> {
        self.end_range().await?;
        if self.started && range.min_key[..] <= self.last_key[..] {
            return Err(TreeError::order(&range.min_key));
        }
        self.started = true;
        self.last_key.clear();
        self.last_key.extend_from_slice(&range.max_key);
        self.hash.forget();
        self.after = None;
        add(&self.shared.counters.ranges_reused, 1);
        self.ranges.push(range.clone());
        Ok(())
    }

    /// Ends the range being written, so that the next record begins another one.
    pub async fn end_range(&mut self) -> Result<()> {
        if self.table.count() == 0 {
            return Ok(());
        }
        let table = self.table.finish();
        self.last_key.clear();
        self.last_key.extend_from_slice(&table.max_key);
        let counters = &self.shared.counters;
        add(&counters.ranges_written, 1);
        add(&counters.blocks_copied, table.blocks_copied);
        add(&counters.blocks_encoded, table.blocks_encoded);
        let id = RangeId::from_digest(&table.digest);
        let fingerprint = self.fingerprint.finish(table.data_blocks);
        self.shared
            .keep_fingerprint(&self.namespace, &id, fingerprint);
        let known = !self.stored.insert(id.clone());
        self.ranges.push(RangeInfo {
            id: id.clone(),
            min_key: table.min_key.into(),
            max_key: table.max_key.into(),
            count: table.count,
            estimated_size_bytes: table.estimated_size_bytes,
        });
        if known {
            self.upload = None;
            add(&counters.tables_already_stored, 1);
            return Ok(());
        }
        self.upload(id.as_str(), table.file).await
    }

    /// Hands on the bytes of the table that are there, beginning its upload if need be.
    fn hand_on(&mut self) {
        let chunk = self.table.take_written();
        let upload = self.upload.take();
        let upload = upload.unwrap_or_else(|| Upload::begin(&self.shared));
        upload.send(chunk);
        self.upload = Some(upload);
    }

    /// Stores the rest of a table.
    async fn upload(&mut self, id: &str, rest: Vec<u8>) -> Result<()> {
        if self.uploads.len() >= MAX_UPLOADS {
            self.settle().await?;
        }
        let location = self.shared.locate(&self.namespace, id)?;
        let object = self.shared.blocks.physical_address(&location);
        let stored = if let Some(upload) = self.upload.take() {
            upload.finish(rest, location)
        } else {
            let shared = Arc::clone(&self.shared);
            let put = async move {
                let body = PutBody::from_bytes(rest);
                shared.blocks.put(&location, body, &put_options()).await
            };
            self.shared.scope.spawn(put)
        };
        self.uploads.push_back((object, stored));
        Ok(())
    }

    /// Waits for the oldest upload.
    async fn settle(&mut self) -> Result<()> {
        let Some((_, upload)) = self.uploads.front_mut() else {
            return Ok(());
        };
        let done = upload.await;
        let Some((object, _)) = self.uploads.pop_front() else {
            return Ok(());
        };
        match done {
            Ok(Ok(stored)) => {
                add(&self.shared.counters.bytes_written, stored.size);
                Ok(())
            }
            Ok(Err(source)) => Err(TreeError::Store {
                operation: "write",
                object,
                source,
            }),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(TreeError::Changes(error.into())),
            },
        }
    }

    /// Stores what is left and the metarange.
    pub async fn finish(mut self) -> Result<MetaRangeId> {
        self.end_range().await?;
        let mut metadata = std::mem::take(&mut self.metadata);
        metadata.insert("type".to_owned(), "metaranges".to_owned());
        let mut table = TableWriter::new(metadata);
        let (mut data, mut value) = (Vec::new(), Vec::new());
        for range in &self.ranges {
            data.clear();
            range.encode(&mut data);
            value.clear();
            encode_value(&mut value, range.id.as_str().as_bytes(), &data);
            table.add(&range.max_key, &value);
        }
        let table = table.finish();
        add(&self.shared.counters.metaranges_written, 1);
        let id = MetaRangeId::from_digest(&table.digest);
        // Nobody knows the metarange before this returns, so it need not wait for its ranges.
        self.upload(id.as_str(), table.file).await?;
        while !self.uploads.is_empty() {
            self.settle().await?;
        }
        Ok(id)
    }

    /// The ranges so far.
    pub fn ranges(&self) -> &[RangeInfo] {
        &self.ranges
    }
}

/// Why copying stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nothing is left to copy.
    End,
    /// The range is to be ended.
    Full,
    /// Others are to be let run.
    Pause,
}
