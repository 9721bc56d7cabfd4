//! Parser of a server's handshake messages (RFC 8446, RFC 5246), because OpenSSL does not return the certificates
//! after a failed verification, and never returns the accepted CAs.

use super::decrypt::RecordDecryptor;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;

const SUPPORTED_VERSIONS: usize = 43;
const CERTIFICATE_AUTHORITIES: usize = 47;
const SIGNATURE_ALGORITHMS: usize = 13;
const TLS_1_3: u16 = 0x0304;

/// The server's half of a handshake ("flight"). Unknown messages are skipped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ServerFlight {
    /// The version that the server selected, such as `0x0303` for TLS 1.2.
    pub(super) version: Option<u16>,
    /// The certificates as DER, in the order received.
    pub(super) certificates: Vec<Vec<u8>>,
    /// The names of the accepted CAs as DER; `None` if no client certificate was requested.
    pub(super) authorities: Option<Vec<Vec<u8>>>,
    /// The signature schemes that the server accepts from the client, in its order.
    pub(super) signature_schemes: Vec<u16>,
    /// The number of an unencrypted alert.
    pub(super) alert: Option<u8>,
}

/// Whether bytes can be the start of a TLS record.
pub(super) fn looks_like_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [CHANGE_CIPHER_SPEC..=APPLICATION_DATA, 3, ..])
}

/// Parses the recorded bytes; `secret` is the server's handshake secret of TLS 1.3.
pub(super) fn parse(recording: &[u8], secret: Option<&[u8]>) -> ServerFlight {
    let mut flight = ServerFlight::default();
    let mut cipher = None;
    let clear = records(recording).take_while(|record| record.kind != CHANGE_CIPHER_SPEC);
    let clear: Vec<Record<'_>> = clear.collect();
    let hellos: Vec<u8> = contents(&clear, HANDSHAKE);
    for (kind, body) in messages(&hellos) {
        if kind == SERVER_HELLO {
            (flight.version, cipher) = parse_hello(body);
        }
    }
    let alert = clear.iter().find(|record| record.kind == ALERT);
    flight.alert = alert.and_then(|record| record.content.get(1).copied());
    let decryptor = secret
        .zip(cipher)
        .and_then(|(secret, cipher)| RecordDecryptor::new(secret, cipher));
    let encrypted = decryptor.map(|decryptor| decrypted_messages(recording, decryptor));
    flight.add_messages(&hellos);
    flight.add_messages(&encrypted.unwrap_or_default());
    flight
}

impl ServerFlight {
    fn add_messages(&mut self, handshake: &[u8]) {
        let is_1_3 = self.version == Some(TLS_1_3);
        for (kind, body) in messages(handshake) {
            match kind {
                CERTIFICATE => self.certificates = certificates(body, is_1_3).unwrap_or_default(),
                CERTIFICATE_REQUEST => {
                    let (schemes, list) = if is_1_3 {
                        request_of_1_3(body)
                    } else {
                        request_of_1_2(body)
                    };
                    self.authorities = Some(authority_names(list.unwrap_or_default()));
                    self.signature_schemes = numbers(schemes.unwrap_or_default());
                }
                _ => {}
            }
        }
    }
}

/// A TLS record: its header of five bytes, and its content.
struct Record<'a> {
    kind: u8,
    header: &'a [u8],
    content: &'a [u8],
}

fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let (header, after) = rest?.split_at_checked(5)?;
        let &[
            kind @ CHANGE_CIPHER_SPEC..=APPLICATION_DATA,
            3,
            _,
            high,
            low,
        ] = header
        else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (content, after) = after.split_at_checked(length)?;
        rest = Some(after);
        Some(Record {
            kind,
            header,
            content,
        })
    })
}

fn contents(records: &[Record<'_>], kind: u8) -> Vec<u8> {
    let wanted = records.iter().filter(|record| record.kind == kind);
    wanted.flat_map(|record| record.content).copied().collect()
}

/// The concatenated handshake messages that the server encrypted with its handshake secret.
fn decrypted_messages(recording: &[u8], mut decryptor: RecordDecryptor) -> Vec<u8> {
    let mut all = Vec::new();
    for record in records(recording).filter(|record| record.kind == APPLICATION_DATA) {
        let Some(mut clear) = decryptor.decrypt(record.header, record.content) else {
            break;
        };
        // The content type is the last byte before the padding (RFC 8446, 5.2).
        let end = clear.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        if clear.get(end) == Some(&HANDSHAKE) {
            clear.truncate(end);
            all.extend(clear);
        }
    }
    all
}

fn messages(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = Reader(bytes);
    std::iter::from_fn(move || {
        Some((
            rest.number(1)?.to_be_bytes().last().copied()?,
            rest.list(3)?,
        ))
    })
}

/// The version and the cipher suite of a server hello.
fn parse_hello(body: &[u8]) -> (Option<u16>, Option<u16>) {
    let mut body = Reader(body);
    let version = body.number(2);
    let cipher = (|| {
        body.take(32)?;
        body.list(1)?;
        body.number(2)
    })();
    let chosen = body.number(1).and_then(|_| {
        let value = extension(body.list(2)?, SUPPORTED_VERSIONS)?;
        Reader(value).number(2)
    });
    let short = |number: Option<usize>| number.and_then(|number| u16::try_from(number).ok());
    (short(chosen.or(version)), short(cipher))
}

fn certificates(body: &[u8], is_1_3: bool) -> Option<Vec<Vec<u8>>> {
    let mut body = Reader(body);
    if is_1_3 {
        body.list(1)?;
    }
    let mut list = Reader(body.list(3)?);
    let mut found = Vec::new();
    while let Some(one) = list.list(3) {
        found.push(one.to_vec());
        if is_1_3 {
            list.list(2)?;
        }
    }
    Some(found)
}

/// The lists of signature schemes and of accepted CAs in a request.
type RequestLists<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn request_of_1_2(body: &[u8]) -> RequestLists<'_> {
    let mut body = Reader(body);
    let schemes = body.list(1).and_then(|_| body.list(2));
    let authorities = schemes.and_then(|_| body.list(2));
    (schemes, authorities)
}

