//! The changes between the counts of the collections, for the completeness proof.

use super::change_reader::{ChangeReader, ChangeVisitor, StreamStart};
use crate::commands::Context;
use crate::condition::Condition;
use crate::event;
use crate::kafka::{Connection, ReadStopped};
use crate::record::Record;
use crate::snapshot::proof::ChangeLedger;
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// Reads the stream from the offsets of a run into ledgers.
pub(super) struct LedgerReader {
    reader: ChangeReader,
    start: StreamStart,
    condition: Option<String>,
}

impl LedgerReader {
    /// `None` if no offsets were recorded.
    pub fn new(connection: Option<Connection>, head: &RunIdentity) -> Option<LedgerReader> {
        let connection = connection.filter(|_| !head.positions.is_empty())?;
        Some(LedgerReader {
            start: StreamStart::new(&head.positions, &connection.topic),
            reader: ChangeReader::new(connection, head.cluster.clone()),
            condition: head.condition.clone(),
        })
    }

    /// Reads the changes; what prevents that is in the ledger.
    pub fn read(&self, ledger: &mut ChangeLedger, context: &mut Context<'_>) -> Result<(), Exit> {
        let condition = self.condition.as_deref().map(document_condition);
        let Ok(condition) = condition.transpose() else {
            ledger.note_failure("only the server can evaluate this --where".to_owned());
            return Ok(());
        };
        let mut visitor = LedgerVisitor { ledger, condition };
        match self.reader.scan(self.start.clone(), &mut visitor, context) {
            Ok(_) => {
                ledger.note_settled();
                Ok(())
            }
            Err(ReadStopped::Interrupted) => Err(Exit::Interrupted),
            Err(ReadStopped::Failed(failure)) => {
                ledger.note_failure(format!("it cannot be read ({})", failure.what));
                Ok(())
            }
        }
    }
}

/// The condition, if it means the same here as on the server.
pub fn document_condition(text: &str) -> Result<Condition, ()> {
    let condition = Condition::parse(text).map_err(drop)?;
    if condition.is_extended() {
        return Err(());
    }
    condition.holds_for(None).map(|_| condition).ok_or(())
}

/// Notes each change in a ledger.
struct LedgerVisitor<'l> {
    ledger: &'l mut ChangeLedger,
    condition: Option<Condition>,
}

impl ChangeVisitor for LedgerVisitor<'_> {
    fn record(&mut self, record: &Record<'_>) {
        match event::decode(record.payload.as_deref()) {
            Ok(event) => self.ledger.note_event(&event, self.condition.as_ref()),
            Err(why) => {
                let place = super::min_txn::format_place(record);
                self.ledger
                    .note_failure(format!("the record at {place} cannot be read ({why})"));
            }
        }
    }

    fn note_failure(&mut self, why: String) {
        self.ledger.note_failure(why);
    }

    fn awaits_events(&self) -> bool {
        self.ledger.awaits_events()
    }

    fn has_reached_responses(&self) -> bool {
        self.ledger.has_reached_responses()
    }
}
