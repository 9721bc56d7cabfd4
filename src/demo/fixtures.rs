//! Documents of the café: one function per collection, and edits of orders.

use serde_json::{Value, json};

/// The menu: `_id` is an integer.
pub(super) fn menu() -> [Value; 4] {
    [
        json!({"_id": 101, "name": {"de": "Rösti", "en": "Hash browns"}, "cents": 1850, "available": true, "allergens": ["milk"], "stock": 40}),
        json!({"_id": 102, "name": {"de": "Älplermagronen", "en": "Alpine macaroni"}, "cents": 2150, "available": true, "allergens": ["gluten", "milk"], "stock": 25}),
        json!({"_id": 103, "name": {"de": "Café crème", "en": "Coffee"}, "cents": 520, "available": true, "allergens": [], "stock": 300}),
        json!({"_id": 104, "name": {"de": "Nussgipfel", "en": "Nut croissant"}, "cents": 480, "available": true, "allergens": ["gluten", "nuts"], "stock": 18}),
    ]
}

/// The staff: `_id` is a string as Ditto generates it.
pub(super) fn people() -> [Value; 3] {
    [
        json!({"_id": "6213e9c90012e4af0017cb9f", "name": "Susan", "role": "barista", "address": {"street": "Langstrasse 12", "city": "Zürich", "geo": {"lat": 47.3781, "lon": 8.5266}}, "shift": null}),
        json!({"_id": "6213e9d400d6bb5a0017cba2", "name": "Frank", "role": "cook", "address": {"street": "Rue du Rhône 8", "city": "Genève", "geo": {"lat": 46.2032, "lon": 6.1489}}, "shift": null}),
        json!({"_id": "6213e9e8000f61b60017cba5", "name": "Wei", "role": "manager", "address": {"street": "Via Nassa 3", "city": "Lugano", "geo": {"lat": 46.0037, "lon": 8.9511}}, "shift": null}),
    ]
}

/// The tills: `_id` is an object, and the integers do not fit into a double.
pub(super) fn devices() -> [Value; 3] {
    [
        json!({"_id": {"store": "zrh-1", "till": 1}, "model": "T2 Pro", "firmware": "4.11.2", "battery": 0.97, "siteId": 6_148_914_691_236_517_205_u64, "syncedBytes": 9_007_199_254_740_993_u64}),
        json!({"_id": {"store": "zrh-1", "till": 2}, "model": "T2 Pro", "firmware": "4.11.2", "battery": 0.64, "siteId": 12_297_829_382_473_034_410_u64, "syncedBytes": 9_007_199_254_812_345_u64}),
        json!({"_id": {"store": "gva-2", "till": 1}, "model": "T1", "firmware": "4.9.0", "battery": 0.38, "siteId": 17_216_961_135_462_248_174_u64, "syncedBytes": 9_007_199_255_001_007_u64}),
    ]
}

/// A new order at a till, still without lines.
pub(super) fn order(number: u64, till: &Value, placed_at: &str) -> Value {
    json!({"_id": format!("o-{number}"), "store": till["store"], "till": till["till"], "status": "open", "placedAt": placed_at, "lines": [], "totalCents": 0})
}

/// Adds a line with `quantity` of a menu item to an order.
pub(super) fn add_line(order: &mut Value, item: &Value, quantity: u64) {
    let line = json!({"item": item["_id"], "name": item["name"]["de"], "qty": quantity, "cents": item["cents"]});
    if let Some(lines) = order["lines"].as_array_mut() {
        lines.push(line);
    }
    sum_up(order);
}

/// Adds `more` to the quantity of an order's first line.
pub(super) fn raise_quantity(order: &mut Value, more: u64) {
    if let Some(quantity) = order.pointer_mut("/lines/0/qty") {
        *quantity = json!(quantity.as_u64().unwrap_or_default() + more);
    }
    sum_up(order);
}

/// Marks an order as paid.
pub(super) fn pay(order: &mut Value, tender: &str, paid_at: &str) {
    order["status"] = json!("paid");
    order["payment"] = json!({"tender": tender, "paidAt": paid_at, "cents": order["totalCents"]});
}

/// Whether an order can still change.
pub(super) fn is_open(order: &Value) -> bool {
    order["status"] == "open"
}

fn sum_up(order: &mut Value) {
    let lines = order["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let number = |line: &Value, name: &str| line[name].as_u64().unwrap_or_default();
    let total: u64 = lines
        .iter()
        .map(|line| number(line, "qty") * number(line, "cents"))
        .sum();
    order["totalCents"] = json!(total);
}
