//! The demo's data: a deterministic stream of Ditto events from a small café chain, and a small Big Peer over the
//! same documents.

mod answer;
mod dql;
mod fixtures;
mod generator;
mod random;
pub mod replica;
pub mod server;
mod store;
pub mod tour;

pub use generator::{Action, Generator};
pub use store::{Id, Store};

/// Number of partitions.
pub const PARTITIONS: i32 = 3;

/// One Kafka record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The partition; all changes of one document go to the same one, so that they stay in order.
    pub partition: i32,
    /// The message key; a `requeryRequired` has none.
    pub key: Option<String>,
    /// The event, as JSON on one line.
    pub payload: String,
    /// Timestamp: milliseconds since 1970-01-01 UTC.
    pub time_millis: i64,
}

/// The actions of the tour: about thirty changes of a day, a gap, and changes after it.
const DAY_ACTIONS: [Action; 14] = [
    Action::Order,
    Action::Shift,
    Action::Order,
    Action::AddLine,
    Action::Pay,
    Action::Price,
    Action::Order,
    Action::ChangeQuantity,
    Action::Cancel,
    Action::Device,
    Action::Gap,
    Action::Order,
    Action::Pay,
    Action::Shift,
];
const ACTION_INTERVAL_MS: i64 = 7_000;

/// Actions after the requery, so that the stream continues.
const AFTERNOON_ACTIONS: [Action; 4] = [Action::Order, Action::Pay, Action::Cancel, Action::Price];

/// Actions between the two runs of the mirror: changes, a gap, and changes after it.
const EVENING_ACTIONS: [Action; 5] = [
    Action::Order,
    Action::Pay,
    Action::Gap,
    Action::Order,
    Action::AddLine,
];

/// Performs the actions after the requery and returns their events.
pub fn afternoon(generator: &mut Generator, now_millis: i64) -> Vec<Message> {
    perform(&AFTERNOON_ACTIONS, generator, now_millis)
}

/// Performs the actions between the two runs of the mirror and returns their events, without those in the gap.
pub fn evening(generator: &mut Generator, now_millis: i64) -> Vec<Message> {
    perform(&EVENING_ACTIONS, generator, now_millis)
}

fn perform(actions: &[Action], generator: &mut Generator, now_millis: i64) -> Vec<Message> {
    let actions = actions.iter();
    actions
        .flat_map(|action| generator.perform(*action, now_millis))
        .collect()
}

