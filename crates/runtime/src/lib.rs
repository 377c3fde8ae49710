//! Time, randomness, identifiers, tasks and trusted certificates: the only crate that reads a wall clock,
//! draws random numbers or spawns. Everything above takes these as values, so that tests can fix them.

mod backoff;
mod clock;
mod ids;
mod single_flight;
mod tasks;
mod tls;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use ids::{IdSource, Ids};
pub use single_flight::SingleFlight;
pub use tasks::{TaskScope, spawn_blocking, spawn_thread};
pub use tls::system_roots;
