//! `audit`: compares a copy with the Big Peer, document by document, while both change.

mod comparison;
mod copy;
mod folder_copy;
mod mirror_copy;
mod recheck;
mod report;
mod result;
mod row_set;
mod sameness;
mod suspects;

use std::path::Path;
use std::sync::Arc;

use self::comparison::ComparingDestination;
use self::copy::{AuditedCopy, CopyFacts};
use self::folder_copy::FolderCopy;
use self::mirror_copy::MirrorCopy;
use self::recheck::Recheck;
use self::result::AuditResult;
use self::suspects::Suspects;
use super::read_source::report as report_failure;
use super::snapshot_read::destination::Destination;
use super::snapshot_read::options::{Purpose, ReadOptions};
use super::snapshot_read::{
    ChangeReader, Earlier, Servers, SnapshotRead, StreamStart, document_condition,
};
use super::{Context, connect};
use crate::bigpeer::Endpoint;
use crate::cli;
use crate::kafka::Connection;
use crate::mirror::{Correction, Identity, MirrorFile};
use crate::record::{Failure, FailureClass};
use crate::snapshot::write::directory::disk_failure;
use crate::snapshot::write::journal::ResumeState;
use crate::util::exit::Exit;

/// Runs the command.
pub fn run(typed: &cli::Audit, context: &mut Context<'_>) -> Exit {
    audit(typed, context).unwrap_or_else(|exit| exit)
}

fn audit(typed: &cli::Audit, context: &mut Context<'_>) -> Result<Exit, Exit> {
    let path = context.env.path(&typed.copy);
    if typed.repair && path.is_dir() {
        let why = "--repair changes a mirror, and this is the folder of a snapshot: take a new one with ditto-cdc requery --output DIR";
        return Err(context.usage_error("audit", why));
    }
    let options = ReadOptions::new("audit", &[], &typed.reading);
    let options = options.map_err(|why| context.usage_error("audit", &why))?;
    let (mut copy, mut facts) = open(&path, options.jobs, context)?;
    let (endpoint, key, kafka) =
        connect::api(&typed.connection, &typed.api, !typed.no_kafka, context)?;
    check_server(&facts, &endpoint, context)?;
    let mut locked = lock_for_repair(typed, &path, &facts, context)?;
    if locked.is_some() {
        // Until the lock, a mirror may have written.
        (copy, facts) = open(&path, options.jobs, context)?;
    }
    let audit = Audit {
        copy,
        stream: stream(kafka.as_ref(), &facts, context)?,
        facts,
        server: endpoint.to_string(),
    };
    let servers = Servers {
        endpoint,
        key,
        kafka,
    };
    let mut result = audit.compare(servers, options, context)?;
    if let Some(file) = &mut locked {
        repair(file, &mut result, context)?;
    }
    let exit = report::report(&result, typed, context);
    let can_repair = result.differences.iter().any(|one| one.is_certain);
    if can_repair && !typed.repair && !path.is_dir() {
        let advice = "--repair replaces them by the documents of the server";
        context.out.note(advice);
    }
    Ok(exit)
}

/// A copy that is open, and what it is compared with.
struct Audit {
    copy: Arc<dyn AuditedCopy>,
    facts: CopyFacts,
    /// The stream from the copy's offsets on.
    stream: Option<(ChangeReader, StreamStart)>,
    server: String,
}

impl Audit {
    fn compare(
        self,
        servers: Servers,
        options: ReadOptions,
        context: &mut Context<'_>,
    ) -> Result<AuditResult, Exit> {
        let scope = &self.facts.manifest.scope;
        let options = ReadOptions {
            patterns: scope.patterns.clone(),
            condition: scope.condition.clone(),
            no_kafka: servers.kafka.is_none(),
            purpose: Purpose::Comparison,
            ..options
        };
        let manifest = self.facts.manifest.clone();
        let copied = manifest.continued_to(self.facts.positions.clone());
        let earlier = Earlier {
            snapshot: Some(&copied),
            run: &ResumeState::default(),
        };
        let read = SnapshotRead::prepare(servers, &earlier, &options, context)?;
        let client = Arc::clone(read.client());
        let comparing = Arc::new(ComparingDestination::new(Arc::clone(&self.copy)));
        let destination: Arc<dyn Destination> = Arc::clone(&comparing) as Arc<dyn Destination>;
        let manifest = read.read(&destination, &earlier, context)?;
        drop(destination);
        let failed = |error, context: &mut Context<'_>| {
            report_failure(&disk_failure("reading the copy", &error), context)
        };
        let findings = comparing.conclude(&self.facts.collections);
        let mut findings = findings.map_err(|error| failed(error, context))?;
        let doubts = findings.iter_mut().flat_map(|(name, findings)| {
            let doubts = std::mem::take(&mut findings.doubts).into_iter();
            doubts.map(|doubt| (name.clone(), doubt))
        });
        let condition = scope.condition.as_deref().map(document_condition);
        let suspects = Suspects::new(
            doubts.collect(),
            &*self.copy,
            self.facts.manifest.floor,
            condition.clone().and_then(Result::ok),
        );
        let mut suspects = suspects.map_err(|error| failed(error, context))?;
        suspects.flaw.clone_from(&self.facts.gap);
        if matches!(condition, Some(Err(()))) {
            let why = "only the server can evaluate the condition of the snapshot";
            suspects.flaw.get_or_insert(why.to_owned());
        }
        let recheck = Recheck {
            copy: &*self.copy,
            client: &client,
            stream: self.stream,
            condition: scope.condition.clone(),
        };
        recheck.run(&mut suspects, context)?;
        let result = AuditResult::new(
            (self.facts.name.clone(), self.server.clone()),
            &manifest,
            findings,
            suspects,
            &*self.copy,
        );
        result.map_err(|error| failed(error, context))
    }
}

