//! The parts of the rule by which ranges end (docs/format/tables.md, "Splitting"): a hash of each key, and
//! whether a number divides it. Every record goes through here.

/// A number that many others are to be divided by, without a division each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divisor {
    /// Inverse of the odd part of the number.
    inverse: u64,
    /// The even part, as a power of two.
    shift: u32,
    /// How often the number goes into all there are.
    limit: u64,
}

impl Divisor {
    /// `number` is not zero.
    pub(crate) fn new(number: u64) -> Self {
        let number = number.max(1);
        let shift = number.trailing_zeros();
        let odd = number >> shift;
        // Newton: each step doubles the bits that are right, of which an odd number has three.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Self {
            inverse,
            shift,
            limit: u64::MAX / number,
        }
    }

    /// Whether the number divides another: only multiples stay small when multiplied by the inverse.
    #[inline]
    pub(crate) fn divides(self, other: u64) -> bool {
        other.wrapping_mul(self.inverse).rotate_right(self.shift) <= self.limit
    }
}

/// FNV-1a of a key, going on from where it parts from the one before.
#[derive(Debug, Default)]
pub(crate) struct KeyHash {
    /// The hash after each byte of the last key.
    states: Vec<u64>,
}

impl KeyHash {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;

    /// The hash of a key that shares its first `shared` bytes with the last one.
    #[inline]
    pub(crate) fn update(&mut self, key: &[u8], shared: usize) -> u64 {
        let known = shared.min(self.states.len());
        let mut state = known
            .checked_sub(1)
            .and_then(|last| self.states.get(last))
            .copied()
            .unwrap_or(Self::OFFSET);
        self.states.resize(key.len(), 0);
        let states = self.states.get_mut(known..).unwrap_or_default();
        for (slot, byte) in states.iter_mut().zip(key.get(known..).unwrap_or_default()) {
            state = (state ^ u64::from(*byte)).wrapping_mul(Self::PRIME);
            *slot = state;
        }
        state
    }

    /// The last key is another one now.
    pub(crate) fn forget(&mut self) {
        self.states.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_divisor_divides_its_multiples_only(number in 1u64.., other: u64, small in 1u64..100_000) {
            for number in [number, small, 1, 50_000, 1 << 40] {
                let divisor = Divisor::new(number);
                for other in [other, 0, u64::MAX, other / number * number, number, number - 1] {
                    prop_assert_eq!(divisor.divides(other), other.is_multiple_of(number));
                }
            }
        }
    }

    /// Vectors of format.md §18.14.
    #[test]
    fn the_key_hash_is_fnv() {
        let mut hash = KeyHash::default();
        assert_eq!(hash.update(b"a", 0), 12_638_187_200_555_641_996);
        assert_eq!(hash.update(b"a/b", 1), KeyHash::default().update(b"a/b", 0));
        assert_eq!(hash.update(b"ac", 1), KeyHash::default().update(b"ac", 0));
        assert_eq!(hash.update(b"ac", 2), KeyHash::default().update(b"ac", 0));
        assert_eq!(KeyHash::default().update(b"obj/0082197", 0) % 50_000, 0);
        assert_eq!(KeyHash::default().update(b"obj/0105151", 0) % 50_000, 0);
    }
}
