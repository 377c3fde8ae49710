//! A disk that loses what was not synced.
//!
//! - Bytes survive once their file was synced after they were written.
//! - A name (made, renamed, removed) survives once its directory was synced afterwards; stricter than
//!   file systems in use, which keep a new file's name with its data.
//! - A sync saves what was there when it began, from the moment it ends.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::trace::Call;

const PAGE: usize = 4096;

/// What is left when the power is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Survival {
    /// What was synced.
    SyncedOnly,
    /// And some of the pages that were not, by seed.
    SomePages(u64),
    /// Everything: the process was killed, not the machine.
    Everything,
}

/// A file's bytes; zeros follow up to its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Content {
    bytes: Vec<u8>,
    length: u64,
}

impl Content {
    fn write(&mut self, at: u64, bytes: &[u8]) {
        let start = usize::try_from(at).unwrap();
        let end = start + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[start..end].copy_from_slice(bytes);
        self.length = self.length.max(u64::try_from(end).unwrap());
    }

    fn set_length(&mut self, length: u64) {
        self.bytes.truncate(usize::try_from(length).unwrap());
        self.length = length;
    }

    fn page(&self, number: usize) -> Vec<u8> {
        let start = (number * PAGE).min(self.bytes.len());
        let mut page = self.bytes[start..(start + PAGE).min(self.bytes.len())].to_vec();
        page.resize(PAGE, 0);
        page
    }

    /// This content with some pages as in `newer`.
    fn with_some_pages(&self, newer: &Self, seed: u64) -> Self {
        let mut mixed = self.clone();
        mixed.length = newer.length;
        mixed.bytes.truncate(usize::try_from(newer.length).unwrap());
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for number in 0..newer.bytes.len().div_ceil(PAGE) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let page = newer.page(number);
            if state.is_multiple_of(2) && page != self.page(number) {
                mixed.write(u64::try_from(number * PAGE).unwrap(), &page);
            }
        }
        mixed.length = newer.length;
        mixed
    }
}

#[derive(Debug, Clone)]
enum Node {
    File { now: Content, saved: Content },
    Directory { now: Names, saved: Names },
}

type Names = BTreeMap<OsString, usize>;

#[derive(Debug, Clone)]
enum Snapshot {
    File(Content),
    Directory(Names),
}

#[derive(Debug, Clone, Copy)]
struct Descriptor {
    position: u64,
    append: bool,
}

/// Everything below one directory, as it is and as it would survive.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    descriptors: HashMap<u32, Descriptor>,
    syncing: HashMap<u32, Option<(usize, Snapshot)>>,
}

