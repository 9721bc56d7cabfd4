//! The pager of commands whose output is read from its beginning.

use super::Context;

/// The default pager, and its options: quit if the text fits on one screen, pass colours, keep the screen content.
const PAGER: &str = "less";
const LESS: (&str, &str) = ("LESS", "FRX");

/// Passes the output to the pager; not without a terminal, or if the pager is disabled.
pub(super) fn start(context: &mut Context<'_>) {
    if let Some(pager) = command_line(context) {
        let less = (context.var)(LESS.0).is_none().then_some(LESS);
        context.out.start_pager(&pager, less.as_slice());
    }
}

fn command_line(context: &Context<'_>) -> Option<String> {
    if !context.env.stdout_terminal {
        return None;
    }
    let configured = (context.var)("PAGER").map(|pager| pager.to_string_lossy().into_owned());
    let pager = configured.unwrap_or_else(|| PAGER.to_owned());
    (!pager.trim().is_empty() && pager != "cat").then_some(pager)
}
