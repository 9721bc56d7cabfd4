//! Where `config init` puts its answers: a section of the user's file, and secrets into the key store where wanted.
//! How the file is replaced is in `settings::profile_write`.

use std::path::Path;

use super::{Answers, questions};
use crate::commands::{Context, connect};
use crate::settings::{key_store, profile_write};
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// Writes the profile.
pub(super) fn keep(
    name: &str,
    path: &Path,
    answers: &Answers,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let in_store = may_use_key_store(context)?;
    let mut lines = Vec::new();
    for (setting, text) in [
        ("brokers", answers.brokers.clone()),
        ("topic", answers.topic.clone()),
        ("group-prefix", answers.group_prefix.clone()),
        ("cluster-cert", answers.cluster.path.display().to_string()),
        ("user-cert", answers.user.path.display().to_string()),
        ("url", answers.url.clone()),
    ] {
        if !text.is_empty() {
            lines.push((setting.to_owned(), text));
        }
    }
    for (setting, secret) in [
        ("cluster-cert-password", Some(&answers.cluster.password)),
        ("user-cert-password", Some(&answers.user.password)),
        ("api-key", answers.api_key.as_ref()),
    ] {
        let Some(secret) = secret else { continue };
        lines.push(kept(name, setting, secret, in_store, context)?);
    }
    profile_write::write(path, name, &lines).map_err(|wrong| connect::say(context, &wrong))?;
    context.out.note(&format!(
        "profile {name} is in {}, which only you can read",
        path.display()
    ));
    Ok(())
}

/// The line for a secret: itself, or the name of the key store's entry.
fn kept(
    profile: &str,
    setting: &str,
    secret: &Secret,
    in_store: bool,
    context: &mut Context<'_>,
) -> Result<(String, String), Exit> {
    if !in_store {
        return Ok((setting.to_owned(), secret.expose().to_owned()));
    }
    let entry = format!("{profile}/{setting}");
    key_store::set(&entry, secret).map_err(|wrong| connect::say(context, &wrong))?;
    Ok((format!("{setting}-keyring"), entry))
}

fn may_use_key_store(context: &mut Context<'_>) -> Result<bool, Exit> {
    if !key_store::answers() {
        context.out.note("no key store answers in this session: the passwords go into the file, which only you can read");
        return Ok(false);
    }
    questions::yes(
        "Keep the passwords in the system's key store? (no: in the file, which only you can read)",
        true,
        context,
    )
}
