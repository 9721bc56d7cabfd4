//! Calendar time.

use jiff::Timestamp;

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 24 * 60 * 60;

/// `2026-11-24 12:00 UTC` from seconds since 1970; `None` outside the range of the calendar.
#[must_use]
pub fn format_utc(seconds: i64) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// RFC 3339 in UTC from seconds since 1970: `2026-11-24T12:00:00Z`; the number itself outside the range of the calendar.
#[must_use]
pub fn format_rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s since 1970"),
        |time| time.to_string(),
    )
}
