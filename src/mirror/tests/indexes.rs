//! Indexes: how they are typed, which columns they have, and that no table is ever seen without them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::json;
use crate::path::Step;

fn index(text: &str) -> Index {
    Index::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Stores indexes, and makes those of existing tables. Returns the new ones.
pub(super) fn add(file: &mut MirrorFile, indexes: &[Index]) -> Vec<Index> {
    let added = file.add_indexes(indexes).unwrap();
    for one in file.unmade_indexes().unwrap() {
        file.make_index(&one).unwrap();
    }
    assert_eq!(file.unmade_indexes().unwrap(), []);
    added
}

/// Loads documents as the collection `orders`.
fn copy_of(file: &mut MirrorFile, documents: &[&str], txn: u64) -> Swapped {
    load(file, &[("orders", documents)], Some(txn));
    let count = u64::try_from(documents.len()).unwrap();
    let snapshot = manifest(vec![collection("orders", count, Some(txn))], None, 7);
    file.swap(&snapshot, MirrorState::Current).unwrap()
}

fn columns(file: &MirrorFile, text: &str) -> Vec<String> {
    file.index_info(&index(text)).unwrap().columns
}

/// The values of a column in the order of the keys, as `SQLite` shows them in SQL.
fn values(file: &MirrorFile, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT quote(\"{column}\") FROM \"{table}\" ORDER BY key");
    let mut statement = file.database.prepare(&sql).unwrap();
    // Half of a surrogate pair is not UTF-8.
    let text = |row: &rusqlite::Row<'_>| {
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())
    };
    let rows = statement.query_map([], text).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The plan of a query in one line.
fn plan(file: &MirrorFile, query: &str) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {query}");
    let mut statement = file.database.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(3));
    let rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
    rows.join("; ")
}

