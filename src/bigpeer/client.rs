//! HTTP client of the DQL interfaces: one request, and a response or a typed error. The API key is sent to the
//! configured host only.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderValue,
    LOCATION, RETRY_AFTER,
};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{ClientBuilder, StatusCode};

use super::blocking_http::{HttpConnection, ResponseError, StreamingResponse, causes, root_cause};
use super::body;
use super::chunk_buffer::BodyError;
use super::endpoint::{Endpoint, Version};
use super::error::{ApiError, ApiErrorKind};
use super::proxy::ProxyError;
use super::response::{QueryResponse, RowSink};
use super::{error_message, retry};
use crate::util::secret::Secret;
use crate::util::url::hide_secrets;

/// Timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of a response, and of a pause in its body, unless a query has its own.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes that are read of the body of an error.
const MAX_ERROR_BODY_BYTES: usize = 64 << 10;
/// The content coding of a plain body.
const IDENTITY: &str = "identity";
/// Redirects that are followed on the same host.
const MAX_REDIRECTS: usize = 5;

/// HTTP client of one Big Peer. Has no `Debug`, because it contains the key.
#[derive(Clone)]
pub struct Client {
    connection: HttpConnection,
    endpoint: Endpoint,
    key: Secret,
    version: Version,
}

/// A DQL statement with its arguments.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// One statement without a `;` at its end.
    pub statement: String,
    /// Each argument's name and its value as raw JSON.
    pub args: Vec<(&'static str, String)>,
    /// `X-DITTO-TXN-ID`: the query runs at this transaction or later.
    pub at_least: Option<u64>,
    /// Timeout of the response, and of a pause in its body.
    pub timeout: Option<Duration>,
}

/// A query of the interface before DQL.
#[derive(Debug, Clone)]
pub struct Find {
    /// The collection's name.
    pub collection: String,
    /// The condition in Ditto's language before DQL; `true` selects everything.
    pub condition: String,
    /// Maximum number of documents.
    pub limit: u64,
    /// Number of documents to skip.
    pub offset: u64,
    /// As for [`Query`].
    pub at_least: Option<u64>,
    /// As for [`Query`].
    pub timeout: Option<Duration>,
}

impl Query {
    /// A statement without arguments.
    #[must_use]
    pub fn new(statement: impl Into<String>) -> Self {
        Query {
            statement: statement.into(),
            ..Query::default()
        }
    }

