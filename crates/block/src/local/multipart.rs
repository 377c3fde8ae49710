//! Uploads in parts: every upload is a directory `.lakefs-rs/uploads/<id>` with a file `target` that
//! names the object, and a file `<number>-<md5>` for each part. Both survive a restart.
//!
//! Completion builds a new file from the listed parts (a single one is linked), publishes it like any
//! put, and only then removes the upload, `target` first and durably. So a crash leaves an upload that
//! can be completed again, or an object and no upload; leftovers go when a store is next opened.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use lakefs_runtime::{Timestamp, spawn_blocking};

use super::fill::{Begun, Manner};
use super::journal::Journal;
use super::part_index::PartId;
use super::path::OWN;
use super::temp_file::TempFile;
use super::write::write_body;
use super::{Core, LocalBlockStore, Target, io_error, is_absent, remove_all};
use crate::store::{check_parts, multipart_etag};
use crate::{
    BlockError, BlockStore as _, ByteRange, Fs, Location, MultipartStore, ObjectInfo, PartInfo,
    PutBody, PutOptions, UploadedPart,
};

/// File that makes a directory an upload, and names its object.
const TARGET: &str = "target";
/// Longest text in it: bucket and key with room to spare.
const MAX_TARGET: usize = 64 << 10;

fn upload_dir(upload_id: &str, address: &str) -> Result<String, BlockError> {
    let ours = upload_id.len() == 32
        && upload_id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if ours {
        Ok(format!("{OWN}/uploads/{upload_id}"))
    } else {
        Err(BlockError::no_such_upload(address))
    }
}

/// An upload in progress, known to be of the object it is used for.
struct Upload {
    core: Arc<Core>,
    journal: Arc<Journal>,
    dir: String,
    id: String,
    address: String,
}

impl Upload {
    fn find(
        (core, journal): &(Arc<Core>, Arc<Journal>),
        location: &Location,
        address: String,
        id: &str,
    ) -> Result<Self, BlockError> {
        let dir = upload_dir(id, &address)?;
        let read = || {
            core.fs
                .open(&format!("{dir}/{TARGET}"))?
                .read_at(0, MAX_TARGET)
        };
        match read() {
            Ok(text) if text == target_text(location).as_bytes() => Ok(Self {
                core: Arc::clone(core),
                journal: Arc::clone(journal),
                dir,
                id: id.to_owned(),
                address,
            }),
            Ok(_) => Err(BlockError::no_such_upload(&address)),
            Err(error) if is_absent(&error) => Err(BlockError::no_such_upload(&address)),
            Err(error) => Err(io_error("upload", &address, error)),
        }
    }

    fn fail(&self, error: io::Error) -> BlockError {
        if is_absent(&error) {
            BlockError::no_such_upload(&self.address)
        } else {
            io_error("upload", &self.address, error)
        }
    }

    /// The parts; where a crash left two of a number, the newer one.
    fn parts(&self) -> io::Result<BTreeMap<u32, PartInfo>> {
        let mut parts = BTreeMap::<u32, PartInfo>::new();
        for name in self.core.fs.list_dir(&self.dir)? {
            let Some((number, etag)) = parse_name(&name) else {
                continue;
            };
            let stat = match self.core.fs.stat(&format!("{}/{name}", self.dir)) {
                Err(error) if is_absent(&error) => continue,
                stat => stat?,
            };
            let older = parts
                .get(&number)
                .is_some_and(|known| known.modified > stat.modified);
            if !older {
                let part = PartInfo {
                    number,
                    etag: etag.to_owned(),
                    size: stat.size,
                    modified: stat.modified,
                };
                parts.insert(number, part);
            }
        }
        Ok(parts)
    }

    /// Moves a written part into the upload, in place of one of the same number.
    fn keep(&self, file: &mut TempFile, number: u32) -> io::Result<String> {
        let part = (number, file.md5().ok_or(io::ErrorKind::InvalidInput)?);
        let path = |(number, md5): PartId| {
            let name = part_name(number, &hex::encode(md5));
            format!("{}/{name}", self.dir)
        };
        let mut index = self.core.part_order.lock();
        file.publish_with(|core, from| {
            index.load(&self.id, || self.part_ids())?;
            core.fs.rename(from, &path(part))?;
            for other in index.add(&self.id, part) {
                match core.fs.remove_file(&path(other)) {
                    // Another process was faster.
                    Err(error) if is_absent(&error) => {}
                    removed => removed?,
                }
                index.remove(&self.id, other);
            }
            core.sync_dir(&self.dir)
        })?;
        Ok(hex::encode(part.1))
    }

