//! The profile as a template to fill in, for systems without a terminal.

use std::path::Path;

/// A section of the profile file; everything except the values is right.
pub(super) fn text(profile: &str, path: &Path) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let header = if profile.chars().all(is_bare) {
        profile.to_owned()
    } else {
        format!("\"{profile}\"")
    };
    format!(
        "# A profile of ditto-cdc. Replace the values with what the Ditto portal shows (Live Query Settings),
# and append this to {} (chmod 600).
# Paths are relative to the folder of that file. Test it: ditto-cdc verify --profile {profile}
[{header}]
{VALUES}",
        path.display()
    )
}

const VALUES: &str = "\
# Endpoint.
brokers = \"HOST:443\"
# Topic.
topic = \"TOPIC\"
# Consumer group prefix; remove the line if the portal shows none.
group-prefix = \"PREFIX\"
# The two downloaded files, and a file for each password that contains nothing else. Instead of
# ...-password-file there are ...-password-command and ...-password-keyring.
cluster-cert = \"cluster.p12\"
cluster-cert-password-file = \"cluster.password\"
user-cert = \"user.p12\"
user-cert-password-file = \"user.password\"
# Only for requery: Cloud URL Endpoint, and a file that contains only the API key.
#url = \"https://HOST\"
#api-key-file = \"api.key\"
";
