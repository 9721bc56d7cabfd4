//! TLS handshake with a broker, recorded in detail because the client library hides most of it. Nothing is sent to a
//! server whose certificate failed.

pub(super) mod client_config;
mod decrypt;
pub(super) mod error;
mod recording_stream;
mod server_messages;

use std::io::Write;
use std::net::{IpAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::{
    self, HandshakeError as SslHandshakeError, Ssl, SslContextBuilder, SslStream, SslVerifyMode,
};
use openssl::x509::{X509, X509Name, X509StoreContextRef, X509VerifyResult};

use self::client_config::{ClientConfig, allow_old_versions};
use self::error::{HandshakeError, HandshakeErrorKind, classify};
use self::recording_stream::RecordingStream;
use self::server_messages::ServerFlight;
use super::certificate::PeerCertificate;
use super::certificate::principal::principal;
use crate::util::mutex::lock;

/// Largest number of bytes in [`Handshake::first_bytes`].
pub const MAX_FIRST_BYTES: usize = 64;

/// The result of a handshake.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Why it failed; `None` if it completed.
    pub error: Option<HandshakeError>,
    /// The version that the server selected, such as `TLS 1.3`.
    pub protocol: Option<String>,
    /// The negotiated cipher suite.
    pub cipher: Option<String>,
    /// The server's certificates in the order received.
    pub chain: Vec<PeerCertificate>,
    /// All certificate errors in the order of detection, including those that do not fail the handshake.
    pub errors: Vec<CertificateError>,
    /// The request for a client certificate; `None` if none was received.
    pub certificate_request: Option<CertificateRequest>,
    /// Whether the client certificate was offered.
    pub client_certificate: ClientCertificate,
    /// The first received bytes, at most [`MAX_FIRST_BYTES`].
    pub first_bytes: Vec<u8>,
    /// The server name that was sent (SNI); `None` for an address.
    pub server_name: Option<String>,
    /// Length of the client hello.
    pub hello_bytes: usize,
}

/// A verification error of a broker's certificate chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError {
    /// OpenSSL's number (`X509_V_ERR_…`).
    pub code: i32,
    /// Position in the chain; the broker's own certificate has 0.
    pub depth: u32,
    /// The certificate with the error, if OpenSSL names one.
    pub certificate: Option<PeerCertificate>,
    /// OpenSSL's message.
    pub raw: String,
}

/// The server's request for a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The accepted CAs as principals; empty if the server lists none.
    pub authorities: Vec<String>,
    /// Java's names of the key types whose signatures the server accepts, in its order.
    pub key_types: Vec<&'static str>,
    /// Whether one of them issued our certificate or one of its chain; true if the server lists none.
    pub accepts_ours: bool,
}

/// Whether the client offered its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// No certificate is configured.
    NotConfigured,
    /// Sent if the server requested one.
    Offered,
    /// Not sent: the client library does this if no CA in the server's list issued it.
    Withheld,
}

/// The connection after a successful handshake.
pub struct Session(SslStream<RecordingStream>);

/// Performs a handshake with `host` (a name, an address, or an IPv6 address in brackets) over an open connection.
/// The session is returned only if there was no error, or if `config` does not verify certificates.
#[must_use]
pub fn handshake(
    socket: TcpStream,
    host: &str,
    config: &ClientConfig,
    withhold: bool,
    deadline: Instant,
) -> (Handshake, Option<Session>) {
    let results = Arc::new(CallbackResults::default());
    let prepared = prepare_ssl(host, config, withhold, &results);
    let client_certificate = match (config.has_certificate(), withhold) {
        (false, _) => ClientCertificate::NotConfigured,
        (true, false) => ClientCertificate::Offered,
        (true, true) => ClientCertificate::Withheld,
    };
    let ssl = match prepared {
        Ok(ssl) => ssl,
        Err(error) => return (Handshake::setup_failed(&error, client_certificate), None),
    };
    let Connected {
        error,
        session,
        received,
        hello_bytes,
    } = connect(ssl, RecordingStream::new(socket, deadline));
    let flight = server_messages::parse(&received, lock(&results.secret).as_deref());
    let mut handshake = Handshake::new(flight, received, client_certificate, config);
    handshake.server_name = server_name(host).map(str::to_owned);
    handshake.hello_bytes = hello_bytes;
    handshake.errors = std::mem::take(&mut lock(&results.verify_errors).errors);
    handshake.cipher = session.as_ref().and_then(|session| {
        let cipher = session.0.ssl().current_cipher()?;
        Some(cipher.standard_name().unwrap_or(cipher.name()).to_owned())
    });
    let distrusted = config.verifies() && !handshake.errors.is_empty();
    handshake.error = if distrusted {
        let raw = error.and_then(|error| error.raw);
        let kind = HandshakeErrorKind::BadCertificate;
        Some(HandshakeError::new(kind, raw))
    } else {
        error
    };
    (handshake, session.filter(|_| !distrusted))
}

