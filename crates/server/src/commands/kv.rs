//! `lakefs kv`: looks into the key-value store and loads records into it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_kv::{KvStore, Predicate, Write};
use serde::Deserialize;

use super::CommandError;
use crate::cli::{KvCommand, LoadStrategy};
use crate::console::say;
use crate::settings::Settings;
use crate::wiring;

/// Records written at a time: a few megabytes at most.
const BATCH: usize = 1000;
const SCAN_PAGE: usize = 1000;

pub(super) async fn kv(settings: Settings, command: KvCommand) -> Result<(), CommandError> {
    let kv = wiring::open_kv(&settings).await?;
    match command {
        KvCommand::Get { partition, key } => get(&*kv, &partition, &key).await,
        KvCommand::Scan {
            partition,
            start,
            until,
            limit,
        } => scan(&*kv, &partition, &start, until.as_deref(), limit).await,
        KvCommand::Load { input, strategy } => {
            let records = read_records(&input)?;
            let count = load(&*kv, records, strategy).await?;
            say(&format!("{count} records loaded"));
            Ok(())
        }
    }
}

async fn get(kv: &dyn KvStore, partition: &str, key: &str) -> Result<(), CommandError> {
    let value = kv
        .get(partition.as_bytes(), key.as_bytes())
        .await
        .map_err(CommandError::Kv)?
        .ok_or_else(|| CommandError::Refused(format!("no key {key} in partition {partition}")))?;
    say(&readable(&value));
    Ok(())
}

async fn scan(
    kv: &dyn KvStore,
    partition: &str,
    start: &str,
    until: Option<&str>,
    limit: usize,
) -> Result<(), CommandError> {
    let mut from = start.as_bytes().to_vec();
    let mut left = limit;
    while left > 0 {
        let page = kv
            .scan(partition.as_bytes(), &from, left.min(SCAN_PAGE))
            .await
            .map_err(CommandError::Kv)?;
        for (key, _) in page.iter() {
            if until.is_some_and(|until| key >= until.as_bytes()) {
                return Ok(());
            }
            say(&readable(key));
            left -= 1;
        }
        match page.last_key() {
            Some(last) if page.has_more() => from = [last, &[0]].concat(),
            _ => return Ok(()),
        }
    }
    Ok(())
}

fn readable(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
        .map_or_else(|| STANDARD.encode(bytes), str::to_owned)
}

/// A record to store.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    partition: Vec<u8>,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// A record of a dump: names as text, the value in base64.
#[derive(Debug, Deserialize)]
struct DumpEntry {
    partition: String,
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct Dump {
    version: String,
    entries: Vec<DumpEntry>,
}

fn read_records(input: &Path) -> Result<Vec<Record>, CommandError> {
    let failed = |source| CommandError::Io {
        what: format!("cannot read {}", input.display()),
        source,
    };
    let mut reader: Box<dyn BufRead> = if input == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(std::fs::File::open(input).map_err(failed)?))
    };
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(failed)?;
    parse_records(&text).map_err(CommandError::Refused)
}

/// Reads a dump (one JSON object with entries) or lines of JSON (every field in base64, as keys need
/// not be text).
fn parse_records(text: &str) -> Result<Vec<Record>, String> {
    if let Ok(dump) = serde_json::from_str::<Dump>(text) {
        if dump.version != "1.0" {
            return Err(format!(
                "this dump has version {:?}; 1.0 can be read",
                dump.version
            ));
        }
        return dump
            .entries
            .into_iter()
            .map(|entry| {
                Ok(Record {
                    value: decode(&entry.value, &entry.key)?,
                    partition: entry.partition.into_bytes(),
                    key: entry.key.into_bytes(),
                })
            })
            .collect();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let place = format!("line {}", index + 1);
            let entry: DumpEntry =
                serde_json::from_str(line).map_err(|error| format!("{place}: {error}"))?;
            Ok(Record {
                partition: decode(&entry.partition, &place)?,
                key: decode(&entry.key, &place)?,
                value: decode(&entry.value, &place)?,
            })
        })
        .collect()
}

fn decode(text: &str, place: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .map_err(|error| format!("{place}: not base64: {error}"))
}

async fn load(
    kv: &dyn KvStore,
    records: Vec<Record>,
    strategy: LoadStrategy,
) -> Result<usize, CommandError> {
    let mut partitions: BTreeMap<Vec<u8>, Vec<Record>> = BTreeMap::new();
    for record in records {
        partitions
            .entry(record.partition.clone())
            .or_default()
            .push(record);
    }
    let mut stored = 0;
    for (partition, records) in &partitions {
        match strategy {
            LoadStrategy::Overwrite => {
                for batch in records.chunks(BATCH) {
                    let writes: Vec<_> = batch
                        .iter()
                        .map(|record| Write::Set {
                            key: &record.key,
                            value: &record.value,
                        })
                        .collect();
                    kv.write_batch(partition, &writes)
                        .await
                        .map_err(CommandError::Kv)?;
                    stored += batch.len();
                }
            }
            LoadStrategy::Skip => {
                for record in records {
                    let outcome = kv
                        .set_if(partition, &record.key, &record.value, Predicate::Absent)
                        .await
                        .map_err(CommandError::Kv)?;
                    stored += usize::from(outcome == lakefs_kv::SetIfOutcome::Stored);
                }
            }
        }
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use lakefs_kv::MemKv;

    use super::*;

    const DUMP: &str = r#"{"version":"1.0","timestamp":"2026-01-01T00:00:00Z",
        "entries":[{"partition":"auth","key":"k","value":"djE="}]}"#;

    #[test]
    fn dumps_and_lines_are_read() {
        let record = Record {
            partition: b"auth".to_vec(),
            key: b"k".to_vec(),
            value: b"v1".to_vec(),
        };
        assert_eq!(parse_records(DUMP), Ok(vec![record]));
        let lines = "{\"partition\":\"YXV0aA==\",\"key\":\"aw==\",\"value\":\"\"}\n\n";
        assert_eq!(parse_records(lines).unwrap()[0].key, b"k");
        assert!(
            parse_records("{\"partition\":\"auth\"}")
                .unwrap_err()
                .starts_with("line 1")
        );
        assert!(parse_records(&DUMP.replace("1.0", "2.0")).is_err());
    }

    #[tokio::test]
    async fn skipping_keeps_what_is_there_and_overwriting_does_not() {
        let kv = MemKv::new();
        kv.set(b"auth", b"k", b"v0").await.unwrap();
        let records = || parse_records(DUMP).unwrap();
        assert_eq!(load(&kv, records(), LoadStrategy::Skip).await.unwrap(), 0);
        assert_eq!(kv.get(b"auth", b"k").await.unwrap().unwrap(), "v0");
        assert_eq!(
            load(&kv, records(), LoadStrategy::Overwrite).await.unwrap(),
            1
        );
        assert_eq!(kv.get(b"auth", b"k").await.unwrap().unwrap(), "v1");
    }
}
