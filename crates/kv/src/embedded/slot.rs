//! Holds the open engine and replaces it after it gave up.
//!
//! The engine stops taking writes for good after its first failed one (a full disk, say), because
//! it cannot know what reached the disk. Opening it anew reads that back. Readers use the old one
//! until then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

use super::directory::StoreDirectory;
use super::engine::{ApplyError, Change, Engine};
use crate::KvError;
use crate::embedded::EmbeddedOptions;

/// The engine of a directory.
#[derive(Debug)]
pub(super) struct EngineSlot {
    /// Empty only while and after reopening failed.
    engine: RwLock<Option<Engine>>,
    broken: AtomicBool,
    syncs: AtomicU64,
    options: EmbeddedOptions,
    /// Dropped last: the lock outlives the engine.
    directory: StoreDirectory,
}

impl EngineSlot {
    /// Opens the engine of a finished store.
    pub(super) fn open(
        directory: StoreDirectory,
        options: EmbeddedOptions,
    ) -> Result<Self, KvError> {
        let engine = Engine::open(&directory.engine(), &options)?;
        Ok(Self {
            engine: RwLock::new(Some(engine)),
            broken: AtomicBool::new(false),
            syncs: AtomicU64::new(0),
            options,
            directory,
        })
    }

    /// Reads something.
    pub(super) fn read<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Engine) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        match self.engine.read().as_ref() {
            Some(engine) => read(engine),
            None => Err(KvError::Unavailable {
                operation,
                source: "the engine stopped after a failed write and cannot be opened yet".into(),
            }),
        }
    }

    /// Stores a batch. After a failure nothing is stored until [`EngineSlot::repair`] succeeded.
    pub(super) fn apply(&self, changes: impl Iterator<Item = Change>) -> Result<(), ApplyError> {
        let engine = self.engine.read();
        let Some(engine) = engine.as_ref() else {
            return Err(ApplyError::Refused("the engine is not open".into()));
        };
        let applied = engine.apply(changes);
        match &applied {
            Ok(()) => {
                self.syncs.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => self.broken.store(true, Ordering::Relaxed),
        }
        applied
    }

    /// Opens the engine anew if it gave up, once the disk takes writes again.
    pub(super) fn repair(&self) -> Result<(), KvError> {
        if !self.broken.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Asked first, because readers keep their engine as long as the disk is full.
        if let Err(error) = self.directory.probe_room() {
            return Err(KvError::Unavailable {
                operation: "write",
                source: error.into(),
            });
        }
        let mut slot = self.engine.write();
        // The old one must be gone before its files are opened again.
        *slot = None;
        *slot = Some(Engine::open(&self.directory.engine(), &self.options)?);
        self.broken.store(false, Ordering::Relaxed);
        tracing::info!("key-value store takes writes again");
        Ok(())
    }

    /// Batches stored since opening, each with one sync.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Acts as if a write had failed.
    #[cfg(test)]
    pub(super) fn break_now(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }
}
