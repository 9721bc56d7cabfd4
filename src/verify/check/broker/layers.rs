//! The protocol layers of a connection, in the order in which they are checked.

use super::context::BrokerContext;
use super::{broker_certificate, client_certificate, network};
use crate::verify::check::Check;

/// Checks one layer of one broker. An empty result means that the connection did not get to this layer.
pub(super) type LayerCheck = fn(&BrokerContext<'_>) -> Vec<Check>;

/// Name and check of each layer.
pub(super) const LAYERS: [(&str, LayerCheck); 5] = [
    ("dns", network::dns),
    ("tcp", network::tcp),
    ("tls", broker_certificate::tls),
    ("client-certificate", client_certificate::client_certificate),
    ("kafka", network::kafka),
];
