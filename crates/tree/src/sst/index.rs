//! The parsed index of a table: one key and one handle per data block, flattened whether the file
//! has one level or two.

use super::block::{BlockCursor, BlockResult, decode_stored};
use super::format::{BlockHandle, FOOTER_BYTES, Footer};

/// Gives stored bytes of a table file.
pub(crate) trait ReadAt {
    /// Error of a read.
    type Error: From<&'static str>;

    /// Size of the file.
    fn size(&self) -> u64;

    /// Reads exactly `length` bytes at `offset`, into `buffer` or from where they are.
    fn read_at<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Self::Error>;
}

/// A table's data blocks: for each the key that is at or after its last one, and its place.
#[derive(Debug)]
pub(crate) struct TableIndex {
    keys: Vec<u8>,
    /// End of each key in `keys`.
    ends: Vec<u32>,
    /// Eight bytes of each key after the prefix that all share: most comparisons end there, in
    /// one flat array.
    heads: Vec<u64>,
    common: usize,
    blocks: Vec<BlockHandle>,
}

/// Properties by name.
pub(crate) type Properties = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads the footer of a table file.
pub(crate) fn read_footer<R: ReadAt>(file: &R) -> Result<Footer, R::Error> {
    let mut buffer = Vec::new();
    let offset = file
        .size()
        .checked_sub(FOOTER_BYTES as u64)
        .ok_or("file too short for a footer")?;
    Ok(Footer::decode(file.read_at(
        offset,
        FOOTER_BYTES,
        &mut buffer,
    )?)?)
}

fn read_block<R: ReadAt>(file: &R, handle: BlockHandle) -> Result<Vec<u8>, R::Error> {
    let outside = "block outside of its file";
    let end = handle.end().ok_or(outside)?;
    if end > file.size().saturating_sub(FOOTER_BYTES as u64) {
        return Err(outside.into());
    }
    let length = usize::try_from(end - handle.offset).map_err(|_| outside)?;
    let mut buffer = Vec::new();
    let stored = file.read_at(handle.offset, length, &mut buffer)?;
    let mut out = Vec::new();
    decode_stored(stored, &mut snap::raw::Decoder::new(), &mut out)?;
    Ok(out)
}

/// Reads the properties of a table file.
pub(crate) fn read_properties<R: ReadAt>(file: &R) -> Result<Properties, R::Error> {
    let footer = read_footer(file)?;
    let metaindex = read_block(file, footer.metaindex)?;
    let mut cursor = BlockCursor::new(false);
    cursor.reset(&metaindex)?;
    while cursor.advance(&metaindex)? {
        if cursor.key() == b"rocksdb.properties" {
            let handle = BlockHandle::decode(&mut cursor.value(&metaindex))
                .ok_or("bad handle of properties")?;
            let block = read_block(file, handle)?;
            let mut properties = Vec::new();
            let mut cursor = BlockCursor::new(false);
            cursor.reset(&block)?;
            while cursor.advance(&block)? {
                properties.push((cursor.key().to_vec(), cursor.value(&block).to_vec()));
            }
            return Ok(properties);
        }
    }
    Err("table has no properties".into())
}

/// A property's value.
pub(crate) fn property<'a>(properties: &'a Properties, name: &str) -> Option<&'a [u8]> {
    properties
        .iter()
        .find(|(n, _)| n == name.as_bytes())
        .map(|(_, value)| value.as_slice())
}

impl TableIndex {
    /// Reads the index of a table file.
    pub(crate) fn read<R: ReadAt>(file: &R) -> Result<Self, R::Error> {
        let footer = read_footer(file)?;
        let properties = read_properties(file)?;
        let two_level = match property(&properties, "rocksdb.block.based.table.index.type") {
            None | Some([0, 0, 0, 0]) => false,
            Some([2, 0, 0, 0]) => true,
            Some(_) => return Err("unknown kind of index".into()),
        };
        let mut index = Self {
            keys: Vec::new(),
            ends: Vec::new(),
            heads: Vec::new(),
            common: 0,
            blocks: Vec::new(),
        };
        let top = read_block(file, footer.index)?;
        let limit = footer.index.offset.min(footer.metaindex.offset);
        if two_level {
            let mut cursor = BlockCursor::new(true);
            cursor.reset(&top)?;
            while cursor.advance(&top)? {
                let handle =
                    BlockHandle::decode(&mut cursor.value(&top)).ok_or("bad handle in index")?;
                let partition = read_block(file, handle)?;
                index.extend(&partition, limit)?;
            }
        } else {
            index.extend(&top, limit)?;
        }
        index.finish();
        Ok(index)
    }

    /// Appends the entries of an index block. Data blocks follow each other and end below `limit`.
    fn extend(&mut self, block: &[u8], limit: u64) -> BlockResult<()> {
        let mut cursor = BlockCursor::new(true);
        cursor.reset(block)?;
        while cursor.advance(block)? {
            let handle =
                BlockHandle::decode(&mut cursor.value(block)).ok_or("bad handle in index")?;
            let floor = self.blocks.last().and_then(|last| last.end()).unwrap_or(0);
            if handle.offset < floor || handle.end().is_none_or(|end| end > limit) {
                return Err("data block outside of its place");
            }
            if !self.blocks.is_empty() && cursor.key() <= self.key(self.blocks.len() - 1) {
                return Err("index keys out of order");
            }
            self.keys.extend_from_slice(cursor.key());
            self.ends
                .push(u32::try_from(self.keys.len()).map_err(|_| "index is too large")?);
            self.blocks.push(handle);
        }
        Ok(())
    }

    fn finish(&mut self) {
        let count = self.blocks.len();
        if count > 1 {
            self.common = super::separator::common_prefix(self.key(0), self.key(count - 1));
        }
        self.heads = (0..count)
            .map(|at| head(self.key(at).get(self.common..).unwrap_or_default()))
            .collect();
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }

    fn key(&self, at: usize) -> &[u8] {
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| *end as usize);
        let end = self.ends.get(at).map_or(start, |end| *end as usize);
        self.keys.get(start..end).unwrap_or_default()
    }

    /// Number of data blocks.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The place of a data block.
    #[inline]
    pub(crate) fn block(&self, at: usize) -> Option<BlockHandle> {
        self.blocks.get(at).copied()
    }

    /// The data block where the first key at or after `key` would be; [`TableIndex::len`] when all
    /// keys are below.
    pub(crate) fn seek(&self, key: &[u8]) -> usize {
        let common = self.key(0).get(..self.common).unwrap_or_default();
        let prefix = key.get(..self.common).unwrap_or(key);
        match prefix.cmp(common) {
            std::cmp::Ordering::Less => return 0,
            std::cmp::Ordering::Greater => return self.len(),
            std::cmp::Ordering::Equal => {}
        }
        let tail = key.get(self.common..).unwrap_or_default();
        let wanted = head(tail);
        let low = self.heads.partition_point(|head| *head < wanted);
        if self.heads.get(low) != Some(&wanted) {
            return low;
        }
        let equal = self
            .heads
            .get(low..)
            .unwrap_or_default()
            .partition_point(|head| *head <= wanted);
        // Heads that equal the wanted one say nothing about what follows them.
        let (mut low, mut high) = (low, low + equal);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.key(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.keys.capacity()
            + self.ends.capacity() * 4
            + self.heads.capacity() * 8
            + self.blocks.capacity() * size_of::<BlockHandle>()
    }
}

/// The first eight bytes of a key, padded, as a number that orders like them.
fn head(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(key) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}
