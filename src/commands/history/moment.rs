//! The point in the stream that `--at` names.

use crate::record::position::{self, Position};
use crate::util::env::Env;

/// A time, or a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Milliseconds since 1970-01-01 UTC.
    Time(i64),
    /// After this transaction.
    Txn(u64),
}

impl Moment {
    /// Parses the value of `--at`.
    ///
    /// # Errors
    /// A sentence with the correct form.
    pub fn parse(text: &str, env: &Env) -> Result<Moment, String> {
        let txn = text.strip_prefix("txn:").or(text.strip_prefix("txn "));
        if let Some(number) = txn {
            let parsed = number.trim().parse().map(Moment::Txn);
            return parsed.map_err(|_| {
                format!("--at: '{text}' is not a valid transaction; write txn: and a number, such as txn:552789")
            });
        }
        if text.trim().eq_ignore_ascii_case("now") {
            return Ok(Moment::Time(env.now.timestamp().as_millisecond()));
        }
        let with_sign = format!("@{}", text.trim().trim_start_matches('@'));
        match position::parse(&with_sign, &env.now) {
            Ok(Position::Time(millis)) => Ok(Moment::Time(millis)),
            Ok(_) => Err(format!(
                "--at: '{text}' is no time; write a time such as @10:31, @2026-01-31T12:00:00Z or @-1h, or txn:N"
            )),
            Err(why) => Err(format!("--at: {why}")),
        }
    }

    /// Whether an event is at or before this moment; not if it has no time or transaction.
    pub fn includes(self, millis: Option<i64>, txn: Option<u64>) -> bool {
        match self {
            Moment::Time(limit) => millis.is_some_and(|millis| millis <= limit),
            Moment::Txn(limit) => txn.is_some_and(|txn| txn <= limit),
        }
    }

    /// Whether an event is at this moment.
    pub fn is_exactly(self, millis: Option<i64>, txn: Option<u64>) -> bool {
        match self {
            Moment::Time(at) => millis == Some(at),
            Moment::Txn(at) => txn == Some(at),
        }
    }
}
