//! Probe of one address: TCP, TLS, Kafka; if one layer fails, a fallback probe detects what listens there.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::facts::{AddressReport, Credentials, KafkaResponse, Listener, TcpOutcome, Timeouts};
use super::protocol;
use super::transport::{ResponseError, Transport};
use crate::tls::handshake::{
    ClientCertificate, Handshake, MAX_FIRST_BYTES, Session, detect_old_version, handshake,
};
use crate::tls::{ClientConfig, HandshakeError, HandshakeErrorKind};

/// The alert `protocol_version`: the server does not support the client's versions.
const PROTOCOL_VERSION_ALERT: u8 = 70;
/// The alerts `illegal_parameter`, `decode_error` and `internal_error`: the server could not parse the client hello.
const PARSE_ALERTS: [u8; 3] = [47, 50, 80];
/// Timeout of each step of a fallback probe.
const FALLBACK_TIMEOUT: Duration = Duration::from_millis(1500);
/// The end of an HTTP request, and of most text protocols.
const REQUEST_END: &[u8] = b"\r\n\r\n";

/// The parameters for all addresses of one broker.
pub(super) struct AddressProbe<'a> {
    pub(super) host: &'a str,
    pub(super) credentials: &'a Credentials,
    pub(super) timeouts: &'a Timeouts,
    pub(super) deadline: Instant,
}

