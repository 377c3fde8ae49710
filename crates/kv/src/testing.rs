//! Decorators that tests of this and other crates wrap around a store: [`FaultyKv`] fails chosen
//! calls and counts all of them, [`YieldingKv`] shuffles the order in which tasks take turns,
//! [`TestPostgres`] starts a database.

mod faulty;
mod postgres;
mod yielding;

pub use faulty::{Fault, FaultyKv, KvCalls};
pub use postgres::TestPostgres;
pub use yielding::YieldingKv;
