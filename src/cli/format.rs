//! The value of `--format`: a name, or a template.

use std::ffi::OsStr;

use clap::builder::{EnumValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use crate::record::options::Format;

/// The value of `--format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatArg {
    /// A format with a name.
    Named(Format),
    /// Text with a percent sign: a template.
    Template(String),
}

impl From<Format> for FormatArg {
    fn from(format: Format) -> Self {
        FormatArg::Named(format)
    }
}

/// Parses the value; help and completions list the names.
#[derive(Clone)]
pub(super) struct FormatParser;

impl TypedValueParser for FormatParser {
    type Value = FormatArg;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<FormatArg, clap::Error> {
        if value.as_encoded_bytes().contains(&b'%') {
            let template = StringValueParser::new().parse_ref(command, arg, value)?;
            return Ok(FormatArg::Template(template));
        }
        let name = EnumValueParser::<Format>::new().parse_ref(command, arg, value)?;
        Ok(FormatArg::Named(name))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names: Vec<PossibleValue> = EnumValueParser::<Format>::new()
            .possible_values()?
            .collect();
        Some(Box::new(names.into_iter()))
    }
}
