//! What the HTTP API's answer means: the key, the path, what answered, how far it is behind the stream.
//! Asking is left to `bigpeer`.

use super::{Check, Fault};
use crate::bigpeer::{Answer, ApiError, Kind};

/// The check's name.
pub const NAME: &str = "http-api";

/// What is known of the API's settings.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where statements go.
    pub address: &'a str,
    /// Where the key came from.
    pub key_origin: &'a str,
}

/// An address that nothing is sent to; `what` and `fix` are the reader's words.
#[must_use]
pub fn unusable(url: &str, what: String, fix: String) -> Check {
    let in_clear = url.trim().to_ascii_lowercase().starts_with("http://");
    let check = if in_clear {
        Check::fail(NAME, Fault::F4, what)
    } else {
        Check::fail_unnumbered(NAME, what)
    };
    check.fix(fix)
}

/// The answer to a harmless statement, beside the stream's newest transaction.
#[must_use]
pub fn judge(place: Place<'_>, answer: &Result<Answer, ApiError>, newest: Option<u64>) -> Check {
    let check = match answer {
        Ok(answer) => behind(place, answer, newest),
        Err(error) => refused(place, error),
    };
    check.detail("address", place.address)
}

fn behind(place: Place<'_>, answer: &Answer, newest: Option<u64>) -> Check {
    let address = place.address;
    let check = match (answer.transaction_id, newest) {
        (Some(here), Some(newest)) if here < newest => Check::fail(
            NAME,
            Fault::F5,
            format!(
                "{address} is at transaction {here}, {} behind the stream's newest ({newest})",
                newest - here
            ),
        )
        .fix("wait and try again; if it stays, check that url and topic belong to the same app"),
        (Some(here), Some(newest)) => Check::pass(
            NAME,
            format!("{address} answers at transaction {here}; the stream's newest is {newest}"),
        ),
        (Some(here), None) => Check::pass(NAME, format!("{address} answers at transaction {here}")),
        (None, _) => Check::pass(NAME, format!("{address} answers, without a transactionId")),
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

fn refused(place: Place<'_>, error: &ApiError) -> Check {
    let (address, why) = (place.address, error.why());
    let what = format!("{address}: {why}");
    let check = match error.kind {
        Kind::RefusedKey | Kind::Forbidden => Check::fail(
            NAME,
            Fault::F1,
            format!("{what}; the key came from {}", place.key_origin),
        ),
        Kind::NotDql | Kind::Redirected => Check::fail(NAME, Fault::F2, what),
        Kind::NotFound | Kind::NoInterface => Check::fail(NAME, Fault::F3, what),
        // Whoever refuses a statement has taken the key.
        Kind::BadQuery => Check::warn(NAME, format!("{address} takes the key; {why}")),
        Kind::Tls | Kind::Unreachable => Check::fail_unnumbered(NAME, what),
        _ => Check::fail_answer(NAME, what),
    };
    let check = match error.fix() {
        Some(fix) => check.fix(fix),
        None => check,
    };
    let check = match error.status {
        Some(status) => check.detail("httpStatus", status),
        None => check,
    };
    if error.words.is_empty() {
        check
    } else {
        check.raw(&error.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::exit::Exit;
    use crate::verify::check::Status;

    fn place() -> Place<'static> {
        Place {
            address: "https://a/api/v5/store/execute",
            key_origin: "environment DITTO_CDC_API_KEY",
        }
    }

    #[test]
    fn refusals_have_their_numbers() {
        for (kind, fault, exit) in [
            (Kind::RefusedKey, Some(Fault::F1), Exit::Setup),
            (Kind::Forbidden, Some(Fault::F1), Exit::Setup),
            (Kind::NotDql, Some(Fault::F2), Exit::Failed),
            (Kind::Redirected, Some(Fault::F2), Exit::Failed),
            (Kind::NotFound, Some(Fault::F3), Exit::Setup),
            (Kind::NoInterface, Some(Fault::F3), Exit::Setup),
            (Kind::BadQuery, None, Exit::Fine),
            (Kind::Tls, None, Exit::Setup),
            (Kind::Busy { after: None }, None, Exit::Failed),
        ] {
            let check = judge(place(), &Err(ApiError::new(kind, "words")), None);
            assert_eq!((check.fault, check.exit()), (fault, exit), "{check:?}");
            assert_eq!(check.raw.as_deref(), Some("words"));
        }
    }

    #[test]
    fn an_answer_is_compared_with_the_stream() {
        for (here, newest, status, words) in [
            (Some(100), Some(103), Status::Fail, "3 behind"),
            (Some(103), Some(103), Status::Pass, "newest is 103"),
            (Some(5), None, Status::Pass, "at transaction 5"),
            (None, Some(1), Status::Pass, "without a transactionId"),
        ] {
            let mut answer = Answer::default();
            answer.transaction_id = here;
            let check = judge(place(), &Ok(answer), newest);
            assert_eq!(check.status, status);
            assert!(check.message.contains(words), "{}", check.message);
        }
    }

    #[test]
    fn only_an_unencrypted_address_is_f4() {
        let fault = |url| unusable(url, String::new(), String::new()).fault;
        assert_eq!(fault("http://x.example/app"), Some(Fault::F4));
        assert_eq!(fault("ftp://x.example"), None);
    }
}
