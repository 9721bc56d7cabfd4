//! A TCP relay in front of a broker that can behave like a faulty device in between.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// What the relay does with new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Forwards bytes in both directions.
    Forward,
    /// Accepts and closes, like an ingress whose broker is down.
    Close,
    /// Reads at most one TCP segment of the client's first message (1,460 bytes), and closes if the message is longer.
    OneSegment,
}

/// The longest payload of a TCP segment on Ethernet.
const SEGMENT_BYTES: usize = 1460;

/// A relay on a port of 127.0.0.1, which runs as long as the test process.
pub struct Relay {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    behaviour: Behaviour,
    open: Vec<TcpStream>,
    /// When each connection was accepted.
    accepted: Vec<Instant>,
}

impl Relay {
    /// Listens on a free port.
    pub fn start(target: SocketAddr, behaviour: Behaviour) -> Relay {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        Relay::serve(socket, target, behaviour)
    }

    /// Like [`Relay::start`], for a bound socket.
    pub fn serve(socket: TcpListener, target: SocketAddr, behaviour: Behaviour) -> Relay {
        let port = socket.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            behaviour,
            open: Vec::new(),
            accepted: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in socket.incoming().flatten() {
                accept(client, target, &shared);
            }
        });
        Relay { port, state }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the behaviour. All open connections are closed.
    pub fn behave(&self, behaviour: Behaviour) {
        let mut state = self.state.lock().unwrap();
        state.behaviour = behaviour;
        for socket in state.open.drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// The number of connections accepted since `start`.
    pub fn accepted_since(&self, start: Instant) -> usize {
        let state = self.state.lock().unwrap();
        state.accepted.iter().filter(|time| **time >= start).count()
    }
}

fn accept(client: TcpStream, target: SocketAddr, state: &Arc<Mutex<State>>) {
    let mut locked = state.lock().unwrap();
    locked.accepted.push(Instant::now());
    if locked.behaviour == Behaviour::Close {
        let _ = client.shutdown(Shutdown::Both);
        return;
    }
    let one_segment = locked.behaviour == Behaviour::OneSegment;
    locked.open.push(client.try_clone().unwrap());
    drop(locked);
    thread::spawn(move || {
        if !(one_segment && first_message_is_longer(&client)) {
            let _ = forward(&client, target);
        }
        let _ = client.shutdown(Shutdown::Both);
    });
}

/// Whether the client's first TLS record does not fit into one segment.
fn first_message_is_longer(client: &TcpStream) -> bool {
    let mut header = [0; 5];
    match client.peek(&mut header) {
        Ok(5) => usize::from(u16::from_be_bytes([header[3], header[4]])) + 5 > SEGMENT_BYTES,
        _ => true,
    }
}

fn forward(client: &TcpStream, target: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    thread::scope(|scope| {
        scope.spawn(|| copy(&server, client));
        copy(client, &server);
    });
    Ok(())
}

/// Copies until one side closes, then closes both.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