#[test]
fn each_spelling_of_an_index_is_one_index() {
    for (typed, expected) in [
        ("orders(status)", "orders(status)"),
        (
            " orders ( status ,total.cents ) ",
            "orders(status, total.cents)",
        ),
        (
            "orders(.status, $.total['cents'], /a/b)",
            "orders(status, total.cents, a.b)",
        ),
        ("orders(lines[2].qty)", "orders(lines[2].qty)"),
        (
            r#"orders(["a,b"], ['c)d'], `e``(f`)"#,
            r#"orders(["a,b"], ["c)d"], ["e`(f"])"#,
        ),
        (
            r#"orders(["a\"],b"], ['it\'s'])"#,
            r#"orders(["a\"],b"], ["it's"])"#,
        ),
        ("orders(/a[, /b`)", r#"orders(["a["], ["b`"])"#),
        ("orders(é, user-name)", r#"orders(["é"], ["user-name"])"#),
        (
            r#"orders(["old"].x, method)"#,
            r#"orders(["old"].x, ["method"])"#,
        ),
        ("my-app:orders.eu(x)", "my-app:orders.eu(x)"),
        ("`my (orders)```(x)", "`my (orders)```(x)"),
        ("`o*`(x)", "`o*`(x)"),
    ] {
        let parsed = index(typed);
        assert_eq!(parsed.to_string(), expected, "{typed}");
        assert_eq!(index(expected), parsed, "{typed}");
        let stored = Index::from_stored(parsed.collection(), &parsed.fields_text());
        assert_eq!(stored.unwrap(), parsed, "{typed}");
    }
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let many: Vec<String> = (0..51).map(|number| format!("f{number}")).collect();
    let many = format!("orders({})", many.join(","));
    for (typed, column, hint) in [
        (
            "",
            1,
            "the fields are missing, such as orders(status, total.cents)",
        ),
        ("orders", 7, "the fields are missing"),
        ("orders.status", 14, "the fields are missing"),
        ("(status)", 1, "the collection is missing"),
        ("o*(status)", 2, "an index is for one collection"),
        ("[ab](status)", 1, "an index is for one collection"),
        ("my orders(status)", 4, "stands in backticks"),
        ("'orders'(status)", 1, "stands in backticks"),
        ("orders:status", 14, "the fields are missing"),
        ("`orders(status)", 1, "a backtick is missing"),
        ("orders()", 8, "a field is missing"),
        ("orders(status,)", 15, "a field is missing"),
        ("orders(status,,x)", 15, "a field is missing"),
        ("orders(status", 14, "a ) is missing"),
        ("orders(status, [\"x)", 16, "a quote or backtick is missing"),
        ("orders(status, `x)", 16, "a quote or backtick is missing"),
        (
            "orders(status DESC)",
            14,
            "an index has no ASC, DESC or COLLATE",
        ),
        (
            "orders(status) WHERE x = 1",
            16,
            "give --index once for each index",
        ),
        (
            "orders(a), people(b)",
            10,
            "give --index once for each index",
        ),
        ("orders(a, b, a)", 14, "a is in the list already"),
        ("orders(a, $.a)", 11, "a is in the list already"),
        ("orders(a, .)", 11, "the whole document has no index"),
        (
            "orders(lines[*].qty)",
            8,
            "here a path names one: use an index such as [0]",
        ),
        ("orders(x, **.qty)", 11, "* names several values"),
        ("orders(lines.0.qty)", 8, "write [0] for an element"),
        ("orders(/lines/0/qty)", 8, "write [0] or [\"0\"]"),
        (
            "orders(old.status)",
            8,
            "for a field old, write [\"old\"].status",
        ),
        ("orders(l[99999999999])", 8, "too high"),
        ("orders([\"\\ud800\"])", 8, "half of a surrogate pair"),
        ("orders(a, \"b\")", 11, "write [\"b\"]"),
        (&many, 198, "at most 50 fields"),
    ] {
        let error = Index::parse(typed).unwrap_err();
        assert!(error.why().contains(hint), "{typed}: {error}");
        assert_eq!(error.column(), column, "{typed}: {error}");
    }
}

#[test]
fn columns_have_names_that_sqlite_can_tell_apart() {
    let place = Place::new();
    let mut file = place.open();
    for (typed, expected) in [
        (
            "orders(status, total.cents)",
            &["status", "total_cents"][..],
        ),
        (
            "orders(total.cents, lines[0].qty)",
            &["total_cents", "lines_0_qty"],
        ),
        ("orders(Status, STATUS)", &["Status_2", "STATUS_3"]),
        (
            "orders(total_cents, [\"total.cents\"])",
            &["total_cents_2", "total_cents_3"],
        ),
        ("orders(key, doc, txn)", &["key_2", "doc_2", "txn_2"]),
        (
            "orders(changed_at, ID, _id)",
            &["changed_at_2", "ID_2", "_id"],
        ),
        (
            "orders(rowid, OID, _rowid_)",
            &["rowid_2", "OID_2", "_rowid__2"],
        ),
        (
            "orders([\"2\"], [\"\"], [\"it's \\\"\"])",
            &["_2", "_", "it_s__"],
        ),
        ("orders(`é`, `É`)", &["é", "É"]),
        ("people(status, Total.Cents)", &["status", "Total_Cents"]),
    ] {
        assert_eq!(add(&mut file, &[index(typed)]).len(), 1, "{typed}");
        assert_eq!(columns(&file, typed), expected, "{typed}");
    }
    let long = format!("orders(`{}`)", "x".repeat(300));
    add(&mut file, &[index(&long)]);
    assert_eq!(columns(&file, &long)[0].len(), 200);
    let before = columns(&file, "orders(Status, STATUS)");
    drop(file);
    let mut file = place.open();
    copy_of(
        &mut file,
        &[r#"{"_id":1,"rowid":5,"key":6,"STATUS":7}"#],
        10,
    );
    assert_eq!(columns(&file, "orders(Status, STATUS)"), before);
    for (column, expected) in [
        ("rowid_2", "5"),
        ("key_2", "6"),
        ("STATUS_3", "7"),
        ("key", "'1'"),
    ] {
        assert_eq!(values(&file, "orders", column), [expected], "{column}");
    }
    file.apply(&change("orders", "1", Some(r#"{"rowid":8}"#), 20))
        .unwrap();
    file.commit(&[]).unwrap();
    assert_eq!(values(&file, "orders", "rowid_2"), ["8"]);
}

#[test]
fn a_query_uses_the_index_and_documents_of_each_shape_are_kept() {
    let place = Place::new();
    let mut file = place.open();
    let deep = format!(
        r#"{{"_id":9,"status":"paid","deep":{}1{}}}"#,
        "[".repeat(2000),
        "]".repeat(2000)
    );
    let documents = [
        r#"{"_id":1,"status":"paid","total":{"cents":5}}"#,
        r#"{"_id":2,"status":null,"total":{"cents":18446744073709551615}}"#,
        r#"{ "_id" : 3 , "status" : ["a" , 1.0] , "total":7}"#,
        r#"{"_id":4,"status":true,"total":{"cents":0.10}}"#,
        r#"{"_id":5,"status":"\u0070aid","total":{"cents":"5"}}"#,
        r#"{"_id":6,"status":"\ud800"}"#,
        r#"{"_id":7}"#,
        &deep,
    ];
    add(&mut file, &[index("orders(status, total.cents)")]);
    copy_of(&mut file, &documents, 10);
    let expected = ["'paid'", "NULL", "'[\"a\",1.0]'", "1", "'paid'"];
    assert_eq!(values(&file, "orders", "status")[..5], expected);
    assert_eq!(values(&file, "orders", "status")[6..], ["NULL", "NULL"]);
    let expected = [
        "5",
        "1.8446744073709551615e+19",
        "NULL",
        "0.1",
        "'5'",
        "NULL",
        "NULL",
        "NULL",
    ];
    let cents = values(&file, "orders", "total_cents");
    assert_eq!(cents[0], expected[0]);
    assert_eq!(cents[2..], expected[2..]);
    let kept: Vec<String> = super::documents(&place.reader(), "orders")
        .into_iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(kept, documents);
    let query = "SELECT key FROM orders WHERE status = 'paid' AND total_cents > 3";
    assert!(
        plan(&file, query).contains("USING INDEX ditto_index_1 (status=? AND total_cents>?)"),
        "{}",
        plan(&file, query)
    );
    assert_eq!(
        number(&file, "SELECT count(*) FROM orders WHERE status = 'paid'"),
        2
    );
    let intact: String = file
        .database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(intact, "ok");
}

#[test]
fn indexes_stay_with_each_table_that_is_made_later() {
    let place = Place::new();
    let mut file = place.open();
    let typed = [index("orders(status)"), index("new(x)")];
    assert_eq!(add(&mut file, &typed), typed);
    copy_of(&mut file, &[r#"{"_id":1,"status":"paid"}"#], 10);
    drop(file);
    let mut file = place.open();
    assert_eq!(add(&mut file, &[]), []);
    assert_eq!(add(&mut file, &typed), [], "they are stored");
    let uses = |file: &MirrorFile, table: &str, column: &str| {
        let plan = plan(file, &format!("SELECT key FROM {table} WHERE {column} = 1"));
        plan.contains("USING INDEX ditto_index_")
    };
    assert!(uses(&file, "orders", "status"));
    file.apply(&change("new", "1", Some(r#"{"x":1}"#), 20))
        .unwrap();
    file.commit(&[]).unwrap();
    assert!(uses(&file, "new", "x"), "a table that the stream makes");
    let later = [index("new(y)"), index("orders(status, z)")];
    assert_eq!(file.add_indexes(&later).unwrap(), later);
    let unmade = file.unmade_indexes().unwrap();
    let unmade: Vec<(String, u64)> = unmade
        .into_iter()
        .map(|one| (one.index.to_string(), one.documents))
        .collect();
    assert_eq!(
        unmade,
        [
            ("new(y)".to_owned(), 1),
            ("orders(status, z)".to_owned(), 1)
        ]
    );
    add(&mut file, &[]);
    assert!(uses(&file, "new", "y"), "an existing table");
    let reader = rusqlite::Connection::open(&place.path).unwrap();
    reader
        .execute_batch(
            "BEGIN; SELECT x FROM new; CREATE TEMP TABLE seen AS SELECT x FROM new WHERE x = 1",
        )
        .unwrap();
    let parts = vec![
        collection("orders", 0, Some(30)),
        collection("new", 0, Some(30)),
    ];
    load(&file, &[("orders", &[]), ("new", &[])], Some(30));
    file.swap(&manifest(parts, None, 9), MirrorState::Current)
        .unwrap();
    let seen: i64 = reader
        .query_row("SELECT x FROM new INDEXED BY ditto_index_2", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(seen, 1, "a reader keeps the old table with its index");
    for (table, column) in [("orders", "status"), ("new", "x"), ("new", "y")] {
        assert!(uses(&file, table, column), "{table} {column}: after a swap");
    }
}

#[test]
fn an_index_is_removed_by_deleting_its_entry() {
    let place = Place::new();
    let mut file = place.open();
    add(
        &mut file,
        &[index("orders(a)"), index("orders(b)"), index("orders(c)")],
    );
    copy_of(&mut file, &[r#"{"_id":1,"a":5}"#], 10);
    file.database
        .execute_batch(
            "CREATE INDEX mine ON orders (a);
             DROP INDEX ditto_index_2;
             DELETE FROM ditto_indexes WHERE paths IN ('a', 'c');
             INSERT INTO ditto_indexes (id, collection, paths) VALUES (3, 'orders', 'd, e[0]')",
        )
        .unwrap();
    drop(file);
    let mut file = place.open();
    add(&mut file, &[]);
    let made = "SELECT group_concat(sql, '; ' ORDER BY name) FROM sqlite_schema WHERE name LIKE 'ditto\\_index\\_%' ESCAPE '\\'";
    let made: String = file.database.query_row(made, [], |row| row.get(0)).unwrap();
    let expected = r#"CREATE INDEX ditto_index_2 ON "orders" ("b"); CREATE INDEX ditto_index_3 ON "orders" ("d", "e_0")"#;
    assert_eq!(made, expected);
    let swapped = copy_of(&mut file, &[r#"{"_id":1,"a":6}"#], 20);
    assert_eq!(
        swapped.lost, [""; 0],
        "the column of a removed index stays, because others may use it"
    );
    assert_eq!(values(&file, "orders", "a"), ["6"]);
    for (table, entry) in [
        ("ditto_indexes", "('orders', 'x[')"),
        ("ditto_indexes", "('orders', '')"),
        ("ditto_columns", "('orders', 'x,', 'x')"),
    ] {
        let columns = if table == "ditto_columns" {
            "(collection, path, column_name)"
        } else {
            "(collection, paths)"
        };
        file.database
            .execute_batch(&format!("INSERT INTO {table} {columns} VALUES {entry}"))
            .unwrap();
        let failure = file.add_indexes(&[index("orders(q)")]).unwrap_err();
        assert!(failure.what.contains(table), "{}", failure.what);
        assert_eq!(failure.class, FailureClass::Setup);
        assert_eq!(
            number(
                &file,
                "SELECT count(*) FROM ditto_indexes WHERE paths = 'q'"
            ),
            0
        );
        file.database
            .execute_batch(&format!("DELETE FROM {table} WHERE {columns} = {entry}"))
            .unwrap();
    }
}

#[test]
fn the_users_own_columns_and_indexes_are_left_alone() {
    let place = Place::new();
    let mut file = place.open();
    copy_of(&mut file, &[r#"{"_id":1,"a":5}"#], 10);
    file.database
        .execute_batch(
            "ALTER TABLE orders ADD COLUMN A DEFAULT 'theirs'; CREATE INDEX mine ON orders (txn)",
        )
        .unwrap();
    add(&mut file, &[index("orders(a)")]);
    assert_eq!(columns(&file, "orders(a)"), ["a_2"]);
    assert_eq!(values(&file, "orders", "A"), ["'theirs'"]);
    let swapped = copy_of(&mut file, &[r#"{"_id":1,"a":6}"#], 20);
    assert_eq!(swapped.lost, [""; 0]);
    assert_eq!(values(&file, "orders", "a_2"), ["6"]);
    assert_eq!(
        number(
            &file,
            "SELECT count(*) FROM sqlite_schema WHERE name = 'mine'"
        ),
        1
    );
}

#[test]
fn more_columns_than_a_table_can_have_are_refused() {
    let place = Place::new();
    let mut file = place.open();
    let fields = |number: usize| {
        let fields: Vec<String> = (0..50).map(|field| format!("f{number}_{field}")).collect();
        index(&format!("orders({})", fields.join(",")))
    };
    let all: Vec<Index> = (0..20).map(fields).collect();
    add(&mut file, &all);
    let failure = file.add_indexes(&[index("orders(one_more)")]).unwrap_err();
    assert!(
        failure.what.contains("more than 1000 columns"),
        "{}",
        failure.what
    );
    copy_of(&mut file, &[r#"{"_id":1}"#], 10);
    assert_eq!(add(&mut file, &[]), []);
}

#[test]
fn an_interrupt_ends_the_making_of_an_index_and_a_later_run_makes_it() {
    let place = Place::new();
    let mut file = place.open();
    let documents: Vec<String> = (0..20_000)
        .map(|id| format!(r#"{{"_id":{id},"n":{}}}"#, id * 7 % 1000))
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    copy_of(&mut file, &documents, 10);
    file.stop_on(Arc::new(AtomicBool::new(true)));
    file.add_indexes(&[index("orders(n)")]).unwrap();
    let unmade = file.unmade_indexes().unwrap();
    file.make_index(&unmade[0]).unwrap_err();
    load(&file, &[("orders", &documents)], Some(20));
    let snapshot = manifest(vec![collection("orders", 20_000, Some(20))], None, 9);
    file.swap(&snapshot, MirrorState::Current).unwrap_err();
    assert_eq!(file.positions().unwrap(), [position(7)]);
    drop(file);
    let mut file = place.open();
    assert_eq!(file.unmade_indexes().unwrap(), unmade);
    file.swap(&snapshot, MirrorState::Current).unwrap();
    assert_eq!(file.unmade_indexes().unwrap(), []);
    assert_eq!(number(&file, "SELECT count(*) FROM orders WHERE n = 7"), 20);
}

/// Keys of every kind.
const KEYS: [&str; 12] = [
    "a", "A", "b_1", "a.b", "[0]", "0", "", "it's", "\"", "\\", "\u{1}\n", "é$",
];

fn document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a\"\\\\\n'é]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            vec((proptest::sample::select(&KEYS[..]), inner), 0..6).prop_map(|fields| {
                serde_json::Value::Object(
                    fields
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => proptest::sample::select(&KEYS[..]).prop_map(|key| Step::Key(key.as_bytes().to_vec())),
        1 => (0..3_usize).prop_map(Step::Index),
    ];
    vec(step, 1..4)
}

/// A path as a person may type it.
fn typed(steps: &[Step]) -> String {
    let segments: Vec<_> = steps
        .iter()
        .cloned()
        .map(crate::path::Segment::One)
        .collect();
    crate::path::Printed(&segments).to_string()
}

/// What `SQLite` has for a raw JSON value.
fn expected(value: Option<&[u8]>) -> rusqlite::types::Value {
    use rusqlite::types::Value::{Integer, Null, Text};
    let value = value.map(|value| serde_json::from_slice(value).unwrap());
    match value {
        None | Some(serde_json::Value::Null) => Null,
        Some(serde_json::Value::Bool(truth)) => Integer(truth.into()),
        Some(serde_json::Value::Number(number)) => Integer(number.as_i64().unwrap()),
        Some(serde_json::Value::String(text)) => Text(text),
        Some(container) => Text(container.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn a_column_has_what_the_path_says(
        documents in vec(document(), 1..6),
        paths in vec(steps(), 1..6),
        is_before in any::<bool>(),
    ) {
        let place = Place::new();
        let mut file = place.open();
        let documents: Vec<String> = documents
            .into_iter()
            .enumerate()
            .map(|(id, value)| serde_json::json!({"_id": id, "a": value, "\"": value}).to_string())
            .collect();
        let raw: Vec<&str> = documents.iter().map(String::as_str).collect();
        let indexes: Vec<Index> = paths.iter().map(|steps| index(&format!("orders({})", typed(steps)))).collect();
        if is_before {
            add(&mut file, &indexes);
        }
        copy_of(&mut file, &raw, 10);
        add(&mut file, &indexes);
        let mut names = BTreeMap::new();
        for (steps, index) in paths.iter().zip(&indexes) {
            let name = file.index_info(index).unwrap().columns.remove(0);
            let other = names.insert(name.to_ascii_lowercase(), steps);
            prop_assert!(other.is_none_or(|other| other == steps), "two fields have the column {}", name);
            let sql = format!("SELECT doc, \"{name}\" FROM orders");
            let mut statement = file.database.prepare(&sql).unwrap();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let doc: String = row.get(0).unwrap();
                let value: rusqlite::types::Value = row.get(1).unwrap();
                let found = steps.iter().try_fold(doc.as_bytes(), |value, step| step.child(value));
                let found = found.filter(|_| json::check(doc.as_bytes()).is_ok());
                prop_assert_eq!(value, expected(found), "{} in {}", typed(steps), doc);
            }
        }
    }

    #[test]
    fn what_is_parsed_is_printed_and_nothing_panics(text in "[a-c`(\\['\"\\]), .*/0]{0,24}") {
        if let Ok(parsed) = Index::parse(&text) {
            prop_assert_eq!(Index::parse(&parsed.to_string()).unwrap(), parsed);
        }
    }
}
