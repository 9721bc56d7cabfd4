//! Free TCP ports. Another process may take them before a server binds them.

use std::net::TcpListener;

/// Free ports, bound at the same time so that they differ.
pub fn free<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.each_ref().map(|l| l.local_addr().unwrap().port())
}
