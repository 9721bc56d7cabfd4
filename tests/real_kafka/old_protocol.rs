//! A proxy that makes a broker look like Kafka 2.7, which has no topic ids.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

const FETCH: i16 = 1;
const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
/// The highest versions without topic ids.
const HIGHEST: [(i16, i16); 2] = [(METADATA, 9), (FETCH, 12)];

/// A listener whose broker starts later. Before that, connections are closed.
pub struct OldProtocol {
    endpoint: String,
    broker: Arc<OnceLock<String>>,
}

impl OldProtocol {
    /// Listens until the test process ends.
    pub fn bind() -> OldProtocol {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let broker = Arc::new(OnceLock::<String>::new());
        let target = Arc::clone(&broker);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = target.get().map(TcpStream::connect);
                if let Some(Ok(server)) = server {
                    forward(client, server);
                }
            }
        });
        OldProtocol { endpoint, broker }
    }

    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Forwards all connections to the broker from now on.
    pub fn forward(&self, broker: String) {
        self.broker.set(broker).unwrap();
    }
}

/// Correlation ids of `ApiVersions` requests.
type Asked = Arc<Mutex<BTreeSet<[u8; 4]>>>;

fn forward(client: TcpStream, server: TcpStream) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        pump(from, to, |request| {
            if request[..2] == API_VERSIONS.to_be_bytes() {
                let id = request[4..8].try_into().unwrap();
                noted.lock().unwrap().insert(id);
            }
        });
    });
    thread::spawn(move || {
        pump(server, client, |response| {
            let id: [u8; 4] = response[..4].try_into().unwrap();
            if asked.lock().unwrap().remove(&id) {
                lower_versions(&mut response[4..]);
            }
        });
    });
}

/// Passes on frames after `change` has seen them.
fn pump(mut from: TcpStream, mut to: TcpStream, mut change: impl FnMut(&mut [u8])) {
    let mut length = [0; 4];
    while from.read_exact(&mut length).is_ok() {
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        if from.read_exact(&mut frame).is_err() {
            break;
        }
        change(&mut frame);
        if to.write_all(&[&length[..], &frame].concat()).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The body of a response of version 3 or later: an error, a compact length, then seven bytes for each request.
fn lower_versions(body: &mut [u8]) {
    let start = 2 + body[2..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    for entry in body[start..].chunks_exact_mut(7) {
        let key = i16::from_be_bytes([entry[0], entry[1]]);
        let highest = HIGHEST.iter().find(|(known, _)| *known == key);
        if let Some((_, version)) = highest {
            entry[4..6].copy_from_slice(&version.to_be_bytes());
        }
    }
}
