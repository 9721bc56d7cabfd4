//! The catalogue: every fault that `verify` recognises, its number, its title and the exit code it means.
//! How a fault is found is left to the checks; what each means at length stands in `docs/troubleshooting.md`.

use crate::util::exit::Exit;

macro_rules! faults {
    ($($id:ident $exit:ident $title:literal,)*) => {
        /// A fault by its number in the catalogue.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Fault { $($id,)* }

        impl Fault {
            /// Every fault, in the order in which the checks can meet them.
            pub const ALL: &'static [Fault] = &[$(Fault::$id,)*];

            /// The number, such as `A1`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Fault::$id => stringify!($id),)* }
            }

            /// What is wrong, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Fault::$id => $title,)* }
            }

            /// The exit code of a check that failed with it.
            #[must_use]
            pub fn exit(self) -> Exit {
                match self { $(Fault::$id => Exit::$exit,)* }
            }

            /// The fault with this number.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Fault> {
                Fault::ALL.iter().copied().find(|fault| fault.id() == id)
            }
        }
    };
}

faults! {
    A1 Setup "wrong password",
    A2 Setup "password missing or empty",
    A3 Setup "encrypted in an unknown way",
    A4 Setup "certificate file missing or not readable",
    A5 Setup "a Java keystore (JKS)",
    A6 Setup "not a certificate file",
    A7 Setup "certificate file cut off",
    A8 Setup "certificate file empty",
    A9 Setup "cluster and user certificate exchanged",
    A10 Setup "key and certificate do not belong together",
    A11 Setup "user certificate expired or not valid yet",
    A12 Setup "user certificate without a use as client, or without its chain",
    A13 Setup "a Java properties file in place of a certificate",
    B1 Setup "name does not resolve",
    B2 Setup "connection refused",
    B3 Setup "connection attempts are dropped",
    B4 Setup "connects, then silence",
    B5 Setup "a listener without TLS",
    B6 Setup "not Kafka",
    B7 Setup "no common TLS version or cipher",
    B8 Setup "the listener wants SASL",
    C1 Setup "broker's certificate from an unknown CA",
    C2 Setup "broker leaves out an intermediate certificate",
    C3 Setup "broker's certificate expired",
    C4 Setup "broker's certificate not valid yet",
    C5 Setup "broker's certificate for another name",
    C6 Setup "self-signed certificate, or an intercepting proxy",
    D1 Setup "no user certificate was sent",
    D2 Setup "user certificate from a CA that the broker does not accept",
    D3 Setup "intermediate missing in the user certificate",
    D4 Setup "user certificate expired",
    D5 Setup "user certificate refused",
    E1 Setup "group not authorised",
    E2 Setup "topic not authorised",
    E3 Setup "topic unknown",
    E4 Setup "advertised broker not reachable",
    E5 Failed "committed position lost to retention",
    E6 Failed "partition without a leader",
    E7 Failed "no events yet",
    E8 Failed "a record is no Ditto event",
    F1 Setup "API key refused",
    F2 Failed "a proxy or sign-on page answered",
    F3 Setup "wrong path or app",
    F4 Setup "the key would travel unencrypted",
    F5 Failed "the HTTP API is behind the stream",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_their_faults() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_id(fault.id()), Some(*fault));
            assert!(!fault.title().is_empty());
        }
        assert_eq!(Fault::from_id("Z1"), None);
        assert_eq!(Fault::ALL.len(), 45);
    }
}
