//! The statistics, compared with a plain model.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::diff::Options;
use crate::event::decode;

/// One event of a model: collection, document, transaction, version before and after, and time.
type Change = (u8, u8, u8, Option<u8>, Option<u8>, Option<i64>);

fn payload(&(collection, id, txn, old, new, _): &Change) -> String {
    let document = |version: Option<u8>| {
        version.map_or("null".to_owned(), |version| {
            format!(
                "{{\"_id\":\"d{id}\",\"a\":{},\"lines\":[{{\"q\":{version}}}]}}",
                version % 2
            )
        })
    };
    format!(
        "{{\"txnId\":{txn},\"type\":\"documentChanged\",\"collection\":\"c{collection}\",\"change\":{{\"method\":\"upsert\",\"oldValue\":{},\"newValue\":{}}}}}",
        document(old),
        document(new)
    )
}

fn statistics(changes: &[Change], batches: &[usize], max_exact: usize) -> StreamStats {
    let mut stats = StreamStats::with_max_exact(3, max_exact);
    let (mut batch, options) = (BatchFacts::default(), Options::default());
    let mut sizes = batches.iter().cycle();
    let mut left = *sizes.next().unwrap();
    for change in changes {
        let text = payload(change);
        let event = decode(Some(text.as_bytes())).unwrap();
        batch.add(&event, change.5, Some(&options));
        left -= 1;
        if left == 0 {
            stats.add(&batch);
            batch.clear();
            left = *sizes.next().unwrap();
        }
    }
    stats.add(&batch);
    stats
}

/// Everything that is printed.
fn shown(stats: &StreamStats) -> String {
    let collections = stats.collections.iter().map(|one| {
        format!(
            "{} {:?} {} {} {:?} {} {}",
            one.name,
            one.ops,
            one.bytes,
            one.largest,
            one.times,
            one.documents(),
            one.documents_exact()
        )
    });
    let collections: Vec<String> = collections.collect();
    let activity: Vec<_> = stats.activity.units().collect();
    format!(
        "{} {} {} {} {:?} {} {:?}\n{collections:#?}\n{activity:?}\n{:?}\n{:?}\n{:?}",
        stats.events,
        stats.bytes,
        stats.gaps,
        stats.duplicates,
        stats.times,
        stats.transactions(),
        stats.paths.sorted(),
        stats.busiest.sorted(),
        stats.largest.sorted(),
        stats.duplicates_exact(),
    )
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let version = || prop::option::of(0..4_u8);
    let time = prop::option::of(-200_000..20_000_000_i64);
    let change = (0..3_u8, 0..20_u8, 0..30_u8, version(), version(), time);
    prop::collection::vec(change, 0..150)
}

proptest! {
    /// The workers' batches can have any size: their facts, merged, are those of one batch, also if numbers are estimated.
    #[test]
    fn batches_do_not_change_the_result(
        changes in changes(),
        sizes in prop::collection::vec(1..20_usize, 1..6),
        max_exact in prop_oneof![Just(5_usize), Just(1000)],
    ) {
        let whole = statistics(&changes, &[usize::MAX], max_exact);
        prop_assert_eq!(shown(&whole), shown(&statistics(&changes, &sizes, max_exact)));
    }

    #[test]
    fn counts_are_those_of_a_model(changes in changes()) {
        let stats = statistics(&changes, &[7], 1000);
        let (mut documents, mut transactions) = (BTreeMap::<_, BTreeSet<u8>>::new(), BTreeSet::new());
        let (mut seen, mut duplicates, mut paths) = (BTreeSet::new(), 0, BTreeMap::<_, u64>::new());
        let mut ops = BTreeMap::<u8, OpCounts>::new();
        for &(collection, id, txn, old, new, _) in &changes {
            let count = ops.entry(collection).or_default();
            match (old, new) {
                (None, Some(_)) => count.inserts += 1,
                (Some(_), None) => count.removes += 1,
                (None, None) => count.others += 1,
                (Some(old), Some(new)) => {
                    count.updates += 1;
                    if old % 2 != new % 2 {
                        *paths.entry((collection, "a")).or_default() += 1;
                    }
                    if old != new {
                        *paths.entry((collection, "lines[*].q")).or_default() += 1;
                    }
                }
            }
            transactions.insert(txn);
            let ids = documents.entry(collection).or_default();
            if old.or(new).is_some() {
                ids.insert(id);
                duplicates += u64::from(!seen.insert((txn, collection, id)));
            }
        }
        prop_assert_eq!(stats.events, changes.len() as u64);
        prop_assert_eq!((stats.transactions(), stats.duplicates), (transactions.len() as u64, duplicates));
        for one in &stats.collections {
            let collection: u8 = one.name[1..].parse().unwrap();
            prop_assert_eq!(one.ops, ops[&collection]);
            prop_assert_eq!((one.documents(), one.documents_exact()), (documents[&collection].len() as u64, true));
        }
        prop_assert_eq!(stats.collections.len(), ops.len());
        let found: BTreeMap<_, u64> = stats
            .paths
            .sorted()
            .into_iter()
            .map(|(at, path, count)| ((stats.collections[at].name.to_string(), path), count))
            .collect();
        let expected: BTreeMap<_, u64> = paths
            .into_iter()
            .map(|((collection, path), count)| ((format!("c{collection}"), path.to_owned()), count))
            .collect();
        prop_assert_eq!(found, expected);
    }
}

/// Documents of several collections share the bound; small collections stay exact.
#[test]
fn only_the_largest_collections_are_estimated() {
    let small = (0..20).map(|id| (0, id, 0, None, Some(1), None));
    let large = (0..200).map(|id| (1, id, 0, None, Some(1), None));
    let changes: Vec<Change> = small.chain(large).collect();
    let stats = statistics(&changes, &[50], 64);
    let found: Vec<_> = stats
        .collections
        .iter()
        .map(|one| (one.documents_exact(), one.documents()))
        .collect();
    assert_eq!(found[0], (true, 20));
    assert!(!found[1].0 && found[1].1.abs_diff(200) < 120, "{found:?}");
    assert!(!stats.documents_exact() && stats.transactions_exact());
}
