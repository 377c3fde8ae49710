//! Listing named records: a page of the keys below a prefix.

use crate::engine::Inner;
use crate::{Damaged, Error, ListRefs, Page, Result};

/// Most records asked for in one scan.
const MAX_SCAN: usize = 1000;

impl Inner {
    /// Records of a partition whose key is `kind` and a name within the list's bounds; `keep` decodes
    /// one, or leaves it out.
    pub(crate) async fn list_names<T>(
        &self,
        partition: &[u8],
        kind: &str,
        list: &ListRefs,
        mut keep: impl FnMut(&str, &[u8]) -> Result<Option<T>>,
    ) -> Result<Page<T>> {
        let prefix = [kind, &list.prefix].concat().into_bytes();
        let mut start = prefix.clone();
        if !list.after.is_empty() {
            start = start.max([kind, &list.after, "\0"].concat().into_bytes());
        }
        let wanted = list.amount.saturating_add(1);
        let mut listed = Page::new();
        loop {
            let limit = (wanted - listed.items.len()).min(MAX_SCAN);
            let page = self
                .parts
                .kv
                .scan(partition, &start, limit)
                .await
                .map_err(Error::Kv)?;
            for (key, value) in page.iter() {
                if !key.starts_with(&prefix) {
                    return Ok(listed);
                }
                let name = key
                    .get(kind.len()..)
                    .and_then(|name| std::str::from_utf8(name).ok());
                // Every writer names these in UTF-8; anything else is not a name.
                let Some(name) = name else { continue };
                let item = match keep(name, value) {
                    Ok(None) => continue,
                    Ok(Some(item)) => Ok(item),
                    Err(error @ Error::Corrupt { .. }) => Err(Damaged {
                        name: name.to_owned(),
                        error,
                    }),
                    Err(error) => return Err(error),
                };
                if !listed.push(name, item, list.amount) {
                    return Ok(listed);
                }
            }
            let (true, Some(end)) = (page.has_more(), page.last_key()) else {
                return Ok(listed);
            };
            start = [end, &[0]].concat();
        }
    }
}
