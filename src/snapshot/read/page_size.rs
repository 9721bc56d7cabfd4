//! How many documents the next page asks for: as many as the server lets through, since every page may cost it a look
//! at the whole collection. Pure; what a page brought is told by the walk.

use std::time::Duration;

/// The first page of the first collection.
const FIRST: u64 = 2_000;
/// No page asks for more documents.
const MOST: u64 = 1 << 20;
/// Once a page has so many bytes, larger ones gain nothing and cost more when they break.
pub(in crate::snapshot) const ENOUGH: u64 = 64 << 20;
/// The same where a page has to be held until it is complete, and asking for more pages costs little: two of them find
/// room in memory.
pub(in crate::snapshot) const ENOUGH_IN_MEMORY: u64 = 10 << 20;
/// Asking costs little where the wait for a page's first row is at most this part of the time for all of it.
const CHEAP: u32 = 8;
/// A page that fits is grown by so much while nothing is known of a limit.
const GROWTH: u64 = 4;
/// After so many good pages a larger one is tried again: documents differ in size.
const TRUST: u32 = 24;

/// How long a page took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Until its first row came: the server may have looked at the whole collection for it.
    pub wait: Duration,
    /// Until it was complete.
    pub took: Duration,
}

/// The size of pages, as it was learned so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many bytes are enough for a page where asking costs little.
    enough: u64,
    now: u64,
    /// The largest page that came back well.
    good: u64,
    /// The smallest page that did not.
    bad: Option<u64>,
    /// The server cuts pages at this size without a word.
    cut: Option<u64>,
    since: u32,
    /// The shortest wait so far; longer ones are the network's or the machine's.
    least_wait: Duration,
}

impl Size {
    /// Begins with what another collection has learned. Where asking costs little, a page of `enough` bytes need not be
    /// larger.
    #[must_use]
    pub fn new(hint: Option<u64>, enough: u64) -> Size {
        let now = hint.unwrap_or(FIRST).clamp(1, MOST);
        Size {
            enough,
            now,
            good: 0,
            bad: None,
            cut: None,
            since: 0,
            least_wait: Duration::MAX,
        }
    }

    /// How many documents to ask for.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The largest page that came back well; 0 before the first.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.good
    }

    /// A page came back full.
    pub fn full(&mut self, bytes: u64, pace: Pace) {
        self.good = self.good.max(self.now);
        if self.cut.is_some() {
            return;
        }
        self.since += 1;
        if self.since > TRUST {
            self.since = 0;
            self.bad = self.bad.map(|bad| bad + bad / 3 + 1);
        }
        self.least_wait = self.least_wait.min(pace.wait);
        let cheap = self.least_wait * CHEAP < pace.took;
        let enough = if cheap { self.enough } else { ENOUGH };
        if bytes >= enough {
            return;
        }
        // Half-way to what failed is worth an attempt while that is a good deal more.
        let next = match self.bad {
            None => self.now.saturating_mul(GROWTH),
            Some(bad) if bad > self.now + self.now / 5 => self.now + (bad - self.now) / 2,
            Some(_) => self.now,
        };
        let by_bytes = self.now.saturating_mul(enough * 2) / bytes.max(1);
        self.now = next.min(by_bytes.max(self.now)).min(MOST);
    }

    /// A page was too much for the server or the connection; `false` where it cannot be smaller.
    pub fn too_large(&mut self) -> bool {
        if self.now == 1 {
            return false;
        }
        self.since = 0;
        self.bad = Some(self.now);
        let half = self.now / 2;
        self.now = if self.good > 0 && self.good < self.now {
            // Between what works and what does not.
            self.good + (self.now - self.good) / 4
        } else {
            self.good = 0;
            half
        }
        .clamp(1, self.now - 1);
        true
    }

    /// The server returned fewer documents than there are, and said nothing.
    pub fn cut_at(&mut self, documents: u64) {
        self.now = documents.clamp(1, MOST);
        self.cut = Some(self.now);
        self.good = self.now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Pace = Pace {
        wait: Duration::from_secs(1),
        took: Duration::from_secs(1),
    };

    /// Requests that reading so many documents takes where the server refuses pages above a cap.
    fn requests(documents: u64, cap: u64) -> (u64, u64) {
        let (mut size, mut left, mut asked) = (Size::new(None, ENOUGH), documents, 0);
        while left > 0 {
            asked += 1;
            if size.now() > cap && left > cap {
                assert!(size.too_large());
                continue;
            }
            let got = size.now().min(left);
            left -= got;
            size.full(got * 100, SLOW);
        }
        (asked, documents.div_ceil(cap))
    }

    #[test]
    fn a_cap_is_found_and_used() {
        for cap in [
            1, 2, 10, 99, 1_000, 1_999, 2_000, 2_001, 3_000, 5_000, 7_777, 20_000, 100_000,
        ] {
            for pages in [40, 200] {
                let (asked, fewest) = requests(cap * pages, cap);
                assert!(
                    asked * 2 <= fewest * 3,
                    "cap {cap}, {pages} pages: {asked} requests"
                );
            }
        }
    }

    #[test]
    fn a_cap_that_is_never_met_costs_few_requests() {
        assert!(requests(100_000, u64::MAX).0 <= 4);
        assert!(
            requests(1_000_000, u64::MAX).0 <= 7,
            "{:?}",
            requests(1_000_000, u64::MAX)
        );
    }

    #[test]
    fn a_page_of_one_cannot_be_smaller_and_sizes_recover() {
        let mut size = Size::new(Some(1), ENOUGH);
        assert!(!size.too_large());
        let mut size = Size::new(Some(8), ENOUGH);
        while size.now() > 1 {
            assert!(size.too_large());
        }
        for _ in 0..2_000 {
            size.full(10, SLOW);
        }
        assert!(size.now() > 1_000, "{size:?}");
    }

    #[test]
    fn a_silent_cap_is_kept() {
        let mut size = Size::new(None, ENOUGH);
        size.cut_at(500);
        for _ in 0..100 {
            size.full(10, SLOW);
        }
        assert_eq!(size.now(), 500);
    }

    #[test]
    fn pages_that_are_held_stay_small_while_asking_is_cheap() {
        let pace = |wait, took| Pace {
            wait: Duration::from_millis(wait),
            took: Duration::from_millis(took),
        };
        let mut size = Size::new(Some(1000), ENOUGH_IN_MEMORY);
        size.full(4 << 20, pace(3, 10));
        assert_eq!(size.now(), 4000);
        // What a busy machine adds to a wait does not count.
        for wait in [1, 30] {
            size.full(16 << 20, pace(wait, 40));
            assert_eq!(size.now(), 4000);
        }
        let mut size = Size::new(Some(4000), ENOUGH_IN_MEMORY);
        size.full(16 << 20, pace(700, 740));
        assert_eq!(size.now(), 16_000);
        size.full(64 << 20, pace(700, 900));
        assert_eq!(size.now(), 16_000);
    }

    #[test]
    fn large_documents_make_small_pages() {
        let mut size = Size::new(Some(10), ENOUGH);
        size.full(100 << 20, SLOW);
        assert_eq!(size.now(), 10);
        size.full(32 << 20, SLOW);
        assert_eq!(size.now(), 40);
    }
}
