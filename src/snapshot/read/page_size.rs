//! Adaptive page size: grows until the server rejects or truncates a page, because each page may cost a full scan.

use std::time::Duration;

use crate::snapshot::write::file_store::PAGE_BYTES;

/// The first page of the first collection.
const FIRST_PAGE_DOCUMENTS: u64 = 2_000;
/// Largest page.
const MAX_PAGE_DOCUMENTS: u64 = 1 << 20;
/// Requests are cheap if the wait for the first row is less than 1/8 of the page's duration.
const CHEAP_WAIT_FRACTION: u32 = 8;
/// Growth factor until the first failure.
const GROWTH_FACTOR: u64 = 4;
/// Number of successful pages after which a larger one is tried again, because documents differ in size.
const PROBE_AFTER_PAGES: u32 = 24;

/// Duration of a page request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageTiming {
    /// Time to the first row: the server may scan the whole collection for it.
    pub wait: Duration,
    /// Time to the last row.
    pub took: Duration,
}

/// The page size, in documents, and what is known about the server's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptivePageSize {
    /// Page size in bytes that is enough if requests are cheap.
    target_bytes: u64,
    current: u64,
    /// The largest page that succeeded, in documents.
    known_good: u64,
    /// The smallest page that failed.
    known_bad: Option<u64>,
    /// The server truncates pages at this size without reporting it.
    server_limit: Option<u64>,
    good_pages: u32,
    /// The shortest wait so far; longer ones are delays of the network or the machine.
    min_wait: Duration,
}

impl AdaptivePageSize {
    /// Starts with the page size of another collection, if any. If requests are cheap, pages do not grow beyond
    /// `target_bytes`.
    #[must_use]
    pub fn new(hint: Option<u64>, target_bytes: u64) -> AdaptivePageSize {
        let current = hint
            .unwrap_or(FIRST_PAGE_DOCUMENTS)
            .clamp(1, MAX_PAGE_DOCUMENTS);
        AdaptivePageSize {
            target_bytes,
            current,
            known_good: 0,
            known_bad: None,
            server_limit: None,
            good_pages: 0,
            min_wait: Duration::MAX,
        }
    }

    /// Documents to request.
    #[must_use]
    pub fn current(&self) -> u64 {
        self.current
    }

    /// The largest page that succeeded; 0 before the first.
    #[must_use]
    pub fn known_good(&self) -> u64 {
        self.known_good
    }

    /// Notes a full page.
    pub fn on_full_page(&mut self, bytes: u64, timing: PageTiming) {
        self.known_good = self.known_good.max(self.current);
        if self.server_limit.is_some() {
            return;
        }
        self.good_pages += 1;
        if self.good_pages > PROBE_AFTER_PAGES {
            self.good_pages = 0;
            self.known_bad = self
                .known_bad
                .map(|known_bad| known_bad + known_bad / 3 + 1);
        }
        self.min_wait = self.min_wait.min(timing.wait);
        let cheap = self.min_wait * CHEAP_WAIT_FRACTION < timing.took;
        let target_bytes = if cheap { self.target_bytes } else { PAGE_BYTES };
        if bytes >= target_bytes {
            return;
        }
        // The middle between this size and the failed one is worth a request only if it is clearly larger.
        let next = match self.known_bad {
            None => self.current.saturating_mul(GROWTH_FACTOR),
            Some(known_bad) if known_bad > self.current + self.current / 5 => {
                self.current + (known_bad - self.current) / 2
            }
            Some(_) => self.current,
        };
        let by_bytes = self.current.saturating_mul(target_bytes * 2) / bytes.max(1);
        self.current = next.min(by_bytes.max(self.current)).min(MAX_PAGE_DOCUMENTS);
    }

    /// Notes a page that was too large for the server or the connection; `false` if it cannot be smaller.
    pub fn on_too_large(&mut self) -> bool {
        if self.current == 1 {
            return false;
        }
        self.good_pages = 0;
        self.known_bad = Some(self.current);
        let half = self.current / 2;
        self.current = if self.known_good > 0 && self.known_good < self.current {
            // Between the sizes that succeed and those that fail.
            self.known_good + (self.current - self.known_good) / 4
        } else {
            self.known_good = 0;
            half
        }
        .clamp(1, self.current - 1);
        true
    }

