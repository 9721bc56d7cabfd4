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
