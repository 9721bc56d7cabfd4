//! The committed completion scripts are what the program prints today.
//! `UPDATE_GOLDEN=1 cargo test --release --test completions` writes them anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_committed_scripts_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, file) in [
        ("bash", "ditto-cdc.bash"),
        ("zsh", "_ditto-cdc"),
        ("fish", "ditto-cdc.fish"),
        ("powershell", "_ditto-cdc.ps1"),
        ("elvish", "ditto-cdc.elv"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
            .args(["completions", shell])
            .output()
            .unwrap();
        assert!(output.status.success());
        let path = folder.join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &output.stdout).unwrap();
        }
        let committed = fs::read(&path).unwrap();
        assert!(committed == output.stdout, "{file} is out of date");
    }
}
