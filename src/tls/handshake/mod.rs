//! A TLS handshake of our own with a broker, which tells everything that the client library keeps to itself.
//! The rules are in `rules`, the bytes are read by `flight`; nothing is sent to a server whose certificate failed.

pub(crate) mod client_config;
pub(crate) mod decrypt;
pub(crate) mod error;
pub(crate) mod recording_stream;
pub(crate) mod server_messages;

use std::io::Write;
use std::net::{IpAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::{self, HandshakeError, Ssl, SslContextBuilder, SslStream, SslVerifyMode};
use openssl::x509::{X509, X509Name, X509StoreContextRef, X509VerifyResult};

use self::client_config::{Rules, allow_old_versions};
use self::error::{Broken, Ending, broken};
use self::recording_stream::Tap;
use self::server_messages::Flight;
use super::certificate::Served;
use super::certificate::principal::principal;

/// What a handshake told.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// How it ended; `None` if it was finished.
    pub broken: Option<Broken>,
    /// The version that the server chose, such as `TLS 1.3`.
    pub protocol: Option<String>,
    /// The cipher that was agreed on.
    pub cipher: Option<String>,
    /// The certificates in the order in which they were served.
    pub chain: Vec<Served>,
    /// Everything that is wrong with them, in the order in which it was found; also where it decides nothing.
    pub errors: Vec<CertificateError>,
    /// The request for a client certificate; `None` if there was none, or none was reached.
    pub asked: Option<Asked>,
    /// What we showed.
    pub shown: Shown,
    /// The first bytes that came.
    pub first_bytes: Vec<u8>,
}

/// One thing that is wrong with a broker's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError {
    /// OpenSSL's number (`X509_V_ERR_…`).
    pub code: i32,
    /// How far the certificate is from the broker's own, which has 0.
    pub depth: u32,
    /// The certificate, as far as there is one.
    pub certificate: Option<Served>,
    /// OpenSSL's words.
    pub raw: String,
}

/// What a server said about the client certificates that it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The CAs that it accepts, spelt as principals are; none if it does not say.
    pub authorities: Vec<String>,
    /// Whether our certificate or one of its chain was issued by one of them; true if it does not say.
    pub ours_fits: bool,
}

/// Whether a user certificate was at hand and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Nothing,
    /// It was sent, if the server asked for it.
    Certificate,
    /// It was kept back, as the client library does where no CA of the server's list issued it.
    Withheld,
}

/// A finished handshake's connection.
pub struct Session(SslStream<Tap>);

/// Shakes hands with `host` (a name, an address, or an IPv6 address in brackets) over an open connection.
/// The session is there only if nothing was wrong, or if the rules let it pass.
#[must_use]
pub fn shake_hands(
    socket: TcpStream,
    host: &str,
    rules: &Rules,
    withhold: bool,
    deadline: Instant,
) -> (Handshake, Option<Session>) {
    let notes = Arc::new(Notes::default());
    let prepared = prepare(host, rules, withhold, &notes);
    let shown = match (rules.has_certificate(), withhold) {
        (false, _) => Shown::Nothing,
        (true, false) => Shown::Certificate,
        (true, true) => Shown::Withheld,
    };
    let ssl = match prepared {
        Ok(ssl) => ssl,
        Err(error) => return (Handshake::unprepared(&error, shown), None),
    };
    let (broken, session, received) = connect(ssl, Tap::new(socket, deadline));
    let flight = server_messages::read(&received, lock(&notes.secret).as_deref());
    let mut handshake = Handshake::new(flight, received, shown, rules);
    handshake.errors = std::mem::take(&mut lock(&notes.found).errors);
    handshake.cipher = session.as_ref().and_then(|session| {
        let cipher = session.0.ssl().current_cipher()?;
        Some(cipher.standard_name().unwrap_or(cipher.name()).to_owned())
    });
    let distrusted = rules.verifies() && !handshake.errors.is_empty();
    handshake.broken = match broken {
        Some(broken) if distrusted => Some(Broken::new(Ending::BadCertificate, broken.raw)),
        None if distrusted => Some(Broken::new(Ending::BadCertificate, None)),
        broken => broken,
    };
    (handshake, session.filter(|_| !distrusted))
}

/// Which version below ours a server speaks: `0x0301` for TLS 1.0. Nothing more is said to it.
#[must_use]
pub fn old_version(socket: TcpStream, host: &str, deadline: Instant) -> Option<String> {
    let mut context = Rules::default().context(true).ok()?;
    allow_old_versions(&mut context).ok()?;
    let mut ssl = Ssl::new(&context.build()).ok()?;
    ssl.set_verify_callback(SslVerifyMode::PEER, |_, _| false);
    name_server(&mut ssl, host).ok()?;
    let (_, _, received) = connect(ssl, Tap::new(socket, deadline));
    server_messages::read(&received, None)
        .version
        .map(version_name)
}

impl Handshake {
    fn new(flight: Flight, received: Vec<u8>, shown: Shown, rules: &Rules) -> Handshake {
        let chain = flight.certificates.iter();
        let mut first_bytes = received;
        first_bytes.truncate(64);
        Handshake {
            broken: None,
            protocol: flight.version.map(version_name),
            cipher: None,
            chain: chain.filter_map(|der| Served::from_der(der)).collect(),
            errors: Vec::new(),
            asked: flight.authorities.map(|list| asked(&list, rules)),
            shown,
            first_bytes,
        }
    }

