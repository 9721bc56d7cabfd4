//! HTTP client of the DQL interfaces: one request, and a response or a typed error. The API key is sent to the
//! configured host only.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{ClientBuilder, StatusCode};

use super::answer::{Answer, Rows};
use super::blocking_http::{HttpConnection, Reply, ResponseError, root_cause};
use super::body;
use super::chunk_buffer::BodyError;
use super::endpoint::{Endpoint, Version};
use super::error::{ApiError, Kind};
use super::{error_message, retry};
use crate::util::secret::Secret;

/// Timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of a response, and of a pause in its body, unless a query has its own.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an error's body that are read.
const MAX_ERROR_BODY_BYTES: usize = 64 << 10;
/// So many redirects are followed on the same host.
const MAX_REDIRECTS: usize = 5;

/// Speaks with one Big Peer. Has no `Debug`: it holds the key.
#[derive(Clone)]
pub struct Client {
    wire: HttpConnection,
    base: Endpoint,
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
    /// The condition in Ditto's older language; `true` is everything.
    pub condition: String,
    /// The most documents.
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

/// A collection's name as DQL takes it, whatever it holds.
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
    pub fn new(base: Endpoint, key: Secret, version: Version) -> Result<Client, ApiError> {
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("ditto-cdc/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(Policy::custom(same_origin));
        if base.is_loopback() {
            // A proxy would be sent the key in clear.
            builder = builder.no_proxy();
        }
        let wire = HttpConnection::new(builder).map_err(|words| ApiError::new(Kind::Tls, words))?;
        let client = Client {
            wire,
            base,
            key,
            version,
        };
        client.authorization()?;
        Ok(client)
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &Endpoint {
        &self.base
    }

    /// The URL of DQL statements.
    #[must_use]
    pub fn address(&self) -> String {
        self.base.execute(self.version)
    }

    /// Runs a statement; its rows go to `rows` while they arrive.
    ///
    /// # Errors
    /// [`ApiError`]; rows that were handed on before belong to no answer then.
    pub fn execute(&self, query: &Query, rows: &mut dyn Rows) -> Result<Answer, ApiError> {
        self.ask(
            &self.address(),
            query.body(),
            query.at_least,
            query.timeout,
            rows,
        )
    }

    /// Asks the interface before DQL; each row is `{"id":…,"fields":{…}}`.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub fn find(&self, find: &Find, rows: &mut dyn Rows) -> Result<Answer, ApiError> {
        self.ask(
            &self.base.find(),
            find.body(),
            find.at_least,
            find.timeout,
            rows,
        )
    }

    fn ask(
        &self,
        url: &str,
        body: String,
        at_least: Option<u64>,
        timeout: Option<Duration>,
        rows: &mut dyn Rows,
    ) -> Result<Answer, ApiError> {
        let mut request = self
            .wire
            .http
            .post(url)
            .header(AUTHORIZATION, self.authorization()?)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(txn) = at_least {
            request = request.header("X-DITTO-TXN-ID", txn);
        }
        let answered = self.wire.send(request, timeout.unwrap_or(RESPONSE_TIMEOUT));
        let answered = answered.map_err(|silence| to_api_error(&silence));
        let outcome = answered.and_then(|reply| classify(reply, rows));
        outcome.map_err(|error| self.without_key(error))
    }

    fn authorization(&self) -> Result<HeaderValue, ApiError> {
        let text = format!("Bearer {}", self.key.expose());
        let value = HeaderValue::from_str(&text);
        let mut value = value.map_err(|_| {
            ApiError::new(
                Kind::RefusedKey,
                "it holds characters that no key has, such as a line end",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A server may repeat the key in its error.
    fn without_key(&self, mut error: ApiError) -> ApiError {
        error.words = error.words.replace(self.key.expose(), "(the API key)");
        error
    }
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

fn to_api_error(silence: &ResponseError) -> ApiError {
    let error = match silence {
        ResponseError::TimedOut => {
            return ApiError::new(Kind::TimedOut, "operation timed out".to_owned());
        }
        ResponseError::Http(error) => error,
    };
    let words = root_cause(error);
    let tls = ["certificate", "ssl", "tls"]
        .iter()
        .any(|part| words.to_lowercase().contains(part));
    let kind = match () {
        () if error.is_connect() && tls => Kind::Tls,
        () if error.is_timeout() && !error.is_connect() => Kind::TimedOut,
        () if error.is_connect() || error.is_timeout() => Kind::Unreachable,
        () => Kind::Cut,
    };
    ApiError::new(kind, words)
}

fn classify(reply: Reply, rows: &mut dyn Rows) -> Result<Answer, ApiError> {
    let status = reply.response.status();
    if !status.is_success() {
        return Err(error_response(status, reply));
    }
    let with_status = |kind, words: String| ApiError {
        kind,
        status: Some(status.as_u16()),
        words,
    };
    let answer = body::decode(reply, rows).map_err(|broken| match broken {
        BodyError::Cut(words) => with_status(Kind::Cut, words),
        BodyError::TimedOut => with_status(Kind::TimedOut, "the body paused too long".to_owned()),
        BodyError::NotJson(bytes) => with_status(Kind::NotDql, error_message::from_body(&bytes)),
        BodyError::Sink(error) => with_status(Kind::Sink(error), String::new()),
    })?;
    if !answer.is_dql {
        return Err(with_status(Kind::NotDql, answer.error));
    }
    if answer.error.is_empty() {
        return Ok(answer);
    }
    let kind = if means_too_large(&answer.error) {
        Kind::TooLarge
    } else {
        Kind::Failed
    };
    Err(with_status(kind, answer.error))
}

fn error_response(status: StatusCode, reply: Reply) -> ApiError {
    let header = |name| {
        reply
            .response
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .map(str::to_owned)
    };
    let after = header(RETRY_AFTER).and_then(|text| retry::retry_after(&text, Timestamp::now()));
    let location = header(LOCATION);
    let words = error_message::from_body(&reply.read_prefix(MAX_ERROR_BODY_BYTES));
    let kind = match status.as_u16() {
        413 => Kind::TooLarge,
        // "Too many requests" is about no result.
        400..=428 | 430..=499 if means_too_large(&words) => Kind::TooLarge,
        400 | 422 => Kind::BadQuery,
        401 => Kind::RefusedKey,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        405 | 410 | 501 => Kind::NoInterface,
        408 | 504 => Kind::TimedOut,
        429 | 500 | 502 | 503 | 505..=599 => Kind::Busy { after },
        300..=399 => Kind::Redirected,
        _ => Kind::Failed,
    };
    let words = location
        .filter(|_| status.is_redirection())
        .unwrap_or(words);
    ApiError {
        kind,
        status: Some(status.as_u16()),
        words,
    }
}

/// The server's message for a page that is too large is not documented.
fn means_too_large(words: &str) -> bool {
    let words = words.to_lowercase();
    let said = [
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
    said.iter().any(|said| words.contains(said)) && about.iter().any(|about| words.contains(about))
}
