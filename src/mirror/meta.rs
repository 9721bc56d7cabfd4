//! `ditto_meta`: what the file is a copy of and how current it is, one row for each fact.

use rusqlite::{Connection, OptionalExtension, params};

use crate::util::time::now_millis;

/// How current a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorState {
    /// The first copy is not complete yet; there is nothing to read.
    Loading,
    /// The copy is complete, and older than the end of the stream.
    CatchingUp,
    /// The copy has reached the end of the stream.
    Current,
    /// Changes are missing, until a requery replaces the copy.
    BehindGap,
}

impl MirrorState {
    const ALL: [MirrorState; 4] = [
        MirrorState::Loading,
        MirrorState::CatchingUp,
        MirrorState::Current,
        MirrorState::BehindGap,
    ];

    /// The state in words, as in `ditto_meta`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            MirrorState::Loading => "loading",
            MirrorState::CatchingUp => "catching up",
            MirrorState::Current => "current",
            MirrorState::BehindGap => "behind a gap",
        }
    }

    fn parse(words: &str) -> Option<MirrorState> {
        MirrorState::ALL
            .into_iter()
            .find(|state| state.words() == words)
    }
}

/// A state, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSince {
    /// The state.
    pub state: MirrorState,
    /// Milliseconds since 1970.
    pub since_ms: i64,
}

/// A value of `ditto_meta`.
pub(super) fn get(database: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = database.prepare_cached("SELECT value FROM ditto_meta WHERE key = ?1")?;
    statement.query_row([key], |row| row.get(0)).optional()
}

/// Sets a value, with the time.
pub(super) fn set(database: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let mut statement = database.prepare_cached(
        "INSERT INTO ditto_meta (key, value, changed_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
    )?;
    statement.execute(params![key, value, now_millis()])?;
    Ok(())
}

/// Sets the state; if it is the same already, its time stays.
pub(super) fn set_state(database: &Connection, state: MirrorState) -> rusqlite::Result<()> {
    if get(database, "state")?.as_deref() == Some(state.words()) {
        return Ok(());
    }
    set(database, "state", state.words())
}

/// The state; `None` if it was changed by hand.
pub(super) fn state(database: &Connection) -> rusqlite::Result<Option<StateSince>> {
    let sql = "SELECT value, changed_at FROM ditto_meta WHERE key = 'state'";
    let read = database.prepare_cached(sql)?.query_row([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let Some((words, since_ms)) = read.optional()? else {
        return Ok(None);
    };
    Ok(MirrorState::parse(&words).map(|state| StateSince { state, since_ms }))
}

/// Patterns as a person reads them; `all` without any. JSON, because a pattern may contain anything.
pub(super) fn words(patterns: &[String]) -> String {
    if patterns.is_empty() {
        return "all".to_owned();
    }
    // Strings always serialize.
    serde_json::to_string(patterns).unwrap_or_default()
}
