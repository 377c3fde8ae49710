//! The ladder of crates: each may use only what its row lists (docs/ARCHITECTURE.md shows the picture).

use crate::run::Outcome;
use crate::workspace::{Package, packages};

/// Package and what it may use, lowest first.
const LADDER: [(&str, &[&str]); 16] = [
    ("lakefs-types", &[]),
    ("lakefs-sigv4", &[]),
    ("lakefs-runtime", &["lakefs-types"]),
    ("lakefs-kv", &["lakefs-types", "lakefs-runtime"]),
    (
        "lakefs-block",
        &["lakefs-types", "lakefs-runtime", "lakefs-sigv4"],
    ),
    (
        "lakefs-tree",
        &["lakefs-types", "lakefs-runtime", "lakefs-block"],
    ),
    (
        "lakefs-versioning",
        &[
            "lakefs-types",
            "lakefs-runtime",
            "lakefs-kv",
            "lakefs-block",
            "lakefs-tree",
        ],
    ),
    (
        "lakefs-auth",
        &["lakefs-types", "lakefs-runtime", "lakefs-kv"],
    ),
    (
        "lakefs-service",
        &[
            "lakefs-types",
            "lakefs-runtime",
            "lakefs-kv",
            "lakefs-block",
            "lakefs-tree",
            "lakefs-versioning",
            "lakefs-auth",
        ],
    ),
    ("lakefs-wire", &["lakefs-types"]),
    (
        "lakefs-api",
        &[
            "lakefs-types",
            "lakefs-runtime",
            "lakefs-service",
            "lakefs-wire",
        ],
    ),
    (
        "lakefs-gateway",
        &[
            "lakefs-types",
            "lakefs-sigv4",
            "lakefs-runtime",
            "lakefs-service",
        ],
    ),
    (
        "lakefs-server",
        &[
            "lakefs-types",
            "lakefs-runtime",
            "lakefs-kv",
            "lakefs-block",
            "lakefs-tree",
            "lakefs-versioning",
            "lakefs-auth",
            "lakefs-service",
            "lakefs-wire",
            "lakefs-api",
            "lakefs-gateway",
        ],
    ),
    ("lakectl", &["lakefs-types", "lakefs-wire"]),
    // What only tests need is no step of the ladder: nothing may list this one.
    (
        "lakefs-testkit",
        &[
            "lakefs-runtime",
            "lakefs-kv",
            "lakefs-block",
            "lakefs-tree",
            "lakefs-versioning",
            "lakefs-auth",
            "lakefs-service",
        ],
    ),
    ("xtask", &[]),
];

/// Holds the workspace against the ladder.
pub(crate) fn layers() -> Outcome {
    let problems = problems_of(&packages()?);
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("crate layers:\n  {}", problems.join("\n  ")))
}

fn problems_of(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        let Some((name, allowed)) = LADDER.iter().find(|(name, _)| *name == package.name) else {
            problems.push(format!(
                "{} has no row in xtask/src/layers.rs",
                package.name
            ));
            continue;
        };
        for used in &package.uses {
            if !allowed.contains(&used.as_str()) {
                problems.push(format!("{name} must not use {used}"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_only_leads_down() {
        for (index, (_, allowed)) in LADDER.iter().enumerate() {
            for used in *allowed {
                assert!(
                    LADDER[..index].iter().any(|(name, _)| name == used),
                    "{used}"
                );
            }
        }
    }

    #[test]
    fn no_product_uses_the_testkit() {
        for (name, allowed) in LADDER {
            assert!(!allowed.contains(&"lakefs-testkit"), "{name}");
        }
    }

    #[test]
    fn a_step_up_is_named() {
        let packages = [Package {
            name: "lakefs-types".into(),
            uses: vec!["lakefs-kv".into()],
        }];
        assert_eq!(
            problems_of(&packages),
            ["lakefs-types must not use lakefs-kv"]
        );
    }
}