/// The version, older than TLS 1.2, that a server supports, such as `TLS 1.0`. Sends only a client hello.
#[must_use]
pub fn detect_old_version(socket: TcpStream, host: &str, deadline: Instant) -> Option<String> {
    let mut context = ClientConfig::default().context(true).ok()?;
    allow_old_versions(&mut context).ok()?;
    let mut ssl = Ssl::new(&context.build()).ok()?;
    ssl.set_verify_callback(SslVerifyMode::PEER, |_, _| false);
    set_server_name(&mut ssl, host).ok()?;
    let connected = connect(ssl, RecordingStream::new(socket, deadline));
    server_messages::parse(&connected.received, None)
        .version
        .map(version_name)
}

impl Handshake {
    fn new(
        flight: ServerFlight,
        received: Vec<u8>,
        client_certificate: ClientCertificate,
        config: &ClientConfig,
    ) -> Handshake {
        let chain = flight.certificates.iter();
        let mut first_bytes = received;
        first_bytes.truncate(MAX_FIRST_BYTES);
        Handshake {
            error: None,
            protocol: flight.version.map(version_name),
            cipher: None,
            chain: chain
                .filter_map(|der| PeerCertificate::from_der(der))
                .collect(),
            errors: Vec::new(),
            certificate_request: flight
                .authorities
                .map(|list| certificate_request(&list, &flight.signature_schemes, config)),
            client_certificate,
            first_bytes,
            server_name: None,
            hello_bytes: 0,
        }
    }

    fn setup_failed(error: &ErrorStack, client_certificate: ClientCertificate) -> Handshake {
        let none = Handshake::new(
            ServerFlight::default(),
            Vec::new(),
            client_certificate,
            &ClientConfig::default(),
        );
        Handshake {
            error: Some(HandshakeError::new(
                HandshakeErrorKind::InvalidConfig,
                Some(error.to_string()),
            )),
            ..none
        }
    }
}

impl Session {
    /// Sends bytes until the deadline.
    ///
    /// # Errors
    /// A write error, or `Timeout` after the deadline.
    pub fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), HandshakeError> {
        self.0.get_mut().set_deadline(deadline);
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.0.ssl_write(rest).map_err(|error| classify(&error))?;
            rest = rest.get(count..).unwrap_or_default();
        }
        self.0
            .flush()
            .map_err(|error| HandshakeError::from_io(&error))
    }

    /// Receives at least one byte.
    ///
    /// # Errors
    /// A read error, `Timeout` after the deadline, or `Closed` after an orderly close.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        deadline: Instant,
    ) -> Result<usize, HandshakeError> {
        self.0.get_mut().set_deadline(deadline);
        self.0.ssl_read(buffer).map_err(|error| classify(&error))
    }
}

/// Results of OpenSSL's callbacks.
#[derive(Default)]
struct CallbackResults {
    verify_errors: Mutex<VerifyErrors>,
    /// The server's handshake secret of TLS 1.3; it decrypts only the server's half of the handshake.
    secret: Mutex<Option<Vec<u8>>>,
}

#[derive(Default)]
struct VerifyErrors {
    errors: Vec<CertificateError>,
    first: Option<X509VerifyResult>,
}

fn prepare_ssl(
    host: &str,
    config: &ClientConfig,
    withhold: bool,
    results: &Arc<CallbackResults>,
) -> Result<Ssl, ErrorStack> {
    let mut context = config.context(withhold)?;
    record_secret(&mut context, results);
    let mut ssl = Ssl::new(&context.build())?;
    set_server_name(&mut ssl, host)?;
    if config.checks_names() {
        match host.parse::<IpAddr>() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => ssl.param_mut().set_host(host)?,
        }
    }
    let (results, verifies) = (Arc::clone(results), config.verifies());
    let mode = if verifies {
        SslVerifyMode::PEER
    } else {
        SslVerifyMode::NONE
    };
    ssl.set_verify_callback(mode, move |fine, store| {
        record_error(fine, store, &mut lock(&results.verify_errors)) || !verifies
    });
    Ok(ssl)
}

fn set_server_name(ssl: &mut Ssl, host: &str) -> Result<(), ErrorStack> {
    match server_name(host) {
        Some(name) => ssl.set_hostname(name),
        None => Ok(()),
    }
}

/// No server name for IP addresses: a server cannot select a certificate by them.
fn server_name(host: &str) -> Option<&str> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_err().then_some(host)
}

/// Verify callback. Continues after every error up to the broker's own certificate, which is verified last. If there
/// was any error, the handshake ends there, so that our certificate is not sent to an untrusted server.
fn record_error(fine: bool, store: &mut X509StoreContextRef, found: &mut VerifyErrors) -> bool {
    if !fine {
        let error = store.error();
        found.first.get_or_insert(error);
        found.errors.push(CertificateError {
            code: error.as_raw(),
            depth: store.error_depth(),
            certificate: store.current_cert().map(PeerCertificate::from_certificate),
            raw: error.error_string().to_owned(),
        });
        return true;
    }
    let Some(first) = found.first.filter(|_| store.error_depth() == 0) else {
        return true;
    };
    // Sets the alert that is sent, and OpenSSL's message.
    store.set_error(first);
    false
}