impl AddressProbe<'_> {
    pub(super) fn run(&self, address: SocketAddr) -> AddressReport {
        let mut report = AddressReport {
            address,
            tcp: TcpOutcome::Connected(Duration::ZERO),
            handshake: None,
            with_certificate: None,
            response: None,
            listener: None,
        };
        let socket = match self.connect(address, self.timeouts.connect) {
            Ok((socket, took)) => {
                report.tcp = TcpOutcome::Connected(took);
                socket
            }
            Err(outcome) => {
                report.tcp = outcome;
                return report;
            }
        };
        match &self.credentials.tls {
            Some(config) => self.probe_tls(socket, config, &mut report),
            None => self.probe_plain(socket, &mut report),
        }
        report
    }

    /// The socket, and the time that connecting took.
    fn connect(
        &self,
        address: SocketAddr,
        timeout: Duration,
    ) -> Result<(TcpStream, Duration), TcpOutcome> {
        let start = Instant::now();
        let timeout = timeout.min(self.deadline.saturating_duration_since(start));
        if timeout.is_zero() {
            return Err(TcpOutcome::TimedOut(timeout));
        }
        let opened = TcpStream::connect_timeout(&address, timeout);
        let socket = opened.map_err(|error| match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => TcpOutcome::TimedOut(timeout),
            ErrorKind::ConnectionRefused => TcpOutcome::Refused(error.to_string()),
            _ => TcpOutcome::Failed(error.to_string()),
        })?;
        // Nagle's algorithm would delay the second of two small packets.
        let _ = socket.set_nodelay(true);
        Ok((socket, start.elapsed()))
    }

    fn deadline_after(&self, timeout: Duration) -> Instant {
        self.deadline.min(Instant::now() + timeout)
    }

    fn probe_tls(&self, socket: TcpStream, config: &ClientConfig, report: &mut AddressReport) {
        let (first, session) = self.tls_handshake(socket, config, false);
        let unaccepted = first.client_certificate == ClientCertificate::Offered
            && first
                .certificate_request
                .as_ref()
                .is_some_and(|request| !request.accepts_ours);
        let trusted = !matches!(&first.error, Some(error) if error.kind == HandshakeErrorKind::BadCertificate);
        report.handshake = Some(first);
        if !(unaccepted && trusted) {
            self.request_versions(session, config, report);
            return;
        }
        // The client library sends no certificate in this case, so a second handshake without one decides.
        if let Ok((socket, _)) = self.connect(report.address, self.timeouts.connect) {
            let (second, session) = self.tls_handshake(socket, config, true);
            report.with_certificate = report.handshake.replace(second);
            self.request_versions(session, config, report);
        }
    }

    fn tls_handshake(
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
            self.deadline_after(self.timeouts.handshake),
        )
    }

    fn request_versions(
        &self,
        session: Option<Session>,
        config: &ClientConfig,
        report: &mut AddressReport,
    ) {
        let Some(session) = session else {
            self.retry_otherwise(config, report);
            return;
        };
        let mut transport = Transport::Tls(Box::new(session));
        match self.query_kafka(&mut transport) {
            Ok(response) => report.response = Some(Ok(response)),
            Err((failure, knows_kafka)) => {
                report.listener = self.other_listener(&failure, knows_kafka, config, report);
                report.response = Some(Err(failure.error));
            }
        }
    }

    /// Requests the versions, then the metadata, then the groups if they are wanted.
    ///
    /// # Errors
    /// The failure, and whether the first request had a valid response.
    fn query_kafka(
        &self,
        transport: &mut Transport,
    ) -> Result<KafkaResponse, (ResponseError, bool)> {
        let start = Instant::now();
        let deadline = self.deadline_after(self.timeouts.response);
        let versions = transport
            .send_request(&protocol::api_versions(), deadline)
            .map_err(|error| (error, false))?;
        let version =
            protocol::parse_api_versions(&versions).ok_or_else(|| (not_kafka(versions), false))?;
        let (protocol::CommonVersion::Version(version), false) = (version, self.credentials.login)
        else {
            return Ok(KafkaResponse {
                nodes: None,
                groups: None,
                took: start.elapsed(),
            });
        };
        let metadata = transport
            .send_request(&protocol::metadata(version), deadline)
            .map_err(|error| (error, true))?;
        // Without an answer the type of the group stays unknown.
        let mut list_groups = || {
            transport
                .send_request(&protocol::list_groups(), deadline)
                .ok()
        };
        let groups = self
            .credentials
            .list_groups
            .then(&mut list_groups)
            .flatten();
        Ok(KafkaResponse {
            nodes: protocol::parse_metadata(&metadata, version),
            groups: groups.and_then(|groups| protocol::parse_list_groups(&groups)),
            took: start.elapsed(),
        })
    }

    /// Detects a listener that speaks TLS, but is not Kafka without login.
    fn other_listener(
        &self,
        failure: &ResponseError,
        knows_kafka: bool,
        config: &ClientConfig,
        report: &AddressReport,
    ) -> Option<Listener> {
        if !failure.first_bytes.is_empty() && failure.error.kind == HandshakeErrorKind::NotKafka {
            return Some(Listener::Foreign(failure.first_bytes.clone()));
        }
        if !knows_kafka {
            return (failure.error.kind == HandshakeErrorKind::Timeout).then_some(Listener::Silent);
        }
        // Kafka that closed the connection at a request that requires a login.
        let (socket, _) = self.connect(report.address, FALLBACK_TIMEOUT).ok()?;
        let withhold = report
            .handshake
            .as_ref()
            .is_some_and(|first| first.client_certificate == ClientCertificate::Withheld);
        let (_, session) = self.tls_handshake(socket, config, withhold);
        let mut transport = Transport::Tls(Box::new(session?));
        self.detect_login(&mut transport)
    }

    fn detect_login(&self, transport: &mut Transport) -> Option<Listener> {
        let deadline = self.deadline_after(FALLBACK_TIMEOUT);
        let response = transport
            .send_request(&protocol::sasl_handshake(), deadline)
            .ok()?;
        protocol::parse_sasl_handshake(&response).map(Listener::Login)
    }

    /// Fallback probe after a handshake that failed for another reason than a certificate.
    fn retry_otherwise(&self, config: &ClientConfig, report: &mut AddressReport) {
        let Some(handshake) = &report.handshake else {
            return;
        };
        let Some(error) = &handshake.error else {
            return;
        };
        let no_hello = handshake.protocol.is_none();
        report.listener = match error.kind {
            HandshakeErrorKind::NotTls => Some(Listener::Foreign(handshake.first_bytes.clone())),
            HandshakeErrorKind::Alert(PROTOCOL_VERSION_ALERT)
            | HandshakeErrorKind::Incompatible => self.detect_old_tls(report.address),
            HandshakeErrorKind::Closed | HandshakeErrorKind::Timeout if no_hello => self
                .detect_short_hello(config, report.address)
                .or_else(|| Some(self.detect_plain(report.address))),
            HandshakeErrorKind::Alert(number) if no_hello && PARSE_ALERTS.contains(&number) => {
                self.detect_short_hello(config, report.address)
            }
            _ => None,
        };
    }

    /// Detects a device that handles a client hello with classic key exchange groups, which fits into one TCP segment,
    /// but not the default one. The default is tried again last: a broker that has just come back answers it, too.
    fn detect_short_hello(&self, config: &ClientConfig, address: SocketAddr) -> Option<Listener> {
        let classic = config.with_classic_groups()?;
        let attempt = |config: &ClientConfig| {
            let (socket, _) = self.connect(address, FALLBACK_TIMEOUT).ok()?;
            let deadline = self.deadline_after(FALLBACK_TIMEOUT);
            Some(handshake(socket, self.host, config, false, deadline).0)
        };
        let short = attempt(&classic).filter(|made| made.protocol.is_some())?;
        let long = attempt(config).filter(|made| made.protocol.is_none())?;
        Some(Listener::ShortHelloOnly {
            long: long.hello_bytes,
            short: short.hello_bytes,
        })
    }

    fn detect_old_tls(&self, address: SocketAddr) -> Option<Listener> {
        let (socket, _) = self.connect(address, FALLBACK_TIMEOUT).ok()?;
        detect_old_version(socket, self.host, self.deadline_after(FALLBACK_TIMEOUT))
            .map(Listener::OldTls)
    }

    /// Detects a listener without TLS.
    fn detect_plain(&self, address: SocketAddr) -> Listener {
        let Ok((socket, _)) = self.connect(address, FALLBACK_TIMEOUT) else {
            return Listener::Closing;
        };
        let mut transport = Transport::Plain(socket);
        let deadline = self.deadline_after(FALLBACK_TIMEOUT);
        let response = transport.send_request(&protocol::api_versions(), deadline);
        let silent =
            matches!(&response, Err(failure) if failure.error.kind == HandshakeErrorKind::Timeout);
        let listener = classify(response);
        if !silent {
            return listener;
        }
        // Servers of text protocols wait for the end of a line.
        let deadline = self.deadline_after(FALLBACK_TIMEOUT / 3);
        let mut received = Vec::new();
        let replied = transport
            .send(REQUEST_END, deadline)
            .and_then(|()| transport.receive(&mut received, deadline));
        match replied {
            Ok(()) => Listener::Foreign(received.into_iter().take(MAX_FIRST_BYTES).collect()),
            Err(_) => listener,
        }
    }

    fn probe_plain(&self, socket: TcpStream, report: &mut AddressReport) {
        let mut transport = Transport::Plain(socket);
        match self.query_kafka(&mut transport) {
            Ok(response) => report.response = Some(Ok(response)),
            Err((failure, knows_kafka)) => {
                report.response = Some(Err(failure.error.clone()));
                report.listener =
                    self.detect_instead_of_plain(failure, knows_kafka, report.address);
            }
        }
    }

    fn detect_instead_of_plain(
        &self,
        failure: ResponseError,
        knows_kafka: bool,
        address: SocketAddr,
    ) -> Option<Listener> {
        let second = self
            .connect(address, FALLBACK_TIMEOUT)
            .ok()
            .map(|(socket, _)| socket);
        if knows_kafka {
            return self.detect_login(&mut Transport::Plain(second?));
        }
        let listener = classify(Err(failure));
        let tls = listener == Listener::Closing && second.is_some_and(|one| self.speaks_tls(one));
        Some(if tls { Listener::Tls } else { listener })
    }

    /// Whether the server replies to a client hello; nothing else is sent to it.
    fn speaks_tls(&self, socket: TcpStream) -> bool {
        let deadline = self.deadline_after(FALLBACK_TIMEOUT);
        let (result, _) = handshake(socket, self.host, &ClientConfig::default(), true, deadline);
        result.protocol.is_some()
    }
}

fn not_kafka(first_bytes: Vec<u8>) -> ResponseError {
    ResponseError {
        error: HandshakeError::new(HandshakeErrorKind::NotKafka, None),
        first_bytes,
    }
}

/// Classifies a listener by its response to the first plain request.
fn classify(response: Result<Vec<u8>, ResponseError>) -> Listener {
    match response {
        Ok(bytes) if protocol::parse_api_versions(&bytes).is_some() => Listener::PlainKafka,
        Ok(bytes) => Listener::Foreign(bytes.into_iter().take(MAX_FIRST_BYTES).collect()),
        Err(failure) if matches!(failure.first_bytes.as_slice(), [20..=23, 3, ..]) => Listener::Tls,
        Err(failure) if !failure.first_bytes.is_empty() => Listener::Foreign(failure.first_bytes),
        Err(failure) if failure.error.kind == HandshakeErrorKind::Timeout => Listener::Silent,
        Err(_) => Listener::Closing,
    }
}
