//! Facts about a stored table, for people and tools.

use bytes::Bytes;

use crate::sst::block::{BlockCursor, decode_stored};
use crate::sst::index::{ReadAt as _, TableIndex, property, read_properties};
use crate::table::{TableBytes, stored_length};
use crate::{RecordRef, Result, TreeError, record};

/// A table's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Size of its file.
    pub size_bytes: u64,
    /// Number of data blocks.
    pub data_blocks: u64,
    /// Its properties as stored, by name.
    pub properties: Vec<(Vec<u8>, Vec<u8>)>,
}

impl TableInfo {
    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&[u8]> {
        property(&self.properties, name)
    }
}

/// A table file in memory, of which nothing is assumed but its bytes.
#[derive(Debug)]
pub struct TableFile {
    object: String,
    bytes: TableBytes,
    index: TableIndex,
    info: TableInfo,
}

impl TableFile {
    /// Reads footer, index and properties; `object` names the table in errors.
    pub fn parse(object: &str, bytes: Bytes) -> Result<Self> {
        let size_bytes = bytes.len() as u64;
        let bytes = TableBytes::Memory(bytes);
        let index = TableIndex::read(&bytes).map_err(|failure| failure.of(object))?;
        let properties = read_properties(&bytes).map_err(|failure| failure.of(object))?;
        let info = TableInfo {
            size_bytes,
            data_blocks: index.len() as u64,
            properties,
        };
        Ok(Self {
            object: object.to_owned(),
            bytes,
            index,
            info,
        })
    }

    /// Its properties.
    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    /// Calls `each` with every record in order.
    pub fn for_each(&self, mut each: impl FnMut(RecordRef<'_>)) -> Result<()> {
        let corrupt = |reason: &'static str| TreeError::corrupt(&*self.object, reason);
        let (mut block, mut buffer) = (Vec::new(), Vec::new());
        let mut snappy = snap::raw::Decoder::new();
        let mut cursor = BlockCursor::new(true);
        for handle in (0..self.index.len()).filter_map(|at| self.index.block(at)) {
            let stored = self
                .bytes
                .read_at(handle.offset, stored_length(handle), &mut buffer)
                .map_err(|failure| failure.of(&self.object))?;
            decode_stored(stored, &mut snappy, &mut block).map_err(corrupt)?;
            cursor.reset(&block).map_err(corrupt)?;
            while cursor.advance(&block).map_err(corrupt)? {
                let value = record::decode_value(cursor.value(&block))
                    .ok_or_else(|| corrupt("record without identity and data"))?;
                each(RecordRef {
                    key: cursor.key(),
                    identity: value.identity,
                    data: value.data,
                });
            }
        }
        Ok(())
    }
}