fn record_secret(context: &mut SslContextBuilder, results: &Arc<CallbackResults>) {
    let results = Arc::clone(results);
    context.set_keylog_callback(move |_, line| {
        let secret = line.strip_prefix("SERVER_HANDSHAKE_TRAFFIC_SECRET ");
        if let Some(digits) = secret.and_then(|line| line.split(' ').nth(1)) {
            *lock(&results.secret) = Some(decode_hex(digits));
        }
    });
}

fn decode_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    let bytes = digits.chunks_exact(2);
    let byte = |pair: &[u32]| pair.iter().fold(0, |sum, digit| sum << 4 | digit);
    bytes
        .filter_map(|pair| u8::try_from(byte(pair)).ok())
        .collect()
}

/// The outcome of a connection attempt.
#[derive(Default)]
struct Connected {
    error: Option<HandshakeError>,
    /// `None` after an error.
    session: Option<Session>,
    received: Vec<u8>,
    hello_bytes: usize,
}

fn connect(ssl: Ssl, stream: RecordingStream) -> Connected {
    match ssl.connect(stream) {
        Ok(stream) => Connected {
            error: None,
            received: stream.get_ref().received().to_vec(),
            hello_bytes: stream.get_ref().first_sent(),
            session: Some(Session(stream)),
        },
        Err(SslHandshakeError::SetupFailure(error)) => {
            let kind = HandshakeErrorKind::InvalidConfig;
            Connected {
                error: Some(HandshakeError::new(kind, Some(error.to_string()))),
                ..Connected::default()
            }
        }
        Err(SslHandshakeError::Failure(mut half) | SslHandshakeError::WouldBlock(mut half)) => {
            let received = half.get_ref().received();
            if !received.is_empty() && !server_messages::looks_like_tls(received) {
                half.get_mut().drain();
            }
            let received = half.get_ref().received().to_vec();
            Connected {
                error: Some(classify_with_bytes(half.error(), &received)),
                session: None,
                hello_bytes: half.get_ref().first_sent(),
                received,
            }
        }
    }
}

fn classify_with_bytes(error: &ssl::Error, received: &[u8]) -> HandshakeError {
    let error = classify(error);
    if !received.is_empty() && !server_messages::looks_like_tls(received) {
        return HandshakeError::new(HandshakeErrorKind::NotTls, error.raw);
    }
    error
}

fn certificate_request(
    authorities: &[Vec<u8>],
    signature_schemes: &[u16],
    config: &ClientConfig,
) -> CertificateRequest {
    let names = authorities
        .iter()
        .filter_map(|der| X509Name::from_der(der).ok());
    let names: Vec<X509Name> = names.collect();
    let chain = config.chain().unwrap_or_default();
    let issued = |one: &X509| {
        names.iter().any(|name| {
            name.try_cmp(one.issuer_name())
                .is_ok_and(std::cmp::Ordering::is_eq)
        })
    };
    CertificateRequest {
        authorities: names.iter().map(|name| principal(name)).collect(),
        key_types: key_types(signature_schemes),
        accepts_ours: names.is_empty() || chain.iter().any(issued),
    }
}

/// Java's names of the key types of signature schemes (RFC 8446, 4.2.3), each once.
fn key_types(signature_schemes: &[u16]) -> Vec<&'static str> {
    let mut types = Vec::new();
    for scheme in signature_schemes {
        let name = match scheme {
            0x0809..=0x080b => "RSASSA-PSS",
            0x0804..=0x0806 => "RSA",
            0x0807 | 0x0808 => "EdDSA",
            // Older schemes are pairs of hash and signature.
            other => match other & 0xff {
                1 => "RSA",
                2 => "DSA",
                3 => "EC",
                _ => continue,
            },
        };
        if !types.contains(&name) {
            types.push(name);
        }
    }
    types
}

fn version_name(number: u16) -> String {
    match number {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", (number & 0xff) - 1),
        other => format!("version {other:#06x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schemes of a broker on Java 17, and some that no key has.
    #[test]
    fn key_types_have_the_order_of_the_schemes() {
        let java = [
            0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
            0x0401, 0x0501, 0x0601, 0x0402, 0x0203, 0x0201, 0x0202,
        ];
        assert_eq!(
            key_types(&java),
            ["EC", "EdDSA", "RSA", "RSASSA-PSS", "DSA"]
        );
        assert_eq!(key_types(&[0x0401, 0x0403, 0x0401]), ["RSA", "EC"]);
        assert_eq!(key_types(&[0x0a0a, 0xfe00]), Vec::<&str>::new());
    }
}
