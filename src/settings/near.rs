//! The known name that somebody probably meant, for messages about unknown ones.
//! Which names are known is the caller's business.

/// How alike two names must be; clap takes the same for flags.
const ALIKE: f64 = 0.7;

/// The known name that is most like this one, where one is alike at all.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    let wanted = plain(name);
    let rated = known
        .into_iter()
        .map(|known| (strsim::jaro(&wanted, &plain(known)), known));
    let alike = rated.filter(|(rate, _)| *rate > ALIKE);
    let best = alike.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, expected: Option<&str>| {
            let known = ["brokers", "topic", "cluster-cert", "user-cert", "url"];
            assert_eq!(nearest(name, known), expected, "{name}");
        };
        check("broker", Some("brokers"));
        check("Topics", Some("topic"));
        check("cluster_cert", Some("cluster-cert"));
        check("usercert", Some("user-cert"));
        check("zzz", None);
        check("", None);
    }
}
