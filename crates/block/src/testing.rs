//! Stores that misbehave on purpose, for tests of what is built on stores.

mod faulty;
mod yielding;

pub use faulty::{FaultyBlockStore, When};
pub use yielding::YieldingBlockStore;
