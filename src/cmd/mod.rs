//! One file a subcommand: the only place where sources, events and views meet.
//! What was typed is understood before, what is printed is formatted elsewhere.

pub mod demo;
mod demo_stage;
