//! Matching of request paths against the templates of the contract.
//!
//! A tree with one level per segment. Literal segments win over parameters, but a literal that leads
//! nowhere is not the end: `refs/dump` is an operation, and a reference may be named `dump`. Values
//! are taken as they stand in the path; percent-decoding comes after splitting, so that an encoded
//! slash stays inside its segment. An empty segment matches nothing.

use http::Method;

/// Most parameter segments of one template.
pub(crate) const MAX_PATH_PARAMETERS: usize = 4;

const METHODS: [Method; 6] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
    Method::PATCH,
];

/// Where the values of a template's parameter segments are in the path, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PathMatch {
    /// Start and end of each value.
    values: [(usize, usize); MAX_PATH_PARAMETERS],
    count: usize,
}

impl PathMatch {
    /// The raw value of the n-th parameter segment of the path that was matched.
    pub(crate) fn get<'p>(&self, path: &'p str, index: usize) -> &'p str {
        self.values
            .get(index)
            .and_then(|(start, end)| path.get(*start..*end))
            .unwrap_or("")
    }

    fn push(&mut self, start: usize, end: usize) -> bool {
        match self.values.get_mut(self.count) {
            Some(slot) => {
                *slot = (start, end);
                self.count += 1;
                true
            }
            None => false,
        }
    }
}

/// Why a template cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {template} cannot be routed: {reason}")]
pub(crate) struct PathError {
    template: String,
    reason: &'static str,
}

#[derive(Debug, Default)]
struct Node {
    literals: Vec<(&'static str, Self)>,
    parameter: Option<Box<Self>>,
    /// Index of the operation for each of [`METHODS`].
    operations: [Option<usize>; METHODS.len()],
}

/// All templates.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    root: Node,
}

impl PathTree {
    /// Adds a template such as `/repositories/{repository}`.
    pub(crate) fn insert(
        &mut self,
        method: &Method,
        template: &'static str,
        operation: usize,
    ) -> Result<(), PathError> {
        let fail = |reason| PathError {
            template: template.to_owned(),
            reason,
        };
        let mut node = &mut self.root;
        let mut parameters = 0;
        for segment in template.trim_start_matches('/').split('/') {
            if segment.starts_with('{') {
                parameters += 1;
                node = node.parameter.get_or_insert_default();
            } else {
                let at = match node
                    .literals
                    .binary_search_by(|(name, _)| (*name).cmp(segment))
                {
                    Ok(at) => at,
                    Err(at) => {
                        node.literals.insert(at, (segment, Node::default()));
                        at
                    }
                };
                node = node
                    .literals
                    .get_mut(at)
                    .map(|(_, node)| node)
                    .ok_or_else(|| fail("lost its node"))?;
            }
        }
        if parameters > MAX_PATH_PARAMETERS {
            return Err(fail("too many parameter segments"));
        }
        let slot = METHODS
            .iter()
            .position(|known| known == method)
            .and_then(|at| node.operations.get_mut(at))
            .ok_or_else(|| fail("unknown method"))?;
        if slot.replace(operation).is_some() {
            return Err(fail("another operation has the same path and method"));
        }
        Ok(())
    }

    /// The operation of a request, with the places of its parameter segments.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<(usize, PathMatch)> {
        let method = METHODS.iter().position(|known| known == method)?;
        let mut found = PathMatch::default();
        let search = Search { path, method };
        let operation = search.descend(&self.root, path.strip_prefix('/')?, &mut found)?;
        Some((operation, found))
    }
}

struct Search<'p> {
    path: &'p str,
    method: usize,
}

impl Search<'_> {
    /// Matches `rest`, the end of the path, below `node`. Depth is bounded by the templates.
    fn descend(&self, node: &Node, rest: &str, found: &mut PathMatch) -> Option<usize> {
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        let literal = node
            .literals
            .binary_search_by(|(name, _)| (*name).cmp(segment))
            .ok()
            .and_then(|at| node.literals.get(at));
        if let Some((_, next)) = literal {
            let before = found.count;
            if let Some(operation) = self.enter(next, after, found) {
                return Some(operation);
            }
            found.count = before;
        }
        let next = node.parameter.as_deref()?;
        let start = self.path.len() - rest.len();
        if segment.is_empty() || !found.push(start, start + segment.len()) {
            return None;
        }
        self.enter(next, after, found)
    }

    fn enter(&self, node: &Node, after: Option<&str>, found: &mut PathMatch) -> Option<usize> {
        match after {
            Some(rest) => self.descend(node, rest, found),
            None => node.operations.get(self.method).copied().flatten(),
        }
    }
}
