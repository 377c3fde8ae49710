//! A line to a store that is far away: every byte arrives late, and only so many a second.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::run::Outcome;

const CHUNK: usize = 64 << 10;
/// Chunks on their way in one direction of a connection: more than the line holds.
const ON_THE_WAY: usize = 256;

/// What all connections share in one direction.
#[derive(Debug, Clone)]
struct Line {
    delay: Duration,
    bytes_per_second: u32,
    /// When the last byte that was let in will have left.
    free_at: Arc<Mutex<Instant>>,
}

impl Line {
    /// Waits until bytes that came at some time have passed.
    fn pass(&self, came: Instant, bytes: usize) {
        let nanos = bytes as u64 * 1_000_000_000 / u64::from(self.bytes_per_second);
        let takes = Duration::from_nanos(nanos);
        let leaves = {
            let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            *free_at = (*free_at).max(came + self.delay) + takes;
            *free_at
        };
        std::thread::sleep(leaves.saturating_duration_since(Instant::now()));
    }
}

/// Starts a line to an address, and answers its near end. It lasts as long as this process.
pub(super) fn start(
    to: SocketAddr,
    round_trip: Duration,
    bytes_per_second: u32,
) -> Outcome<SocketAddr> {
    let fail = |error: std::io::Error| format!("no line to {to}: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(fail)?;
    let near = listener.local_addr().map_err(fail)?;
    let line = || Line {
        delay: round_trip / 2,
        bytes_per_second,
        free_at: Arc::new(Mutex::new(Instant::now())),
    };
    let (there, back) = (line(), line());
    spawn(move || {
        for client in listener.incoming().flatten() {
            // A store that refuses is a connection that closes.
            let Ok(store) = TcpStream::connect(to) else {
                continue;
            };
            // The line's own waiting is enough.
            let _slower = (client.set_nodelay(true), store.set_nodelay(true));
            if let (Ok(client_end), Ok(store_end)) = (client.try_clone(), store.try_clone()) {
                carry(client, store, there.clone());
                carry(store_end, client_end, back.clone());
            }
        }
    });
    Ok(near)
}

#[expect(clippy::disallowed_methods, reason = "a tool, not the product")]
fn spawn(work: impl FnOnce() + Send + 'static) {
    // Nobody waits for its end.
    let _thread = std::thread::spawn(work);
}

/// Carries bytes in one direction until an end closes.
fn carry(from: TcpStream, to: TcpStream, line: Line) {
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    spawn(move || take_in(from, &sender));
    spawn(move || let_out(&receiver, to, &line));
}

fn take_in(mut from: TcpStream, sender: &SyncSender<(Instant, Vec<u8>)>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(read) = from.read(&mut buffer) {
        let bytes = buffer.get(..read).unwrap_or_default().to_vec();
        if read == 0 || sender.send((Instant::now(), bytes)).is_err() {
            break;
        }
    }
}

fn let_out(receiver: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream, line: &Line) {
    while let Ok((came, bytes)) = receiver.recv() {
        line.pass(came, bytes.len());
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    let _gone = to.shutdown(Shutdown::Write);
}
