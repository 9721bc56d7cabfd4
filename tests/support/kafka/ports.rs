//! Ports that nobody listens on at the moment.
//! Whether the broker then gets them is seen when it starts.

use std::net::TcpListener;

/// The three ports of a broker; they stay the same over a restart.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Users, with TLS.
    pub ssl: u16,
    /// The test itself, without.
    pub admin: u16,
    /// The broker to itself.
    pub controller: u16,
}

impl Ports {
    /// Three free ports, found by holding all three at once.
    pub fn free() -> Ports {
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [ssl, admin, controller] = held.each_ref().map(|l| l.local_addr().unwrap().port());
        Ports {
            ssl,
            admin,
            controller,
        }
    }
}
