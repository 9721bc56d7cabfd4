//! Catalogue of the faults that `verify` recognises: number, title and exit code.

use crate::util::exit::Exit;

macro_rules! faults {
    ($($id:ident $exit:ident $title:literal,)*) => {
        /// A fault, named by its number in `docs/troubleshooting.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Fault { $($id,)* }

        impl Fault {
            /// All faults, in the order of the checks.
            pub const ALL: &'static [Fault] = &[$(Fault::$id,)*];

            /// The number, such as `A1`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Fault::$id => stringify!($id),)* }
            }

            /// A short description.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Fault::$id => $title,)* }
            }

            /// The exit code of a check that fails with this fault.
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
    A3 Setup "unsupported encryption",
    A4 Setup "certificate file missing or not readable",
    A5 Setup "a Java keystore (JKS)",
    A6 Setup "not a certificate file",
    A7 Setup "certificate file truncated",
    A8 Setup "certificate file empty",
    A9 Setup "cluster and user certificate swapped",
    A10 Setup "key and certificate do not belong together",
    A11 Setup "user certificate expired or not valid yet",
    A12 Setup "user certificate not allowed for clients, or its chain is incomplete",
    A13 Setup "a Java properties file instead of a certificate",
    B1 Setup "name does not resolve",
    B2 Setup "connection refused",
    B3 Setup "connection attempts are dropped",
    B4 Setup "connects, but no response",
    B5 Setup "listener without TLS",
    B6 Setup "not Kafka",
    B7 Setup "no common TLS version or cipher",
    B8 Setup "listener requires SASL",
    B9 Setup "host name unknown to the proxy in front of the broker",
    B10 Setup "a device drops long TLS messages",
    B11 Setup "an address of the name does not work",
    C1 Setup "broker's certificate from an unknown CA",
    C2 Setup "broker does not send an intermediate certificate",
    C3 Setup "broker's certificate expired",
    C4 Setup "broker's certificate not valid yet",
    C5 Setup "broker's certificate for another name",
    C6 Setup "self-signed certificate, or an intercepting proxy",
    D1 Setup "no user certificate was sent",
    D2 Setup "user certificate from a CA that the broker does not accept",
    D3 Setup "intermediate certificate missing in the user certificate file",
    D4 Setup "user certificate expired",
    D5 Setup "user certificate rejected",
    E1 Setup "consumer group not authorised",
    E2 Setup "topic not authorised",
    E3 Setup "topic unknown",
    E4 Setup "advertised broker not reachable",
    E5 Failed "committed offset no longer available",
    E6 Failed "partition without a leader",
    E7 Failed "no events yet",
    E8 Failed "a record is not a Ditto event",
    E9 Setup "not a consumer group",
    E10 Setup "topic may be described, but not read",
    E11 Failed "the topic was deleted and created again",
    F1 Setup "API key rejected",
    F2 Failed "a proxy or sign-on page answered",
    F3 Setup "wrong path or app",
    F4 Setup "the API key would be sent unencrypted",
    F5 Failed "the HTTP API has older data than the stream",
    F6 Setup "a proxy does not connect to the HTTP API",
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
        assert_eq!(Fault::ALL.len(), 52);
    }
}
