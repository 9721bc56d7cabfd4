//! A TLS handshake with a broker that records what the client library hides. Nothing is sent to a server whose
//! certificate failed.

pub(crate) mod client_config;
pub(crate) mod decrypt;
pub(crate) mod error;
pub(crate) mod recording_stream;
pub(crate) mod server_messages;

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

/// The result of a handshake.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Why it failed; `None` if it completed.
    pub error: Option<HandshakeError>,
    /// The version that the server chose, such as `TLS 1.3`.
    pub protocol: Option<String>,
    /// The cipher that was agreed on.
    pub cipher: Option<String>,
    /// The certificates in the order in which they were served.
    pub chain: Vec<PeerCertificate>,
    /// All certificate errors in the order of detection, including those that do not fail the handshake.
    pub errors: Vec<CertificateError>,
    /// The request for a client certificate; `None` if there was none, or none was reached.
    pub asked: Option<CertificateRequest>,
    /// The client certificate that was sent.
    pub shown: ClientCertificate,
    /// The first received bytes.
    pub first_bytes: Vec<u8>,
}

/// One thing that is wrong with a broker's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError {
    /// OpenSSL's number (`X509_V_ERR_…`).
    pub code: i32,
    /// Distance from the broker's own certificate, which has 0.
    pub depth: u32,
    /// The certificate, as far as there is one.
    pub certificate: Option<PeerCertificate>,
    /// OpenSSL's words.
    pub raw: String,
}

/// The server's request for a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The accepted CAs as principals; empty if the server lists none.
    pub authorities: Vec<String>,
    /// Whether one of them issued our certificate or one of its chain; true if the server lists none.
    pub ours_fits: bool,
}

/// Whether a user certificate was at hand and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// There is none.
    Nothing,
    /// Sent, if the server requested one.
    Certificate,
    /// Withheld, as the client library does if no CA of the server's list issued it.
    Withheld,
}

/// A finished handshake's connection.
pub struct Session(SslStream<RecordingStream>);

/// Shakes hands with `host` (a name, an address, or an IPv6 address in brackets) over an open connection.
/// The session is there only if nothing was wrong, or if the rules let it pass.
#[must_use]
pub fn handshake(
    socket: TcpStream,
    host: &str,
    rules: &ClientConfig,
    withhold: bool,
    deadline: Instant,
) -> (Handshake, Option<Session>) {
    let results = Arc::new(CallbackResults::default());
    let prepared = prepare_ssl(host, rules, withhold, &results);
    let shown = match (rules.has_certificate(), withhold) {
        (false, _) => ClientCertificate::Nothing,
        (true, false) => ClientCertificate::Certificate,
        (true, true) => ClientCertificate::Withheld,
    };
    let ssl = match prepared {
        Ok(ssl) => ssl,
        Err(error) => return (Handshake::setup_failed(&error, shown), None),
    };
    let (error, session, received) = connect(ssl, RecordingStream::new(socket, deadline));
    let flight = server_messages::read(&received, lock(&results.secret).as_deref());
    let mut handshake = Handshake::new(flight, received, shown, rules);
    handshake.errors = std::mem::take(&mut lock(&results.found).errors);
    handshake.cipher = session.as_ref().and_then(|session| {
        let cipher = session.0.ssl().current_cipher()?;
        Some(cipher.standard_name().unwrap_or(cipher.name()).to_owned())
    });
    let distrusted = rules.verifies() && !handshake.errors.is_empty();
    handshake.error = match error {
        Some(error) if distrusted => Some(HandshakeError::new(
            HandshakeErrorKind::BadCertificate,
            error.raw,
        )),
        None if distrusted => Some(HandshakeError::new(
            HandshakeErrorKind::BadCertificate,
            None,
        )),
        error => error,
    };
    (handshake, session.filter(|_| !distrusted))
}

/// The older version that a server speaks: `0x0301` for TLS 1.0. Nothing more is sent to it.
#[must_use]
pub fn detect_old_version(socket: TcpStream, host: &str, deadline: Instant) -> Option<String> {
    let mut context = ClientConfig::default().context(true).ok()?;
    allow_old_versions(&mut context).ok()?;
    let mut ssl = Ssl::new(&context.build()).ok()?;
    ssl.set_verify_callback(SslVerifyMode::PEER, |_, _| false);
    set_server_name(&mut ssl, host).ok()?;
    let (_, _, received) = connect(ssl, RecordingStream::new(socket, deadline));
    server_messages::read(&received, None)
        .version
        .map(version_name)
}

impl Handshake {
    fn new(
        flight: ServerFlight,
        received: Vec<u8>,
        shown: ClientCertificate,
        rules: &ClientConfig,
    ) -> Handshake {
        let chain = flight.certificates.iter();
        let mut first_bytes = received;
        first_bytes.truncate(64);
        Handshake {
            error: None,
            protocol: flight.version.map(version_name),
            cipher: None,
            chain: chain
                .filter_map(|der| PeerCertificate::from_der(der))
                .collect(),
            errors: Vec::new(),
            asked: flight.authorities.map(|list| asked(&list, rules)),
            shown,
            first_bytes,
        }
    }

