//! Activity over time: the number of changes in each minute, or in a wider unit if there are too many minutes.

use std::collections::BTreeMap;

use crate::event::Op;

/// Number of events by operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpCounts {
    /// Inserted documents.
    pub inserts: u64,
    /// Updates.
    pub updates: u64,
    /// Removed documents.
    pub removes: u64,
    /// Events of an undocumented type.
    pub others: u64,
}

impl OpCounts {
    /// Counts an event.
    pub fn count(&mut self, op: Op) {
        match op {
            Op::Insert => self.inserts += 1,
            Op::Update => self.updates += 1,
            Op::Remove => self.removes += 1,
            Op::Other => self.others += 1,
        }
    }

    /// Adds other counts.
    pub fn add(&mut self, other: &OpCounts) {
        self.inserts += other.inserts;
        self.updates += other.updates;
        self.removes += other.removes;
        self.others += other.others;
    }

    /// Number of events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.inserts + self.updates + self.removes + self.others
    }
}

/// The number of changes in each unit of time.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Number of the unit since 1970 in UTC, to counts.
    units: BTreeMap<i64, OpCounts>,
    /// Index into [`UNIT_SECONDS`].
    unit: usize,
    /// The unit that was counted last: mostly it is the next one too.
    current: (i64, OpCounts),
    max_units: usize,
}

/// Every zone's offset from UTC is a multiple of a quarter of an hour.
const UNIT_SECONDS: [i64; 4] = [60, 15 * 60, 24 * 3600, 400 * 24 * 3600];
/// 70 days of minutes.
const MAX_UNITS: usize = 100_000;

impl Default for Activity {
    fn default() -> Self {
        Activity::with_max_units(MAX_UNITS)
    }
}

impl Activity {
    fn with_max_units(max_units: usize) -> Activity {
        Activity {
            units: BTreeMap::new(),
            unit: 0,
            current: (0, OpCounts::default()),
            max_units,
        }
    }

    /// Counts an event at a time, in milliseconds since 1970.
    pub fn count(&mut self, millis: i64, op: Op) {
        let unit = millis.div_euclid(1000 * self.unit_seconds());
        if unit != self.current.0 {
            self.store_current();
            self.current.0 = millis.div_euclid(1000 * self.unit_seconds());
        }
        self.current.1.count(op);
    }

    /// The width of the units in seconds.
    #[must_use]
    pub fn unit_seconds(&self) -> i64 {
        UNIT_SECONDS
            .get(self.unit)
            .copied()
            .unwrap_or(i64::MAX / 1000)
    }

    /// The units with changes: their start in seconds since 1970, and counts.
    pub fn units(&self) -> impl Iterator<Item = (i64, OpCounts)> {
        let mut units = self.units.clone();
        let (unit, counts) = &self.current;
        if counts.events() > 0 {
            units.entry(*unit).or_default().add(counts);
        }
        let seconds = self.unit_seconds();
        units
            .into_iter()
            .map(move |(unit, counts)| (unit.saturating_mul(seconds), counts))
    }

    fn store_current(&mut self) {
        let (unit, counts) = std::mem::take(&mut self.current);
        if counts.events() > 0 {
            self.units.entry(unit).or_default().add(&counts);
        }
        while self.units.len() > self.max_units && self.unit + 1 < UNIT_SECONDS.len() {
            self.widen();
        }
    }

    fn widen(&mut self) {
        let before = self.unit_seconds();
        self.unit += 1;
        let factor = self.unit_seconds() / before;
        for (unit, counts) in std::mem::take(&mut self.units) {
            let wider = self.units.entry(unit.div_euclid(factor)).or_default();
            wider.add(&counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_become_wider_units_and_nothing_is_lost() {
        let mut activity = Activity::with_max_units(4);
        for minute in 0..40_i64 {
            activity.count(minute * 60_000 + 59_999, Op::Insert);
            activity.count(minute * 60_000, Op::Remove);
        }
        let units: Vec<(i64, u64, u64)> = activity
            .units()
            .map(|(start, counts)| (start, counts.inserts, counts.removes))
            .collect();
        assert_eq!(units, [(0, 15, 15), (900, 15, 15), (1800, 10, 10)]);
    }

    #[test]
    fn times_before_1970_and_out_of_order_are_counted() {
        let mut activity = Activity::default();
        for millis in [60_000, -1, 61_000, -60_000, -60_001] {
            activity.count(millis, Op::Update);
        }
        let units: Vec<(i64, u64)> = activity
            .units()
            .map(|(start, counts)| (start, counts.updates))
            .collect();
        assert_eq!(units, [(-120, 1), (-60, 2), (60, 2)]);
    }
}
