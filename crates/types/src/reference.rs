//! Reference expressions: a base name and modifiers, such as `main~2`, `v1^2` or `dev@`.
//!
//! Grammar: `base (("~" | "^") [digits] | "@" | "$")*`. The base is any run of characters other
//! than `~ ^ @ $` and white space. `@` and `$` stand only as the single modifier. What a base names is
//! decided by the versioning engine; here is only the text.

use std::fmt;

/// One step from a base towards a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// `~n`: the n-th ancestor following first parents; `~0` is the commit itself.
    Ancestor(u32),
    /// `^n`: the n-th parent, counted from 1; `^0` is the commit itself.
    Parent(u32),
    /// `@`: the committed state of a branch.
    Committed,
    /// `$`: the staged state of a branch.
    Staged,
}

/// A parsed reference expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefExpr {
    /// The name, tag, commit id or prefix of one that the modifiers start from.
    pub base: String,
    /// The modifiers, in order.
    pub modifiers: Vec<Modifier>,
}

/// Why a text is not a reference expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefExprError {
    /// Nothing stands before the first modifier.
    #[error("reference {text:?} has no name before its modifiers")]
    NoBase {
        /// The whole text.
        text: String,
    },
    /// A character that no reference may hold.
    #[error("reference {text:?} contains white space or a control character")]
    Character {
        /// The whole text.
        text: String,
    },
    /// Something after a modifier that is neither a number nor a modifier.
    #[error("reference {text:?}: unexpected {found:?} after a modifier")]
    Unexpected {
        /// The whole text.
        text: String,
        /// The offending character.
        found: char,
    },
    /// A count that does not fit.
    #[error("reference {text:?}: {digits} is out of range")]
    OutOfRange {
        /// The whole text.
        text: String,
        /// The digits as given.
        digits: String,
    },
    /// `@` or `$` together with another modifier.
    #[error("reference {text:?}: '@' and '$' cannot be combined with other modifiers")]
    NotAlone {
        /// The whole text.
        text: String,
    },
    /// The expression is longer than any name can be.
    #[error("reference is {bytes} bytes long, the limit is {MAX_REFERENCE_BYTES}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

/// Longest expression, in bytes.
pub const MAX_REFERENCE_BYTES: usize = 1024;

impl RefExpr {
    /// Parses an expression.
    pub fn parse(text: &str) -> Result<Self, RefExprError> {
        if text.len() > MAX_REFERENCE_BYTES {
            return Err(RefExprError::TooLong { bytes: text.len() });
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(RefExprError::Character {
                text: text.to_owned(),
            });
        }
        let split = text.find(['~', '^', '@', '$']).unwrap_or(text.len());
        let (base, mut rest) = text.split_at(split);
        if base.is_empty() {
            return Err(RefExprError::NoBase {
                text: text.to_owned(),
            });
        }
        let mut modifiers = Vec::new();
        while let Some(symbol) = rest.chars().next() {
            rest = rest.get(symbol.len_utf8()..).unwrap_or("");
            match symbol {
                '@' => modifiers.push(Modifier::Committed),
                '$' => modifiers.push(Modifier::Staged),
                '~' | '^' => {
                    let end = rest
                        .find(|c: char| !c.is_ascii_digit())
                        .unwrap_or(rest.len());
                    let (digits, after) = rest.split_at(end);
                    rest = after;
                    let count = if digits.is_empty() {
                        1
                    } else {
                        digits.parse().map_err(|_| RefExprError::OutOfRange {
                            text: text.to_owned(),
                            digits: digits.to_owned(),
                        })?
                    };
                    modifiers.push(if symbol == '~' {
                        Modifier::Ancestor(count)
                    } else {
                        Modifier::Parent(count)
                    });
                }
                found => {
                    return Err(RefExprError::Unexpected {
                        text: text.to_owned(),
                        found,
                    });
                }
            }
        }
        let alone = modifiers
            .iter()
            .any(|m| matches!(m, Modifier::Committed | Modifier::Staged));
        if alone && modifiers.len() > 1 {
            return Err(RefExprError::NotAlone {
                text: text.to_owned(),
            });
        }
        Ok(Self {
            base: base.to_owned(),
            modifiers,
        })
    }

    /// An expression that is just a name.
    pub fn name(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            modifiers: Vec::new(),
        }
    }
}

impl fmt::Display for RefExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        for modifier in &self.modifiers {
            match modifier {
                Modifier::Ancestor(n) => write!(f, "~{n}")?,
                Modifier::Parent(n) => write!(f, "^{n}")?,
                Modifier::Committed => f.write_str("@")?,
                Modifier::Staged => f.write_str("$")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn modifiers_chain_in_order() {
        let expr = RefExpr::parse("main~2^2^").unwrap();
        assert_eq!(expr.base, "main");
        assert_eq!(
            expr.modifiers,
            [
                Modifier::Ancestor(2),
                Modifier::Parent(2),
                Modifier::Parent(1)
            ]
        );
    }

    #[test]
    fn staging_modifiers_stand_alone() {
        assert_eq!(
            RefExpr::parse("main$").unwrap().modifiers,
            [Modifier::Staged]
        );
        for bad in ["main@@", "main@~1", "main~1$"] {
            assert!(
                matches!(RefExpr::parse(bad), Err(RefExprError::NotAlone { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn bad_expressions_are_named() {
        assert!(matches!(
            RefExpr::parse("^-1"),
            Err(RefExprError::NoBase { .. })
        ));
        assert!(matches!(
            RefExpr::parse("main^-1"),
            Err(RefExprError::Unexpected { .. })
        ));
        assert!(matches!(
            RefExpr::parse("main~999999999999"),
            Err(RefExprError::OutOfRange { .. })
        ));
        assert!(matches!(
            RefExpr::parse("ma in"),
            Err(RefExprError::Character { .. })
        ));
        assert!(matches!(
            RefExpr::parse(""),
            Err(RefExprError::NoBase { .. })
        ));
        assert!(matches!(
            RefExpr::parse(&"a".repeat(1025)),
            Err(RefExprError::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_printing_parses_back(text in "\\PC{0,40}") {
            if let Ok(expr) = RefExpr::parse(&text) {
                prop_assert_eq!(RefExpr::parse(&expr.to_string()), Ok(expr));
            }
        }
    }
}