    fn setup_failed(error: &ErrorStack, shown: ClientCertificate) -> Handshake {
        let none = Handshake::new(
            ServerFlight::default(),
            Vec::new(),
            shown,
            &ClientConfig::default(),
        );
        Handshake {
            error: Some(HandshakeError::new(
                HandshakeErrorKind::Unprepared,
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
    /// How the connection ended.
    pub fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), HandshakeError> {
        self.0.get_mut().until(deadline);
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
    /// How the connection ended, including an orderly close.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        deadline: Instant,
    ) -> Result<usize, HandshakeError> {
        self.0.get_mut().until(deadline);
        self.0.ssl_read(buffer).map_err(|error| classify(&error))
    }
}

/// Results of the callbacks.
#[derive(Default)]
struct CallbackResults {
    found: Mutex<FoundErrors>,
    /// The server's handshake secret of TLS 1.3; it opens nothing but its half of the handshake.
    secret: Mutex<Option<Vec<u8>>>,
}

#[derive(Default)]
struct FoundErrors {
    errors: Vec<CertificateError>,
    first: Option<X509VerifyResult>,
}

fn prepare_ssl(
    host: &str,
    rules: &ClientConfig,
    withhold: bool,
    results: &Arc<CallbackResults>,
) -> Result<Ssl, ErrorStack> {
    let mut context = rules.context(withhold)?;
    record_secret(&mut context, results);
    let mut ssl = Ssl::new(&context.build())?;
    set_server_name(&mut ssl, host)?;
    if rules.checks_names() {
        match host.parse::<IpAddr>() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => ssl.param_mut().set_host(host)?,
        }
    }
    let (results, verifies) = (Arc::clone(results), rules.verifies());
    let mode = if verifies {
        SslVerifyMode::PEER
    } else {
        SslVerifyMode::NONE
    };
    ssl.set_verify_callback(mode, move |fine, store| {
        record_error(fine, store, &mut lock(&results.found)) || !verifies
    });
    Ok(ssl)
}

/// No server name for IP addresses: a server cannot select a certificate by them.
fn set_server_name(ssl: &mut Ssl, host: &str) -> Result<(), ErrorStack> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    ssl.set_hostname(host)
}

/// Continues after every error up to the broker's own certificate, which is verified last: there the handshake ends
/// if there was any error, so that our certificate is not shown to an untrusted server.
fn record_error(fine: bool, store: &mut X509StoreContextRef, found: &mut FoundErrors) -> bool {
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
    // The alert that is sent, and OpenSSL's message, are those of the first error.
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

/// The error, the session if there is none, and the received bytes.
fn connect(
    ssl: Ssl,
    stream: RecordingStream,
) -> (Option<HandshakeError>, Option<Session>, Vec<u8>) {
    match ssl.connect(stream) {
        Ok(stream) => {
            let received = stream.get_ref().received().to_vec();
            (None, Some(Session(stream)), received)
        }
        Err(SslHandshakeError::SetupFailure(error)) => {
            let error =
                HandshakeError::new(HandshakeErrorKind::Unprepared, Some(error.to_string()));
            (Some(error), None, Vec::new())
        }
        Err(SslHandshakeError::Failure(mut half) | SslHandshakeError::WouldBlock(mut half)) => {
            let came = half.get_ref().received();
            if !came.is_empty() && !server_messages::looks_like_tls(came) {
                half.get_mut().drain();
            }
            let received = half.get_ref().received().to_vec();
            let error = in_handshake(half.error(), &received);
            (Some(error), None, received)
        }
    }
}

fn in_handshake(error: &ssl::Error, received: &[u8]) -> HandshakeError {
    let error = classify(error);
    if !received.is_empty() && !server_messages::looks_like_tls(received) {
        return HandshakeError::new(HandshakeErrorKind::NotTls, error.raw);
    }
    error
}

fn asked(authorities: &[Vec<u8>], rules: &ClientConfig) -> CertificateRequest {
    let dns_names = authorities
        .iter()
        .filter_map(|der| X509Name::from_der(der).ok());
    let dns_names: Vec<X509Name> = dns_names.collect();
    let chain = rules.chain().unwrap_or_default();
    let issued = |one: &X509| {
        dns_names.iter().any(|name| {
            name.try_cmp(one.issuer_name())
                .is_ok_and(std::cmp::Ordering::is_eq)
        })
    };
    CertificateRequest {
        authorities: dns_names.iter().map(|name| principal(name)).collect(),
        ours_fits: dns_names.is_empty() || chain.iter().any(issued),
    }
}

fn version_name(number: u16) -> String {
    match number {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", (number & 0xff) - 1),
        other => format!("version {other:#06x}"),
    }
}
