//! From a key to a path below the root, and never out of it.
//!
//! Ordinary keys lie where lakeFS puts them: `<root>/<bucket>/<key>`. A key the file system cannot
//! hold that way goes to the odd place `<root>/.lakefs-rs/odd/…`, where every segment of
//! `<bucket>/<key>` is escaped (`%` as `%25`, NUL as `%00`) and marked: `d:` for a directory, `f:` for
//! the last one, `c:` for a piece of a segment that is too long for one name. The marks make it
//! total, reversible and free of collisions: no file there can be in the way of a directory.
//!
//! Odd are keys with an empty, `.` or `..` segment, a NUL, or a segment over 255 bytes; everything in
//! a bucket called `.lakefs-rs`; and, found out only when storing, a key that is a directory
//! prefix of another (`a` beside `a/b`), whose second comer yields.

use crate::Location;

/// Directory below the root that is ours: temporary files, uploads in parts, odd keys.
pub(crate) const OWN: &str = ".lakefs-rs";

const MAX_NAME: usize = 255;
/// Escaped bytes in one name of the odd area; with its mark well below [`MAX_NAME`], and a whole
/// character never crosses it.
const PIECE: usize = 240;

/// Where a key may lie, relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The path other readers of the directory know; `None` when the key has none.
    pub(crate) ordinary: Option<String>,
    /// The path to use when the ordinary one cannot be.
    pub(crate) odd: String,
}

impl Place {
    pub(crate) fn of(location: &Location) -> Self {
        let plain = format!("{}/{}", location.bucket, location.key);
        let ordinary = location.bucket != OWN && plain.split('/').all(is_plain_name);
        Self {
            odd: odd_path(&plain),
            ordinary: ordinary.then_some(plain),
        }
    }

    /// Both, the one to prefer first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &str> {
        self.ordinary
            .as_deref()
            .into_iter()
            .chain(std::iter::once(self.odd.as_str()))
    }
}

/// Whether a segment is a file name that means only itself.
pub(crate) fn is_plain_name(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment.len() <= MAX_NAME
        && !segment.contains('\0')
}

fn odd_path(plain: &str) -> String {
    let mut path = format!("{OWN}/odd");
    let mut segments = plain.split('/').peekable();
    while let Some(segment) = segments.next() {
        let escaped = segment.replace('%', "%25").replace('\0', "%00");
        let mut rest = escaped.as_str();
        while rest.len() > PIECE {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
            path.push_str("/c:");
            path.push_str(piece);
            rest = after;
        }
        path.push_str(if segments.peek().is_some() {
            "/d:"
        } else {
            "/f:"
        });
        path.push_str(rest);
    }
    path
}

/// The directory of a path, and its last name.
pub(crate) fn split_parent(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The way back from an odd path.
    fn plain_path(odd: &str) -> Option<String> {
        let mut plain = String::new();
        for name in odd.strip_prefix(".lakefs-rs/odd/")?.split('/') {
            let (mark, rest) = name.split_at_checked(2)?;
            plain.push_str(rest);
            match mark {
                "c:" | "f:" => {}
                "d:" => plain.push('/'),
                _ => return None,
            }
        }
        Some(plain.replace("%00", "\0").replace("%25", "%"))
    }

    fn place(bucket: &str, key: &str) -> Place {
        Place::of(&Location {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    #[test]
    fn ordinary_keys_lie_where_lakefs_puts_them() {
        let key = "golden/data/ft62bk1ksdu9dvoarqmg/dc1dqd9ksdu9dvoarre0,sig_-%20 ż";
        assert_eq!(
            place("gold", key).ordinary.as_deref(),
            Some(format!("gold/{key}").as_str())
        );
    }

    #[test]
    fn keys_that_mean_something_to_a_file_system_have_no_ordinary_path() {
        let long = "x".repeat(256);
        for key in [
            "", "a//b", "a/", "/a", "../a", "a/..", "./a", "a/.", "a\0b", &long,
        ] {
            assert_eq!(place("b", key).ordinary, None, "{key:?}");
        }
        assert_eq!(place(OWN, "tmp/x").ordinary, None);
        assert_eq!(place("..", "x").ordinary, None);
        assert!(place("b", &"x".repeat(255)).ordinary.is_some());
    }

    proptest! {
        #[test]
        fn odd_paths_lead_back_and_stay_inside(
            bucket in "[a-z.%]{1,4}",
            key in prop_oneof!["[a./%\0ż]{0,12}", "[aż]{200,700}"],
        ) {
            let odd = place(&bucket, &key).odd;
            prop_assert!(odd.split('/').all(is_plain_name));
            prop_assert_eq!(plain_path(&odd), Some(format!("{bucket}/{key}")));
        }
    }
}
