//! Reads what `strace` writes.

use std::collections::HashMap;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The calls that change files and directories, and those that say where.
const CALLS: &str = "openat,open,creat,close,lseek,write,writev,pwrite64,pwritev,ftruncate,\
                     truncate,fallocate,copy_file_range,sendfile,fsync,fdatasync,rename,renameat,\
                     renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir";

/// How a child is traced.
pub(crate) struct Tracer {
    arguments: Vec<String>,
}

impl Tracer {
    pub(crate) fn writing_to(trace: &Path) -> Self {
        let options = [
            "strace",
            "-f",
            "-y",
            "-xx",
            "-s",
            "10000000",
            "-e",
            "signal=none",
            "-e",
        ];
        let mut arguments = options.map(str::to_owned).to_vec();
        arguments.push(format!("trace={CALLS}"));
        arguments.push("-o".to_owned());
        arguments.push(trace.to_str().unwrap().to_owned());
        Self { arguments }
    }

    pub(crate) fn wrapper(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }
}

/// A successful call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Open {
        fd: u32,
        path: PathBuf,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Seek {
        fd: u32,
        position: u64,
    },
    /// At a position, or where the descriptor stands.
    Write {
        fd: u32,
        path: PathBuf,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    SetLength {
        path: PathBuf,
        length: u64,
    },
    /// A thread begins to sync a file or directory, and later ends.
    SyncBegins {
        thread: u32,
        path: PathBuf,
    },
    SyncEnds {
        thread: u32,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeDirectory {
        path: PathBuf,
    },
}

pub(crate) fn parse(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    for line in text.lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        let thread: u32 = thread.parse().unwrap();
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            if let Some(path) = synced(begun) {
                calls.push(Call::SyncBegins { thread, path });
            }
            unfinished.insert(thread, begun.to_owned());
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let begun = unfinished.remove(&thread).unwrap();
            let (_, ended) = resumed.split_once(" resumed>").unwrap();
            if synced(&begun).is_some() {
                calls.push(Call::SyncEnds { thread });
            } else {
                calls.extend(complete(&format!("{begun}{ended}")));
            }
        } else if let Some(path) = synced(rest) {
            calls.push(Call::SyncBegins { thread, path });
            calls.push(Call::SyncEnds { thread });
        } else {
            calls.extend(complete(rest));
        }
    }
    calls
}

fn synced(call: &str) -> Option<PathBuf> {
    let argument = call
        .strip_prefix("fsync(")
        .or(call.strip_prefix("fdatasync("))?;
    Some(descriptor(argument).1)
}

/// `7</some/path>` at the start of a text.
fn descriptor(text: &str) -> (u32, PathBuf) {
    let (fd, rest) = text.split_once('<').unwrap();
    let (path, _) = rest.split_once('>').unwrap();
    // The working directory stands in for a descriptor now and then.
    (fd.parse().unwrap_or(u32::MAX), path_of(path))
}

fn path_of(escaped: &str) -> PathBuf {
    std::ffi::OsString::from_vec(unescaped(escaped)).into()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [b'\\', b'x', high, low, more @ ..] => {
                let digit = |c: u8| char::from(c).to_digit(16).unwrap();
                bytes.push(u8::try_from(digit(*high) * 16 + digit(*low)).unwrap());
                rest = more;
            }
            [byte, more @ ..] => {
                bytes.push(*byte);
                rest = more;
            }
            [] => return bytes,
        }
    }
}

/// The contents of the quoted strings of a call. With `-xx` they hold no quotes.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    arguments
        .split('"')
        .skip(1)
        .step_by(2)
        .map(unescaped)
        .collect()
}

fn paths(arguments: &str) -> Vec<PathBuf> {
    let strings = strings(arguments).into_iter();
    strings
        .map(|bytes| std::ffi::OsString::from_vec(bytes).into())
        .collect()
}

/// The path of a call `...at(directory, "name")`: absolute, or below the directory.
fn path_at(arguments: &str) -> PathBuf {
    let name = paths(arguments).swap_remove(0);
    match arguments.split_once('<') {
        Some((_, directory)) if name.is_relative() => {
            path_of(directory.split_once('>').unwrap().0).join(name)
        }
        _ => name,
    }
}

fn complete(call: &str) -> Option<Call> {
    let (head, result) = call.rsplit_once(" = ")?;
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    let (name, arguments) = head.split_once('(').unwrap();
    let last_number = || -> u64 {
        let arguments = arguments.trim_end().trim_end_matches(')');
        arguments.rsplit(", ").next().unwrap().parse().unwrap()
    };
    Some(match name {
        "openat" | "open" | "creat" => {
            let (fd, path) = descriptor(result);
            let has = |flag| name == "creat" || arguments.contains(flag);
            Call::Open {
                fd,
                path,
                create: has("O_CREAT"),
                truncate: has("O_TRUNC"),
                append: arguments.contains("O_APPEND"),
            }
        }
        "lseek" => Call::Seek {
            fd: descriptor(arguments).0,
            position: result.trim().parse().unwrap(),
        },
        "write" | "writev" | "pwrite64" => {
            let (fd, path) = descriptor(arguments);
            let mut bytes = strings(arguments).concat();
            bytes.truncate(result.trim().parse().unwrap());
            let at = (name == "pwrite64").then(last_number);
            Call::Write {
                fd,
                path,
                at,
                bytes,
            }
        }
        "ftruncate" => Call::SetLength {
            path: descriptor(arguments).1,
            length: last_number(),
        },
        "rename" | "renameat" | "renameat2" => {
            let mut both = paths(arguments);
            let to = both.pop().unwrap();
            let from = both.pop().unwrap();
            assert!(from.is_absolute() && to.is_absolute(), "{call}");
            Call::Rename { from, to }
        }
        "unlink" | "rmdir" => Call::Remove {
            path: paths(arguments).swap_remove(0),
        },
        "unlinkat" => Call::Remove {
            path: path_at(arguments),
        },
        "mkdir" => Call::MakeDirectory {
            path: paths(arguments).swap_remove(0),
        },
        "mkdirat" => Call::MakeDirectory {
            path: path_at(arguments),
        },
        "close" => return None,
        other => panic!("the model does not know {other}: {call}"),
    })
}
