//! Branches as a flat bucket shows them: as common prefixes `<name>/`, in the byte order of these.
//!
//! That is not the order of the names: `a-b/` comes before `a/`, because `-` sorts before `/`. Records are
//! kept by name, so a name is held back until no other can come that continues it with something below
//! `/`. Only names that continue each other are ever held, so that they are few.

use lakefs_types::BranchId;
use lakefs_versioning::{ListRefs, Listed, Repository};

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, PageRequest, Result, Service};

/// A page of branches in the order of their roots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BranchRoots {
    /// Names, in the order of `<name>/`.
    pub names: Vec<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Puts names that come by name into the order of `<name>/`.
#[derive(Debug, Default)]
struct RootOrder {
    /// Each continues the one before with something below `/`.
    held: Vec<String>,
    ordered: Vec<String>,
}

impl RootOrder {
    fn push(&mut self, name: String) {
        while let Some(last) = self.held.pop_if(|last| !comes_before(&name, last)) {
            self.ordered.push(last);
        }
        self.held.push(name);
    }

    /// No more names come.
    fn finish(&mut self) {
        while let Some(last) = self.held.pop() {
            self.ordered.push(last);
        }
    }
}

/// Whether the root of a name that continues or follows `other` comes before that of `other`.
fn comes_before(name: &str, other: &str) -> bool {
    let next = name.strip_prefix(other).map(str::as_bytes);
    next.and_then(<[u8]>::first)
        .is_some_and(|next| *next < b'/')
}

/// Names that are not behind `key` although their roots are: the key itself, and what it continues with
/// something below `/`. Shorter ones first.
fn names_passed(key: &str) -> impl Iterator<Item = &str> {
    let ends = 1..=key.len();
    ends.filter(|end| key.as_bytes().get(*end).is_none_or(|next| *next < b'/'))
        .filter_map(|end| key.get(..end))
        .filter(|name| BranchId::new(name).is_ok())
}

impl Service {
    /// Branches whose roots come after the key `page.after`; `page.prefix` is of names. As the use-case of
    /// `listBranches`, which it is for S3.
    pub async fn list_branch_roots(
        &self,
        caller: &Caller,
        repository: &str,
        page: PageRequest<'_>,
    ) -> Result<BranchRoots> {
        let call = Call::on("listBranches", repository);
        self.audited(caller, call, async {
            self.may_list_branches(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let limit = page.limit();
            let mut order = RootOrder::default();
            for name in names_passed(page.after).filter(|name| name.starts_with(page.prefix)) {
                let (found, _) = self.branch_names(&repository, name, "", 1).await?;
                for found in found.into_iter().filter(|found| found == name) {
                    order.push(found);
                }
            }
            let mut after = page.after.to_owned();
            while order.ordered.len() <= limit {
                let wanted = limit + 1 - order.ordered.len();
                let found = self.branch_names(&repository, page.prefix, &after, wanted);
                let (names, has_more) = found.await?;
                let last = names.last().filter(|_| has_more).cloned();
                for name in names {
                    order.push(name);
                }
                let Some(last) = last else {
                    order.finish();
                    break;
                };
                after = last;
            }
            let mut names = order.ordered;
            let has_more = names.len() > limit;
            names.truncate(limit);
            Ok(BranchRoots { names, has_more })
        })
        .await
    }

    /// Names of branches by name, and whether there are more.
    async fn branch_names(
        &self,
        repository: &Repository,
        prefix: &str,
        after: &str,
        amount: usize,
    ) -> Result<(Vec<String>, bool)> {
        let list = ListRefs {
            prefix: prefix.to_owned(),
            after: after.to_owned(),
            amount,
        };
        let page = self.engine().list_branches(repository, &list, false).await;
        let page = page.map_err(engine_failure)?;
        let names = page.items.into_iter().map(|item: Listed<_>| match item {
            Ok(branch) => branch.id.to_string(),
            Err(damaged) => {
                super::model::report(&damaged);
                damaged.name
            }
        });
        Ok((names.collect(), page.has_more))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn root(name: &String) -> String {
        format!("{name}/")
    }

    /// The algorithm over a set instead of the records.
    fn list(all: &BTreeSet<String>, after: &str) -> Vec<String> {
        let mut order = RootOrder::default();
        for name in names_passed(after).filter(|name| all.contains(*name)) {
            order.push(name.to_owned());
        }
        for name in all.iter().filter(|name| name.as_str() > after) {
            order.push(name.clone());
        }
        order.finish();
        order.ordered
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_roots(
            all in prop::collection::btree_set("[a0][a0_-]{0,4}", 0..20),
            after in "([a0][a0_-]{0,4}/?[a-]{0,2})?",
        ) {
            let mut expected: Vec<String> = all.iter().cloned().collect();
            expected.sort_by_key(root);
            expected.retain(|name| root(name) > after);
            prop_assert_eq!(list(&all, &after), expected);
        }
    }
}
