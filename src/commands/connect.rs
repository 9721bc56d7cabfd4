//! From what was typed to a Kafka connection: settings, passwords asked for, certificates read.
//! The connection itself is opened by the source.

use crate::bigpeer::Base;
use crate::cli;
use crate::kafka::Connection;
use crate::record::{Failure, FailureClass};
use crate::settings::{self, Need, Origin, Settings, SettingsError, Store, Typed, World, prompt};
use crate::tls::{self, FileFault, Material};
use crate::util::exit::Exit;
use crate::util::secret::Secret;
use crate::view::escape;

use super::Context;

/// Everything that a connection to Kafka needs. What is wrong is said here.
///
/// # Errors
/// The exit code for what was said.
pub(super) fn kafka(
    typed: &cli::Connection,
    context: &mut Context<'_>,
) -> Result<Connection, Exit> {
    let mut settings = settle(typed, None, context)?;
    kafka_of(&mut settings, context)
}

/// The HTTP API, and Kafka where it is configured and wanted.
///
/// # Errors
/// The exit code for what was said.
pub(super) fn api(
    typed: &cli::Connection,
    api: &cli::Api,
    with_kafka: bool,
    context: &mut Context<'_>,
) -> Result<(Base, Secret, Option<Connection>), Exit> {
    let mut settings = settle(typed, Some(api), context)?;
    let base = settings.url.as_ref().map(|url| Base::parse(&url.value));
    let base = base
        .transpose()
        .map_err(|(what, fix)| say(context, &SettingsError { what, fix }))?;
    if let Some(wrong) = settings.misdirected_key() {
        return Err(say(context, &wrong));
    }
    if let Some(base) = &base {
        ask_for_api_key(&mut settings, base, context)?;
    }
    let given = settings.require_api().map(|given| given.key.clone());
    let key = given.map_err(|wrong| say(context, &wrong))?;
    let configured = settings.brokers.is_some() || settings.topic.is_some();
    let kafka = (with_kafka && configured)
        .then(|| kafka_of(&mut settings, context))
        .transpose()?;
    let base = base.ok_or(Exit::Setup)?;
    Ok((base, key, kafka))
}

/// Where the HTTP API is, and nothing else.
///
/// # Errors
/// The exit code for what was said.
pub(super) fn base(
    typed: &cli::Connection,
    api: &cli::Api,
    context: &mut Context<'_>,
) -> Result<Base, Exit> {
    let settings = settle(typed, Some(api), context)?;
    let Some(url) = &settings.url else {
        let wrong = settings.require_api().err();
        return Err(wrong.map_or(Exit::Setup, |wrong| say(context, &wrong)));
    };
    Base::parse(&url.value).map_err(|(what, fix)| say(context, &SettingsError { what, fix }))
}

fn kafka_of(settings: &mut Settings, context: &mut Context<'_>) -> Result<Connection, Exit> {
    keep_out_of_foreign_groups(settings, context);
    // Nobody types passwords only to hear that something else is missing.
    settings
        .require_kafka()
        .map_err(|wrong| say(context, &wrong))?;
    ask_for_passwords(settings, context)?;
    let kafka = settings
        .require_kafka()
        .map_err(|wrong| say(context, &wrong))?;
    let material = material(&kafka, context)?;
    let keystore = material.keystore.as_ref();
    let extra = kafka.extra.iter();
    Ok(Connection {
        brokers: kafka.brokers.to_owned(),
        topic: kafka.topic.to_owned(),
        group: kafka.group.map(str::to_owned),
        ca_pem: material.truststore.as_ref().map(tls::Truststore::pem),
        certificate_pem: keystore.map(tls::Keystore::certificates_pem),
        key_pem: keystore.map(tls::Keystore::key_pem),
        principal: keystore.map(tls::Keystore::principal),
        extra: extra
            .map(|property| (property.name.clone(), property.value.clone()))
            .collect(),
        verbosity: context.global.verbose,
    })
}

/// Every setting with its origin and every secret that is needed; what is odd about them stands in their warnings.
///
/// # Errors
/// Where something that was named cannot be read, or a secret cannot be had or would go astray.
pub(super) fn resolve(
    typed: &cli::Connection,
    api: Option<&cli::Api>,
    context: &Context<'_>,
) -> Result<Settings, SettingsError> {
    let mut settings = look(typed, api, context)?;
    if let Some(wrong) = settings.misdirected_login() {
        return Err(wrong);
    }
    let need = if api.is_some() {
        Need::All
    } else {
        Need::Kafka
    };
    settings.fetch(need)?;
    Ok(settings)
}

