//! The container of a table: sorted records in compressed, checksummed blocks with an index.
//!
//! It is the `RocksDB` table format, version 2, with the choices lakeFS makes (docs/format/tables.md):
//! what is written here equals what lakeFS writes, byte for byte, because the estimated size of a
//! range depends on how its blocks compress and is part of the metarange's identity. Reading trusts
//! nothing: every length is checked before it is used, every block by its checksum.

pub(crate) mod block;
pub(crate) mod builder;
pub(crate) mod format;
pub(crate) mod index;
pub(crate) mod properties;
pub(crate) mod separator;
pub(crate) mod writer;

#[cfg(test)]
mod tests;