    /// Whether the response must have rows.
    fn is_select(&self) -> bool {
        let word = self.statement.split_whitespace().next();
        word.is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> String {
        let args: Vec<String> = self
            .args
            .iter()
            .map(|(name, value)| format!("{}:{value}", quoted(name)))
            .collect();
        let statement = quoted(&self.statement);
        if args.is_empty() {
            return format!("{{\"statement\":{statement}}}");
        }
        format!(
            "{{\"statement\":{statement},\"args\":{{{}}}}}",
            args.join(",")
        )
    }
}

impl Find {
    /// The request's body.
    #[must_use]
    pub fn body(&self) -> String {
        format!(
            "{{\"collection\":{},\"query\":{},\"limit\":{},\"offset\":{}}}",
            quoted(&self.collection),
            quoted(&self.condition),
            self.limit,
            self.offset
        )
    }
}

/// A collection's name as a quoted DQL identifier; any name is valid.
#[must_use]
pub fn quoted_name(collection: &str) -> String {
    format!("`{}`", collection.replace('`', "``"))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Client {
    /// Creates a client; nothing is sent yet.
    ///
    /// # Errors
    /// If the key is not a valid header, or if TLS cannot be set up.
    pub fn new(endpoint: Endpoint, key: Secret, version: Version) -> Result<Client, ApiError> {
        let is_loopback = endpoint.is_loopback();
        let connection = HttpConnection::new(move || configure(is_loopback))
            .map_err(|message| ApiError::new(ApiErrorKind::Tls, message))?;
        let client = Client {
            connection,
            endpoint,
            key,
            version,
        };
        client.authorization()?;
        Ok(client)
    }

    /// The server's address.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The URL of DQL statements.
    #[must_use]
    pub fn address(&self) -> String {
        self.endpoint.execute(self.version)
    }

    /// Runs a statement; passes its rows to `rows` while they arrive.
    ///
    /// # Errors
    /// [`ApiError`]; rows that were passed on before are then void.
    pub fn execute(
        &self,
        query: &Query,
        rows: &mut dyn RowSink,
    ) -> Result<QueryResponse, ApiError> {
        let response = self.send(
            &self.address(),
            query.body(),
            query.at_least,
            query.timeout,
            rows,
        )?;
        if query.is_select() {
            return with_rows(response);
        }
        Ok(response)
    }

    /// Queries the interface before DQL; each row is `{"id":…,"fields":{…}}`.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub fn find(&self, find: &Find, rows: &mut dyn RowSink) -> Result<QueryResponse, ApiError> {
        self.send(
            &self.endpoint.find(),
            find.body(),
            find.at_least,
            find.timeout,
            rows,
        )
        .and_then(with_rows)
    }

    fn send(
        &self,
        url: &str,
        body: String,
        at_least: Option<u64>,
        timeout: Option<Duration>,
        rows: &mut dyn RowSink,
    ) -> Result<QueryResponse, ApiError> {
        let mut request = self
            .connection
            .post(url)
            // Without this header, the server may choose any encoding (RFC 9110, 12.5.3).
            .header(ACCEPT_ENCODING, IDENTITY)
            .header(AUTHORIZATION, self.authorization()?)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(txn) = at_least {
            request = request.header("X-DITTO-TXN-ID", txn);
        }
        let response = self
            .connection
            .send(request, timeout.unwrap_or(RESPONSE_TIMEOUT));
        let response = response.map_err(|error| to_api_error(&error));
        let result = response.and_then(|response| read_response(response, rows));
        if matches!(&result, Err(error) if matches!(error.kind, ApiErrorKind::Misdirected)) {
            self.connection.reconnect();
        }
        result.map_err(|error| self.without_secrets(error))
    }

    fn authorization(&self) -> Result<HeaderValue, ApiError> {
        let text = format!("Bearer {}", self.key.expose());
        let value = HeaderValue::from_str(&text);
        let mut value = value.map_err(|_| {
            ApiError::new(
                ApiErrorKind::RefusedKey,
                "it contains characters that are not valid in a key, such as a line end",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Redacts the key, which a server may repeat in its error, and the secrets of URLs, such as that of a proxy.
    fn without_secrets(&self, mut error: ApiError) -> ApiError {
        let message = error.message.replace(self.key.expose(), "(the API key)");
        error.message = hide_secrets(&message).into_owned();
        error
    }
}

fn configure(is_loopback: bool) -> ClientBuilder {
    let builder = ClientBuilder::new()
        .user_agent(concat!("ditto-cdc/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .redirect(Policy::custom(same_origin));
    if is_loopback {
        // A proxy would receive the key unencrypted.
        return builder.no_proxy();
    }
    builder
}

/// Refuses a response to a query that has no rows, not even an empty array of them.
fn with_rows(response: QueryResponse) -> Result<QueryResponse, ApiError> {
    if response.has_rows {
        return Ok(response);
    }
    Err(ApiError::new(ApiErrorKind::NoRows, ""))
}

/// Follows a redirect only to the same scheme, host and port, and only if it keeps the method and body.
fn same_origin(attempt: Attempt<'_>) -> Action {
    let keeps = matches!(
        attempt.status(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    let origin = attempt.previous().first().map(reqwest::Url::origin);
    let same = origin == Some(attempt.url().origin());
    if keeps && same && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn to_api_error(error: &ResponseError) -> ApiError {
    let error = match error {
        ResponseError::TimedOut => {
            return ApiError::new(ApiErrorKind::TimedOut, "operation timed out".to_owned());
        }
        ResponseError::Http(error) => error,
    };
    let causes = causes(error);
    let message = root_cause(error);
    if let Some(proxy) = ProxyError::from_messages(causes.iter().map(String::as_str)) {
        return ApiError::new(ApiErrorKind::Proxy(proxy), message);
    }
    let tls = ["certificate", "ssl", "tls"]
        .iter()
        .any(|part| message.to_lowercase().contains(part));
    let kind = match () {
        () if error.is_connect() && tls => ApiErrorKind::Tls,
        () if error.is_timeout() && !error.is_connect() => ApiErrorKind::TimedOut,
        () if error.is_connect() || error.is_timeout() => ApiErrorKind::Unreachable,
        () => ApiErrorKind::Truncated,
    };
    ApiError::new(kind, message)
}

fn read_response(
    reply: StreamingResponse,
    rows: &mut dyn RowSink,
) -> Result<QueryResponse, ApiError> {
    let status = reply.response.status();
    if !status.is_success() {
        return Err(error_response(status, reply));
    }
    let with_status = |kind, message: String| ApiError {
        kind,
        status: Some(status.as_u16()),
        message,
    };
    if let Some(coding) = content_coding(reply.response.headers()) {
        return Err(with_status(ApiErrorKind::Encoded(coding), String::new()));
    }
    let response = body::decode(reply, rows).map_err(|error| match error {
        BodyError::Truncated(message) => with_status(ApiErrorKind::Truncated, message),
        BodyError::TimedOut => with_status(
            ApiErrorKind::TimedOut,
            "the body was interrupted for too long".to_owned(),
        ),
        BodyError::NotJson(bytes) if bytes.is_empty() => {
            with_status(ApiErrorKind::Empty, String::new())
        }
        BodyError::NotJson(bytes) => match encoding_from_bytes(&bytes) {
            Some(encoding) => {
                with_status(ApiErrorKind::Encoded(encoding.to_owned()), String::new())
            }
            None => with_status(ApiErrorKind::NotDql, error_message::from_body(&bytes)),
        },
        BodyError::Sink(error) => with_status(ApiErrorKind::Sink(error), String::new()),
    })?;
    if !response.is_dql {
        return Err(with_status(ApiErrorKind::NotDql, response.error));
    }
    if response.error.is_empty() {
        return Ok(response);
    }
    let kind = if means_too_large(&response.error) {
        ApiErrorKind::TooLarge
    } else {
        ApiErrorKind::Failed
    };
    Err(with_status(kind, response.error))
}

fn error_response(status: StatusCode, reply: StreamingResponse) -> ApiError {
    let header = |name| {
        reply
            .response
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .map(str::to_owned)
    };
    let after = requested_pause(reply.response.headers());
    let location = header(LOCATION);
    let coding = content_coding(reply.response.headers());
    let body = reply.read_prefix(MAX_ERROR_BODY_BYTES);
    let coding = coding.or_else(|| encoding_from_bytes(&body).map(str::to_owned));
    let message = match coding {
        Some(coding) => format!("(its message is encoded with {coding})"),
        None => error_message::from_body(&body),
    };
    let kind = match status.as_u16() {
        413 => ApiErrorKind::TooLarge,
        // "Too many requests" is not about the size of a result.
        400..=420 | 422..=424 | 426..=428 | 430..=499 if means_too_large(&message) => {
            ApiErrorKind::TooLarge
        }
        400 | 422 => ApiErrorKind::BadQuery,
        401 => ApiErrorKind::RefusedKey,
        403 => ApiErrorKind::Forbidden,
        404 => ApiErrorKind::NotFound,
        405 | 410 | 501 => ApiErrorKind::NoInterface,
        408 | 504 => ApiErrorKind::TimedOut,
        421 => ApiErrorKind::Misdirected,
        425 | 429 | 500 | 502 | 503 | 505..=599 => ApiErrorKind::Busy { after },
        300..=399 => ApiErrorKind::Redirected,
        _ => ApiErrorKind::Failed,
    };
    let message = location
        .filter(|_| status.is_redirection())
        .unwrap_or(message);
    ApiError {
        kind,
        status: Some(status.as_u16()),
        message,
    }
}

/// The longest pause that the server requests.
fn requested_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let server_date = headers.get(DATE).map(text);
    let values = headers.get_all(RETRY_AFTER).iter().map(text);
    values
        .map(|value| retry::retry_after(&value, server_date.as_deref(), Timestamp::now()))
        .max()
}

/// The coding of a body that is not plain, as the header names it.
fn content_coding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_ENCODING)?;
    let coding = String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
    let is_plain = coding.is_empty() || coding.eq_ignore_ascii_case(IDENTITY);
    (!is_plain).then_some(coding)
}

/// The encoding of a body whose header names none.
fn encoding_from_bytes(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [b'{', 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// The server's message for a page that is too large is not documented.
fn means_too_large(message: &str) -> bool {
    let message = message.to_lowercase();
    let too_large = [
        "too large",
        "too big",
        "too many",
        "exceeds",
        "exceeded",
        "size limit",
    ];
    let about = [
        "result", "response", "payload", "size", "rows", "items", "limit", "large",
    ];
    let contains = |phrase: &&str| message.contains(*phrase);
    too_large.iter().any(contains) && about.iter().any(contains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_named_by_the_header_or_by_the_first_bytes() {
        let check = |value: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(content_coding(&headers).as_deref(), expected, "{value}");
        };
        check("gzip", Some("gzip"));
        check(" br ", Some("br"));
        check("Identity", None);
        check("", None);
        assert_eq!(content_coding(&HeaderMap::new()), None);
        for (bytes, expected) in [
            (&[0x1f, 0x8b, 8][..], Some("gzip")),
            (&[0x28, 0xb5, 0x2f, 0xfd], Some("zstd")),
            (b"{\0\"\0", Some("UTF-16")),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(encoding_from_bytes(bytes), expected);
        }
    }

    #[test]
    fn the_longest_of_several_requested_pauses_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(requested_pause(&headers), None);
        headers.append(RETRY_AFTER, HeaderValue::from_static("1"));
        headers.append(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(requested_pause(&headers), Some(Duration::from_secs(7)));
    }
}
