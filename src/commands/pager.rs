//! The pager of commands whose output is read from its beginning.

use super::Context;

/// The default pager.
const PAGER: &str = "less";
/// Its settings, each used if the user has none: quit if the text fits on one screen, pass colours, keep the screen
/// content; and the encoding of the text, which less would print as bytes if no locale is set.
const LESS: [(&str, &str); 2] = [("LESS", "FRX"), ("LESSCHARSET", "utf-8")];

/// Passes the output to the pager; not without a terminal, or if the pager is disabled.
pub(super) fn start(context: &mut Context<'_>) {
    if let Some(pager) = command_line(context) {
        let mut less = LESS.to_vec();
        less.retain(|(name, _)| (context.var)(name).is_none());
        context.out.start_pager(&pager, &less);
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
