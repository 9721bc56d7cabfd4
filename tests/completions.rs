//! The committed completion scripts and manual pages are current, `-h` fits on a screen, and each script works in its
//! shell. `UPDATE_GOLDEN=1 cargo test --release --test completions` regenerates the files.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ditto-cdc");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn print(args: &[&str]) -> Vec<u8> {
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}");
    output.stdout
}

fn compare(path: &Path, printed: &[u8]) {
    // A current file is not rewritten, because another test may be reading it.
    let current = fs::read(path).is_ok_and(|committed| committed == printed);
    if !current && std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, printed).unwrap();
    }
    let committed = fs::read(path).unwrap_or_default();
    assert!(committed == printed, "{} is out of date", path.display());
}

#[test]
fn the_committed_scripts_are_current() {
    for (shell, file) in [
        ("bash", "ditto-cdc.bash"),
        ("zsh", "_ditto-cdc"),
        ("fish", "ditto-cdc.fish"),
        ("powershell", "_ditto-cdc.ps1"),
        ("elvish", "ditto-cdc.elv"),
    ] {
        compare(
            &root().join("completions").join(file),
            &print(&["completions", shell]),
        );
    }
}

#[test]
fn the_committed_manual_pages_are_current() {
    let pages = ditto_cdc::commands::man::pages();
    assert!(pages.len() > 6, "{}", pages.len());
    for (name, page) in &pages {
        compare(&root().join("man").join(format!("{name}.1")), page);
    }
    let committed = fs::read_dir(root().join("man")).unwrap().count();
    assert_eq!(committed, pages.len(), "a page in man/ has no command");
    assert_eq!(print(&["man"]), pages[0].1);
    let tail = pages
        .iter()
        .find(|(name, _)| name == "ditto-cdc-tail")
        .unwrap();
    assert_eq!(print(&["man", "tail"]), tail.1);
}

/// The example commands in the help of the command with this page.
fn examples(page: &str) -> Vec<String> {
    let mut args: Vec<&str> = page.split('-').skip(2).collect();
    args.push("--help");
    let help = String::from_utf8(print(&args)).unwrap();
    let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
    let lines = examples.lines().take_while(|line| !line.is_empty());
    let commands = lines.map(|line| line.trim().split("  ").next().unwrap());
    commands.map(str::to_owned).collect()
}

#[test]
fn a_manual_page_has_the_sections_that_readers_look_for() {
    for (name, page) in ditto_cdc::commands::man::pages() {
        let page = String::from_utf8(page).unwrap();
        let headings = page.lines().filter_map(|line| line.strip_prefix(".SH "));
        let headings: Vec<&str> = headings.map(|heading| heading.trim_matches('"')).collect();
        for wanted in ["SYNOPSIS", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"] {
            assert!(headings.contains(&wanted), "{name}: {headings:?}");
        }
        assert!(!headings.contains(&"EXTRA"), "{name}");
        if name != "ditto-cdc" {
            assert!(headings.contains(&"EXAMPLES"), "{name}: {headings:?}");
        }
        for (code, commands) in [
            ("0", ""),
            ("2", ""),
            ("3", "tail verify requery config"),
            ("4", "tail diff requery"),
        ] {
            let of_command = name
                .split('-')
                .nth(2)
                .is_some_and(|name| commands.contains(name));
            let has_code = page.contains(&format!("\\fB{code}\\fR\n"));
            assert!(
                has_code || !commands.is_empty() && !of_command,
                "{name} has no status {code}"
            );
        }
        let has_secret =
            page.contains("DITTO_CDC_USER_CERT_PASSWORD, USER_CERT_PW\\fR\nThe secret itself");
        assert_eq!(
            has_secret,
            page.contains("\\-\\-user\\-cert\\fR \\fI") || name == "ditto-cdc",
            "{name}"
        );
    }
}

