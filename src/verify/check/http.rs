//! Check of the HTTP API's response: key, path, kind of server, lag behind the stream.

use super::{Check, Fault};
use crate::bigpeer::{ApiError, ApiErrorKind, QueryResponse};

/// Name of the check.
pub const NAME: &str = "http-api";

/// Settings of the HTTP API.
#[derive(Debug, Clone, Copy)]
pub struct ApiSettings<'a> {
    /// URL of the statements.
    pub address: &'a str,
    /// Source of the API key.
    pub key_origin: &'a str,
}

/// The failed check of a URL that no request is sent to.
#[must_use]
pub fn unusable_url(url: &str, what: String, fix: String) -> Check {
    let in_clear = url.trim().to_ascii_lowercase().starts_with("http://");
    let check = if in_clear {
        Check::fail(NAME, Fault::F4, what)
    } else {
        Check::fail_unnumbered(NAME, what)
    };
    check.fix(fix)
}

/// Checks the response to a read-only statement; `newest` is the newest transaction in the stream.
#[must_use]
pub fn check_response(
    api: ApiSettings<'_>,
    answer: &Result<QueryResponse, ApiError>,
    newest: Option<u64>,
) -> Check {
    let check = match answer {
        Ok(answer) => compare_with_stream(api, answer, newest),
        Err(error) => from_error(api, error),
    };
    check.detail("address", api.address)
}

fn compare_with_stream(api: ApiSettings<'_>, answer: &QueryResponse, newest: Option<u64>) -> Check {
    let address = api.address;
    let check = match (answer.transaction_id, newest) {
        (Some(here), Some(newest)) if here < newest => Check::fail(
            NAME,
            Fault::F5,
            format!(
                "{address} is at transaction {here}, {} behind the newest in the stream ({newest})",
                newest - here
            ),
        )
        .fix("wait and try again; if it does not change, check that url and topic belong to the same app"),
        (Some(here), Some(newest)) => Check::pass(
            NAME,
            format!("{address} answers at transaction {here}; the newest in the stream is {newest}"),
        ),
        (Some(here), None) => Check::pass(NAME, format!("{address} answers at transaction {here}")),
        (None, _) => Check::pass(NAME, format!("{address} answers without a transactionId")),
    };
    let check = match answer.transaction_id {
        Some(id) => check.detail("transactionId", id),
        None => check,
    };
    match newest {
        Some(newest) => check.detail("newestTxnId", newest),
        None => check,
    }
}

fn from_error(api: ApiSettings<'_>, error: &ApiError) -> Check {
    let (address, why) = (api.address, error.summary());
    let what = format!("{address}: {why}");
    let check = match error.kind {
        ApiErrorKind::RefusedKey | ApiErrorKind::Forbidden => Check::fail(
            NAME,
            Fault::F1,
            format!("{what}; the key came from {}", api.key_origin),
        ),
        ApiErrorKind::NotDql
        | ApiErrorKind::Empty
        | ApiErrorKind::Encoded(_)
        | ApiErrorKind::NoRows
        | ApiErrorKind::Redirected => Check::fail(NAME, Fault::F2, what),
        ApiErrorKind::Proxy(_) => Check::fail(NAME, Fault::F6, what),
        ApiErrorKind::NotFound | ApiErrorKind::NoInterface => Check::fail(NAME, Fault::F3, what),
        // A rejected statement means that the key was accepted.
        ApiErrorKind::BadQuery => Check::warn(NAME, format!("{address} accepts the key; {why}")),
        ApiErrorKind::Tls | ApiErrorKind::Unreachable => Check::fail_unnumbered(NAME, what),
        _ => Check::fail_response(NAME, what),
    };
    let check = match error.fix() {
        Some(fix) => check.fix(fix),
        None => check,
    };
    let check = match error.status {
        Some(status) => check.detail("httpStatus", status),
        None => check,
    };
    if error.message.is_empty() {
        check
    } else {
        check.raw(&error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::exit::Exit;
    use crate::verify::check::Status;

    fn api() -> ApiSettings<'static> {
        ApiSettings {
            address: "https://a/api/v5/store/execute",
            key_origin: "environment DITTO_CDC_API_KEY",
        }
    }

    #[test]
    fn refusals_have_their_numbers() {
        for (kind, fault, exit) in [
            (ApiErrorKind::RefusedKey, Some(Fault::F1), Exit::Setup),
            (ApiErrorKind::Forbidden, Some(Fault::F1), Exit::Setup),
            (ApiErrorKind::NotDql, Some(Fault::F2), Exit::Failed),
            (ApiErrorKind::Redirected, Some(Fault::F2), Exit::Failed),
            (ApiErrorKind::NotFound, Some(Fault::F3), Exit::Setup),
            (ApiErrorKind::NoInterface, Some(Fault::F3), Exit::Setup),
            (ApiErrorKind::BadQuery, None, Exit::Success),
            (ApiErrorKind::Tls, None, Exit::Setup),
            (ApiErrorKind::Busy { after: None }, None, Exit::Failed),
        ] {
            let check = check_response(api(), &Err(ApiError::new(kind, "words")), None);
            assert_eq!((check.fault, check.exit()), (fault, exit), "{check:?}");
            assert_eq!(check.raw.as_deref(), Some("words"));
        }
    }

    #[test]
    fn an_answer_is_compared_with_the_stream() {
        for (here, newest, status, words) in [
            (Some(100), Some(103), Status::Fail, "3 behind"),
            (
                Some(103),
                Some(103),
                Status::Pass,
                "newest in the stream is 103",
            ),
            (Some(5), None, Status::Pass, "at transaction 5"),
            (None, Some(1), Status::Pass, "without a transactionId"),
        ] {
            let mut answer = QueryResponse::default();
            answer.transaction_id = here;
            let check = check_response(api(), &Ok(answer), newest);
            assert_eq!(check.status, status);
            assert!(check.message.contains(words), "{}", check.message);
        }
    }

    #[test]
    fn only_an_unencrypted_address_is_f4() {
        let fault = |url| unusable_url(url, String::new(), String::new()).fault;
        assert_eq!(fault("http://x.example/app"), Some(Fault::F4));
        assert_eq!(fault("ftp://x.example"), None);
    }
}
