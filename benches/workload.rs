//! The documents of one collection and their changes, the same in every run, for `serve.rs` and `mirror_floor.rs`.

/// Appends a document as JSON of `size` bytes, with the id `id-NUMBER`.
pub fn document(out: &mut Vec<u8>, number: usize, quantity: usize, size: usize) {
    let start = format!(
        r#"{{"_id":"id-{number:09}","name":"Susan","qty":1{quantity:09},"tags":["a","b"],"at":{{"lat":47.37,"lon":8.54}},"notes":""#
    );
    let filler = "offline first, sync later; ".bytes().cycle();
    out.extend_from_slice(start.as_bytes());
    out.extend(filler.take(size - start.len() - 2));
    out.extend_from_slice(b"\"}");
}
