//! Listeners as a test wants them: TLS of any kind, behind it a few answers of Kafka's, or something else, or nothing.
//! Certificates come from `pki`; which server shows which fault is left to the cases.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509StoreBuilder;

use crate::pki::Identity;

/// What is behind the connection.
#[derive(Clone)]
pub enum Behind {
    /// Kafka that names these brokers.
    Kafka(Vec<(i32, String, u16)>),
    /// Kafka that wants a login first.
    Sasl,
    /// It reads and says nothing.
    Silence,
    /// It answers everything with these bytes.
    Words(&'static [u8]),
    /// It closes at once.
    Nothing,
}

/// How TLS is spoken.
pub struct Tls<'a> {
    pub identity: &'a Identity,
    /// The CAs whose users are let in; an empty list lets everybody in.
    pub clients: &'a [&'a Identity],
    /// Whether the accepted CAs are told.
    pub told: bool,
    pub version: SslVersion,
    pub ciphers: Option<&'a str>,
}

impl<'a> Tls<'a> {
    pub fn new(
        identity: &'a Identity,
        clients: &'a [&'a Identity],
        version: SslVersion,
    ) -> Tls<'a> {
        Tls {
            identity,
            clients,
            told: true,
            version,
            ciphers: None,
        }
    }
}

/// A listener on 127.0.0.1 that runs as long as the test process.
pub fn listen(tls: Option<&Tls<'_>>, behind: impl FnOnce(u16) -> Behind) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    serve(socket, tls, behind)
}

/// The same for a socket that the test has bound.
pub fn serve(
    socket: TcpListener,
    tls: Option<&Tls<'_>>,
    behind: impl FnOnce(u16) -> Behind,
) -> u16 {
    let port = socket.local_addr().unwrap().port();
    let context = tls.map(context).map(Arc::new);
    let behind = behind(port);
    thread::spawn(move || {
        for client in socket.incoming().flatten() {
            let (context, behind) = (context.clone(), behind.clone());
            thread::spawn(move || one(client, context.as_deref(), &behind));
        }
    });
    port
}

/// Kafka that names itself as `localhost`.
pub fn kafka(port: u16) -> Behind {
    Behind::Kafka(vec![(1, "localhost".to_owned(), port)])
}

/// A port of 127.0.0.1 at which nothing listens.
pub fn closed_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// An address that drops what is sent to it: a listener that accepts nothing and whose queue is full.
pub struct Dropping {
    pub port: u16,
    _socket: TcpListener,
    _queue: Vec<TcpStream>,
}

/// Nothing where the queue does not get full, as on systems that answer nevertheless.
pub fn dropping() -> Option<Dropping> {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    // The queue that `std` asks for is long; the system lets nobody shorten it without another `listen`.
    rustix::net::listen(&socket, 0).unwrap();
    let address: SocketAddr = socket.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..64 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            Ok(stream) => queue.push(stream),
            Err(_) => {
                return Some(Dropping {
                    port: address.port(),
                    _socket: socket,
                    _queue: queue,
                });
            }
        }
    }
    None
}

fn context(tls: &Tls<'_>) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    let ciphers = tls.ciphers.unwrap_or("ALL:@SECLEVEL=0");
    builder.set_cipher_list(ciphers).unwrap();
    builder.set_min_proto_version(Some(tls.version)).unwrap();
    builder.set_max_proto_version(Some(tls.version)).unwrap();
    builder.set_certificate(&tls.identity.certificate).unwrap();
    builder.set_private_key(&tls.identity.key).unwrap();
    for issuer in &tls.identity.chain {
        builder.add_extra_chain_cert(issuer.clone()).unwrap();
    }
    if !tls.clients.is_empty() {
        ask_for_certificates(&mut builder, tls);
    }
    builder.build()
}

fn ask_for_certificates(builder: &mut SslContextBuilder, tls: &Tls<'_>) {
    let mut trusted = X509StoreBuilder::new().unwrap();
    for client in tls.clients {
        trusted.add_cert(client.certificate.clone()).unwrap();
        if tls.told {
            builder.add_client_ca(&client.certificate).unwrap();
        }
    }
    builder.set_verify_cert_store(trusted.build()).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
}

fn one(mut client: TcpStream, context: Option<&SslContext>, behind: &Behind) {
    let Some(context) = context else {
        answer(&mut client, behind);
        return;
    };
    let mut stream = SslStream::new(Ssl::new(context).unwrap(), client).unwrap();
    if stream.accept().is_ok() {
        answer(&mut stream, behind);
    } else {
        // What the client still sends is read, or a reset would overtake the alert.
        let client = stream.get_mut();
        let _ = client.shutdown(std::net::Shutdown::Write);
        let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
        let mut rest = [0; 1024];
        while matches!(client.read(&mut rest), Ok(1..)) {}
    }
}

fn answer(stream: &mut (impl Read + Write), behind: &Behind) {
    let mut buffer = [0; 4096];
    match behind {
        Behind::Nothing => {}
        Behind::Silence => while matches!(stream.read(&mut buffer), Ok(1..)) {},
        Behind::Words(words) => {
            if matches!(stream.read(&mut buffer), Ok(1..)) {
                let _ = stream.write_all(words);
            }
        }
        Behind::Kafka(nodes) => while kafka_answer(stream, Some(nodes)).is_some() {},
        Behind::Sasl => while kafka_answer(stream, None).is_some() {},
    }
}

/// Nothing at the end of the connection. Without brokers to name, everything but the beginning of a login is refused.
fn kafka_answer(
    stream: &mut (impl Read + Write),
    nodes: Option<&[(i32, String, u16)]>,
) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    // As a broker does with what cannot be a request, such as the beginning of a handshake.
    let length = usize::try_from(u32::from_be_bytes(length))
        .ok()
        .filter(|length| *length < 100_000)?;
    let mut request = vec![0; length];
    stream.read_exact(&mut request).ok()?;
    let number = |at| Some(i16::from_be_bytes(*request.get(at..)?.first_chunk()?));
    let mut body = request.get(4..8)?.to_vec();
    match (number(0)?, number(2)?, nodes) {
        (18, version, _) => {
            // An unknown version is answered in version 0 with error 35, from which clients go on with 0.
            body.extend(if version > 0 { [0, 35] } else { [0, 0] });
            body.extend([
                0, 0, 0, 4, 0, 18, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 4,
            ]);
            body.extend([0, 17, 0, 0, 0, 1]);
        }
        (3, version, Some(nodes)) => metadata(&mut body, version, nodes),
        (17, _, None) => {
            body.extend([0, 33, 0, 0, 0, 1, 0, 13]);
            body.extend(b"SCRAM-SHA-512");
        }
        (17, _, Some(_)) => body.extend([0, 34, 0, 0, 0, 0]),
        _ => return None,
    }
    let mut framed = u32::try_from(body.len()).ok()?.to_be_bytes().to_vec();
    framed.extend(body);
    stream.write_all(&framed).ok()
}

fn metadata(body: &mut Vec<u8>, version: i16, nodes: &[(i32, String, u16)]) {
    body.extend(u32::try_from(nodes.len()).unwrap().to_be_bytes());
    for (id, host, port) in nodes {
        body.extend(id.to_be_bytes());
        body.extend(u16::try_from(host.len()).unwrap().to_be_bytes());
        body.extend(host.as_bytes());
        body.extend(u32::from(*port).to_be_bytes());
        if version >= 1 {
            // No rack.
            body.extend([255, 255]);
        }
    }
    if version >= 1 {
        // The controller.
        body.extend([0, 0, 0, 1]);
    }
    // No topics.
    body.extend([0; 4]);
}
