//! Kafka proxy in front of the mock broker, for what the mock does not do as a real broker does.
//!
//! The mock answers every search for a time with "no record" (librdkafka, `rd_kafka_mock_handle_ListOffsets`). After a
//! member joins or leaves, it waits for the whole session timeout before it assigns partitions, and it aborts the process
//! if the first assignment strategies of two members differ (`rd_kafka_mock_cgrp_classic_elect_leader`).

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Instant;

use super::join_group::{self, Joining};
use super::list_offsets::{self, TimeQuery};
use super::time_search::{OWN_CLIENT_ID, TimeSearch};
use crate::probe::wire::Reader;
use crate::tls::testbed::listener::{Listener, shut};
use crate::util::mutex::lock;

const LIST_OFFSETS: i16 = 2;
const JOIN_GROUP: i16 = 11;
const API_VERSIONS: i16 = 18;
/// The header of a request: API key, version and correlation id.
const FIXED_HEADER_BYTES: usize = 8;
/// Larger than Ditto's largest message.
const MAX_FRAME_BYTES: u64 = 256 << 20;

/// The running proxy.
pub(super) struct Front {
    listener: Listener,
    shared: Arc<Shared>,
}

/// The state of all connections.
struct Shared {
    search: Mutex<Weak<TimeSearch>>,
    /// The assignment strategy of each group: the first one of its first member.
    strategies: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    last_request: Mutex<Instant>,
}

/// What to do with the response to a request.
enum ResponseChange {
    /// Fill in the offsets for times.
    Times {
        version: i16,
        queries: Vec<TimeQuery>,
    },
    /// Send this frame instead.
    Replace(Vec<u8>),
}

/// The requests of one connection whose responses change, by correlation id.
type PendingChanges = Mutex<HashMap<i32, ResponseChange>>;

impl Front {
    /// Listens on a free port of the loopback interface and forwards to `target`.
    pub(super) fn start(target: SocketAddr) -> anyhow::Result<Front> {
        let shared = Arc::new(Shared::new());
        let for_clients = Arc::clone(&shared);
        let listener = Listener::start(move |client| serve(&client, target, &for_clients))?;
        Ok(Front { listener, shared })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Sets the client that searches for times. It is a client of this proxy, so it starts later and ends earlier.
    pub(super) fn set_search(&self, search: &Arc<TimeSearch>) {
        *lock(&self.shared.search) = Arc::downgrade(search);
    }

    /// The time of the last request of a client that is not this program's own.
    pub(super) fn last_request(&self) -> Instant {
        *lock(&self.shared.last_request)
    }
}

/// Serves one connection until one side closes it.
fn serve(client: &TcpStream, target: SocketAddr, shared: &Shared) {
    let Ok(broker) = TcpStream::connect(target) else {
        return shut(client);
    };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let pending = PendingChanges::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = forward_responses(&broker, client, &pending, shared);
            shut(client);
            shut(&broker);
        });
        let _ = forward_requests(client, &broker, &pending, shared);
        shut(&broker);
        shut(client);
    });
}

fn forward_requests(
    client: &TcpStream,
    broker: &TcpStream,
    pending: &PendingChanges,
    shared: &Shared,
) -> io::Result<()> {
    let mut frame = Vec::new();
    loop {
        read_frame(client, &mut frame)?;
        if let Some((correlation, change)) = shared.inspect(&mut frame) {
            lock(pending).insert(correlation, change);
        }
        write_frame(broker, &frame)?;
    }
}

fn forward_responses(
    broker: &TcpStream,
    client: &TcpStream,
    pending: &PendingChanges,
    shared: &Shared,
) -> io::Result<()> {
    let mut frame = Vec::new();
    loop {
        read_frame(broker, &mut frame)?;
        let correlation = Reader::new(&frame).i32();
        let change = correlation.and_then(|correlation| lock(pending).remove(&correlation));
        match change {
            Some(ResponseChange::Times { version, queries }) => {
                let search = lock(&shared.search).upgrade();
                list_offsets::fill_in(&mut frame, version, &queries, |wanted| {
                    search.map_or_else(HashMap::new, |search| search.find(wanted))
                });
            }
            Some(ResponseChange::Replace(other)) => frame = other,
            None => {}
        }
        write_frame(client, &frame)?;
    }
}

