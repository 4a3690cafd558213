//! The listener and its threads.
//!
//! One thread accepts connections, and each connection has its own thread. All end when the server
//! goes down.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

/// Handles one connection from its first byte to its end.
pub(super) type Serve = Arc<dyn Fn(&mut TcpStream) -> io::Result<()> + Send + Sync>;

/// Some tests open many connections, and none needs a deep stack.
const STACK_BYTES: usize = 256 * 1024;

/// A listener on loopback that can go down and come up again at the same port.
pub(super) struct Server {
    address: SocketAddr,
    serve: Serve,
    running: Mutex<Option<Acceptor>>,
}

struct Acceptor {
    connections: Arc<Connections>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Connections {
    stopping: AtomicBool,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: usize,
    streams: HashMap<usize, TcpStream>,
}

impl Server {
    /// Binds this port of loopback, or any free one for 0; it does not accept connections yet.
    pub(super) fn bind(port: u16) -> io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
    }

    /// Serves the connections of the listener.
    pub(super) fn start(listener: TcpListener, serve: Serve) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let running = Acceptor::new(listener, &serve)?;
        Ok(Self {
            address,
            serve,
            running: Mutex::new(Some(running)),
        })
    }

    /// Closes the port and every connection; later connections are refused.
    pub(super) fn down(&self) {
        if let Some(running) = locked(&self.running).take() {
            running.connections.stopping.store(true, Ordering::SeqCst);
            // The acceptor waits for a connection; this one wakes it.
            drop(TcpStream::connect(self.address));
            drop(running.thread.join());
            for (_, stream) in locked(&running.connections.open).streams.drain() {
                drop(stream.shutdown(Shutdown::Both));
            }
        }
    }

    /// Listens again at the same port, if it was down.
    pub(super) fn up(&self) -> io::Result<()> {
        let mut running = locked(&self.running);
        if running.is_none() {
            let listener = Self::bind(self.address.port())?;
            *running = Some(Acceptor::new(listener, &self.serve)?);
        }
        Ok(())
    }

    /// Returns how many connections were accepted since it came up.
    pub(super) fn connections(&self) -> usize {
        let running = locked(&self.running);
        running
            .as_ref()
            .map_or(0, |running| locked(&running.connections.open).count)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}

impl Acceptor {
    fn new(listener: TcpListener, serve: &Serve) -> io::Result<Self> {
        let connections = Arc::<Connections>::default();
        let (own, serve) = (Arc::clone(&connections), Arc::clone(serve));
        let thread = thread::Builder::new()
            .name("fake issuer".to_owned())
            .spawn(move || {
                for stream in listener.incoming() {
                    if own.stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    if let Ok(stream) = stream {
                        own.serve(stream, Arc::clone(&serve));
                    }
                }
            })?;
        Ok(Self {
            connections,
            thread,
        })
    }
}

impl Connections {
    /// Serves one connection on its own thread; an error ends only that connection.
    fn serve(self: &Arc<Self>, mut stream: TcpStream, serve: Serve) {
        let Ok(id) = self.enter(&stream) else {
            return;
        };
        let own = Arc::clone(self);
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        let spawned = thread.spawn(move || {
            drop(serve(&mut stream));
            own.leave(id);
        });
        if spawned.is_err() {
            self.leave(id);
        }
    }

    fn enter(&self, stream: &TcpStream) -> io::Result<usize> {
        stream.set_nodelay(true)?;
        let mut open = locked(&self.open);
        open.count += 1;
        let id = open.count;
        open.streams.insert(id, stream.try_clone()?);
        Ok(id)
    }

    fn leave(&self, id: usize) {
        locked(&self.open).streams.remove(&id);
    }
}

/// Locks, also if a thread panicked while it held the lock.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