/// Writes the initial documents and performs one day of actions that ends shortly before `now_millis` (since 1970-01-01
/// UTC). Returns the events.
pub fn history(generator: &mut Generator, now_millis: i64) -> Vec<Message> {
    let rounds = i64::try_from(DAY_ACTIONS.len()).unwrap_or_default();
    let opening = now_millis.saturating_sub((rounds + 1).saturating_mul(ACTION_INTERVAL_MS));
    let mut messages = generator.open(opening);
    for (action, round) in DAY_ACTIONS.into_iter().zip(1_i64..) {
        messages
            .extend(generator.perform(action, opening.saturating_add(round * ACTION_INTERVAL_MS)));
    }
    messages
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    const NOW: i64 = 1_769_860_800_000;

    /// The documents that a consumer of the stream has.
    #[derive(Default)]
    struct Replay {
        documents: BTreeMap<String, Value>,
        partitions: BTreeMap<String, i32>,
        last_txn: u64,
    }

    impl Replay {
        fn take(&mut self, message: &Message) {
            let event: Value = serde_json::from_str(&message.payload).unwrap();
            let txn = event["txnId"].as_u64().unwrap();
            assert!(txn >= self.last_txn, "{}", message.payload);
            self.last_txn = txn;
            let change = &event["change"];
            let document = ["newValue", "value"]
                .into_iter()
                .find_map(|n| change.get(n));
            let id = format!("{}/{}", event["collection"], document.unwrap()["_id"]);
            let partition = *self
                .partitions
                .entry(id.clone())
                .or_insert(message.partition);
            assert_eq!(partition, message.partition, "{id} changed its partition");
            self.apply(&id, change);
        }

        fn apply(&mut self, id: &str, change: &Value) {
            let old = change.get("value").or(change.get("oldValue")).unwrap();
            let current = self.documents.remove(id).unwrap_or_default();
            assert_eq!(&current, old, "{id}");
            if let Some(new) = change.get("newValue") {
                assert_ne!(new, old, "{id} did not change");
                self.documents.insert(id.to_owned(), new.clone());
            }
        }

        fn requery(&mut self, store: &Store) {
            let found = store.documents().map(|(id, document)| {
                let key = format!("{:?}/{}", id.collection, document["_id"]);
                (key, document.clone())
            });
            self.documents = found.collect();
        }
    }

    fn is_gap(message: &Message) -> bool {
        message.payload.contains(r#""type":"requeryRequired""#)
    }

    #[test]
    fn a_replay_has_every_old_value_and_only_a_requery_closes_a_gap() {
        let mut generator = Generator::new(7);
        let mut replay = Replay::default();
        let mut messages = generator.open(NOW);
        for round in 0..2_000_i64 {
            let gap = round % 500 == 499;
            for message in &messages {
                replay.take(message);
            }
            messages = if gap {
                Vec::new()
            } else {
                generator.random_action(NOW + round)
            };
            if gap {
                let stale = replay.documents.clone();
                let event = generator.perform(Action::Gap, NOW + round);
                assert!(event.iter().all(is_gap) && event.len() == 1);
                replay.requery(generator.store());
                assert_ne!(replay.documents, stale, "nothing was lost");
            }
        }
        assert!(
            replay.documents.len() < 200,
            "the store grows without limit"
        );
    }

    #[test]
    fn the_same_seed_yields_the_same_events() {
        let events = |seed| history(&mut Generator::new(seed), NOW);
        assert_eq!(events(1), events(1));
        assert_ne!(events(1), events(2));
    }

    #[test]
    fn the_day_shows_every_kind_of_event_whatever_the_seed() {
        for seed in 0..50 {
            let day = history(&mut Generator::new(seed), NOW);
            let shown = |part: &str| day.iter().any(|m| m.payload.contains(part));
            let parts = [
                r#""oldValue":null"#,
                r#""method":"update""#,
                r#""method":"remove","value":{"#,
                r#""_id":{"store":"zrh-1","till":2}"#,
                r#""txnID":"#,
            ];
            for part in parts {
                assert!(shown(part), "seed {seed}: {part}");
            }
            let after = day.iter().skip_while(|message| !is_gap(message)).skip(1);
            assert!(after.count() > 2, "seed {seed}");
        }
    }

    #[test]
    fn the_day_fits_on_a_screen_uses_all_partitions_and_ends_before_now() {
        let day = history(&mut Generator::new(1), NOW);
        assert!((25..45).contains(&day.len()), "{}", day.len());
        let partitions: BTreeSet<i32> = day.iter().map(|message| message.partition).collect();
        assert_eq!(partitions, (0..PARTITIONS).collect());
        assert!(day.is_sorted_by_key(|message| message.time_millis));
        assert!(day.iter().all(|message| message.time_millis < NOW));
    }

    #[test]
    fn some_events_share_a_transaction_and_some_integers_exceed_a_double() {
        let day = history(&mut Generator::new(1), NOW);
        let mut seen = BTreeMap::<u64, usize>::new();
        let mut large = 0;
        for message in day.iter().filter(|message| !is_gap(message)) {
            let event: Value = serde_json::from_str(&message.payload).unwrap();
            *seen.entry(event["txnId"].as_u64().unwrap()).or_default() += 1;
            let site = event["change"]["newValue"]["siteId"].as_u64();
            large += usize::from(site.is_some_and(|site| site > 1 << 53));
        }
        assert!(seen.values().any(|&count| count > 1) && large > 0);
    }
}
