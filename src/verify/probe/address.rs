//! One address, layer after layer: TCP, TLS, Kafka's first answers; and a second look where they are not as they should be.
//! Each layer has its own limit, and all together end at the visitor's end.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::transport::{Line, NoAnswer};
use super::{Address, Answer, Credentials, Limits, Listener, Tcp, protocol};
use crate::tls::handshake::{Handshake, Session, Shown, old_version, shake_hands};
use crate::tls::{Broken, Ending, Rules};

/// The alert of a server that does not speak our versions (`protocol_version`).
const OTHER_VERSION: u8 = 70;
/// How long a listener that said nothing to TLS gets to answer a question without it.
const SECOND_LOOK: Duration = Duration::from_millis(1500);
/// What ends a request of HTTP, and of most protocols that are text.
const TEXT_END: &[u8] = b"\r\n\r\n";

/// What all addresses of one broker have in common.
pub(super) struct Visitor<'a> {
    pub(super) host: &'a str,
    pub(super) credentials: &'a Credentials,
    pub(super) limits: &'a Limits,
    pub(super) end: Instant,
}

impl Visitor<'_> {
    pub(super) fn visit(&self, address: SocketAddr) -> Address {
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
            Some(rules) => self.with_tls(socket, rules, &mut report),
            None => self.without_tls(socket, &mut report),
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

    fn with_tls(&self, socket: TcpStream, rules: &Rules, report: &mut Address) {
        let (first, session) = self.shake_hands(socket, rules, false);
        let withheld = first.shown == Shown::Certificate
            && first.asked.as_ref().is_some_and(|asked| !asked.ours_fits);
        let trusted =
            !matches!(&first.broken, Some(broken) if broken.ending == Ending::BadCertificate);
        report.handshake = Some(first);
        if !(withheld && trusted) {
            self.first_answer(session, rules, report);
            return;
        }
        // The client library would now send no certificate at all; so the verdict is that of a second try.
        if let Ok((socket, _)) = self.open(report.address, self.limits.connect) {
            let (second, session) = self.shake_hands(socket, rules, true);
            report.with_certificate = report.handshake.replace(second);
            self.first_answer(session, rules, report);
        }
    }

    fn shake_hands(
        &self,
        socket: TcpStream,
        rules: &Rules,
        withhold: bool,
    ) -> (Handshake, Option<Session>) {
        shake_hands(
            socket,
            self.host,
            rules,
            withhold,
            self.until(self.limits.handshake),
        )
    }

    fn first_answer(&self, session: Option<Session>, rules: &Rules, report: &mut Address) {
        let Some(session) = session else {
            self.look_again(report);
            return;
        };
        let mut line = Line::Tls(Box::new(session));
        match self.ask(&mut line) {
            Ok(answer) => report.answer = Some(Ok(answer)),
            Err((no_answer, greeted)) => {
                report.listener = self.other_listener(&no_answer, greeted, rules, report);
                report.answer = Some(Err(no_answer.broken));
            }
        }
    }

    /// The error comes with whether the very first question had an answer.
    fn ask(&self, line: &mut Line) -> Result<Answer, (NoAnswer, bool)> {
        let start = Instant::now();
        let end = self.until(self.limits.answer);
        let known = line
            .ask(&protocol::api_versions(), end)
            .map_err(|error| (error, false))?;
        let version =
            protocol::read_api_versions(&known).ok_or_else(|| (not_kafka(known), false))?;
        let (protocol::Shared::Version(version), false) = (version, self.credentials.login) else {
            return Ok(Answer {
                nodes: None,
                took: start.elapsed(),
            });
        };
        let answer = line
            .ask(&protocol::metadata(version), end)
            .map_err(|error| (error, true))?;
        Ok(Answer {
            nodes: protocol::read_metadata(&answer, version),
            took: start.elapsed(),
        })
    }

    /// What answers over TLS, but not as a listener for us would.
    fn other_listener(
        &self,
        no_answer: &NoAnswer,
        greeted: bool,
        rules: &Rules,
        report: &Address,
    ) -> Option<Listener> {
        if !no_answer.first_bytes.is_empty() && no_answer.broken.ending == Ending::NotKafka {
            return Some(Listener::Foreign(no_answer.first_bytes.clone()));
        }
        if !greeted {
            return (no_answer.broken.ending == Ending::Silent).then_some(Listener::Silent);
        }
        // It knows Kafka, and hung up at a question that is allowed only after a login.
        let (socket, _) = self.open(report.address, SECOND_LOOK).ok()?;
        let withhold = report
            .handshake
            .as_ref()
            .is_some_and(|made| made.shown == Shown::Withheld);
        let (_, session) = self.shake_hands(socket, rules, withhold);
        let mut line = Line::Tls(Box::new(session?));
        self.login_wanted(&mut line)
    }

    fn login_wanted(&self, line: &mut Line) -> Option<Listener> {
        let answer = line
            .ask(&protocol::sasl_handshake(), self.until(SECOND_LOOK))
            .ok()?;
        protocol::read_sasl_handshake(&answer).map(Listener::Login)
    }

    /// After a handshake that failed for another reason than a certificate.
    fn look_again(&self, report: &mut Address) {
        let Some(handshake) = &report.handshake else {
            return;
        };
        let Some(broken) = &handshake.broken else {
            return;
        };
        let unheard = handshake.protocol.is_none();
        report.listener = match broken.ending {
            Ending::NotTls => Some(Listener::Foreign(handshake.first_bytes.clone())),
            Ending::Alert(OTHER_VERSION) | Ending::Unsuitable => self.old_tls(report.address),
            Ending::Closed | Ending::Silent if unheard => Some(self.without_words(report.address)),
            _ => None,
        };
    }

    fn old_tls(&self, address: SocketAddr) -> Option<Listener> {
        let (socket, _) = self.open(address, SECOND_LOOK).ok()?;
        old_version(socket, self.host, self.until(SECOND_LOOK)).map(Listener::OldTls)
    }

    /// Asks without TLS what is there.
    fn without_words(&self, address: SocketAddr) -> Listener {
        let Ok((socket, _)) = self.open(address, SECOND_LOOK) else {
            return Listener::Closing;
        };
        let mut line = Line::Plain(socket);
        let asked = line.ask(&protocol::api_versions(), self.until(SECOND_LOOK));
        let silent = matches!(&asked, Err(no) if no.broken.ending == Ending::Silent);
        let found = judged(asked);
        if !silent {
            return found;
        }
        // Servers of text wait for the end of what they take for a line.
        let end = self.until(SECOND_LOOK / 3);
        let mut received = Vec::new();
        let spoken = line
            .send(TEXT_END, end)
            .and_then(|()| line.more(&mut received, end));
        match spoken {
            Ok(()) => Listener::Foreign(received.into_iter().take(64).collect()),
            Err(_) => found,
        }
    }

    fn without_tls(&self, socket: TcpStream, report: &mut Address) {
        let mut line = Line::Plain(socket);
        match self.ask(&mut line) {
            Ok(answer) => report.answer = Some(Ok(answer)),
            Err((no_answer, greeted)) => {
                report.answer = Some(Err(no_answer.broken.clone()));
                report.listener = self.instead_of_plain(no_answer, greeted, report.address);
            }
        }
    }

    fn instead_of_plain(
        &self,
        no_answer: NoAnswer,
        greeted: bool,
        address: SocketAddr,
    ) -> Option<Listener> {
        let again = self
            .open(address, SECOND_LOOK)
            .ok()
            .map(|(socket, _)| socket);
        if greeted {
            return self.login_wanted(&mut Line::Plain(again?));
        }
        let listener = judged(Err(no_answer));
        let tls = listener == Listener::Closing && again.is_some_and(|one| self.speaks_tls(one));
        Some(if tls { Listener::Tls } else { listener })
    }

    /// Whoever shows a version speaks TLS; nothing more is said to it.
    fn speaks_tls(&self, socket: TcpStream) -> bool {
        let end = self.until(SECOND_LOOK);
        let (made, _) = shake_hands(socket, self.host, &Rules::default(), true, end);
        made.protocol.is_some()
    }
}

fn not_kafka(first_bytes: Vec<u8>) -> NoAnswer {
    NoAnswer {
        broken: Broken::new(Ending::NotKafka, None),
        first_bytes,
    }
}

/// What listens, by its answer to the first question without TLS.
fn judged(answer: Result<Vec<u8>, NoAnswer>) -> Listener {
    match answer {
        Ok(answer) if protocol::read_api_versions(&answer).is_some() => Listener::PlainKafka,
        Ok(answer) => Listener::Foreign(answer.into_iter().take(64).collect()),
        Err(no) if matches!(no.first_bytes.as_slice(), [20..=23, 3, ..]) => Listener::Tls,
        Err(no) if !no.first_bytes.is_empty() => Listener::Foreign(no.first_bytes),
        Err(no) if no.broken.ending == Ending::Silent => Listener::Silent,
        Err(_) => Listener::Closing,
    }
}
