//! Two walks side by side that jump over what both hold alike.

use std::sync::Arc;

use crate::Result;
use crate::fingerprint::Agreement;
use crate::shared::Shared;
use crate::walk::Walk;

/// Ranges with fewer data blocks than this are simply read.
const MIN_BLOCKS: usize = 8;

/// What is known about the ranges that two walks are in.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    /// The ranges, by their place in their metaranges.
    ranges: Option<(usize, usize)>,
    agreement: Agreement,
}

/// Where an equal stretch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jump {
    pub(crate) left: crate::fingerprint::Spot,
    pub(crate) right: crate::fingerprint::Spot,
}

impl Pair {
    /// Whether [`Pair::prepare`] is due: the walks are in another pair of ranges than before.
    #[inline]
    pub(crate) fn is_stale(&self, left: &Walk, right: &Walk) -> bool {
        self.ranges != Some((left.at(), right.at()))
    }

    /// Learns what the ranges have in common that both walks are in now.
    pub(crate) async fn prepare(
        &mut self,
        shared: &Arc<Shared>,
        left: &Walk,
        right: &Walk,
    ) -> Result<()> {
        self.agreement = Agreement::default();
        if let (Some(l), Some(r)) = (left.cursor(), right.cursor())
            && let (Some(l_range), Some(r_range)) = (left.range(), right.range())
            && l.table().index.len().min(r.table().index.len()) >= MIN_BLOCKS
        {
            let l = shared
                .fingerprint(left.namespace(), &l_range.id, l.table())
                .await?;
            let r = shared
                .fingerprint(right.namespace(), &r_range.id, r.table())
                .await?;
            self.agreement = Agreement::find(&l, &r);
        }
        self.ranges = Some((left.at(), right.at()));
        Ok(())
    }

    /// Forgets everything: the walks went elsewhere.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// If both walks stand at the beginning of an equal stretch, where it ends.
    #[inline]
    pub(crate) fn jump(&mut self, left: &Walk, right: &Walk) -> Option<Jump> {
        let (l, r) = (left.cursor()?.spot(), right.cursor()?.spot());
        self.agreement
            .skip(l, r)
            .map(|(left, right)| Jump { left, right })
    }
}
