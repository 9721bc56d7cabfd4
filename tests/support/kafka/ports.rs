//! Free TCP ports. Another process may take them before the broker binds them.

use std::net::TcpListener;

/// The three ports of a broker; they stay the same over a restart.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The listener for users, with TLS.
    pub ssl: u16,
    /// The listener for tests, without TLS.
    pub admin: u16,
    /// The controller's listener.
    pub controller: u16,
}

impl Ports {
    /// Three free ports, bound at the same time so that they differ.
    pub fn free() -> Ports {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [ssl, admin, controller] = listeners.each_ref().map(|l| l.local_addr().unwrap().port());
        Ports {
            ssl,
            admin,
            controller,
        }
    }
}
