//! Objects in memory: for tests and for trying things out. Nothing survives the process.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use lakefs_runtime::{Ids, Timestamp};
use lakefs_types::StorageNamespace;
use md5::{Digest as _, Md5};
use parking_lot::RwLock;

use crate::location::resolve_url;
use crate::store::{check_parts, multipart_etag};
use crate::{
    Address, BlockError, BlockStore, BodyReader, ByteRange, GetOutcome, Location, MultipartStore,
    ObjectInfo, PartInfo, Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor,
    UploadedPart, range,
};

#[derive(Debug, Clone)]
struct Stored {
    bytes: Bytes,
    etag: String,
    modified: Timestamp,
    storage_class: Option<String>,
}

#[derive(Debug, Default)]
struct Upload {
    location: Option<Location>,
    storage_class: Option<String>,
    parts: BTreeMap<u32, Stored>,
}

/// A store whose objects are gone with it. Scheme `mem://`.
#[derive(Debug)]
pub struct MemBlockStore {
    descriptor: StoreDescriptor,
    ids: Arc<Ids>,
    objects: RwLock<HashMap<Location, Stored>>,
    uploads: RwLock<HashMap<String, Upload>>,
}

impl MemBlockStore {
    /// An empty store; `ids` dates its objects and names its uploads.
    pub fn new(ids: Arc<Ids>) -> Self {
        Self {
            descriptor: StoreDescriptor {
                kind: "mem",
                scheme: "mem",
                namespace_validity_regex: "^mem://".to_owned(),
                namespace_example: "mem://example-bucket/".to_owned(),
                default_namespace_prefix: None,
                presign: false,
                presign_ui: false,
                presign_multipart: false,
                import: false,
                import_validity_regex: "^mem://".to_owned(),
            },
            ids,
            objects: RwLock::default(),
            uploads: RwLock::default(),
        }
    }

    /// Every object's place, sorted.
    pub fn locations(&self) -> Vec<Location> {
        let mut all: Vec<_> = self.objects.read().keys().cloned().collect();
        all.sort_by(|a, b| (&a.bucket, &a.key).cmp(&(&b.bucket, &b.key)));
        all
    }

    /// Replaces the bytes of an object behind everybody's back, for tests of corruption.
    pub fn overwrite(&self, location: &Location, bytes: impl Into<Bytes>) {
        let stored = self.stored(bytes.into(), None);
        self.objects.write().insert(location.clone(), stored);
    }

    fn stored(&self, bytes: Bytes, storage_class: Option<String>) -> Stored {
        Stored {
            etag: hex::encode(Md5::digest(&bytes)),
            bytes,
            modified: self.ids.clock().now(),
            storage_class,
        }
    }

    fn find(&self, location: &Location) -> Result<Stored, BlockError> {
        let found = self.objects.read().get(location).cloned();
        found.ok_or_else(|| BlockError::NotFound {
            address: self.physical_address(location),
        })
    }

    fn slice(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<(Bytes, u64, u64), BlockError> {
        let stored = self.find(location)?;
        let size = stored.bytes.len() as u64;
        let (start, length) =
            range::resolve(range, size).ok_or_else(|| BlockError::RangeNotSatisfiable {
                address: self.physical_address(location),
                size,
            })?;
        let at = |offset| usize::try_from(offset).expect("an offset into bytes in memory");
        Ok((
            stored.bytes.slice(at(start)..at(start + length)),
            start,
            size,
        ))
    }
}

async fn read_all(body: PutBody, options: &PutOptions) -> Result<Bytes, BlockError> {
    let mut reader = BodyReader::new(body);
    let mut all = BytesMut::new();
    while let Some(chunk) = reader.next().await? {
        all.extend_from_slice(&chunk);
    }
    if options.expected_md5.is_some() {
        options.check_md5(Md5::digest(&all).into())?;
    }
    Ok(all.freeze())
}

#[async_trait]
impl BlockStore for MemBlockStore {
    fn descriptor(&self) -> &StoreDescriptor {
        &self.descriptor
    }

    fn locate(
        &self,
        namespace: &StorageNamespace,
        address: Address<'_>,
    ) -> Result<Location, BlockError> {
        resolve_url("mem", namespace, address)
    }

    fn physical_address(&self, location: &Location) -> String {
        format!("mem://{}/{}", location.bucket, location.key)
    }

