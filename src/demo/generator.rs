//! Generator of the café's events: actions, their changes, and gaps.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixtures;
use super::fixtures::is_open;
use super::random::Random;
use super::store::{Change, Id, Store};
use super::{Message, PARTITIONS};

const FIRST_TXN: u64 = 552_784;
const FIRST_ORDER: u64 = 1001;
/// Older orders are removed, which bounds the memory of an endless stream.
const MAX_ORDERS: usize = 40;
/// Higher prices are halved, because the stream is endless.
const MAX_PRICE_CENTS: u64 = 3000;
/// Number of unreported actions in a gap.
const ROUNDS_IN_GAP: usize = 6;

/// An action in the café.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A guest orders: a new order, and the till that took it reports in.
    Order,
    /// A guest orders one more item.
    AddLine,
    /// A guest orders more of an item.
    ChangeQuantity,
    /// A guest pays: the order and the stock of its items change together.
    Pay,
    /// A guest leaves: the order is removed.
    Cancel,
    /// The menu changes.
    Price,
    /// A shift starts or ends.
    Shift,
    /// A till reports its state.
    Device,
    /// A gap: changes without events, then a `requeryRequired`.
    Gap,
}

/// Relative frequency of random actions; a gap happens only on request.
const RANDOM_ACTIONS: [Action; 12] = [
    Action::Order,
    Action::Order,
    Action::AddLine,
    Action::AddLine,
    Action::ChangeQuantity,
    Action::ChangeQuantity,
    Action::Pay,
    Action::Pay,
    Action::Cancel,
    Action::Price,
    Action::Shift,
    Action::Device,
];

/// The café: its documents, and the counters of its stream.
pub struct Generator {
    store: Store,
    random: Random,
    txn: u64,
    next_order: u64,
}

impl Generator {
    /// A café without documents.
    #[must_use]
    pub fn new(seed: u64) -> Generator {
        Generator {
            store: Store::default(),
            random: Random::new(seed),
            txn: FIRST_TXN,
            next_order: FIRST_ORDER,
        }
    }

    /// The documents as they are now.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The newest transaction.
    #[must_use]
    pub fn txn(&self) -> u64 {
        self.txn
    }

    /// Writes a document for the HTTP API; with `updates` also over an existing one, otherwise `None` if its id exists.
    pub fn write(
        &mut self,
        collection: &str,
        document: Value,
        updates: bool,
        millis: i64,
    ) -> Option<Vec<Message>> {
        let id = Id::new(collection, &document);
        let change = if self.store.get(&id).is_none() {
            self.store.insert(collection, document)
        } else if !updates {
            return None;
        } else if let Some(change) = self.store.update(&id, |old| *old = document) {
            change
        } else {
            return Some(Vec::new());
        };
        Some(self.commit(vec![change], millis))
    }

    /// Removes documents for the HTTP API.
    pub fn remove(&mut self, ids: &[Id], millis: i64) -> Vec<Message> {
        let changes: Vec<Change> = ids.iter().filter_map(|id| self.store.remove(id)).collect();
        if changes.is_empty() {
            return Vec::new();
        }
        self.commit(changes, millis)
    }

    /// Writes menu, people and tills: one transaction each.
    pub fn open(&mut self, time_millis: i64) -> Vec<Message> {
        let mut messages = Vec::new();
        let collections = [
            ("menu_items", fixtures::menu().to_vec()),
            ("people", fixtures::people().to_vec()),
            ("devices", fixtures::devices().to_vec()),
        ];
        for (collection, found) in collections {
            let insert = |document| self.store.insert(collection, document);
            let changes = found.into_iter().map(insert).collect();
            messages.extend(self.commit(changes, time_millis));
        }
        messages
    }

    /// Performs a random action. After [`Generator::open`], it returns at least one event.
    pub fn random_action(&mut self, time_millis: i64) -> Vec<Message> {
        let action = self.random.pick(&RANDOM_ACTIONS).copied();
        let messages = self.perform(action.unwrap_or(Action::Order), time_millis);
        if messages.is_empty() {
            // There is nothing to pay or cancel.
            return self.perform(Action::Order, time_millis);
        }
        messages
    }

    /// Performs one action and returns its events, all of one transaction. Empty if it is not possible, such as
    /// paying without an open order.
    pub fn perform(&mut self, action: Action, time_millis: i64) -> Vec<Message> {
        let clock = clock(time_millis);
        let changes = match action {
            Action::Order => self.order(&clock),
            Action::AddLine => self.add_line().into_iter().collect(),
            Action::ChangeQuantity => self.change_quantity().into_iter().collect(),
            Action::Pay => self.pay(&clock),
            Action::Cancel => self.cancel().into_iter().collect(),
            Action::Price => self.price().into_iter().collect(),
            Action::Shift => self.shift(&clock).into_iter().collect(),
            Action::Device => self.device().into_iter().collect(),
            Action::Gap => return vec![self.gap(time_millis)],
        };
        self.commit(changes, time_millis)
    }

    fn order(&mut self, clock: &str) -> Vec<Change> {
        let till = self.device();
        let place = till.as_ref().map(|change| &change.body["newValue"]["_id"]);
        let place = place.cloned().unwrap_or_default();
        let mut order = fixtures::order(self.next_order, &place, clock);
        self.next_order += 1;
        for _ in 0..=self.random.below(2) {
            self.add_to(&mut order);
        }
        let mut changes = vec![self.store.insert("orders", order)];
        changes.extend(till);
        changes.extend(self.remove_oldest_order());
        changes
    }