/// Every setting with its origin, without asking commands or key stores for secrets.
///
/// # Errors
/// Where something that was named cannot be read.
pub(super) fn look(
    typed: &cli::Connection,
    api: Option<&cli::Api>,
    context: &Context<'_>,
) -> Result<Settings, SettingsError> {
    let typed = Typed {
        brokers: typed.brokers.clone(),
        topic: typed.topic.clone(),
        group: typed.group.clone(),
        cluster_cert: typed.cluster_cert.clone(),
        cluster_cert_password_file: typed.cluster_cert_password_file.clone(),
        user_cert: typed.user_cert.clone(),
        user_cert_password_file: typed.user_cert_password_file.clone(),
        url: api.and_then(|api| api.url.clone()),
        api_key_file: api.and_then(|api| api.api_key_file.clone()),
        profile: typed.profile.clone(),
        properties: typed.properties.clone(),
        env_file: typed.env_file.clone(),
        extra: typed.extra.clone(),
    };
    settings::resolve(&typed, &world(context))
}

/// What settings depend on beside flags.
pub(super) fn world<'a>(context: &'a Context<'_>) -> World<'a> {
    World {
        var: context.var,
        cwd: &context.env.cwd,
        home: context.env.home.as_deref(),
    }
}

fn settle(
    typed: &cli::Connection,
    api: Option<&cli::Api>,
    context: &mut Context<'_>,
) -> Result<Settings, Exit> {
    let settings = resolve(typed, api, context).map_err(|wrong| say(context, &wrong))?;
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

/// A properties file is the customer's pipeline's: joining its group would take partitions from that
/// pipeline. Only a group that was named for this tool is joined.
fn keep_out_of_foreign_groups(settings: &mut Settings, context: &mut Context<'_>) {
    let foreign = settings
        .group
        .take_if(|group| matches!(group.origin, Origin::Properties { .. }));
    if let Some(group) = foreign {
        context.out.note(&format!(
            "group {} ({}) is not joined: it may be your pipeline's; --group joins it",
            group.value, group.origin
        ));
    }
}

/// Says where the key will go: the URL may be another one than the user thinks of.
fn ask_for_api_key(
    settings: &mut Settings,
    base: &Base,
    context: &Context<'_>,
) -> Result<(), Exit> {
    if settings.api_key.is_some() || !context.env.stderr_terminal {
        return Ok(());
    }
    match prompt::ask(&format!("API key for {}", escape::text(&base.to_string()))) {
        Ok(key) => settings.answer_api_key(&key),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
            return Err(Exit::Interrupted);
        }
        // No terminal to ask on after all: what is missing is said by whoever needs it.
        Err(_) => {}
    }
    Ok(())
}

pub(super) fn ask_for_passwords(
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
        match prompt::ask(label) {
            Ok(password) => settings.answer(store, password),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                return Err(Exit::Interrupted);
            }
            // No terminal to ask on after all: the stores say what is missing.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn material(kafka: &settings::Kafka<'_>, context: &mut Context<'_>) -> Result<Material, Exit> {
    let (cluster, user) = files((kafka.cluster, kafka.user));
    tls::load(cluster.as_ref(), user.as_ref()).map_err(|faults| {
        show_faults(faults, context);
        Exit::Setup
    })
}

/// Says what is wrong with the two files.
pub(super) fn show_faults(faults: Vec<FileFault>, context: &mut Context<'_>) {
    for fault in faults {
        context.out.failure(&failure(fault));
    }
}

/// The cluster and the user certificate as `tls` reads them.
pub(super) fn files(
    (cluster, user): (
        Option<settings::StoreFile<'_>>,
        Option<settings::StoreFile<'_>>,
    ),
) -> (Option<tls::StoreFile>, Option<tls::StoreFile>) {
    let file = |file: settings::StoreFile<'_>, hint: &str| tls::StoreFile {
        path: file.path.to_owned(),
        password: file.password.cloned(),
        password_hint: hint.to_owned(),
    };
    let cluster = cluster.map(|store| {
        file(
            store,
            "--cluster-cert-password-file or DITTO_CDC_CLUSTER_CERT_PASSWORD",
        )
    });
    let user = user.map(|store| {
        file(
            store,
            "--user-cert-password-file or DITTO_CDC_USER_CERT_PASSWORD",
        )
    });
    (cluster, user)
}

fn failure(fault: FileFault) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: fault.what,
        fix: Some(fault.fix),
        raw: fault.raw,
    }
}

pub(super) fn say(context: &mut Context<'_>, wrong: &SettingsError) -> Exit {
    context.out.failure(&Failure {
        class: FailureClass::Setup,
        what: wrong.what.clone(),
        fix: Some(wrong.fix.clone()),
        raw: None,
    });
    Exit::Setup
}
