//! Twelve-byte identifiers that sort by time: seconds, machine, process, counter (format.md §12.3).
//!
//! Text form: 20 characters of base32 with the alphabet `0-9a-v`, no padding. The functions here are
//! pure; the process-wide generator lives in `lakefs-runtime`.

/// A time-ordered identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid([u8; 12]);

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Seconds from which run and pull request ids count down, so that newer ones sort first
/// (year 3000, truncated to 32 bits by the format).
pub const YEAR_3000: i64 = 32_500_915_200;
/// Seconds from which data partitions and garbage collection runs count down (year 4000).
pub const YEAR_4000: i64 = 64_060_588_800;

impl Xid {
    /// Assembles an identifier. `unix_seconds` is truncated to 32 bits and `counter` to 24, as the
    /// format has it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the format truncates"
    )]
    pub fn from_parts(unix_seconds: i64, machine: [u8; 3], process: u16, counter: u32) -> Self {
        let [s0, s1, s2, s3] = (unix_seconds as u32).to_be_bytes();
        let [m0, m1, m2] = machine;
        let [p0, p1] = process.to_be_bytes();
        let [_, c0, c1, c2] = counter.to_be_bytes();
        Self([s0, s1, s2, s3, m0, m1, m2, p0, p1, c0, c1, c2])
    }

    /// Parses the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 20 {
            return None;
        }
        let mut out = [0u8; 12];
        let (mut buffer, mut bits, mut filled) = (0u32, 0u32, 0usize);
        for byte in bytes {
            let digit = ALPHABET.iter().position(|a| a == byte)?;
            buffer = (buffer << 5) | u32::try_from(digit).ok()?;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                if let Some(slot) = out.get_mut(filled) {
                    *slot = u8::try_from((buffer >> bits) & 0xff).ok()?;
                }
                filled += 1;
                buffer &= (1 << bits) - 1;
            }
        }
        (buffer == 0).then_some(Self(out))
    }

    /// The seconds part, as the format's unsigned 32 bits.
    pub fn seconds(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl std::fmt::Display for Xid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        let (mut buffer, mut bits) = (0u32, 0u32);
        for byte in self.0 {
            buffer = (buffer << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                f.write_char(char::from(ALPHABET[((buffer >> bits) & 31) as usize]))?;
            }
            buffer &= (1 << bits) - 1;
        }
        f.write_char(char::from(ALPHABET[((buffer << (5 - bits)) & 31) as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of format.md §18.15.
    #[test]
    fn published_vectors_hold() {
        let id = |seconds| Xid::from_parts(seconds, [0; 3], 0, 0).to_string();
        assert_eq!(id(1_700_000_000), "cl9v2000000000000000");
        assert_eq!(id(YEAR_4000 - 1_700_000_000), "gjth4000000000000000");
        assert_eq!(id(YEAR_3000 - 1_700_000_000), "5fgam000000000000000");
    }

    #[test]
    fn text_parses_back() {
        let id = Xid::from_parts(1_700_000_000, [1, 2, 3], 4567, 0x00ab_cdef);
        assert_eq!(Xid::parse(&id.to_string()), Some(id));
        assert_eq!(id.seconds(), 1_700_000_000);
        for bad in [
            "",
            "cl9v200000000000000",
            "cl9v200000000000000w",
            "cl9v2000000000000001",
        ] {
            assert_eq!(Xid::parse(bad), None, "{bad}");
        }
    }
}
