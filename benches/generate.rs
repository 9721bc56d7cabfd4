//! Deterministic generator of Ditto-like events for benchmarks: `generate MEGABYTES` writes them to standard output.

use std::fmt::Write as _;
use std::io::{self, Write as _};

const COLLECTIONS: [(&str, u64); 5] = [
    ("orders", 40),
    ("cars", 65),
    ("people", 80),
    ("inventory", 95),
    ("chat", 100),
];
const CITIES: [&str; 4] = ["Zürich", "São Paulo", "Portland", "東京"];
const WORDS: [&str; 8] = [
    "offline-first",
    "demo",
    "on",
    "Friday,",
    "bring",
    "the \\\"blue\\\"",
    "tablets\\n",
    "and a router",
];

fn main() -> io::Result<()> {
    let megabytes = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(600);
    let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut written, mut number, mut line) = (0, 0, String::new());
    while written < megabytes * 1_000_000 {
        line.clear();
        number += 1;
        event(&mut line, number, &mut dice);
        line.push('\n');
        out.write_all(line.as_bytes())?;
        written += line.len();
    }
    out.flush()
}

/// Pseudo-random numbers (xorshift) with a fixed seed, so that every run measures the same bytes.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(at).copied().unwrap_or_default()
    }
}

fn event(out: &mut String, number: u64, dice: &mut Dice) {
    let roll = dice.below(100);
    let collection = COLLECTIONS
        .iter()
        .find(|(_, upto)| roll < *upto)
        .map_or("chat", |(name, _)| name);
    let txn = 552_000 + number / 3;
    if dice.below(20_000) == 0 {
        return put(
            out,
            format_args!(r#"{{"txnID":{txn},"type":"requeryRequired","documents":[]}}"#),
        );
    }
    put(
        out,
        format_args!(
            r#"{{"txnId":{txn},"type":"documentChanged","collection":"{collection}","change":"#
        ),
    );
    let (id, seed) = (dice.below(1 << 20), dice.below(u64::MAX >> 11));
    // One in 2,000 documents is over 100 KB.
    let lines = if dice.below(2_000) == 0 {
        3_000
    } else {
        2 + dice.below(18)
    };
    match dice.below(10) {
        0 => change(
            out,
            r#"{"method":"upsert","oldValue":null,"newValue":"#,
            id,
            &[(seed, 1)],
            lines,
        ),
        1 => change(
            out,
            r#"{"method":"remove","value":"#,
            id,
            &[(seed, 1)],
            lines,
        ),
        _ => change(
            out,
            r#"{"method":"update","oldValue":"#,
            id,
            &[(seed, 1), (seed, 2)],
            lines,
        ),
    }
    out.push_str("}}");
}

fn change(out: &mut String, head: &str, id: u64, versions: &[(u64, u64)], lines: u64) {
    out.push_str(head);
    for (at, (seed, version)) in versions.iter().enumerate() {
        if at > 0 {
            out.push_str(r#","newValue":"#);
        }
        document(out, id, *version, lines, &mut Dice(seed | 1));
    }
}

fn document(out: &mut String, id: u64, version: u64, lines: u64, dice: &mut Dice) {
    let (city, lon) = (dice.pick(&CITIES), dice.below(1_000_000));
    let lat = lon + version;
    put(
        out,
        format_args!(
            r#"{{"_id":"6213e9c90012e4af{id:08x}","name":"Susan {}","version":{version},"#,
            dice.below(999)
        ),
    );
    put(
        out,
        format_args!(
            r#""date":1645472{:03},"manager":null,"active":true,"#,
            dice.below(1_000)
        ),
    );
    put(
        out,
        format_args!(
            r#""address":{{"street":"{} Main St","city":"{city}","geo":{{"lon":8.{lon},"lat":47.{lat}}}}},"#,
            dice.below(99)
        ),
    );
    out.push_str(r#""notes":""#);
    let words = dice.below(40);
    for word in 0..words {
        out.push_str(dice.pick(&WORDS));
        out.push(' ');
        if version == 2 && word == words / 2 {
            out.push_str("changed ");
        }
    }
    let tags = if version == 2 && lon % 4 == 0 {
        r#""retail","eu""#
    } else {
        r#""eu","retail""#
    };
    put(
        out,
        format_args!(
            r#"","tags":[{tags}],"history":{{"2024-01-02":{{"by":"wei","n":1}}}},"lines":["#
        ),
    );
    if version == 2 && lon % 3 == 0 {
        out.push_str(r#"{"sku":"SKU-999999","qty":1,"price":1.5},"#);
    }
    for line in 0..lines {
        let comma = if line == 0 { "" } else { "," };
        // The second version differs in a field of the document, in its notes, and in one of its lines at least.
        let more = u64::from(version == 2 && line == lines / 2);
        put(
            out,
            format_args!(
                r#"{comma}{{"sku":"SKU-{line:06}","qty":{},"price":{}.25}}"#,
                dice.below(9) + more,
                dice.below(99)
            ),
        );
    }
    out.push_str("]}");
}

/// Writing to a `String` cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _always_fine = out.write_fmt(text);
}