    /// The parts there are files of.
    fn part_ids(&self) -> io::Result<BTreeSet<PartId>> {
        let names = self.core.fs.list_dir(&self.dir)?;
        let parts = names.iter().filter_map(|name| {
            let (number, text) = parse_name(name)?;
            let mut md5 = [0; 16];
            hex::decode_to_slice(text, &mut md5).ok()?;
            Some((number, md5))
        });
        Ok(parts.collect())
    }

    fn complete(&self, target: &Target, parts: &[UploadedPart]) -> Result<ObjectInfo, BlockError> {
        let stored = self.parts().map_err(|error| self.fail(error))?;
        let checked = check_parts(parts, |number| {
            stored.get(&number).map(|part| part.etag.clone())
        });
        if let Err(error @ BlockError::InvalidPart { .. }) = &checked
            && self.is_gone().map_err(|error| self.fail(error))?
        {
            // Somebody else completed or aborted it just now, and its parts are going.
            tracing::debug!(%error, "an upload ended meanwhile");
            return Err(BlockError::no_such_upload(&self.address));
        }
        checked?;
        let etag = multipart_etag(parts)?;
        let build = || -> io::Result<(u64, Timestamp)> {
            let paths: Vec<_> = parts
                .iter()
                .map(|part| part_name(part.number, part.etag.trim_matches('"')))
                .map(|name| format!("{}/{name}", self.dir))
                .collect();
            // The bytes of one part are there already, and synced. A link, because a crash after a
            // rename would leave an upload that has lost its part.
            if let [only] = paths.as_slice()
                && let Ok(mut file) = TempFile::link(&self.core, only)
            {
                let stat = file.file.stat()?;
                file.publish(&self.journal, target)?;
                return Ok((stat.size, stat.modified));
            }
            let mut file = TempFile::create(&self.core)?;
            for path in &paths {
                let source = self.core.fs.open(path)?;
                file.file.append_file(source.as_ref())?;
            }
            let stat = file.file.stat()?;
            file.publish(&self.journal, target)?;
            Ok((stat.size, stat.modified))
        };
        let (size, modified) = build().map_err(|error| self.fail(error))?;
        // The object is there; parts that stay behind for now do not make the completion fail.
        if let Err(error) = self.remove() {
            tracing::warn!(upload_id = %self.id, %error, "parts of a completed upload left behind");
        }
        Ok(ObjectInfo {
            size,
            modified,
            etag: Some(etag),
            storage_class: None,
        })
    }

    fn is_gone(&self) -> io::Result<bool> {
        match self.core.fs.stat(&format!("{}/{TARGET}", self.dir)) {
            Err(error) if is_absent(&error) => Ok(true),
            stat => stat.map(|_| false),
        }
    }

    /// Ends the upload for good before its parts go: it must not come back without some of them.
    fn remove(&self) -> io::Result<()> {
        let mut index = self.core.part_order.lock();
        index.forget(&self.id);
        self.core
            .fs
            .remove_file(&format!("{}/{TARGET}", self.dir))?;
        self.core.sync_dir(&self.dir)?;
        remove_all(self.core.fs.as_ref(), &self.dir)
    }
}

fn target_text(location: &Location) -> String {
    format!("{}/{}", location.bucket, location.key)
}

fn part_name(number: u32, md5: &str) -> String {
    format!("{number:05}-{md5}")
}

fn parse_name(name: &str) -> Option<(u32, &str)> {
    let (number, md5) = name.split_once('-')?;
    Some((number.parse().ok()?, md5))
}

fn begin(core: &Arc<Core>, location: &Location) -> io::Result<String> {
    loop {
        let id = hex::encode(core.ids.random::<16>());
        let dir = format!("{OWN}/uploads/{id}");
        match core.fs.make_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        let mut file = TempFile::create(core)?;
        file.file.append(target_text(location).as_bytes())?;
        let made = file.publish_with(|core, from| {
            core.fs.rename(from, &format!("{dir}/{TARGET}"))?;
            core.sync_dir(&dir)?;
            core.sync_dir(&format!("{OWN}/uploads"))
        });
        match made {
            // Another process has just cleared away what is no upload yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            made => {
                made?;
                core.part_order.lock().begin(&id);
                return Ok(id);
            }
        }
    }
}

