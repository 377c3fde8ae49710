//! File sizes and notes to ourselves: long files are listed, very long ones refused, and a to-do
//! names its issue.

use std::path::Path;

use crate::run::{Outcome, root, say};
use crate::workspace::files;

const LONG: usize = 800;
const TOO_LONG: usize = 1200;

/// Looks at every source file.
pub(crate) fn sizes() -> Outcome {
    let mut problems = Vec::new();
    for path in files(&["rs", "py"])? {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let name = path.strip_prefix(root()).unwrap_or(&path);
        let lines = text.lines().count();
        if lines > TOO_LONG {
            problems.push(format!("{} has {lines} lines", name.display()));
        } else if lines > LONG {
            say(&format!(
                "{} has {lines} lines: look for the second idea in it",
                name.display()
            ));
        }
        problems.extend(problems_in(name, &text));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("source files:\n  {}", problems.join("\n  ")))
}

fn problems_in(name: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let open = concat!("TO", "DO");
    for (index, line) in text.lines().enumerate() {
        if line.contains(open) && !line.contains(&format!("{open}(#")) {
            problems.push(format!(
                "{}:{}: a to-do without an issue",
                name.display(),
                index + 1
            ));
        }
    }
    let rust = name.extension().is_some_and(|extension| extension == "rs");
    if rust && !text.starts_with("//!") && name.file_stem().is_none_or(|stem| stem != "tests") {
        problems.push(format!("{} does not open with //!", name.display()));
    }
    problems
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn todos_need_an_issue_and_files_an_opening() {
        let todo = concat!("//! a\n// TO", "DO: later\n// TO", "DO(#3): later\n");
        assert_eq!(problems_in(Path::new("a.rs"), todo).len(), 1);
        assert_eq!(problems_in(Path::new("a.rs"), "fn a() {}\n").len(), 1);
        assert!(problems_in(Path::new("a/tests.rs"), "use super::*;\n").is_empty());
    }
}
