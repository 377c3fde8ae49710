//! Hand-written JSON of the answers that are asked for most, straight from what the use-cases answer.
//!
//! Fields are in the contract's (alphabetical) order. Every function here has a test that reads its
//! text back through the wire type of the same name.

use lakefs_service::{
    Commit, Difference, DifferenceKind, Listed, ListedObject, ObjectStats, ObjectsPage, Page, Ref,
    Result,
};
use lakefs_wire as wire;

use crate::json::JsonWriter;
use crate::respond::Written;

/// Largest page of any list, as every page says.
const MAX_PER_PAGE: i64 = 1000;

/// A branch or a tag.
pub(crate) fn reference(reference: &Ref) -> Written<wire::Ref> {
    let mut json = JsonWriter::with_capacity(128);
    write_ref(&mut json, reference);
    Written::new(json)
}

/// A page of branches or tags.
pub(crate) fn references(page: &Page<Ref>) -> Written<wire::RefList> {
    Written::new(write_page(page, 128, write_ref))
}

/// A commit.
pub(crate) fn commit(commit: &Commit) -> Written<wire::Commit> {
    let mut json = JsonWriter::with_capacity(512);
    write_commit(&mut json, commit);
    Written::new(json)
}

/// A page of commits.
pub(crate) fn commits(page: &Page<Commit>) -> Written<wire::CommitList> {
    Written::new(write_page(page, 448, write_commit))
}

/// A page of differences.
pub(crate) fn differences(page: &Page<Difference>) -> Written<wire::DiffList> {
    Written::new(write_page(page, 128, write_difference))
}

