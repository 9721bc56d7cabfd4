//! Probes one address: TCP, TLS, Kafka's first responses; and a fallback probe if one of them fails. Each layer has
//! its own timeout.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::facts::{Address, Answer, Credentials, Limits, Listener, Tcp};
use super::protocol;
use super::transport::{ResponseError, Transport};
use crate::tls::handshake::{ClientCertificate, Handshake, Session, detect_old_version, handshake};
use crate::tls::{ClientConfig, HandshakeError, HandshakeErrorKind};

/// The alert of a server that does not speak our versions (`protocol_version`).
const PROTOCOL_VERSION_ALERT: u8 = 70;
/// Timeout of a plain request to a listener that did not answer TLS.
const FALLBACK_TIMEOUT: Duration = Duration::from_millis(1500);
/// The end of an HTTP request, and of most text protocols.
const REQUEST_END: &[u8] = b"\r\n\r\n";

/// The parameters of all addresses of one broker.
pub(super) struct AddressProbe<'a> {
    pub(super) host: &'a str,
    pub(super) credentials: &'a Credentials,
    pub(super) limits: &'a Limits,
    pub(super) end: Instant,
}

impl AddressProbe<'_> {
    pub(super) fn run(&self, address: SocketAddr) -> Address {
        let mut report = Address {
            address,
            tcp: Tcp::Open(Duration::ZERO),
            handshake: None,
            with_certificate: None,
            answer: None,
            listener: None,
        };
        let socket = match self.open(address, self.limits.connect) {
            Ok((socket, took)) => {
                report.tcp = Tcp::Open(took);
                socket
            }
            Err(why) => {
                report.tcp = why;
                return report;
            }
        };
        match &self.credentials.tls {
            Some(config) => self.with_tls(socket, config, &mut report),
            None => self.probe_plain(socket, &mut report),
        }
        report
    }

    fn open(&self, address: SocketAddr, limit: Duration) -> Result<(TcpStream, Duration), Tcp> {
        let start = Instant::now();
        let limit = limit.min(self.end.saturating_duration_since(start));
        if limit.is_zero() {
            return Err(Tcp::Dropped(limit));
        }
        let opened = TcpStream::connect_timeout(&address, limit);
        let socket = opened.map_err(|error| match error.kind() {
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Tcp::Dropped(limit),
            std::io::ErrorKind::ConnectionRefused => Tcp::Refused(error.to_string()),
            _ => Tcp::Failed(error.to_string()),
        })?;
        // Without it two small packets would wait for each other.
        let _ = socket.set_nodelay(true);
        Ok((socket, start.elapsed()))
    }

    fn until(&self, limit: Duration) -> Instant {
        self.end.min(Instant::now() + limit)
    }

    fn with_tls(&self, socket: TcpStream, config: &ClientConfig, report: &mut Address) {
        let (first, session) = self.shake_hands(socket, config, false);
        let withheld = first.shown == ClientCertificate::Certificate
            && first.asked.as_ref().is_some_and(|asked| !asked.ours_fits);
        let trusted = !matches!(&first.error, Some(error) if error.kind == HandshakeErrorKind::BadCertificate);
        report.handshake = Some(first);
        if !(withheld && trusted) {
            self.request_versions(session, config, report);
            return;
        }
        // The client library would now send no certificate at all; so the verdict is that of a second try.
        if let Ok((socket, _)) = self.open(report.address, self.limits.connect) {
            let (second, session) = self.shake_hands(socket, config, true);
            report.with_certificate = report.handshake.replace(second);
            self.request_versions(session, config, report);
        }
    }

    fn shake_hands(
        &self,
        socket: TcpStream,
        config: &ClientConfig,
        withhold: bool,
    ) -> (Handshake, Option<Session>) {
        handshake(
            socket,
            self.host,
            config,
            withhold,
            self.until(self.limits.handshake),
        )
    }

    fn request_versions(
        &self,
        session: Option<Session>,
        config: &ClientConfig,
        report: &mut Address,
    ) {
        let Some(session) = session else {
            self.retry_plain(report);
            return;
        };
        let mut transport = Transport::Tls(Box::new(session));
        match self.send_request(&mut transport) {
            Ok(answer) => report.answer = Some(Ok(answer)),
            Err((no_answer, greeted)) => {
                report.listener = self.other_listener(&no_answer, greeted, config, report);
                report.answer = Some(Err(no_answer.error));
            }
        }
    }

    /// The error comes with whether the very first question had an answer.
    fn send_request(&self, transport: &mut Transport) -> Result<Answer, (ResponseError, bool)> {
        let start = Instant::now();
        let end = self.until(self.limits.answer);
        let known = transport
            .send_request(&protocol::api_versions(), end)
            .map_err(|error| (error, false))?;
        let version =
            protocol::read_api_versions(&known).ok_or_else(|| (not_kafka(known), false))?;
        let (protocol::CommonVersion::Version(version), false) = (version, self.credentials.login)
        else {
            return Ok(Answer {
                nodes: None,
                took: start.elapsed(),
            });
        };
        let answer = transport
            .send_request(&protocol::metadata(version), end)
            .map_err(|error| (error, true))?;
        Ok(Answer {
            nodes: protocol::read_metadata(&answer, version),
            took: start.elapsed(),
        })
    }

    /// Detects what answers over TLS, but not as a Kafka listener without login.
    fn other_listener(
        &self,
        no_answer: &ResponseError,
        greeted: bool,
        config: &ClientConfig,
        report: &Address,
    ) -> Option<Listener> {
        if !no_answer.first_bytes.is_empty() && no_answer.error.kind == HandshakeErrorKind::NotKafka
        {
            return Some(Listener::Foreign(no_answer.first_bytes.clone()));
        }
        if !greeted {
            return (no_answer.error.kind == HandshakeErrorKind::Timeout)
                .then_some(Listener::Silent);
        }
        // It knows Kafka, and hung up at a question that is allowed only after a login.
        let (socket, _) = self.open(report.address, FALLBACK_TIMEOUT).ok()?;
        let withhold = report
            .handshake
            .as_ref()
            .is_some_and(|made| made.shown == ClientCertificate::Withheld);
        let (_, session) = self.shake_hands(socket, config, withhold);
        let mut transport = Transport::Tls(Box::new(session?));
        self.detect_login(&mut transport)
    }

    fn detect_login(&self, transport: &mut Transport) -> Option<Listener> {
        let answer = transport
            .send_request(&protocol::sasl_handshake(), self.until(FALLBACK_TIMEOUT))
            .ok()?;
        protocol::read_sasl_handshake(&answer).map(Listener::Login)
    }

    /// After a handshake that failed for another reason than a certificate.
    fn retry_plain(&self, report: &mut Address) {
        let Some(handshake) = &report.handshake else {
            return;
        };
        let Some(error) = &handshake.error else {
            return;
        };
        let unheard = handshake.protocol.is_none();
        report.listener = match error.kind {
            HandshakeErrorKind::NotTls => Some(Listener::Foreign(handshake.first_bytes.clone())),
            HandshakeErrorKind::Alert(PROTOCOL_VERSION_ALERT) | HandshakeErrorKind::Unsuitable => {
                self.detect_old_tls(report.address)
            }
            HandshakeErrorKind::Closed | HandshakeErrorKind::Timeout if unheard => {
                Some(self.detect_plain(report.address))
            }
            _ => None,
        };
    }

    fn detect_old_tls(&self, address: SocketAddr) -> Option<Listener> {
        let (socket, _) = self.open(address, FALLBACK_TIMEOUT).ok()?;
        detect_old_version(socket, self.host, self.until(FALLBACK_TIMEOUT)).map(Listener::OldTls)
    }

    /// Detects what answers without TLS.
    fn detect_plain(&self, address: SocketAddr) -> Listener {
        let Ok((socket, _)) = self.open(address, FALLBACK_TIMEOUT) else {
            return Listener::Closing;
        };
        let mut transport = Transport::Plain(socket);
        let asked = transport.send_request(&protocol::api_versions(), self.until(FALLBACK_TIMEOUT));
        let silent = matches!(&asked, Err(no) if no.error.kind == HandshakeErrorKind::Timeout);
        let found = classify(asked);
        if !silent {
            return found;
        }
        // Servers of text protocols wait for the end of a line.
        let end = self.until(FALLBACK_TIMEOUT / 3);
        let mut received = Vec::new();
        let spoken = transport
            .send(REQUEST_END, end)
            .and_then(|()| transport.receive(&mut received, end));
        match spoken {
            Ok(()) => Listener::Foreign(received.into_iter().take(64).collect()),
            Err(_) => found,
        }
    }

    fn probe_plain(&self, socket: TcpStream, report: &mut Address) {
        let mut transport = Transport::Plain(socket);
        match self.send_request(&mut transport) {
            Ok(answer) => report.answer = Some(Ok(answer)),
            Err((no_answer, greeted)) => {
                report.answer = Some(Err(no_answer.error.clone()));
                report.listener = self.detect_instead_of_plain(no_answer, greeted, report.address);
            }
        }
    }

    fn detect_instead_of_plain(
        &self,
        no_answer: ResponseError,
        greeted: bool,
        address: SocketAddr,
    ) -> Option<Listener> {
        let again = self
            .open(address, FALLBACK_TIMEOUT)
            .ok()
            .map(|(socket, _)| socket);
        if greeted {
            return self.detect_login(&mut Transport::Plain(again?));
        }
        let listener = classify(Err(no_answer));
        let tls = listener == Listener::Closing && again.is_some_and(|one| self.speaks_tls(one));
        Some(if tls { Listener::Tls } else { listener })
    }

    /// Whether the server answers with a TLS version; nothing more is sent to it.
    fn speaks_tls(&self, socket: TcpStream) -> bool {
        let end = self.until(FALLBACK_TIMEOUT);
        let (made, _) = handshake(socket, self.host, &ClientConfig::default(), true, end);
        made.protocol.is_some()
    }
}

fn not_kafka(first_bytes: Vec<u8>) -> ResponseError {
    ResponseError {
        error: HandshakeError::new(HandshakeErrorKind::NotKafka, None),
        first_bytes,
    }
}

/// The listener, by its response to the first plain request.
fn classify(answer: Result<Vec<u8>, ResponseError>) -> Listener {
    match answer {
        Ok(answer) if protocol::read_api_versions(&answer).is_some() => Listener::PlainKafka,
        Ok(answer) => Listener::Foreign(answer.into_iter().take(64).collect()),
        Err(no) if matches!(no.first_bytes.as_slice(), [20..=23, 3, ..]) => Listener::Tls,
        Err(no) if !no.first_bytes.is_empty() => Listener::Foreign(no.first_bytes),
        Err(no) if no.error.kind == HandshakeErrorKind::Timeout => Listener::Silent,
        Err(_) => Listener::Closing,
    }
}
