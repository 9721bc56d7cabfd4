//! Listening socket with one thread per connection. Dropping it closes every connection.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use anyhow::Context;

use crate::util::mutex::lock;

/// A listening socket. Dropping it closes every connection and waits for the threads.
pub struct Listener {
    address: SocketAddr,
    connections: Arc<Connections>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on a free port of the loopback interface; `serve` runs on a thread of each connection.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> anyhow::Result<Listener> {
        Listener::start_at((Ipv4Addr::LOCALHOST, 0).into(), serve)
    }

    /// Listens on an address; `serve` runs on a thread of each connection.
    ///
    /// # Errors
    /// If the address is in use.
    pub fn start_at(
        address: SocketAddr,
        serve: impl Fn(TcpStream) + Send + Sync + 'static,
    ) -> anyhow::Result<Listener> {
        let socket =
            TcpListener::bind(address).with_context(|| format!("listening on {address}"))?;
        let address = socket.local_addr()?;
        let connections = Arc::new(Connections::default());
        let shared = Arc::clone(&connections);
        let thread = thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || listen(&socket, &Arc::new(serve), &shared))?;
        Ok(Listener {
            address,
            connections,
            thread: Some(thread),
        })
    }

    /// The address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connections.close();
        // Wakes the listener, which then checks the `stopping` flag.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // A panicked thread has ended, too.
            let _ = thread.join();
        }
    }
}

/// Closes a connection in both directions.
pub fn shut(socket: &TcpStream) {
    // An error means that the peer has closed it already.
    let _ = socket.shutdown(Shutdown::Both);
}

/// The open connections, to be shut down when the listener stops.
#[derive(Default)]
struct Connections {
    stopping: AtomicBool,
    sockets: Mutex<HashMap<u64, TcpStream>>,
}

impl Connections {
    fn close(&self) {
        let sockets = lock(&self.sockets);
        self.stopping.store(true, Ordering::SeqCst);
        for socket in sockets.values() {
            shut(socket);
        }
    }

    /// Registers a socket; `false` if the listener is stopping.
    fn add(&self, id: u64, socket: &TcpStream) -> bool {
        let mut sockets = lock(&self.sockets);
        match socket.try_clone() {
            Ok(clone) if !self.stopping.load(Ordering::SeqCst) => {
                sockets.insert(id, clone);
                true
            }
            _ => false,
        }
    }

    fn remove(&self, id: u64) {
        lock(&self.sockets).remove(&id);
    }
}

fn listen<S: Fn(TcpStream) + Send + Sync + 'static>(
    socket: &TcpListener,
    serve: &Arc<S>,
    connections: &Arc<Connections>,
) {
    let mut clients: Vec<JoinHandle<()>> = Vec::new();
    for (id, client) in (0..).zip(socket.incoming()) {
        if connections.stopping.load(Ordering::SeqCst) {
            break;
        }
        clients.retain(|thread| !thread.is_finished());
        let Ok(client) = client else { continue };
        let (serve, connections) = (Arc::clone(serve), Arc::clone(connections));
        clients.push(thread::spawn(move || {
            if connections.add(id, &client) {
                serve(client);
            }
            connections.remove(id);
        }));
    }
    for client in clients {
        let _ = client.join();
    }
}
