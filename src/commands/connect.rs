//! Connection setup: resolves settings, prompts for passwords and reads the certificates.

use crate::bigpeer::Endpoint;
use crate::cli;
use crate::kafka::Connection;
use crate::record::{Failure, FailureClass};
use crate::settings::{
    self, Environment, Flags, Origin, SecretScope, Settings, SettingsError, Store, prompt_password,
};
use crate::tls::{self, FileFault};
use crate::util::exit::Exit;
use crate::util::secret::Secret;
use crate::util::time::now_seconds;
use crate::view::escape;

use super::Context;
use super::stores::{Stores, choose_key};

/// The configuration of the Kafka connection. Reports errors.
///
/// # Errors
/// The exit code of a reported error.
pub(super) fn kafka(
    flags: &cli::Connection,
    context: &mut Context<'_>,
) -> Result<Connection, Exit> {
    let mut settings = resolve_and_report(flags, None, context)?;
    connection(&mut settings, context)
}

/// The configuration of the Kafka connection, and the properties of the target cluster of a relay. Reports errors.
///
/// # Errors
/// The exit code of a reported error.
pub(super) fn kafka_and_target(
    flags: &cli::Connection,
    context: &mut Context<'_>,
) -> Result<(Connection, Vec<(String, String)>), Exit> {
    let mut settings = resolve_and_report(flags, None, context)?;
    let connection = connection(&mut settings, context)?;
    Ok((connection, settings.extra.of_target()))
}

/// The endpoint and key of the HTTP API, and the Kafka connection if it is wanted and configured.
///
/// # Errors
/// The exit code of a reported error.
pub(super) fn api(
    flags: &cli::Connection,
    api: &cli::Api,
    with_kafka: bool,
    context: &mut Context<'_>,
) -> Result<(Endpoint, Secret, Option<Connection>), Exit> {
    let mut settings = resolve_and_report(flags, Some(api), context)?;
    let endpoint = settings
        .url
        .as_ref()
        .map(|url| Endpoint::parse(url.value.expose()));
    let endpoint = endpoint.transpose().map_err(|(what, fix)| {
        report_error(
            context,
            &SettingsError {
                what,
                fix,
                ..SettingsError::default()
            },
        )
    })?;
    if let Some(error) = settings.key_to_untrusted_url() {
        return Err(report_error(context, &error));
    }
    if let Some(endpoint) = &endpoint {
        prompt_for_api_key(&mut settings, endpoint, context)?;
    }
    let required = settings.require_api().map(|required| required.key.clone());
    let key = required.map_err(|error| report_error(context, &error))?;
    let configured = settings.brokers.is_some() || settings.topic.is_some();
    let kafka = (with_kafka && configured)
        .then(|| connection(&mut settings, context))
        .transpose()?;
    let endpoint = endpoint.ok_or(Exit::Setup)?;
    Ok((endpoint, key, kafka))
}

/// The endpoint of the HTTP API.
///
/// # Errors
/// The exit code of a reported error.
pub(super) fn endpoint(
    flags: &cli::Connection,
    api: &cli::Api,
    context: &mut Context<'_>,
) -> Result<Endpoint, Exit> {
    let settings = resolve_and_report(flags, Some(api), context)?;
    let Some(url) = &settings.url else {
        let error = settings.require_api().err();
        return Err(error.map_or(Exit::Setup, |error| report_error(context, &error)));
    };
    Endpoint::parse(url.value.expose()).map_err(|(what, fix)| {
        report_error(
            context,
            &SettingsError {
                what,
                fix,
                ..SettingsError::default()
            },
        )
    })
}

fn connection(settings: &mut Settings, context: &mut Context<'_>) -> Result<Connection, Exit> {
    drop_group_of_properties_file(settings, context);
    // Checked before the prompts, so that the user does not type passwords in vain.
    settings
        .require_kafka()
        .map_err(|error| report_error(context, &error))?;
    prompt_for_passwords(settings, context)?;
    let kafka = settings
        .require_kafka()
        .map_err(|error| report_error(context, &error))?;
    let stores = Stores::new((kafka.cluster, kafka.user), kafka.extra);
    let mut material =
        tls::load(stores.cluster.as_ref(), stores.user.as_ref()).map_err(|faults| {
            report_faults(faults, context);
            Exit::Setup
        })?;
    let choice = choose_key(
        &mut material,
        Some(kafka.brokers),
        &stores.properties,
        now_seconds(),
    );
    if let Some(choice) = choice {
        let store = stores.user.as_ref().map(|user| user.source.to_string());
        let message = format!(
            "the user certificate {} {choice}",
            store.unwrap_or_default()
        );
        if choice.is_certain() {
            context.out.note(&message);
        } else {
            context.out.warn(&format!("{message}; {}", choice.fix()));
        }
    }
    let keystore = material.keystore.as_ref();
    Ok(Connection {
        brokers: kafka.brokers.to_owned(),
        topic: kafka.topic.to_owned(),
        group: kafka.group.map(str::to_owned),
        ca_pem: material.truststore.as_ref().map(tls::Truststore::pem),
        certificate_pem: keystore.map(tls::Keystore::certificates_pem),
        key_pem: keystore.map(tls::Keystore::key_pem),
        principal: keystore.map(tls::Keystore::principal),
        extra: stores.properties,
        verbosity: context.global.verbose,
    })
}

