//! Which key of a store is sent to a broker, by the rules of Java's default key manager, `SunX509`.

use std::fmt;

use super::key_entry::KeyEntry;

/// What a broker accepts, from its request for a client certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedKeys {
    /// The accepted CAs as principals; empty if the broker lists none.
    pub authorities: Vec<String>,
    /// Java's names of the accepted key types, in the broker's order; empty if unknown.
    pub key_types: Vec<&'static str>,
}

/// The key that was taken from a store with several ones, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChoice {
    taken: String,
    others: Vec<String>,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// The only one from this CA, which the broker accepts.
    Accepted(String),
    /// The only one that the broker accepts, or may accept, and that is valid now and for clients.
    OnlyValid,
    /// The first of this number that the broker accepts.
    SeveralAccepted(usize),
    /// The broker's CAs issued none of them.
    NoneAccepted,
    /// The broker lists no CAs.
    NoList,
    /// No broker requested a certificate.
    NotRequested,
}

/// The index of the entry to take; `accepted` is `None` if no broker requested a certificate.
///
/// An entry fits if the broker accepts the type of its key, and if one of the CAs that the broker lists issued a
/// certificate of its chain; without a list every entry fits. Of several, the key type that the broker names first
/// wins, then the alias that comes first in a `java.util.HashMap` (`SunX509KeyManagerImpl` and `CertificateMessage` of
/// `OpenJDK` 17). In contrast to `SunX509`, an entry that has expired or is not for clients comes after all others, as
/// in `NewSunX509`, because no broker accepts it.
pub(super) fn choose(
    entries: &[&KeyEntry],
    accepted: Option<&AcceptedKeys>,
    now: i64,
) -> Option<(usize, KeyChoice)> {
    let unlimited = AcceptedKeys::default();
    let limits = accepted.unwrap_or(&unlimited);
    let all: Vec<Candidate<'_>> = entries
        .iter()
        .zip(java_positions(entries))
        .enumerate()
        .map(|(index, (entry, position))| Candidate {
            index,
            entry,
            order: (limits.type_rank(entry), position),
        })
        .collect();
    let fitting = |one: &&Candidate<'_>| limits.accept(one.entry);
    let fitting: Vec<&Candidate<'_>> = all.iter().filter(fitting).collect();
    let usable = fitting.iter().filter(|one| one.entry.is_usable(now));
    let usable: Vec<&Candidate<'_>> = usable.copied().collect();
    let best = [&usable, &fitting]
        .into_iter()
        .find(|list| !list.is_empty());
    let count = best.map_or(0, Vec::len);
    let first = match best {
        Some(list) => list.iter().copied().min_by_key(|one| one.order)?,
        None => all.iter().min_by_key(|one| one.order)?,
    };
    let reason = match (accepted, count) {
        (Some(_), 0) => Reason::NoneAccepted,
        (_, 1) if fitting.len() > 1 => Reason::OnlyValid,
        (None, _) => Reason::NotRequested,
        (Some(limits), _) if limits.authorities.is_empty() => Reason::NoList,
        (Some(limits), 1) => Reason::Accepted(limits.issuer(first.entry).unwrap_or_default()),
        (Some(_), count) => Reason::SeveralAccepted(count),
    };
    let others = all.iter().filter(|one| one.index != first.index);
    let choice = KeyChoice {
        taken: short_name(first.entry),
        others: others.map(|one| full_name(one.entry)).collect(),
        reason,
    };
    Some((first.index, choice))
}

/// An entry with its place in the order of preference.
struct Candidate<'a> {
    index: usize,
    entry: &'a KeyEntry,
    order: (usize, usize),
}

impl AcceptedKeys {
    fn accept(&self, entry: &KeyEntry) -> bool {
        let fits_type = self.key_types.is_empty() || self.key_types.contains(&entry.key_type);
        fits_type && (self.authorities.is_empty() || self.issuer(entry).is_some())
    }

    /// The accepted CA that issued a certificate of the chain.
    fn issuer(&self, entry: &KeyEntry) -> Option<String> {
        let mut issuers = entry.chain.iter().map(|one| &one.issuer);
        let accepted = |issuer: &&String| {
            self.authorities
                .iter()
                .any(|ca| ca.eq_ignore_ascii_case(issuer))
        };
        issuers.find(accepted).cloned()
    }

    fn type_rank(&self, entry: &KeyEntry) -> usize {
        let found = self.key_types.iter().position(|one| *one == entry.key_type);
        found.unwrap_or(self.key_types.len())
    }
}