#[test]
fn a_rendered_manual_page_has_each_example_as_one_can_copy_it() {
    if Command::new("man").arg("--version").output().is_err() {
        eprintln!("ignored: man is missing");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for (name, page) in ditto_cdc::commands::man::pages() {
        let file = folder.path().join(format!("{name}.1"));
        fs::write(&file, page).unwrap();
        let run = Command::new("man")
            .args(["--warnings", "-l"])
            .arg(file)
            .envs([
                ("MANWIDTH", "80"),
                ("LC_ALL", "C.UTF-8"),
                ("MANPAGER", "cat"),
                ("MAN_KEEP_FORMATTING", ""),
            ])
            .output()
            .unwrap();
        assert!(
            run.status.success() && run.stderr.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        let shown = String::from_utf8(run.stdout).unwrap();
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        let joined = shown.replace(" \\\n         ", " ");
        let lines: Vec<&str> = joined.lines().map(str::trim).collect();
        for example in examples(&name) {
            assert!(
                lines.contains(&example.as_str()),
                "{name}: {example}\n{shown}"
            );
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

/// Every command with help.
fn commands() -> Vec<Vec<String>> {
    let pages = ditto_cdc::commands::man::pages();
    let names = pages
        .iter()
        .map(|(name, _)| name.strip_prefix("ditto-cdc").unwrap());
    let words = |name: &str| {
        name.split('-')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    names.map(words).collect()
}

#[test]
fn short_help_fits_on_a_screen_and_long_help_has_examples() {
    for command in commands() {
        let help = |flag: &str| {
            let output = Command::new(PROGRAM)
                .args(&command)
                .arg(flag)
                .env("COLUMNS", "80")
                .output()
                .unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        let short = help("-h");
        assert!(short.lines().count() <= 24, "{command:?}\n{short}");
        let long = help("--help");
        assert!(
            command.is_empty() || long.contains("Examples:\n  ditto-cdc "),
            "{long}"
        );
        assert!(!short.contains("Examples:"), "{short}");
        let examples = long.split("Examples:\n").nth(1).unwrap_or_default();
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            // A path cannot be broken.
            let fits = line.chars().count() <= 80 || line.contains("/completions/");
            assert!(fits && line.starts_with("  "), "{command:?}: {line}");
        }
    }
}

/// Runs a script with the program in `PATH`, a profile in the config folder, and captures in the working folder.
/// `None` if the shell is missing.
fn in_shell(shell: &str, args: &[&str], script: &str) -> Option<Output> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".config")).unwrap();
    let profiles = "[prod]\ntopic = 'x'\n[staging]\n";
    fs::write(home.path().join(".config/ditto-cdc.toml"), profiles).unwrap();
    let event = |name: &str, id: &str| {
        format!(
            "{{\"txnId\":1,\"type\":\"documentChanged\",\"collection\":\"{name}\",\"change\":{{\"method\":\"upsert\",\"oldValue\":null,\"newValue\":{{\"_id\":\"{id}\"}}}}}}\n"
        )
    };
    let names = [
        ("orders", "o-1001"),
        ("orders", "two words"),
        ("orders", "$(touch hacked)"),
        ("ordered twice", "1"),
        ("people", "people-id"),
        ("$(touch hacked)", "1"),
    ];
    let capture: String = names.iter().map(|(name, id)| event(name, id)).collect();
    fs::write(home.path().join("capture.ndjson"), capture).unwrap();
    let folder = PathBuf::from(PROGRAM)
        .parent()
        .unwrap()
        .display()
        .to_string();
    let run = Command::new(shell)
        .args(args)
        .arg(script)
        .current_dir(home.path())
        .env_clear()
        .env(
            "PATH",
            format!("{folder}:{}", std::env::var("PATH").unwrap()),
        )
        .env("HOME", home.path())
        .env("TERM", "dumb")
        .env("SCRIPTS", root().join("completions"))
        .output();
    let missing = run
        .as_ref()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if missing {
        assert!(
            std::env::var_os("CI").is_none(),
            "{shell} is missing: .ci/install"
        );
        eprintln!("ignored: needs {shell}");
        return None;
    }
    assert!(
        !home.path().join("hacked").exists(),
        "a name was run by {shell}"
    );
    Some(run.unwrap())
}

/// The command line, the candidates that must be offered, and those that must not.
const TYPED: &[(&str, &[&str], &[&str])] = &[
    ("ditto-cdc ta", &["tail"], &["diff", "__complete"]),
    ("ditto-cdc tail --colle", &["--collection"], &["--color"]),
    ("ditto-cdc tail --format on", &["oneline"], &["json"]),
    (
        "ditto-cdc tail -p ",
        &["prod", "staging"],
        &["capture.ndjson"],
    ),
    ("ditto-cdc verify --profile st", &["staging"], &["prod"]),
    (
        "ditto-cdc diff capture.ndjson -c or",
        &["orders", "twice"],
        &["people"],
    ),
    ("ditto-cdc tail --collection p", &["people"], &["orders"]),
    ("ditto-cdc diff -c '$", &[], &["people"]),
    // The folder has capture.ndjson: no file is offered for a value that is none.
    ("ditto-cdc diff -c cap", &[], &["capture.ndjson"]),
    ("ditto-cdc tail -p cap", &[], &["capture.ndjson"]),
    ("ditto-cdc tail --from ", &[], &["capture"]),
    ("ditto-cdc tail --until cap", &[], &["capture.ndjson"]),
    ("ditto-cdc tail --topic ", &[], &["capture"]),
    ("ditto-cdc tail -t ", &[], &["capture"]),
    ("ditto-cdc diff --where ", &[], &["capture"]),
    ("ditto-cdc requery --txn-id ", &[], &["capture"]),
    ("ditto-cdc tail --input ", &["capture.ndjson"], &[]),
    ("ditto-cdc history or", &["orders", "twice"], &["people"]),
    (
        "ditto-cdc history --reverse orders ",
        &["o-1001", "words"],
        &["people-id", "capture.ndjson"],
    ),
    ("ditto-cdc history people p", &["people-id"], &["o-1001"]),
];

/// `script` makes the shell print its candidates; its second argument is the time to wait, in seconds.
fn offers(shell: &str, args: &[&str], script: impl Fn(&str, u32) -> String) {
    for (typed, offered, left_out) in TYPED {
        let mut missing = Vec::new();
        // A busy machine may need longer.
        for pause in [1, 4, 12] {
            let Some(output) = in_shell(shell, args, &script(typed, pause)) else {
                return;
            };
            let shown = String::from_utf8_lossy(&output.stdout);
            let said = String::from_utf8_lossy(&output.stderr);
            for word in *left_out {
                assert!(!shown.contains(word), "{shell}: {typed}: {word}: {shown}");
            }
            let absent = offered.iter().filter(|word| !shown.contains(**word));
            missing = absent
                .map(|word| format!("no {word}: {shown}{said}"))
                .collect();
            if missing.is_empty() {
                break;
            }
        }
        assert!(missing.is_empty(), "{shell}: {typed}: {missing:?}");
    }
}

#[test]
fn bash_completes() {
    offers("bash", &["--norc", "-c"], |typed, _| {
        let typed = typed.replace('\'', "").replace('$', "\\$");
        format!(
            "source $SCRIPTS/ditto-cdc.bash
             function=$(complete -p ditto-cdc | sed 's/.* -F \\([^ ]*\\).*/\\1/')
             IFS=' ' read -ra COMP_WORDS <<< \"{typed}x\"
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             COMP_WORDS[COMP_CWORD]=${{COMP_WORDS[COMP_CWORD]%x}}
             compopt() {{ :; }}
             $function ditto-cdc \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    });
}

#[test]
fn fish_completes() {
    offers("fish", &["--no-config", "-c"], |typed, _| {
        let typed = typed.replace('\'', "\\'").replace('$', "\\$");
        format!("source $SCRIPTS/ditto-cdc.fish; complete -C '{typed}'")
    });
}

#[test]
fn zsh_completes() {
    // An inner shell on its own terminal, because completion needs the line editor.
    offers("zsh", &["-f", "-c"], |typed, pause| {
        let typed = typed.replace('\'', "'\\''");
        format!(
            r#"zmodload zsh/zpty
zpty inner "TERM=xterm COLUMNS=200 zsh -f -i"
zpty -w inner "PS1= ; fpath=($SCRIPTS \$fpath); autoload -Uz compinit; compinit -u -d ./dump; setopt no_beep; stty cols 200 -echo; echo re''ady"
while zpty -r inner line; do [[ $line == *ready* ]] && break; done
zpty -w -n inner '{typed}'$'\t'
sleep {pause}
zpty -w -n inner $'\t'
sleep {pause}
zpty -w -n inner $'\x15exit\n'
while zpty -r inner line; do print -r -- "$line"; done"#
        )
    });
}

#[test]
fn elvish_completes() {
    // The editor needs a terminal and draws candidates piece by piece, so the test calls the completion function itself.
    offers("zsh", &["-f", "-c"], |typed, pause| {
        let words = typed.replace('\'', "");
        let words = words.split(' ').map(|word| format!("'{word}'"));
        let words = words.collect::<Vec<_>>().join(" ");
        format!(
            r#"command -v elvish >/dev/null || {{ print elvish is missing: .ci/install; exit 1 }}
zmodload zsh/zpty
zpty inner "stty cols 200 rows 50; TERM=xterm elvish -norc"
zpty -w inner "eval (slurp < $SCRIPTS/ditto-cdc.elv)"
zpty -w inner "for one [(\$edit:completion:arg-completer[ditto-cdc] {words})] {{ echo 'off'ered (repr \$one) }}; sleep {pause}; exit"
while zpty -r inner line; do [[ $line == *offered\ * ]] && print -r -- "${{line##*offered }}"; done; true"#
        )
    });
}