fn request_of_1_3(body: &[u8]) -> RequestLists<'_> {
    let mut body = Reader(body);
    let extensions = body.list(1).and_then(|_| body.list(2)).unwrap_or_default();
    let list = |kind| Reader(extension(extensions, kind)?).list(2);
    (list(SIGNATURE_ALGORITHMS), list(CERTIFICATE_AUTHORITIES))
}

fn numbers(list: &[u8]) -> Vec<u16> {
    let (pairs, _) = list.as_chunks();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

fn authority_names(list: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Reader(list);
    std::iter::from_fn(|| list.list(2).map(<[u8]>::to_vec)).collect()
}

fn extension(list: &[u8], wanted: usize) -> Option<&[u8]> {
    let mut list = Reader(list);
    loop {
        let (kind, value) = (list.number(2)?, list.list(2)?);
        if kind == wanted {
            return Some(value);
        }
    }
}

/// Cursor over numbers and length-prefixed lists.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        Some(
            taken
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
        )
    }

    /// Bytes with a length prefix of `digits` bytes.
    fn list(&mut self, digits: usize) -> Option<&'a [u8]> {
        let count = self.number(digits)?;
        self.take(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(digits: usize, bytes: &[u8]) -> Vec<u8> {
        let length = bytes.len().to_be_bytes();
        [length.get(length.len() - digits..).unwrap(), bytes].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind], counted(3, body).as_slice()].concat()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3], counted(2, content).as_slice()].concat()
    }

    /// A server hello of TLS 1.2.
    fn hello_of_1_2() -> Vec<u8> {
        let body = [&[3, 3], [7; 32].as_slice(), &[0, 0xc0, 0x2f, 0]].concat();
        message(SERVER_HELLO, &body)
    }

    #[test]
    fn unencrypted_messages_are_parsed_across_records() {
        let list = counted(3, &[counted(3, b"leaf"), counted(3, b"middle")].concat());
        let authorities = counted(2, &counted(2, b"name"));
        let request = [counted(1, &[1]), counted(2, &[4, 3]), authorities].concat();
        let all = [
            hello_of_1_2(),
            message(CERTIFICATE, &list),
            message(CERTIFICATE_REQUEST, &request),
        ]
        .concat();
        let records: Vec<u8> = all
            .chunks(9)
            .flat_map(|part| record(HANDSHAKE, part))
            .collect();
        let bytes = [records, record(ALERT, &[2, 40])].concat();
        let expected = ServerFlight {
            version: Some(0x0303),
            certificates: vec![b"leaf".to_vec(), b"middle".to_vec()],
            authorities: Some(vec![b"name".to_vec()]),
            signature_schemes: vec![0x0403],
            alert: Some(40),
        };
        assert_eq!(parse(&bytes, None), expected);
    }

    #[test]
    fn bytes_that_are_not_tls_give_no_messages() {
        for bytes in [b"HTTP/1.1 400 Bad Request".as_slice(), b"", b"\x16\x03"] {
            assert_eq!(parse(bytes, None), ServerFlight::default());
        }
        assert!(looks_like_tls(&[22, 3, 3]) && !looks_like_tls(b"HTTP"));
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_survived(noise: Vec<u8>, kind in 0_u8..25, secret: Vec<u8>) {
            let framed = [record(HANDSHAKE, &hello_of_1_2()), record(HANDSHAKE, &message(kind, &noise))].concat();
            let encrypted = [record(HANDSHAKE, &hello_of_1_2()), record(APPLICATION_DATA, &noise)].concat();
            for bytes in [noise, framed, encrypted] {
                let flight = parse(&bytes, Some(&secret));
                prop_assert!(flight.certificates.len() <= bytes.len());
            }
        }
    }
}
