//! What a Ditto event is: decoding, classifying, filtering, all on raw bytes.
//! Pure: no input or output, no clock, and nothing in here can fail or panic on foreign bytes.