fn open(
    path: &Path,
    threads: usize,
    context: &mut Context<'_>,
) -> Result<(Arc<dyn AuditedCopy>, CopyFacts), Exit> {
    let opened = if path.is_dir() {
        FolderCopy::open(path).map(|(copy, facts)| (Arc::new(copy) as Arc<dyn AuditedCopy>, facts))
    } else {
        // One more than there are threads, for the main thread.
        MirrorCopy::open(path, threads + 1)
            .map(|(copy, facts)| (Arc::new(copy) as Arc<dyn AuditedCopy>, facts))
    };
    opened.map_err(|failure| report_failure(&failure, context))
}

/// A copy of another server would differ in everything.
fn check_server(
    facts: &CopyFacts,
    endpoint: &Endpoint,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let server = endpoint.to_string();
    if facts.manifest.server == server {
        return Ok(());
    }
    let failure = Failure {
        class: FailureClass::Setup,
        what: format!(
            "{} is a copy of the server {}, and the settings name {server}",
            facts.name, facts.manifest.server
        ),
        fix: Some("use the settings with which the copy was made".to_owned()),
        raw: None,
    };
    Err(report_failure(&failure, context))
}

/// The stream from the copy's offsets on.
fn stream(
    kafka: Option<&Connection>,
    facts: &CopyFacts,
    context: &mut Context<'_>,
) -> Result<Option<(ChangeReader, StreamStart)>, Exit> {
    let Some(kafka) = kafka else {
        context
            .out
            .warn("the stream is not read: changes since the copy was made count as differences");
        return Ok(None);
    };
    let topic = facts.positions.first().map(|one| one.topic.as_str());
    match topic {
        None => {
            context
                .out
                .warn("the copy has no offsets: changes since it was made count as differences");
            Ok(None)
        }
        Some(topic) if topic != kafka.topic => {
            let failure = Failure {
                class: FailureClass::Setup,
                what: format!(
                    "{} is a copy of the topic {topic}, and the settings name {}",
                    facts.name, kafka.topic
                ),
                fix: Some("use the settings with which the copy was made".to_owned()),
                raw: None,
            };
            Err(report_failure(&failure, context))
        }
        Some(topic) => {
            let start = StreamStart::new(&facts.positions, topic);
            let cluster = facts.manifest.cluster.clone();
            Ok(Some((ChangeReader::new(kafka.clone(), cluster), start)))
        }
    }
}

/// Locks the mirror from the start, so that nothing changes between the comparison and the repair.
fn lock_for_repair(
    typed: &cli::Audit,
    path: &Path,
    facts: &CopyFacts,
    context: &mut Context<'_>,
) -> Result<Option<MirrorFile>, Exit> {
    if !typed.repair {
        return Ok(None);
    }
    let topic = facts.positions.first().map(|one| one.topic.clone());
    let identity = Identity {
        server: facts.manifest.server.clone(),
        cluster: facts.manifest.cluster.clone(),
        topic: topic.unwrap_or_default(),
        patterns: facts.manifest.scope.patterns.clone(),
    };
    let opened = MirrorFile::open(path, &identity);
    opened
        .map(Some)
        .map_err(|failure| report_failure(&failure, context))
}

/// Replaces what differs by what the server has said when it was asked for each document.
fn repair(
    file: &mut MirrorFile,
    result: &mut AuditResult,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let certain = result.differences.iter().filter(|one| one.is_certain);
    let corrections: Vec<Correction<'_>> = certain
        .map(|one| Correction {
            collection: &one.collection,
            key: &one.key,
            document: one.server.as_deref(),
            txn: one.txn,
        })
        .collect();
    let corrected = file.correct(&corrections);
    corrected.map_err(|failure| report_failure(&failure, context))?;
    result.repaired = corrections.len() as u64;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_wrap)]
mod tests;