impl Disk {
    /// An empty one; `root` itself is there for good.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            nodes: vec![directory()],
            descriptors: HashMap::new(),
            syncing: HashMap::new(),
        }
    }

    /// Applies a call.
    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Open {
                fd,
                path,
                create,
                truncate,
                append,
            } => {
                self.open(path, *create, *truncate);
                let append = *append;
                self.descriptors.insert(
                    *fd,
                    Descriptor {
                        position: 0,
                        append,
                    },
                );
            }
            Call::Seek { fd, position } => {
                if let Some(descriptor) = self.descriptors.get_mut(fd) {
                    descriptor.position = *position;
                }
            }
            Call::Write {
                fd,
                path,
                at,
                bytes,
            } => self.write(*fd, path, *at, bytes),
            Call::SetLength { path, length } => {
                if let Some(Node::File { now, .. }) = self.find(path).map(|id| &mut self.nodes[id])
                {
                    now.set_length(*length);
                }
            }
            Call::SyncBegins { thread, path } => {
                let snapshot = self.find(path).map(|id| {
                    let snapshot = match &self.nodes[id] {
                        Node::File { now, .. } => Snapshot::File(now.clone()),
                        Node::Directory { now, .. } => Snapshot::Directory(now.clone()),
                    };
                    (id, snapshot)
                });
                self.syncing.insert(*thread, snapshot);
            }
            Call::SyncEnds { thread } => self.save(*thread),
            Call::Rename { from, to } => self.rename(from, to),
            Call::Remove { path } => {
                if let Some((parent, name)) = self.parent(path) {
                    self.names(parent).remove(&name);
                }
            }
            Call::MakeDirectory { path } => self.make(path, directory()),
        }
    }

    /// Whether a thread is syncing something here.
    pub(crate) fn is_syncing(&self, thread: u32) -> bool {
        matches!(self.syncing.get(&thread), Some(Some(_)))
    }

    fn save(&mut self, thread: u32) {
        let Some((id, snapshot)) = self.syncing.remove(&thread).flatten() else {
            return;
        };
        match (&mut self.nodes[id], snapshot) {
            (Node::File { saved, .. }, Snapshot::File(content)) => *saved = content,
            (Node::Directory { saved, .. }, Snapshot::Directory(names)) => *saved = names,
            _ => unreachable!("a file stays one"),
        }
    }

    fn open(&mut self, path: &Path, create: bool, truncate: bool) {
        if create && self.find(path).is_none() && self.parent(path).is_some() {
            let empty = Node::File {
                now: Content::default(),
                saved: Content::default(),
            };
            self.make(path, empty);
        }
        if truncate
            && let Some(Node::File { now, .. }) = self.find(path).map(|id| &mut self.nodes[id])
        {
            now.set_length(0);
        }
    }

    fn write(&mut self, fd: u32, path: &Path, at: Option<u64>, bytes: &[u8]) {
        let Some(id) = self.find(path) else {
            return;
        };
        let Node::File { now, .. } = &mut self.nodes[id] else {
            unreachable!("directories are not written to");
        };
        let descriptor = self.descriptors.get_mut(&fd).unwrap();
        let start = at.unwrap_or(if descriptor.append {
            now.length
        } else {
            descriptor.position
        });
        now.write(start, bytes);
        if at.is_none() {
            descriptor.position = start + u64::try_from(bytes.len()).unwrap();
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let (Some((from, old)), Some((to, new))) = (self.parent(from), self.parent(to)) else {
            return;
        };
        let id = self.names(from).remove(&old).unwrap();
        self.names(to).insert(new, id);
    }

    fn make(&mut self, path: &Path, node: Node) {
        if let Some((parent, name)) = self.parent(path) {
            self.nodes.push(node);
            let id = self.nodes.len() - 1;
            self.names(parent).insert(name, id);
        }
    }

    fn names(&mut self, id: usize) -> &mut Names {
        match &mut self.nodes[id] {
            Node::Directory { now, .. } => now,
            Node::File { .. } => unreachable!("a file holds no names"),
        }
    }

    /// The node of a path below the root.
    fn find(&self, path: &Path) -> Option<usize> {
        let mut id = 0;
        for component in path.strip_prefix(&self.root).ok()?.components() {
            let Component::Normal(name) = component else {
                panic!("{} is not plain", path.display());
            };
            let Node::Directory { now, .. } = &self.nodes[id] else {
                return None;
            };
            id = *now.get(name)?;
        }
        Some(id)
    }

    fn parent(&self, path: &Path) -> Option<(usize, OsString)> {
        Some((self.find(path.parent()?)?, path.file_name()?.to_owned()))
    }

    /// Writes out what survives.
    pub(crate) fn write_out(&self, target: &Path, survival: Survival) {
        self.write_node(0, target, survival);
    }

    fn write_node(&self, id: usize, target: &Path, survival: Survival) {
        match &self.nodes[id] {
            Node::Directory { now, saved } => {
                std::fs::create_dir(target).unwrap();
                let names = match survival {
                    Survival::Everything => now,
                    _ => saved,
                };
                for (name, child) in names {
                    self.write_node(*child, &target.join(name), survival);
                }
            }
            Node::File { now, saved } => {
                let mixed;
                let content = match survival {
                    Survival::Everything => now,
                    Survival::SyncedOnly => saved,
                    Survival::SomePages(seed) => {
                        let seed = seed + u64::try_from(id).unwrap();
                        mixed = saved.with_some_pages(now, seed);
                        &mixed
                    }
                };
                std::fs::write(target, &content.bytes).unwrap();
                let file = std::fs::OpenOptions::new()
                    .write(true)
                    .open(target)
                    .unwrap();
                file.set_len(content.length).unwrap();
            }
        }
    }
}

fn directory() -> Node {
    Node::Directory {
        now: Names::new(),
        saved: Names::new(),
    }
}
