//! Where log lines go: standard output, standard error, or a file that is set aside when it is full.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One place for lines.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    Stderr,
    File(RotatingFile),
}

impl Output {
    /// Opens the place a setting names: `-`, `=` or a path.
    pub(super) fn open(name: &str, max_bytes: u64, keep: usize) -> std::io::Result<Self> {
        Ok(match name {
            "-" => Self::Stdout,
            "=" => Self::Stderr,
            path => Self::File(RotatingFile::open(Path::new(path), max_bytes, keep)?),
        })
    }

    /// Writes a line. A place that refuses it (closed pipe, full disk) loses it: logging never stops
    /// the work.
    pub(super) fn write_line(&mut self, line: &str) {
        let _lost = match self {
            Self::Stdout => std::io::stdout().lock().write_all(line.as_bytes()),
            Self::Stderr => std::io::stderr().lock().write_all(line.as_bytes()),
            Self::File(file) => file.write_line(line),
        };
    }
}

/// A file that is renamed to `name.N` (N ascending) once it is full.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    file: File,
    written: u64,
    max_bytes: u64,
    keep: usize,
}

impl RotatingFile {
    fn open(path: &Path, max_bytes: u64, keep: usize) -> std::io::Result<Self> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            written,
            max_bytes: max_bytes.max(1),
            keep,
        })
    }

    fn write_line(&mut self, line: &str) -> std::io::Result<()> {
        if self.written > 0 && self.written + line.len() as u64 > self.max_bytes {
            self.rotate()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        let mut numbers = self.set_aside()?;
        let next = numbers.last().map_or(1, |last| last + 1);
        std::fs::rename(&self.path, self.numbered(next))?;
        numbers.push(next);
        if self.keep > 0 {
            for old in numbers.iter().take(numbers.len().saturating_sub(self.keep)) {
                std::fs::remove_file(self.numbered(*old))?;
            }
        }
        *self = Self::open(&self.path, self.max_bytes, self.keep)?;
        Ok(())
    }

    fn numbered(&self, number: u64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn set_aside(&self) -> std::io::Result<Vec<u64>> {
        let directory = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(directory.unwrap_or(Path::new(".")))? {
            let entry = entry?.file_name();
            let entry = entry.to_string_lossy();
            let number: Option<u64> = entry
                .strip_prefix(&*name)
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|number| number.parse().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_set_aside_and_only_so_many_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs/out.log");
        let mut file = RotatingFile::open(&path, 10, 2).unwrap();
        for i in 0..5 {
            file.write_line(&format!("line {i} x\n")).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(directory.path().join("logs").join(name));
        assert_eq!(read("out.log").unwrap(), "line 4 x\n");
        assert_eq!(read("out.log.4").unwrap(), "line 3 x\n");
        assert_eq!(read("out.log.3").unwrap(), "line 2 x\n");
        assert!(read("out.log.2").is_err());
    }

    #[test]
    fn a_file_is_continued_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.log");
        RotatingFile::open(&path, 100, 0)
            .unwrap()
            .write_line("a\n")
            .unwrap();
        RotatingFile::open(&path, 100, 0)
            .unwrap()
            .write_line("b\n")
            .unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "a\nb\n");
    }
}
