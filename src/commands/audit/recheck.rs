//! Checks documents that differ again: reads the stream since the copy was made, and asks the server for each.

use std::sync::Arc;
use std::time::Duration;

use super::copy::AuditedCopy;
use super::suspects::Suspects;
use crate::commands::Context;
use crate::commands::read_source::report;
use crate::commands::snapshot_read::outcome::report_stop;
use crate::commands::snapshot_read::{ChangeReader, StreamStart, run_in_background};
use crate::kafka::ReadStopped;
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{Request, RetryingClient};
use crate::snapshot::write::directory::disk_failure;
use crate::util::exit::Exit;
use crate::util::text::plural;

/// How often the server is asked for what differs.
const MAX_ROUNDS: u32 = 2;
/// How many documents the server is asked for in a round, one request each.
const MAX_QUERIES: usize = 1000;
/// The wait before the server is asked, if no stream is read meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// What documents that differ are compared with.
pub(super) struct Recheck<'r> {
    pub copy: &'r dyn AuditedCopy,
    pub client: &'r Arc<RetryingClient>,
    /// The stream from the copy's offsets on, if it can be read.
    pub stream: Option<(ChangeReader, StreamStart)>,
    /// The condition of the copy's documents.
    pub condition: Option<String>,
}

impl Recheck<'_> {
    /// Compares until nothing differs any more, at most [`MAX_ROUNDS`] times after the first.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub fn run(mut self, suspects: &mut Suspects, context: &mut Context<'_>) -> Result<(), Exit> {
        self.read_stream(suspects, context)?;
        for _ in 0..MAX_ROUNDS {
            if suspects.open() == 0 {
                break;
            }
            context.out.note(&format!(
                "asking the server again for {}",
                plural(suspects.open() as u64, "document")
            ));
            if self.stream.is_none() {
                context.pause(PAUSE)?;
            }
            self.query_server(suspects, context)?;
            self.read_stream(suspects, context)?;
        }
        Ok(())
    }

    fn read_stream(
        &mut self,
        suspects: &mut Suspects,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        self.compare(suspects, context)?;
        if suspects.open() == 0 {
            return Ok(());
        }
        if let Some((reader, start)) = self.stream.take() {
            match reader.scan(start, suspects, context) {
                Ok(next) => self.stream = Some((reader, next)),
                Err(ReadStopped::Interrupted) => return Err(Exit::Interrupted),
                Err(ReadStopped::Failed(failure)) => {
                    suspects
                        .flaw
                        .get_or_insert(format!("the stream cannot be read: {}", failure.what));
                }
            }
        }
        self.compare(suspects, context)
    }

    fn compare(&self, suspects: &mut Suspects, context: &mut Context<'_>) -> Result<(), Exit> {
        let compared = suspects.compare(self.copy);
        compared.map_err(|error| report(&disk_failure("reading the copy", &error), context))
    }

    /// Asks the server for each document that still differs.
    fn query_server(&self, suspects: &mut Suspects, context: &mut Context<'_>) -> Result<(), Exit> {
        let open = suspects.all.iter().enumerate();
        let open = open.filter(|(_, suspect)| suspect.is_open());
        let requests: Vec<_> = open
            .take(MAX_QUERIES)
            .map(|(at, suspect)| {
                let target = Target::new(suspect.collection.clone(), self.condition.clone());
                let doing = format!(
                    "asking for documents of the collection {}",
                    suspect.collection
                );
                (at, doing, target.by_id(&suspect.doubt.key))
            })
            .collect();
        let background = Arc::clone(self.client);
        let answers = run_in_background(self.client, context, move || {
            let requests = requests.into_iter();
            requests
                .map(|(at, doing, query)| {
                    let (response, rows) = background.query(&doing, &Request::Dql(query))?;
                    Ok((at, response.transaction_id, rows.into_iter().next()))
                })
                .collect::<Result<Vec<_>, _>>()
        });
        for (at, txn, document) in answers.map_err(|stop| report_stop(&stop, context))? {
            if let Some(suspect) = suspects.all.get_mut(at) {
                suspect.read_again(document, txn);
            }
        }
        Ok(())
    }
}