    fn unprepared(error: &ErrorStack, shown: Shown) -> Handshake {
        let none = Handshake::new(Flight::default(), Vec::new(), shown, &Rules::default());
        Handshake {
            broken: Some(Broken::new(Ending::Unprepared, Some(error.to_string()))),
            ..none
        }
    }
}

impl Session {
    /// Sends bytes until the deadline.
    ///
    /// # Errors
    /// How the connection ended.
    pub fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Broken> {
        self.0.get_mut().until(deadline);
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.0.ssl_write(rest).map_err(|error| broken(&error))?;
            rest = rest.get(count..).unwrap_or_default();
        }
        self.0.flush().map_err(|error| Broken::of_io(&error))
    }

    /// Receives some bytes; at least one.
    ///
    /// # Errors
    /// How the connection ended, also where it was closed in good order.
    pub fn receive(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, Broken> {
        self.0.get_mut().until(deadline);
        self.0.ssl_read(buffer).map_err(|error| broken(&error))
    }
}

/// What callbacks leave behind.
#[derive(Default)]
struct Notes {
    found: Mutex<Found>,
    /// The server's handshake secret of TLS 1.3; it opens nothing but its half of the handshake.
    secret: Mutex<Option<Vec<u8>>>,
}

#[derive(Default)]
struct Found {
    errors: Vec<CertificateError>,
    first: Option<X509VerifyResult>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepare(
    host: &str,
    rules: &Rules,
    withhold: bool,
    notes: &Arc<Notes>,
) -> Result<Ssl, ErrorStack> {
    let mut context = rules.context(withhold)?;
    keep_secret(&mut context, notes);
    let mut ssl = Ssl::new(&context.build())?;
    name_server(&mut ssl, host)?;
    if rules.checks_names() {
        match host.parse::<IpAddr>() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => ssl.param_mut().set_host(host)?,
        }
    }
    let (notes, verifies) = (Arc::clone(notes), rules.verifies());
    let mode = if verifies {
        SslVerifyMode::PEER
    } else {
        SslVerifyMode::NONE
    };
    ssl.set_verify_callback(mode, move |fine, store| {
        note(fine, store, &mut lock(&notes.found)) || !verifies
    });
    Ok(ssl)
}

/// Addresses are not named: there are no certificates to choose from by them.
fn name_server(ssl: &mut Ssl, host: &str) -> Result<(), ErrorStack> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    ssl.set_hostname(host)
}

/// Goes on after every error, up to the broker's own certificate, which is looked at last: there the handshake
/// ends if anything was wrong, so that our certificate is not shown to a stranger.
fn note(fine: bool, store: &mut X509StoreContextRef, found: &mut Found) -> bool {
    if !fine {
        let error = store.error();
        found.first.get_or_insert(error);
        found.errors.push(CertificateError {
            code: error.as_raw(),
            depth: store.error_depth(),
            certificate: store.current_cert().map(Served::of),
            raw: error.error_string().to_owned(),
        });
        return true;
    }
    let Some(first) = found.first.filter(|_| store.error_depth() == 0) else {
        return true;
    };
    // The alert that is sent, and OpenSSL's words, are those of the first error.
    store.set_error(first);
    false
}

fn keep_secret(context: &mut SslContextBuilder, notes: &Arc<Notes>) {
    let notes = Arc::clone(notes);
    context.set_keylog_callback(move |_, line| {
        let secret = line.strip_prefix("SERVER_HANDSHAKE_TRAFFIC_SECRET ");
        if let Some(digits) = secret.and_then(|line| line.split(' ').nth(1)) {
            *lock(&notes.secret) = Some(unhex(digits));
        }
    });
}

fn unhex(digits: &str) -> Vec<u8> {
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

/// How it broke, the session if it did not, and what came.
fn connect(ssl: Ssl, tap: Tap) -> (Option<Broken>, Option<Session>, Vec<u8>) {
    match ssl.connect(tap) {
        Ok(stream) => {
            let received = stream.get_ref().received().to_vec();
            (None, Some(Session(stream)), received)
        }
        Err(HandshakeError::SetupFailure(error)) => {
            let broken = Broken::new(Ending::Unprepared, Some(error.to_string()));
            (Some(broken), None, Vec::new())
        }
        Err(HandshakeError::Failure(mut half) | HandshakeError::WouldBlock(mut half)) => {
            let came = half.get_ref().received();
            if !came.is_empty() && !server_messages::looks_like_tls(came) {
                half.get_mut().linger();
            }
            let received = half.get_ref().received().to_vec();
            let broken = in_handshake(half.error(), &received);
            (Some(broken), None, received)
        }
    }
}

fn in_handshake(error: &ssl::Error, received: &[u8]) -> Broken {
    let broken = broken(error);
    if !received.is_empty() && !server_messages::looks_like_tls(received) {
        return Broken::new(Ending::NotTls, broken.raw);
    }
    broken
}

fn asked(authorities: &[Vec<u8>], rules: &Rules) -> Asked {
    let names = authorities
        .iter()
        .filter_map(|der| X509Name::from_der(der).ok());
    let names: Vec<X509Name> = names.collect();
    let chain = rules.chain().unwrap_or_default();
    let issued = |one: &X509| {
        names.iter().any(|name| {
            name.try_cmp(one.issuer_name())
                .is_ok_and(std::cmp::Ordering::is_eq)
        })
    };
    Asked {
        authorities: names.iter().map(|name| principal(name)).collect(),
        ours_fits: names.is_empty() || chain.iter().any(issued),
    }
}

fn version_name(number: u16) -> String {
    match number {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", (number & 0xff) - 1),
        other => format!("version {other:#06x}"),
    }
}
