//! A link between two programs of this machine: every byte arrives later by the same time, and is counted.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

/// What a request of HTTP has in its first line, and nothing else that is sent.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

/// What has passed.
#[derive(Debug, Default)]
struct Counters {
    bytes: AtomicU64,
    requests: AtomicU64,
}

/// What has passed since it was last asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    /// Of both directions.
    pub(super) bytes: u64,
    /// Of HTTP; 0 for other protocols.
    pub(super) requests: u64,
}

/// A link to a server. Its threads end with the connections.
pub(super) struct Link {
    pub(super) port: u16,
    counters: Arc<Counters>,
}

impl Link {
    /// A link to this port, on which a byte takes this long in each direction.
    pub(super) fn to(server: u16, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let counters = Arc::new(Counters::default());
        let count = counters.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever cannot be served is told by the end of the connection.
                let _gone = connect(client, server, delay, &count);
            }
        });
        Ok(Self { port, counters })
    }

    /// What has passed since the last call.
    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            bytes: self.counters.bytes.swap(0, Ordering::Relaxed),
            requests: self.counters.requests.swap(0, Ordering::Relaxed),
        }
    }
}

fn connect(client: TcpStream, server: u16, delay: Duration, counters: &Arc<Counters>) -> Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    for (from, to, is_request) in [
        (client.try_clone()?, server.try_clone()?, true),
        (server, client, false),
    ] {
        let (sender, receiver) = channel();
        let counters = counters.clone();
        thread::spawn(move || read(from, &sender, &counters, is_request));
        thread::spawn(move || write(to, &receiver, delay));
    }
    Ok(())
}

fn read(mut from: TcpStream, to: &Sender<(Instant, Vec<u8>)>, counters: &Counters, is_request: bool) {
    let mut buffer = vec![0; 64 * 1024];
    let mut before: Vec<u8> = Vec::new();
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let at = Instant::now();
        counters.bytes.fetch_add(read as u64, Ordering::Relaxed);
        if is_request {
            // The line may come in two pieces.
            before.extend_from_slice(&buffer[..read]);
            let found = before.windows(REQUEST.len()).filter(|w| *w == REQUEST).count();
            counters.requests.fetch_add(found as u64, Ordering::Relaxed);
            before.drain(..before.len().saturating_sub(REQUEST.len() - 1));
        }
        if to.send((at, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

fn write(mut to: TcpStream, from: &Receiver<(Instant, Vec<u8>)>, delay: Duration) {
    for (at, bytes) in from {
        thread::sleep((at + delay).saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Write);
}