/// Uploads of the object that `wanted` names.
fn uploads_of(core: &Core, wanted: &str) -> io::Result<Vec<String>> {
    let uploads = format!("{OWN}/uploads");
    let mut found = Vec::new();
    for id in core.fs.list_dir(&uploads)? {
        let target = core.fs.open(&format!("{uploads}/{id}/{TARGET}"));
        match target.and_then(|target| target.read_at(0, MAX_TARGET)) {
            Ok(text) if text == wanted.as_bytes() => found.push(id),
            Ok(_) => {}
            // It ended just now.
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Removes directories that are no uploads any more, or never came to be.
pub(super) fn clear_ended(fs: &dyn Fs) -> io::Result<()> {
    let uploads = format!("{OWN}/uploads");
    for id in fs.list_dir(&uploads)? {
        let dir = format!("{uploads}/{id}");
        match fs.stat(&format!("{dir}/{TARGET}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => remove_all(fs, &dir)?,
            _ => {}
        }
    }
    Ok(())
}

impl LocalBlockStore {
    fn parts(&self) -> (Arc<Core>, Arc<Journal>) {
        (Arc::clone(&self.core), Arc::clone(&self.journal))
    }

    /// Does blocking work with an upload.
    async fn with_upload<T: Send + 'static>(
        &self,
        location: &Location,
        upload_id: &str,
        work: impl FnOnce(&Upload, &Target) -> Result<T, BlockError> + Send + 'static,
    ) -> Result<T, BlockError> {
        let target = self.target(location)?;
        let (store, location, id) = (self.parts(), location.clone(), upload_id.to_owned());
        spawn_blocking(move || {
            let upload = Upload::find(&store, &location, target.address.clone(), &id)?;
            work(&upload, &target)
        })
        .await
    }
}

#[async_trait]
impl MultipartStore for LocalBlockStore {
    async fn create(
        &self,
        location: &Location,
        _options: &PutOptions,
    ) -> Result<String, BlockError> {
        let target = self.target(location)?;
        let (core, location) = (Arc::clone(&self.core), location.clone());
        spawn_blocking(move || {
            begin(&core, &location).map_err(|error| io_error("upload", &target.address, error))
        })
        .await
    }

    async fn upload_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<UploadedPart, BlockError> {
        BlockError::check_part_number(number)?;
        let target = self.target(location)?;
        let find = {
            let (store, location, id) = (self.parts(), location.clone(), upload_id.to_owned());
            let address = target.address.clone();
            move || Upload::find(&store, &location, address, &id)
        };
        // Before the body is read, so that a wrong upload costs nothing.
        let upload = spawn_blocking(find).await?;
        let options = PutOptions {
            without_md5: false,
            ..options.clone()
        };
        let address = target.address.clone();
        let body = Begun::read(body).await?;
        let stored = write_body(
            &self.core,
            target.address,
            body,
            &options,
            Manner::PART,
            move |file| upload.keep(file, number).map(drop),
        )
        .await;
        match stored {
            Ok(stored) => Ok(UploadedPart {
                number,
                etag: stored.md5,
            }),
            // The upload was completed or aborted while the part arrived.
            Err(BlockError::Unavailable { .. })
                if self
                    .with_upload(location, upload_id, |_, _| Ok(()))
                    .await
                    .is_err() =>
            {
                Err(BlockError::no_such_upload(&address))
            }
            Err(error) => Err(error),
        }
    }

    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError> {
        let from = self.get(source, range).await?;
        let body = PutBody {
            length: Some(from.length),
            stream: from.stream,
        };
        let options = PutOptions::default();
        self.upload_part(location, upload_id, number, body, &options)
            .await
    }

    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError> {
        self.with_upload(location, upload_id, move |upload, _| {
            let parts = upload.parts().map_err(|error| upload.fail(error))?;
            let after = parts.into_values().filter(|part| part.number > after);
            Ok(after.take(limit).collect())
        })
        .await
    }

    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError> {
        let parts = parts.to_vec();
        self.with_upload(location, upload_id, move |upload, target| {
            upload.complete(target, &parts)
        })
        .await
    }

    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError> {
        let target = self.target(location)?;
        let (core, wanted) = (Arc::clone(&self.core), target_text(location));
        spawn_blocking(move || {
            uploads_of(&core, &wanted).map_err(|error| io_error("upload", &target.address, error))
        })
        .await
    }

    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError> {
        let removed = self
            .with_upload(location, upload_id, |upload, _| {
                upload
                    .remove()
                    .map_err(|error| io_error("abort", &upload.address, error))
            })
            .await;
        match removed {
            Err(BlockError::NoSuchUpload { .. }) => Ok(()),
            removed => removed,
        }
    }
}
