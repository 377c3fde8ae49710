//! A recorded installation read and rewritten through the store: every metarange, from its records,
//! gets the id it has.

use std::process::Command;
use std::sync::Arc;

use lakefs_block::BlockStore;
use lakefs_tree::{TreeConfig, TreeStore, WriterOptions};
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::support::{local, memory, run, shared};

#[test]
fn every_recorded_metarange_reads_and_is_written_again_with_its_id() {
    let Some(archive) = shared("golden/objects.tar.xz") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .args([
            "xJf".as_ref(),
            archive.as_os_str(),
            "-C".as_ref(),
            directory.path().as_os_str(),
        ])
        .status()
        .unwrap();
    assert!(status.success());
    let blocks = local(directory.path().to_owned());
    let store = TreeStore::new(blocks as Arc<dyn BlockStore>, TreeConfig::default());
    let mut seen = 0;
    for repository in ["golden", "many"] {
        let ns = StorageNamespace::new(&format!("local://gold/{repository}")).unwrap();
        let tables = directory
            .path()
            .join("gold")
            .join(repository)
            .join("_lakefs");
        for entry in std::fs::read_dir(tables).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Ok(id) = name.parse::<MetaRangeId>() else {
                continue;
            };
            run(async {
                let info = store.inspect(&ns, &name).await.unwrap();
                if info.property("type") != Some(b"metaranges") {
                    return;
                }
                // Dumps of references have metadata that is part of their tables' ids.
                let metadata = info
                    .properties
                    .iter()
                    .filter(|(name, _)| {
                        matches!(&name[..], b"entity" | b"schema_name" | b"schema_definition")
                    })
                    .map(|(name, value)| {
                        [name, value].map(|text| String::from_utf8(text.clone()).unwrap())
                    })
                    .map(|[name, value]| (name, value))
                    .collect();
                let (_, ours, mem) = memory(50_000);
                let mut writer = ours.writer(&mem, WriterOptions { metadata });
                let mut iter = store.iter(&ns, &id).await.unwrap();
                let mut by_range = store.ranges(&ns, &id).await.unwrap().into_iter();
                let mut end = by_range.next();
                while let Some(record) = iter.next().await.unwrap() {
                    writer
                        .write_record(record.key, record.identity, record.data)
                        .await
                        .unwrap();
                    // Where a commit stopped rewriting is not in the records.
                    if end
                        .as_ref()
                        .is_some_and(|range| range.max_key == record.key)
                    {
                        writer.end_range().await.unwrap();
                        end = by_range.next();
                    }
                }
                assert_eq!(writer.finish().await.unwrap(), id);
                seen += 1;
            });
        }
    }
    assert!(seen > 10, "{seen}");
}