/// An object.
pub(crate) fn object(stats: &ObjectStats) -> Written<wire::ObjectStats> {
    let mut json = JsonWriter::with_capacity(512);
    json.raw("{\"checksum\":")
        .string(&stats.checksum)
        .raw(",\"content_type\":")
        .string(&stats.content_type);
    if let Some(metadata) = &stats.metadata {
        json.raw(",\"metadata\":")
            .map(metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    }
    json.raw(",\"mtime\":")
        .integer(stats.mtime)
        .raw(",\"path\":")
        .string(&stats.path)
        .raw(",\"path_type\":\"object\",\"physical_address\":")
        .string(&stats.physical_address);
    if let Some(expiry) = stats.physical_address_expiry {
        json.raw(",\"physical_address_expiry\":").integer(expiry);
    }
    json.raw(",\"size_bytes\":")
        .integer(stats.size_bytes)
        .raw("}");
    Written::new(json)
}

/// A page of objects and prefixes.
pub(crate) fn objects(page: &ObjectsPage) -> Result<Written<wire::ObjectStatsList>> {
    let mut json = JsonWriter::with_capacity(256 + page.len() * 336);
    write_pagination(&mut json, page.has_more(), page.next_offset(), page.len());
    let mut failure = None;
    json.separated('[', ']', page.iter(), |json, item| match item {
        Ok(Listed::Prefix(path)) => {
            json.raw("{\"checksum\":\"\",\"mtime\":0,\"path\":")
                .string(path)
                .raw(",\"path_type\":\"common_prefix\",\"physical_address\":\"\"}");
        }
        Ok(Listed::Object(object)) => write_listed(json, &object),
        Err(error) => failure = Some(error),
    });
    json.raw("}");
    match failure {
        Some(error) => Err(error),
        None => Ok(Written::new(json)),
    }
}

fn write_listed(json: &mut JsonWriter, object: &ListedObject<'_>) {
    json.raw("{\"checksum\":")
        .string(object.checksum)
        .raw(",\"content_type\":")
        .string(object.content_type);
    if let Some(metadata) = object.metadata.as_ref().filter(|pairs| !pairs.is_empty()) {
        json.raw(",\"metadata\":").map(metadata.iter().copied());
    }
    json.raw(",\"mtime\":")
        .integer(object.mtime)
        .raw(",\"path\":")
        .string(object.path)
        .raw(",\"path_type\":\"object\",\"physical_address\":")
        .string_of_two(&object.physical_address.base, object.physical_address.rest);
    if let Some(expiry) = object.physical_address_expiry {
        json.raw(",\"physical_address_expiry\":").integer(expiry);
    }
    json.raw(",\"size_bytes\":")
        .integer(object.size_bytes)
        .raw("}");
}

fn write_ref(json: &mut JsonWriter, reference: &Ref) {
    json.raw("{\"commit_id\":")
        .string(&reference.commit_id)
        .raw(",\"id\":")
        .string(&reference.id)
        .raw("}");
}

fn write_commit(json: &mut JsonWriter, commit: &Commit) {
    json.raw("{\"committer\":")
        .string(commit.committer())
        .raw(",\"creation_date\":")
        .integer(commit.creation_date())
        .raw(",\"generation\":")
        .integer(i64::from(commit.generation()))
        .raw(",\"id\":")
        .string(commit.id())
        .raw(",\"message\":")
        .string(commit.message())
        .raw(",\"meta_range_id\":")
        .string(commit.meta_range_id())
        .raw(",\"metadata\":")
        .map(commit.metadata())
        .raw(",\"parents\":")
        .strings(commit.parents())
        .raw(",\"version\":")
        .integer(i64::from(commit.version()))
        .raw("}");
}

fn write_difference(json: &mut JsonWriter, difference: &Difference) {
    json.raw("{\"path\":")
        .string(&difference.path)
        .raw(",\"path_type\":")
        .raw(if difference.is_prefix {
            "\"common_prefix\""
        } else {
            "\"object\""
        });
    if let Some(right) = &difference.right {
        json.raw(",\"right\":{\"checksum\":")
            .string(&right.checksum)
            .raw(",\"content_type\":")
            .string(&right.content_type)
            .raw(",\"metadata\":")
            .map(right.metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())))
            .raw(",\"mtime\":")
            .integer(right.mtime)
            .raw("}");
    }
    if let Some(size) = difference.size_bytes {
        json.raw(",\"size_bytes\":").integer(size);
    }
    json.raw(",\"type\":\"")
        .raw(match difference.kind {
            DifferenceKind::Added => "added",
            DifferenceKind::Removed => "removed",
            DifferenceKind::Changed => "changed",
            DifferenceKind::Conflict => "conflict",
            DifferenceKind::PrefixChanged => "prefix_changed",
        })
        .raw("\"}");
}

fn write_page<T>(
    page: &Page<T>,
    item_size: usize,
    mut write: impl FnMut(&mut JsonWriter, &T),
) -> JsonWriter {
    let mut json = JsonWriter::with_capacity(128 + page.results.len() * item_size);
    write_pagination(
        &mut json,
        page.has_more,
        &page.next_offset,
        page.results.len(),
    );
    json.separated('[', ']', page.results.iter(), |json, item| {
        write(json, item);
    });
    json.raw("}");
    json
}

/// Opens the object of a list and leaves it before the value of `results`.
fn write_pagination(json: &mut JsonWriter, has_more: bool, next_offset: &str, results: usize) {
    json.raw("{\"pagination\":{\"has_more\":")
        .flag(has_more)
        .raw(",\"max_per_page\":")
        .integer(MAX_PER_PAGE)
        .raw(",\"next_offset\":")
        .string(next_offset)
        .raw(",\"results\":")
        .integer(i64::try_from(results).unwrap_or(i64::MAX))
        .raw("},\"results\":");
}

/// The page description of a list that is not hand-written.
pub(crate) fn pagination<T>(page: &Page<T>) -> wire::Pagination {
    wire::Pagination {
        has_more: page.has_more,
        max_per_page: MAX_PER_PAGE,
        next_offset: page.next_offset.clone(),
        results: i64::try_from(page.results.len()).unwrap_or(i64::MAX),
    }
}
