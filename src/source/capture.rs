//! Captures: files that `tail` wrote, and the output of the console consumer.
//! Reads lines and their positions; decoding a line's event is left to `event`.
