//! Facts about a stored table, for people and tools.

/// A table's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Size of its file.
    pub size_bytes: u64,
    /// Number of records.
    pub entries: u64,
    /// Number of data blocks.
    pub data_blocks: u64,
    /// Its properties as stored, by name.
    pub properties: Vec<(Vec<u8>, Vec<u8>)>,
}