impl fmt::Display for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, total) = (&self.taken, self.others.len() + 1);
        write!(f, "contains {total} keys; {taken} is used, ")?;
        match &self.reason {
            Reason::Accepted(issuer) => {
                write!(f, "because the broker accepts certificates issued by {issuer}")?;
            }
            Reason::OnlyValid => {
                f.write_str("because it is the only one that is valid now and for clients")?;
            }
            Reason::SeveralAccepted(count) => write!(
                f,
                "because it is the first of {count} that the broker accepts, in the order of Java"
            )?,
            Reason::NoneAccepted => f.write_str("and the broker accepts the issuer of none of them")?,
            Reason::NoList => f.write_str(
                "because the broker lists no CAs, and it is the first one in the order of Java",
            )?,
            Reason::NotRequested => f.write_str(
                "because it is the first one in the order of Java; no broker requested a certificate",
            )?,
        }
        write!(f, "; not used: {}", self.others.join(", "))
    }
}

impl KeyChoice {
    /// Whether no other key can be the right one.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        matches!(self.reason, Reason::Accepted(_) | Reason::OnlyValid)
    }

    /// The names of the keys that are not used.
    #[must_use]
    pub fn others(&self) -> &[String] {
        &self.others
    }

    /// How another key is selected.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        "to use another key, make a store of it alone: `keytool -importkeystore -srckeystore FILE -srcalias ALIAS -destkeystore NEW.p12 -deststoretype PKCS12`"
    }
}

/// `alias (CN=…)`.
fn short_name(entry: &KeyEntry) -> String {
    match &entry.alias {
        Some(alias) => format!("{alias} ({})", entry.principal),
        None => entry.principal.clone(),
    }
}

/// `alias (CN=…, issued by CN=…)`.
fn full_name(entry: &KeyEntry) -> String {
    let issued = format!("{}, issued by {}", entry.principal, entry.required_issuer);
    match &entry.alias {
        Some(alias) => format!("{alias} ({issued})"),
        None => format!("({issued})"),
    }
}

/// The position of each entry in Java's map from aliases to keys.
fn java_positions(entries: &[&KeyEntry]) -> Vec<usize> {
    let mut unnamed = 0;
    // Java numbers the entries that have no alias.
    let mut next_number = || {
        unnamed += 1;
        unnamed.to_string()
    };
    let aliases = entries.iter().map(|entry| {
        let alias = entry.alias.as_ref().map(|alias| alias.to_lowercase());
        alias.unwrap_or_else(&mut next_number)
    });
    let aliases: Vec<String> = aliases.collect();
    let buckets = map_buckets(aliases.len());
    let mut order: Vec<usize> = (0..aliases.len()).collect();
    order.sort_by_key(|index| aliases.get(*index).map(|alias| bucket(alias, buckets)));
    let mut positions = vec![0; order.len()];
    for (position, index) in order.into_iter().enumerate() {
        if let Some(place) = positions.get_mut(index) {
            *place = position;
        }
    }
    positions
}

/// A map has 16 buckets, and doubles them if it is filled to three quarters.
fn map_buckets(entries: usize) -> u32 {
    let mut buckets: u32 = 16;
    while entries as u64 * 4 > u64::from(buckets) * 3 {
        buckets *= 2;
    }
    buckets
}

/// `String.hashCode`, spread and reduced as `HashMap` does.
fn bucket(alias: &str, buckets: u32) -> u32 {
    let hash = alias.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(u32::from(unit))
    });
    (hash ^ (hash >> 16)) & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Java 17 iterates over a `HashMap` with these keys.
    #[test]
    fn aliases_have_the_order_of_a_java_map() {
        let order = |aliases: &[&str]| {
            let mut sorted = aliases.to_vec();
            let buckets = map_buckets(aliases.len());
            sorted.sort_by_key(|alias| bucket(alias, buckets));
            sorted.join(" ")
        };
        let check = |aliases: &[&str], expected| assert_eq!(order(aliases), expected);
        check(&["user", "other"], "other user");
        check(&["a", "b", "c"], "a b c");
        check(&["old", "new"], "new old");
        check(&["staging", "production"], "production staging");
        check(&["1", "2"], "1 2");
        check(&["müller", "client", "x"], "x client müller");
        let many = [
            "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11", "k12", "k13", "q",
        ];
        check(&many, "k1 k2 k3 k4 k5 k11 k6 k10 k7 k13 k8 k12 k9 q");
    }
}
