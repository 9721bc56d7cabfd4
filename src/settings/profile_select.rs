//! Profile selection, and the parts of a profile that are not in the definitions: librdkafka properties, group prefix.

use super::definitions::{DEFINITIONS, GROUP_PREFIX, PROFILE};
use super::dotenv::EnvFile;
use super::profile::Profile;
use super::{Environment, Flags, LibrdkafkaProperties, Origin, Property, Setting, SettingsError};

/// Reads the profile that a flag, the environment or `.env` selects.
pub(super) fn select_profile(
    flags: &Flags,
    environment: &Environment,
    env_file: Option<&EnvFile>,
) -> Result<Option<Profile>, SettingsError> {
    let flag = flags
        .profile
        .clone()
        .map(|name| (name, Origin::Flag("--profile")));
    let variable = || {
        let value = (environment.var)(PROFILE)?.to_string_lossy().into_owned();
        Some((value, Origin::Environment(PROFILE.to_owned()))).filter(|(name, _)| !name.is_empty())
    };
    let line = || {
        let file = env_file?;
        let entry = file.get(PROFILE).filter(|entry| !entry.value.is_empty())?;
        let origin = Origin::EnvFile {
            path: file.path.clone(),
            line: entry.line,
            name: entry.name.clone(),
            chosen: file.chosen,
        };
        Some((entry.value.clone(), origin))
    };
    let chosen = flag.or_else(variable).or_else(line);
    let Some((name, origin)) = chosen else {
        return Ok(None);
    };
    // A name with such characters is probably a line of a file whose line ends are lost.
    if name.chars().any(|c| c.is_control() || c == '=') {
        let why = "it contains `=` or control characters";
        let fix = "write only the name of a section of the file";
        return Err(SettingsError::unusable("profile", &origin, why, fix));
    }
    Profile::read(&name, &origin.to_string(), environment).map(Some)
}

/// Adds a profile's librdkafka properties. Returns a warning for each one that is a setting of this tool.
pub(super) fn add_kafka_properties(
    profile: &Profile,
    extra: &mut LibrdkafkaProperties,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for entry in &profile.kafka {
        let ours = DEFINITIONS
            .iter()
            .find(|definition| definition.properties.contains(&entry.name.as_str()));
        match ours {
            Some(definition) => warnings.push(format!(
                "{}:{}: {} is ignored: write it as {} in [{}]",
                profile.path.display(),
                entry.line,
                entry.name,
                definition.name(),
                profile.name
            )),
            None => extra.push(Property {
                name: entry.name.clone(),
                value: entry.value.clone(),
                origin: profile.origin(entry),
            }),
        }
    }
    warnings
}

pub(super) fn group_prefix(profile: &Profile) -> Option<Setting<String>> {
    let entry = profile.get(GROUP_PREFIX)?;
    Some(Setting {
        value: entry.value.trim().to_owned(),
        origin: profile.origin(entry),
        shadowed: Vec::new(),
    })
}
