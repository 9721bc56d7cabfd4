//! Output of the statistics.
