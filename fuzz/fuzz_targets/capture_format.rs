//! Fuzzes the capture format: any bytes can be parsed, and writing and reading a record returns the same record.
//! Any bytes can be a payload, a key or a header.

#![no_main]

use ditto_cdc::capture::format::{read, write};
use ditto_cdc::record::{Header, Place, Record};
use libfuzzer_sys::fuzz_target;

const HERE: Place<'_> = Place::Line { file: "f", line: 1, partition: None, offset: None };

fuzz_target!(|bytes: &[u8]| {
    if let Some(record) = read(bytes, HERE) {
        round_trip(&record);
    }
    let header = Header { name: String::from_utf8_lossy(bytes), value: Some(bytes.into()) };
    let payload = Some(bytes.into());
    round_trip(&Record { place: HERE, time: None, leader_epoch: None, key: payload.clone(), headers: vec![header], payload });
});

fn round_trip(record: &Record<'_>) {
    let mut line = Vec::new();
    assert!(write(record, &mut line).is_ok());
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(read(&line, HERE).as_ref(), Some(record));
}