    async fn put(
        &self,
        location: &Location,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        let bytes = read_all(body, options).await?;
        let stored = self.stored(bytes, options.storage_class.clone());
        let outcome = PutOutcome {
            size: stored.bytes.len() as u64,
            md5: stored.etag.clone(),
        };
        self.objects.write().insert(location.clone(), stored);
        Ok(outcome)
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        let (bytes, start, size) = self.slice(location, range)?;
        Ok(GetOutcome {
            size,
            start,
            length: bytes.len() as u64,
            stream: PutBody::from_bytes(bytes).stream,
        })
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        Ok(self.objects.read().get(location).map(info))
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        self.objects.write().remove(location);
        Ok(())
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        let mut stored = self.find(source)?;
        stored.modified = self.ids.clock().now();
        self.objects.write().insert(target.clone(), stored);
        Ok(())
    }

    async fn presign(
        &self,
        _location: &Location,
        _what: &Presign,
        _valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        Err(BlockError::Unsupported {
            operation: "presign",
        })
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        Some(self)
    }

    fn local_file(&self, _location: &Location) -> Option<PathBuf> {
        None
    }
}

fn info(stored: &Stored) -> ObjectInfo {
    ObjectInfo {
        size: stored.bytes.len() as u64,
        modified: stored.modified,
        etag: Some(stored.etag.clone()),
        storage_class: stored.storage_class.clone(),
    }
}

impl MemBlockStore {
    fn keep_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        bytes: Bytes,
    ) -> Result<UploadedPart, BlockError> {
        let stored = self.stored(bytes, None);
        let etag = stored.etag.clone();
        let mut uploads = self.uploads.write();
        self.find_upload(&mut uploads, location, upload_id)?
            .parts
            .insert(number, stored);
        Ok(UploadedPart { number, etag })
    }

    fn find_upload<'a>(
        &self,
        uploads: &'a mut HashMap<String, Upload>,
        location: &Location,
        upload_id: &str,
    ) -> Result<&'a mut Upload, BlockError> {
        uploads
            .get_mut(upload_id)
            .filter(|upload| upload.location.as_ref() == Some(location))
            .ok_or_else(|| BlockError::no_such_upload(&self.physical_address(location)))
    }
}

#[async_trait]
impl MultipartStore for MemBlockStore {
    async fn create(
        &self,
        location: &Location,
        options: &PutOptions,
    ) -> Result<String, BlockError> {
        let id = hex::encode(self.ids.random::<16>());
        let upload = Upload {
            location: Some(location.clone()),
            storage_class: options.storage_class.clone(),
            parts: BTreeMap::new(),
        };
        self.uploads.write().insert(id.clone(), upload);
        Ok(id)
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
        let bytes = read_all(body, options).await?;
        self.keep_part(location, upload_id, number, bytes)
    }

    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError> {
        BlockError::check_part_number(number)?;
        let (bytes, _, _) = self.slice(source, range)?;
        self.keep_part(location, upload_id, number, bytes)
    }

    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError> {
        let mut uploads = self.uploads.write();
        let upload = self.find_upload(&mut uploads, location, upload_id)?;
        let parts = upload.parts.range(after.saturating_add(1)..);
        let listed = parts.take(limit).map(|(number, part)| PartInfo {
            number: *number,
            etag: part.etag.clone(),
            size: part.bytes.len() as u64,
            modified: part.modified,
        });
        Ok(listed.collect())
    }

    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError> {
        let mut uploads = self.uploads.write();
        let upload = self.find_upload(&mut uploads, location, upload_id)?;
        check_parts(parts, |number| {
            upload.parts.get(&number).map(|part| part.etag.clone())
        })?;
        let mut all = BytesMut::new();
        for part in parts
            .iter()
            .filter_map(|part| upload.parts.get(&part.number))
        {
            all.extend_from_slice(&part.bytes);
        }
        let mut stored = self.stored(all.freeze(), upload.storage_class.clone());
        stored.etag = multipart_etag(parts)?;
        let outcome = info(&stored);
        uploads.remove(upload_id);
        self.objects.write().insert(location.clone(), stored);
        Ok(outcome)
    }

    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError> {
        let uploads = self.uploads.read();
        let of = uploads
            .iter()
            .filter(|(_, upload)| upload.location.as_ref() == Some(location));
        Ok(of.map(|(id, _)| id.clone()).collect())
    }

    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError> {
        let mut uploads = self.uploads.write();
        if self.find_upload(&mut uploads, location, upload_id).is_ok() {
            uploads.remove(upload_id);
        }
        Ok(())
    }
}