    /// Notes that the server truncated a page to this number of documents without reporting it.
    pub fn on_truncated(&mut self, documents: u64) {
        self.current = documents.clamp(1, MAX_PAGE_DOCUMENTS);
        self.server_limit = Some(self.current);
        self.known_good = self.current;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::write::page_buffer::BUFFERED_PAGE_BYTES;

    const SLOW: PageTiming = PageTiming {
        wait: Duration::from_secs(1),
        took: Duration::from_secs(1),
    };

    /// Number of requests for this many documents if the server rejects pages above a cap.
    fn requests(documents: u64, cap: u64) -> (u64, u64) {
        let (mut size, mut remaining, mut sent) =
            (AdaptivePageSize::new(None, PAGE_BYTES), documents, 0);
        while remaining > 0 {
            sent += 1;
            if size.current() > cap && remaining > cap {
                assert!(size.on_too_large());
                continue;
            }
            let got = size.current().min(remaining);
            remaining -= got;
            size.on_full_page(got * 100, SLOW);
        }
        (sent, documents.div_ceil(cap))
    }

    #[test]
    fn a_cap_is_found_and_used() {
        for cap in [
            1, 2, 10, 99, 1_000, 1_999, 2_000, 2_001, 3_000, 5_000, 7_777, 20_000, 100_000,
        ] {
            for pages in [40, 200] {
                let (sent, minimum) = requests(cap * pages, cap);
                assert!(
                    sent * 2 <= minimum * 3,
                    "cap {cap}, {pages} pages: {sent} requests"
                );
            }
        }
    }

    #[test]
    fn a_cap_that_is_never_reached_costs_few_requests() {
        assert!(requests(100_000, u64::MAX).0 <= 4);
        assert!(
            requests(1_000_000, u64::MAX).0 <= 7,
            "{:?}",
            requests(1_000_000, u64::MAX)
        );
    }

    #[test]
    fn a_page_of_one_cannot_be_smaller_and_sizes_recover() {
        let mut size = AdaptivePageSize::new(Some(1), PAGE_BYTES);
        assert!(!size.on_too_large());
        let mut size = AdaptivePageSize::new(Some(8), PAGE_BYTES);
        while size.current() > 1 {
            assert!(size.on_too_large());
        }
        for _ in 0..2_000 {
            size.on_full_page(10, SLOW);
        }
        assert!(size.current() > 1_000, "{size:?}");
    }

    #[test]
    fn an_unreported_cap_is_respected() {
        let mut size = AdaptivePageSize::new(None, PAGE_BYTES);
        size.on_truncated(500);
        for _ in 0..100 {
            size.on_full_page(10, SLOW);
        }
        assert_eq!(size.current(), 500);
    }

    #[test]
    fn buffered_pages_stay_small_while_requests_are_cheap() {
        let timing = |wait, took| PageTiming {
            wait: Duration::from_millis(wait),
            took: Duration::from_millis(took),
        };
        let mut size = AdaptivePageSize::new(Some(1000), BUFFERED_PAGE_BYTES);
        size.on_full_page(4 << 20, timing(3, 10));
        assert_eq!(size.current(), 4000);
        // Delays of a busy machine do not count.
        for wait in [1, 30] {
            size.on_full_page(16 << 20, timing(wait, 40));
            assert_eq!(size.current(), 4000);
        }
        let mut size = AdaptivePageSize::new(Some(4000), BUFFERED_PAGE_BYTES);
        size.on_full_page(16 << 20, timing(700, 740));
        assert_eq!(size.current(), 16_000);
        size.on_full_page(64 << 20, timing(700, 900));
        assert_eq!(size.current(), 16_000);
    }

    #[test]
    fn large_documents_make_small_pages() {
        let mut size = AdaptivePageSize::new(Some(10), PAGE_BYTES);
        size.on_full_page(100 << 20, SLOW);
        assert_eq!(size.current(), 10);
        size.on_full_page(32 << 20, SLOW);
        assert_eq!(size.current(), 40);
    }
}
