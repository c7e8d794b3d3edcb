//! Stands between a client and the server, knows where messages begin, and does harm at one of them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What happens at a message, instead of passing it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Both directions end.
    Cut,
    /// This direction ends, and the other goes on.
    HalfClose,
    /// Nothing passes any more, in either direction, and nothing ends.
    Stall,
}

/// Who sends the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

#[derive(Debug)]
struct Plan {
    from: From,
    /// How many messages pass before.
    after: usize,
    harm: Harm,
}

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Option<Plan>>,
    released: (Mutex<bool>, Condvar),
}

/// One that listens as long as the process lives.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// In front of the server whose socket is in this directory.
    pub(crate) fn start(directory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let (socket, its) = (directory.join(".s.PGSQL.5432"), shared.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), &socket, &its);
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres://tarbox@127.0.0.1:{}/{database}?sslmode=disable&patience=1",
            self.port
        )
    }

    /// Does harm once, when so many messages have passed.
    pub(crate) fn plan(&self, from: From, after: usize, harm: Harm) {
        *self.shared.plan.lock().unwrap() = Some(Plan { from, after, harm });
    }

    /// Plans nothing any more. Answers whether the harm was done, and lets whatever was stalled end.
    pub(crate) fn settle(&self) -> bool {
        let was_done = self.shared.plan.lock().unwrap().take().is_none();
        let (released, bell) = &self.shared.released;
        *released.lock().unwrap() = true;
        bell.notify_all();
        was_done
    }
}

fn serve(client: TcpStream, socket: &PathBuf, shared: &Arc<Shared>) {
    client.set_nodelay(true).unwrap();
    let Ok(server) = UnixStream::connect(socket) else {
        return;
    };
    let end = {
        let (client, server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        Arc::new(move || {
            let _gone = client.shutdown(Shutdown::Both);
            let _gone = server.shutdown(Shutdown::Both);
        })
    };
    let stalled = Arc::new(AtomicBool::new(false));
    let mut up = Pipe {
        from: From::Client,
        shared: shared.clone(),
        stalled: stalled.clone(),
        end: end.clone(),
    };
    let mut down = Pipe {
        from: From::Server,
        shared: shared.clone(),
        stalled,
        end,
    };
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        // The first message of a client has no letter.
        if up.pass(&mut from_client, &mut to_server, 0).is_some() {
            while up.pass(&mut from_client, &mut to_server, 1).is_some() {}
        }
        let _gone = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        while down.pass(&mut from_server, &mut to_client, 1).is_some() {}
        let _gone = to_client.shutdown(Shutdown::Write);
    });
}

/// One direction of one connection.
struct Pipe {
    from: From,
    shared: Arc<Shared>,
    /// The other direction is, too.
    stalled: Arc<AtomicBool>,
    end: Arc<dyn Fn() + Send + Sync>,
}

impl Pipe {
    /// Passes one message on; `None` when there are no more.
    fn pass(&mut self, from: &mut impl Read, to: &mut impl Write, letters: usize) -> Option<()> {
        let mut message = vec![0; letters + 4];
        from.read_exact(&mut message).ok()?;
        let length = u32::from_be_bytes(message[letters..].try_into().unwrap()) as usize;
        message.resize(letters + length, 0);
        from.read_exact(&mut message[letters + 4..]).ok()?;
        match self.harm() {
            None => {}
            Some(Harm::Cut) => {
                (self.end)();
                return None;
            }
            Some(Harm::HalfClose) => return None,
            Some(Harm::Stall) => self.stalled.store(true, Ordering::SeqCst),
        }
        if self.stalled.load(Ordering::SeqCst) {
            let (released, bell) = &self.shared.released;
            drop(
                bell.wait_while(released.lock().unwrap(), |released| !*released)
                    .unwrap(),
            );
            (self.end)();
            return None;
        }
        to.write_all(&message).ok()
    }

    fn harm(&self) -> Option<Harm> {
        let mut plan = self.shared.plan.lock().unwrap();
        let planned = plan.as_mut().filter(|plan| plan.from == self.from)?;
        if planned.after > 0 {
            planned.after -= 1;
            return None;
        }
        *self.shared.released.0.lock().unwrap() = false;
        plan.take().map(|plan| plan.harm)
    }
}