impl Shared {
    fn new() -> Shared {
        Shared {
            search: Mutex::default(),
            strategies: Mutex::default(),
            last_request: Mutex::new(Instant::now()),
        }
    }

    /// Changes a request if necessary. Returns the change of its response, and its correlation id. A request that cannot
    /// be read is passed on, and rejected by the mock broker.
    fn inspect(&self, frame: &mut Vec<u8>) -> Option<(i32, ResponseChange)> {
        let mut request = Reader::new(frame);
        let (key, version) = (request.i16()?, request.i16()?);
        let correlation = request.i32()?;
        if request.text()? != OWN_CLIENT_ID.as_bytes() {
            *lock(&self.last_request) = Instant::now();
        }
        match key {
            LIST_OFFSETS => {
                let queries = list_offsets::time_queries(request, version)?;
                (!queries.is_empty())
                    .then_some((correlation, ResponseChange::Times { version, queries }))
            }
            JOIN_GROUP => {
                let strategies = &mut lock(&self.strategies);
                match join_group::adapt(request, frame, version, correlation, strategies)? {
                    Joining::Forward(changed) => {
                        *frame = changed;
                        None
                    }
                    Joining::Reject(response) => {
                        // Responses are in the order of requests, so the mock answers something short in its place.
                        make_api_versions(frame)?;
                        Some((correlation, ResponseChange::Replace(response)))
                    }
                }
            }
            _ => None,
        }
    }
}

/// Replaces a request by one for the supported versions, with the same correlation id.
fn make_api_versions(frame: &mut Vec<u8>) -> Option<()> {
    frame
        .get_mut(..2)?
        .copy_from_slice(&API_VERSIONS.to_be_bytes());
    frame.get_mut(2..4)?.copy_from_slice(&[0, 0]);
    frame.truncate(FIXED_HEADER_BYTES);
    // A null client id.
    frame.extend((-1_i16).to_be_bytes());
    Some(())
}

/// Reads a frame without its length.
fn read_frame(mut from: &TcpStream, frame: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u64::from(u32::from_be_bytes(length));
    if length > MAX_FRAME_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    frame.clear();
    // The memory grows with the bytes that arrive, not with the length that is announced.
    let count = from.take(length).read_to_end(frame)?;
    if u64::try_from(count).is_ok_and(|count| count == length) {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn write_frame(mut to: &TcpStream, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    // In one write, so that both arrive together.
    to.write_all(&[&length.to_be_bytes(), frame].concat())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_request_or_response_panics(
            key in prop_oneof![Just(LIST_OFFSETS), Just(JOIN_GROUP), any::<i16>()],
            version in -1_i16..9,
            body in prop::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..80),
        ) {
            let shared = Shared::new();
            let mut frame = [&key.to_be_bytes()[..], &version.to_be_bytes(), &body].concat();
            shared.inspect(&mut frame);
            let query = TimeQuery {
                partition: (String::new(), 0),
                what: list_offsets::Sought::HighestTimestamp,
            };
            let mut response = body.clone();
            list_offsets::fill_in(&mut response, version, &[query], |_| HashMap::new());
            prop_assert_eq!(response.len(), body.len());
        }
    }

    #[test]
    fn a_frame_that_announces_more_than_it_has_is_an_error() {
        let (near, far) = connected();
        write_frame(&near, b"abcd").unwrap();
        (&near).write_all(&[0, 0, 1, 0, 1, 2]).unwrap();
        drop(near);
        let mut frame = Vec::new();
        read_frame(&far, &mut frame).unwrap();
        assert_eq!(frame, b"abcd");
        assert!(read_frame(&far, &mut frame).is_err());
    }

    fn connected() -> (TcpStream, TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }
}
