//! Indexes of `--index`, and the messages about them.

use super::Mirror;
use super::load::is_interrupted;
use crate::commands::Context;
use crate::commands::read_source::report;
use crate::mirror::Index;
use crate::record::Failure;
use crate::snapshot::manifest::Manifest;
use crate::util::exit::Exit;
use crate::util::suggest::nearest;

impl Mirror {
    /// Stores the indexes of the options, and makes what the tables do not have yet. Returns the indexes that are new.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub(super) fn add_indexes(&mut self, context: &mut Context<'_>) -> Result<Vec<Index>, Exit> {
        let added = self.file.add_indexes(&self.options.indexes);
        let added = added.map_err(|failure| report(&failure, context))?;
        let unmade = self.file.unmade_indexes();
        for one in unmade.map_err(|failure| report(&failure, context))? {
            context.out.note(&format!(
                "making the index {} of {} documents",
                one.index, one.documents
            ));
            if let Err(failure) = self.file.make_index(&one) {
                if is_interrupted(context) {
                    return Err(Exit::Interrupted);
                }
                return Err(report(&failure, context));
            }
        }
        Ok(added)
    }

    /// Reports the columns of new indexes, and which collections do not exist yet.
    ///
    /// # Errors
    /// The exit code of a reported error.
    pub(super) fn report_indexes(
        &self,
        added: &[Index],
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let lines = self.describe(added);
        for line in lines.map_err(|failure| report(&failure, context))? {
            context.out.note(&line);
        }
        Ok(())
    }

    fn describe(&self, added: &[Index]) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for index in &self.options.indexes {
            let info = self.file.index_info(index)?;
            if !info.has_table {
                let collection = index.collection();
                let hint = self.hint(collection)?;
                lines.push(format!(
                    "the collection {collection} does not exist yet{hint}; the index {index} is made together with its table"
                ));
            } else if added.contains(index) {
                lines.push(format!(
                    "the index {index} has the columns {}",
                    info.columns.join(", ")
                ));
            }
        }
        Ok(lines)
    }

    /// What was probably meant by a collection that does not exist.
    fn hint(&self, collection: &str) -> Result<String, Failure> {
        let names = self.file.collection_names()?;
        let close = nearest(collection, names.iter().map(String::as_str));
        Ok(close
            .first()
            .map_or_else(String::new, |name| format!(" (did you mean {name}?)")))
    }

    /// Reports that the tables of a snapshot get indexes, which takes a while.
    ///
    /// # Errors
    /// The exit code of a reported error.
    pub(super) fn announce_indexes(
        &self,
        manifest: &Manifest,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let collections = manifest.collections.iter();
        match self
            .file
            .index_count(collections.map(|one| one.name.as_str()))
        {
            Ok(0) => {}
            Ok(1) => context.out.note("making 1 index"),
            Ok(count) => context.out.note(&format!("making {count} indexes")),
            Err(failure) => return Err(report(&failure, context)),
        }
        Ok(())
    }
}
