//! Stores that misbehave on purpose, for tests of what is built on stores.

mod crash_fs;
mod faulty;
mod yielding;

pub use crash_fs::CrashFs;
pub use faulty::{FaultyBlockStore, When};
pub use yielding::YieldingBlockStore;
