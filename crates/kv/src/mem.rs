//! A store in this process's memory: for tests and for trying things out. Keeps nothing after the
//! process ends, which is the only promise of [`KvStore`] it breaks.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::RwLock;

use crate::error::{check_address, check_partition};
use crate::{
    KvError, KvStore, MAX_SCAN_PAGE_BYTES, Pace, Predicate, ScanPage, ScanPageBuilder,
    SetIfOutcome, Write,
};

type Partition = BTreeMap<Vec<u8>, Bytes>;

/// Sorted maps behind one lock.
#[derive(Debug, Default)]
pub struct MemKv {
    partitions: RwLock<BTreeMap<Vec<u8>, Partition>>,
}

impl MemKv {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

fn insert(
    partitions: &mut BTreeMap<Vec<u8>, Partition>,
    partition: &[u8],
    key: &[u8],
    value: &[u8],
) {
    if !partitions.contains_key(partition) {
        partitions.insert(partition.to_vec(), Partition::new());
    }
    if let Some(entries) = partitions.get_mut(partition) {
        entries.insert(key.to_vec(), Bytes::copy_from_slice(value));
    }
}

fn remove(partitions: &mut BTreeMap<Vec<u8>, Partition>, partition: &[u8], key: &[u8]) {
    if let Some(entries) = partitions.get_mut(partition) {
        entries.remove(key);
        if entries.is_empty() {
            partitions.remove(partition);
        }
    }
}

#[async_trait]
impl KvStore for MemKv {
    fn kind(&self) -> &'static str {
        "mem"
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        check_address(partition, key)?;
        let partitions = self.partitions.read();
        Ok(partitions
            .get(partition)
            .and_then(|entries| entries.get(key))
            .cloned())
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        check_address(partition, key)?;
        insert(&mut self.partitions.write(), partition, key, value);
        Ok(())
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        check_address(partition, key)?;
        let mut partitions = self.partitions.write();
        let current = partitions
            .get(partition)
            .and_then(|entries| entries.get(key));
        if !predicate.holds(current.map(Bytes::as_ref)) {
            return Ok(SetIfOutcome::Mismatch);
        }
        insert(&mut partitions, partition, key, value);
        Ok(SetIfOutcome::Stored)
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        check_address(partition, key)?;
        remove(&mut self.partitions.write(), partition, key);
        Ok(())
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        check_partition(partition)?;
        let mut page = ScanPageBuilder::new();
        let partitions = self.partitions.read();
        let Some(entries) = partitions.get(partition) else {
            return Ok(page.finish(false));
        };
        let mut rest = entries.range::<[u8], _>((Bound::Included(start), Bound::Unbounded));
        for (key, value) in rest.by_ref() {
            if !page.push(key, value) {
                return Ok(page.finish(true));
            }
            if page.len() >= limit || page.bytes() >= MAX_SCAN_PAGE_BYTES {
                break;
            }
        }
        Ok(page.finish(rest.next().is_some()))
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        check_partition(partition)?;
        for write in writes {
            check_address(partition, write.key())?;
        }
        let mut partitions = self.partitions.write();
        for write in writes {
            match write {
                Write::Set { key, value } => insert(&mut partitions, partition, key, value),
                Write::Delete { key } => remove(&mut partitions, partition, key),
            }
        }
        Ok(())
    }

    async fn clear_partition(&self, partition: &[u8], _pace: Pace) -> Result<(), KvError> {
        check_partition(partition)?;
        self.partitions.write().remove(partition);
        Ok(())
    }

    async fn ping(&self) -> Result<(), KvError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        crate::conformance::run(Arc::new(MemKv::new())).await;
    }
}