    /// Removes the oldest paid order if there are too many, or the oldest of all.
    fn remove_oldest_order(&mut self) -> Option<Change> {
        let orders = self.store.find("orders", |_| true);
        let paid = self.store.find("orders", |order| !is_open(order));
        let oldest = paid.first().or(orders.first())?;
        (orders.len() > MAX_ORDERS).then(|| self.store.remove(oldest))?
    }

    fn add_line(&mut self) -> Option<Change> {
        let id = self.pick("orders", is_open)?;
        let mut order = self.store.get(&id)?.clone();
        self.add_to(&mut order);
        self.store.update(&id, |document| *document = order)
    }

    fn add_to(&mut self, order: &mut Value) {
        let quantity = 1 + self.random.below(3);
        let item = self.pick("menu_items", |_| true);
        if let Some(item) = item.and_then(|id| self.store.get(&id)) {
            fixtures::add_line(order, item, quantity);
        }
    }

    fn change_quantity(&mut self) -> Option<Change> {
        let id = self.pick("orders", is_open)?;
        let more = 1 + self.random.below(2);
        let raise = |order: &mut Value| fixtures::raise_quantity(order, more);
        self.store.update(&id, raise)
    }

    fn pay(&mut self, clock: &str) -> Vec<Change> {
        let Some(id) = self.pick("orders", is_open) else {
            return Vec::new();
        };
        let tender = self.random.pick(&["card", "cash", "TWINT"]).copied();
        let pay = |order: &mut Value| fixtures::pay(order, tender.unwrap_or("cash"), clock);
        let mut changes: Vec<Change> = self.store.update(&id, pay).into_iter().collect();
        changes.extend(self.take_from_stock(&id));
        changes
    }

    /// One change per item, even if an order has two lines of it.
    fn take_from_stock(&mut self, order: &Id) -> Vec<Change> {
        let order = self.store.get(order).cloned().unwrap_or_default();
        let lines = order["lines"].as_array().cloned().unwrap_or_default();
        let sold = |item: &Value| -> u64 {
            let same = lines.iter().filter(|line| line["item"] == item["_id"]);
            same.filter_map(|line| line["qty"].as_u64()).sum()
        };
        let items = self.store.find("menu_items", |item| sold(item) > 0);
        let take = |item: &mut Value| {
            let left = item["stock"].as_u64().unwrap_or_default();
            // An empty stock is refilled at once.
            item["stock"] = json!(left.checked_sub(sold(item)).unwrap_or(50));
        };
        let changes = items.iter().filter_map(|id| self.store.update(id, take));
        changes.collect()
    }

    fn cancel(&mut self) -> Option<Change> {
        let id = self.pick("orders", is_open)?;
        self.store.remove(&id)
    }

    fn price(&mut self) -> Option<Change> {
        let id = self.pick("menu_items", |_| true)?;
        let dearer = 10 * (1 + self.random.below(5));
        self.store.update(&id, |item| {
            let before = item["cents"].as_u64().unwrap_or_default();
            let after = before + dearer;
            item["cents"] = json!(if after > MAX_PRICE_CENTS {
                after / 2
            } else {
                after
            });
        })
    }

    fn shift(&mut self, clock: &str) -> Option<Change> {
        let id = self.pick("people", |_| true)?;
        let till = 1 + self.random.below(2);
        self.store.update(&id, |person| {
            person["shift"] = match person["shift"] {
                Value::Null => json!({"since": clock, "till": till}),
                _ => Value::Null,
            };
        })
    }

    fn device(&mut self) -> Option<Change> {
        let id = self.pick("devices", |_| true)?;
        let bytes = 1 + self.random.below(90_000);
        let battery = 20 + u32::try_from(self.random.below(80)).unwrap_or_default();
        self.store.update(&id, |device| {
            let before = device["syncedBytes"].as_u64().unwrap_or_default();
            device["syncedBytes"] = json!(before.saturating_add(bytes));
            device["battery"] = json!(f64::from(battery) / 100.0);
        })
    }

    /// Performs actions without events, and returns the `requeryRequired`.
    fn gap(&mut self, time_millis: i64) -> Message {
        // The removal comes first, so that it removes a document that is known from events.
        let lost = [Action::Cancel, Action::Order, Action::Pay];
        for action in lost.into_iter().cycle().take(ROUNDS_IN_GAP) {
            self.perform(action, time_millis);
        }
        self.txn += 1;
        let event = json!({"txnID": self.txn, "type": "requeryRequired", "documents": []});
        Message {
            partition: 0,
            key: None,
            payload: event.to_string(),
            time_millis,
        }
    }

    fn pick(&mut self, collection: &str, fits: impl Fn(&Value) -> bool) -> Option<Id> {
        let found = self.store.find(collection, fits);
        self.random.pick(&found).cloned()
    }

    fn commit(&mut self, changes: Vec<Change>, time_millis: i64) -> Vec<Message> {
        self.txn += 1 + self.random.below(40);
        let message = |change| message(change, self.txn, time_millis);
        changes.into_iter().map(message).collect()
    }
}

fn message(change: Change, txn: u64, time_millis: i64) -> Message {
    let Change { id, body } = change;
    let key = format!("{}/{}", id.collection, id.text);
    let event = json!({"txnId": txn, "type": "documentChanged", "collection": id.collection, "change": body});
    Message {
        partition: partition(&key),
        key: Some(key),
        payload: event.to_string(),
        time_millis,
    }
}

/// FNV-1a over the key.
fn partition(key: &str) -> i32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = key.bytes().fold(0x811c_9dc5, mix);
    let partition = hash % PARTITIONS.unsigned_abs();
    i32::try_from(partition).unwrap_or_default()
}

/// The time in RFC 3339, because Ditto has no date type and dates are usually strings.
fn clock(time_millis: i64) -> String {
    let time = Timestamp::from_millisecond(time_millis - time_millis % 1000);
    time.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
