//! Test listeners: any kind of TLS, with a minimal Kafka, another protocol or silence.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use openssl::ssl::{
    NameType, SniError, Ssl, SslAlert, SslContext, SslContextBuilder, SslMethod, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509StoreBuilder;

use crate::pki::Identity;

/// The service of a listener.
#[derive(Clone)]
pub enum Service {
    /// Kafka that advertises these brokers.
    Kafka(Vec<(i32, String, u16)>),
    /// Kafka that requires a login.
    Sasl,
    /// Reads and sends nothing.
    Silence,
    /// Responds to the first bytes with these bytes.
    Bytes(&'static [u8]),
    /// Closes the connection immediately.
    Nothing,
}

/// The TLS settings of a listener.
pub struct Tls<'a> {
    pub identity: &'a Identity,
    /// The CAs of accepted clients; if empty, no client certificate is requested.
    pub clients: &'a [&'a Identity],
    /// Whether the certificate request lists the accepted CAs.
    pub lists_cas: bool,
    pub version: SslVersion,
    pub ciphers: Option<&'a str>,
    /// The server name that clients must send; others get the alert 112.
    pub only_name: Option<&'static str>,
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
            lists_cas: true,
            version,
            ciphers: None,
            only_name: None,
        }
    }
}

/// A listener on 127.0.0.1 that runs as long as the test process.
pub fn listen(tls: Option<&Tls<'_>>, service: impl FnOnce(u16) -> Service) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    serve(socket, tls, service)
}

/// Like [`listen`], for a bound socket.
pub fn serve(
    socket: TcpListener,
    tls: Option<&Tls<'_>>,
    service: impl FnOnce(u16) -> Service,
) -> u16 {
    let port = socket.local_addr().unwrap().port();
    let context = tls.map(context).map(Arc::new);
    let service = service(port);
    thread::spawn(move || {
        for client in socket.incoming().flatten() {
            let (context, service) = (context.clone(), service.clone());
            thread::spawn(move || serve_client(client, context.as_deref(), &service));
        }
    });
    port
}

/// Kafka that advertises only itself, as `localhost`.
pub fn kafka(port: u16) -> Service {
    Service::Kafka(vec![(1, "localhost".to_owned(), port)])
}

/// A port of 127.0.0.1 without a listener.
pub fn closed_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// An address that drops packets: a listener that accepts no connection and whose queue is full.
pub struct Dropping {
    pub port: u16,
    _socket: TcpListener,
    _queue: Vec<TcpStream>,
}

/// `None` on systems where the queue never gets full.
pub fn dropping() -> Option<Dropping> {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    // `std` requests a long queue; only another call of `listen` shortens it.
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
    if let Some(only) = tls.only_name {
        builder.set_servername_callback(move |ssl, alert| {
            if ssl.servername(NameType::HOST_NAME) == Some(only) {
                return Ok(());
            }
            *alert = SslAlert::UNRECOGNIZED_NAME;
            Err(SniError::ALERT_FATAL)
        });
    }
    if !tls.clients.is_empty() {
        request_client_certificates(&mut builder, tls);
    }
    builder.build()
}

fn request_client_certificates(builder: &mut SslContextBuilder, tls: &Tls<'_>) {
    let mut trusted = X509StoreBuilder::new().unwrap();
    for client in tls.clients {
        trusted.add_cert(client.certificate.clone()).unwrap();
        if tls.lists_cas {
            builder.add_client_ca(&client.certificate).unwrap();
        }
    }
    builder.set_verify_cert_store(trusted.build()).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
}

fn serve_client(mut client: TcpStream, context: Option<&SslContext>, service: &Service) {
    let Some(context) = context else {
        respond(&mut client, service);
        return;
    };
    let mut stream = SslStream::new(Ssl::new(context).unwrap(), client).unwrap();
    if stream.accept().is_ok() {
        respond(&mut stream, service);
    } else {
        // Unread bytes would cause a reset, which could overtake the alert.
        let client = stream.get_mut();
        let _ = client.shutdown(std::net::Shutdown::Write);
        let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
        let mut rest = [0; 1024];
        while matches!(client.read(&mut rest), Ok(1..)) {}
    }
}

fn respond(stream: &mut (impl Read + Write), service: &Service) {
    let mut buffer = [0; 4096];
    match service {
        Service::Nothing => {}
        Service::Silence => while matches!(stream.read(&mut buffer), Ok(1..)) {},
        Service::Bytes(bytes) => {
            if matches!(stream.read(&mut buffer), Ok(1..)) {
                let _ = stream.write_all(bytes);
            }
        }
        Service::Kafka(nodes) => while serve_request(stream, Some(nodes)).is_some() {},
        Service::Sasl => while serve_request(stream, None).is_some() {},
    }
}

/// Serves one request; `None` at the end of the connection. Without `nodes`, only `ApiVersions` and `SaslHandshake` are
/// accepted.
fn serve_request(
    stream: &mut (impl Read + Write),
    nodes: Option<&[(i32, String, u16)]>,
) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    // Brokers, too, close the connection at an invalid length, such as the start of a TLS handshake.
    let length = usize::try_from(u32::from_be_bytes(length))
        .ok()
        .filter(|length| *length < 100_000)?;
    let mut request = vec![0; length];
    stream.read_exact(&mut request).ok()?;
    let number = |at| Some(i16::from_be_bytes(*request.get(at..)?.first_chunk()?));
    let mut body = request.get(4..8)?.to_vec();
    match (number(0)?, number(2)?, nodes) {
        (18, version, _) => {
            // The response to an unknown version is error 35 in version 0; clients then retry with version 0.
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