/// Resolves the settings and reads the secrets that are needed.
///
/// # Errors
/// [`SettingsError`] if a file or secret cannot be read, or a login would go to untrusted brokers.
pub(super) fn resolve(
    flags: &cli::Connection,
    api: Option<&cli::Api>,
    context: &Context<'_>,
) -> Result<Settings, SettingsError> {
    let mut settings = resolve_without_secrets(flags, api, context)?;
    if let Some(error) = settings.login_to_untrusted_brokers() {
        return Err(error);
    }
    let need = if api.is_some() {
        SecretScope::All
    } else {
        SecretScope::Kafka
    };
    settings.fetch_secrets(need)?;
    Ok(settings)
}

/// Resolves the settings without reading secrets from commands or the key store.
///
/// # Errors
/// [`SettingsError`] if a file cannot be read.
pub(super) fn resolve_without_secrets(
    flags: &cli::Connection,
    api: Option<&cli::Api>,
    context: &Context<'_>,
) -> Result<Settings, SettingsError> {
    let flags = Flags {
        brokers: flags.brokers.clone(),
        topic: flags.topic.clone(),
        group: flags.group.clone(),
        cluster_cert: flags.cluster_cert.clone(),
        cluster_cert_password_file: flags.cluster_cert_password_file.clone(),
        user_cert: flags.user_cert.clone(),
        user_cert_password_file: flags.user_cert_password_file.clone(),
        url: api.and_then(|api| api.url.clone()),
        api_key_file: api.and_then(|api| api.api_key_file.clone()),
        profile: flags.profile.clone(),
        properties: flags.properties.clone(),
        env_file: flags.env_file.clone(),
        extra: flags.extra.clone(),
    };
    settings::resolve(&flags, &environment(context))
}

/// The parts of the environment that settings depend on.
pub(super) fn environment<'a>(context: &'a Context<'_>) -> Environment<'a> {
    Environment {
        var: context.var,
        cwd: &context.env.cwd,
        home: context.env.home.as_deref(),
    }
}

fn resolve_and_report(
    flags: &cli::Connection,
    api: Option<&cli::Api>,
    context: &mut Context<'_>,
) -> Result<Settings, Exit> {
    let settings = resolve(flags, api, context).map_err(|error| report_error(context, &error))?;
    context.out.hide(&settings.known_secrets);
    for warning in &settings.warnings {
        context.out.warn(warning);
    }
    if context.global.verbose > 0 {
        for note in &settings.notes {
            context.out.note(note);
        }
    }
    Ok(settings)
}

/// Removes a group from a properties file: the file probably belongs to the user's pipeline, and joining its group
/// would take partitions from that pipeline.
fn drop_group_of_properties_file(settings: &mut Settings, context: &mut Context<'_>) {
    let foreign = settings
        .group
        .take_if(|group| matches!(group.origin, Origin::Properties { .. }));
    if let Some(group) = foreign {
        context.out.note(&format!(
            "not joining group {} ({}), because it may belong to your pipeline; to join it, use --group",
            settings.displayed(&group), group.origin
        ));
    }
}

/// Prompts for the API key. The prompt shows the URL, because it may not be the one that the user expects.
fn prompt_for_api_key(
    settings: &mut Settings,
    endpoint: &Endpoint,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    if settings.api_key.is_some() || !context.env.stderr_terminal {
        return Ok(());
    }
    match prompt_password(&format!(
        "API key for {}",
        escape::text(&endpoint.to_string())
    )) {
        Ok(key) => {
            settings.set_api_key(&key);
            context.out.hide(&settings.known_secrets);
        }
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
            return Err(Exit::Interrupted);
        }
        // No terminal after all: the missing key is reported later.
        Err(_) => {}
    }
    Ok(())
}

pub(super) fn prompt_for_passwords(
    settings: &mut Settings,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    if !context.env.stderr_terminal {
        return Ok(());
    }
    for store in settings.missing_passwords() {
        let label = match store {
            Store::Cluster => "Password of the cluster certificate",
            Store::User => "Password of the user certificate",
        };
        match prompt_password(label) {
            Ok(password) => {
                settings.set_password(store, password);
                context.out.hide(&settings.known_secrets);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                return Err(Exit::Interrupted);
            }
            // No terminal after all: the missing passwords are reported when the stores are read.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Reports the faults of the certificate files.
pub(super) fn report_faults(faults: Vec<FileFault>, context: &mut Context<'_>) {
    for fault in faults {
        context.out.failure(&failure(fault));
    }
}

fn failure(fault: FileFault) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: fault.what,
        fix: Some(fault.fix),
        raw: fault.raw,
    }
}

pub(super) fn report_error(context: &mut Context<'_>, error: &SettingsError) -> Exit {
    let failure = Failure {
        class: FailureClass::Setup,
        what: error.what.clone(),
        fix: Some(error.fix.clone()),
        raw: None,
    };
    context.out.failure_with_list(&failure, &error.missing);
    Exit::Setup
}
