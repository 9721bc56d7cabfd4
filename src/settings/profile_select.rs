//! Which profile is meant, and what of it does not go through the table: the Kafka library's properties, the prefix.
//! How the file is read is in `profile`, and which source wins is decided in `resolve`.

use super::definitions::{GROUP_PREFIX, PROFILE, ROWS};
use super::dotenv::EnvFile;
use super::profile::Profile;
use super::{Extra, Origin, Property, Setting, SettingsError, Typed, World};

/// The profile that was asked for: by flag, environment or `.env`.
pub(super) fn chosen_profile(
    typed: &Typed,
    world: &World,
    env_file: Option<&EnvFile>,
) -> Result<Option<Profile>, SettingsError> {
    let flag = typed
        .profile
        .clone()
        .map(|name| (name, Origin::Flag("--profile")));
    let variable = || {
        let value = (world.var)(PROFILE)?.to_string_lossy().into_owned();
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
    let read = chosen.map(|(name, origin)| Profile::read(&name, &origin.to_string(), world));
    read.transpose()
}

/// A profile's properties for the Kafka library, and a warning for each that has a name of ours.
pub(super) fn take_kafka(profile: &Profile, extra: &mut Extra) -> Vec<String> {
    let mut warnings = Vec::new();
    for entry in &profile.kafka {
        let ours = ROWS
            .iter()
            .find(|row| row.properties.contains(&entry.name.as_str()));
        match ours {
            Some(row) => warnings.push(format!(
                "{}:{}: {} is left out: write it as {} in [{}]",
                profile.path.display(),
                entry.line,
                entry.name,
                row.name(),
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
