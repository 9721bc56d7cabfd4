//! `completions`: completion scripts, generated from the clap commands.
//! They call the program for collections and profiles (bash, zsh, fish), or for every candidate (PowerShell, elvish).

pub mod candidates;
pub(crate) mod command_line;

use std::fmt::Write as _;

use clap_complete::Shell;

use crate::cli::{self, COMPLETE as WORD};

/// Kinds of values that the scripts request from the program, with their flags.
const DYNAMIC_VALUES: &[(&str, &[&str])] = &[
    ("collections", &["--collection", "-c"]),
    ("profiles", &["--profile", "-p"]),
];

/// The command whose words without a flag are a collection and an id.
const DOCUMENT_COMMAND: &str = "history";

/// The completion script of a shell.
#[must_use]
pub fn script(shell: Shell) -> Vec<u8> {
    match shell {
        Shell::PowerShell => return power_shell().into_bytes(),
        Shell::Elvish => return elvish().into_bytes(),
        _ => {}
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "ditto-cdc", &mut script);
    let Ok(script) = String::from_utf8(script) else {
        return Vec::new();
    };
    let script = match shell {
        Shell::Bash => bash(&script),
        Shell::Zsh => zsh(&script),
        Shell::Fish => fish(&script),
        _ => script,
    };
    script.into_bytes()
}

/// Compares the words one by one, because `compgen -W` would execute shell code in a hostile name.
fn bash(script: &str) -> String {
    let ask = format!(
        r#"_ditto_cdc_words() {{
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ "${{word}}" == "${{cur}}"* ]]; then
            COMPREPLY+=("$(printf '%q' "${{word}}")")
        fi
    done < <(ditto-cdc {WORD} "$@" "${{COMP_WORDS[@]:1}}" 2>/dev/null)
}}

_ditto_cdc_ask() {{
    _ditto_cdc_words "$1"
    # Without a candidate, bash would offer files.
    if [[ ${{#COMPREPLY[@]}} -eq 0 ]]; then
        COMPREPLY=("${{cur}}")
        compopt -o nospace
    fi
}}

"#
    );
    // The generator treats the hyphen in `ditto-cdc` as the start of a subcommand, so its labels never match.
    let script = script.replace("ditto__subcmd__cdc", "ditto__cdc");
    let mut lines = vec![ask];
    let mut requested = None;
    for line in script.split_inclusive('\n') {
        let label = line.trim().strip_suffix(')');
        let now = requested.take();
        match now.filter(|_| line.contains("compgen -f")) {
            Some(kind) => lines.push(format!("                    _ditto_cdc_ask {kind}\n")),
            None => lines.push(line.to_owned()),
        }
        requested = label.and_then(kind);
        if label == Some(&format!("ditto__cdc__subcmd__{DOCUMENT_COMMAND}")) {
            lines.push(
                r"            if [[ ${cur} != -* ]] ; then
                _ditto_cdc_words documents $((COMP_CWORD - 1))
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
"
                .to_owned(),
            );
        }
    }
    lines.concat()
}

fn kind(flag: &str) -> Option<&'static str> {
    let found = DYNAMIC_VALUES
        .iter()
        .find(|(_, flags)| flags.contains(&flag));
    found.map(|(kind, _)| *kind)
}

fn zsh(script: &str) -> String {
    let mut ask = format!(
        r#"_ditto_cdc_ask() {{
    local kind=$1
    shift
    local -a found
    found=("${{(@f)$(ditto-cdc {WORD} ${{=kind}} "${{(@)words[2,-1]}}" 2>/dev/null)}}")
    found=("${{(@)found:#}}")
    compadd "$@" -a found
}}

"#
    );
    for (kind, _) in DYNAMIC_VALUES {
        let _ = writeln!(
            ask,
            "_ditto_cdc_{kind}() {{ _ditto_cdc_ask {kind} \"$@\" }}\n"
        );
    }
    // The first word is the command.
    ask.push_str(
        r#"_ditto_cdc_documents() { _ditto_cdc_ask "documents $((CURRENT - 1)) $words[1]" "$@" }

"#,
    );
    let lines = script.split_inclusive('\n').map(|line| {
        if line.starts_with("':collection -- ") || line.starts_with("':id -- ") {
            return line.replace(":' \\\n", ":_ditto_cdc_documents' \\\n");
        }
        let flag = line.trim_start_matches(['\'', '*']);
        let flag = flag.split(['=', '+', '[']).next().unwrap_or_default();
        match kind(flag) {
            Some(kind) => line.replace(":_default'", &format!(":_ditto_cdc_{kind}'")),
            // With two colons, zsh would not complete flags after a file.
            None => line.replace("'*::files -- ", "'*:files -- "),
        }
    });
    let script: String = lines.collect();
    // After the first line, which names the completed command.
    let (first, rest) = script.split_once('\n').unwrap_or((&script, ""));
    format!("{first}\n\n{ask}{}", rest.trim_start_matches('\n'))
}

fn fish(script: &str) -> String {
    let ask = format!(
        r"function __fish_ditto_cdc_ask
    set -l words (commandline -opc)
    command ditto-cdc {WORD} $argv $words[2..] 2>/dev/null
end

function __fish_ditto_cdc_documents
    set -l words (commandline -opc)
    __fish_ditto_cdc_ask documents (count $words[2..])
end

"
    );
    let lines = script.split_inclusive('\n').map(|line| {
        let requested = DYNAMIC_VALUES.iter().find(|(_, flags)| {
            let long = flags
                .first()
                .map_or("", |flag| flag.trim_start_matches('-'));
            line.contains(&format!(" -l {long} ")) && line.ends_with(" -r\n")
        });
        match (requested, line.strip_suffix(" -r\n")) {
            (Some((kind, _)), Some(start)) => {
                format!("{start} -x -a '(__fish_ditto_cdc_ask {kind})'\n")
            }
            _ => line.to_owned(),
        }
    });
    let documents = format!(
        "complete -c ditto-cdc -n '__fish_ditto_cdc_using_subcommand {DOCUMENT_COMMAND}; and test (count (__fish_ditto_cdc_documents)) -gt 0' -f -a '(__fish_ditto_cdc_documents)'\n"
    );
    ask + &lines.collect::<String>() + &documents
}

/// The script quotes the inserted words, because a name may contain any character.
fn power_shell() -> String {
    format!(
        r#"Register-ArgumentCompleter -Native -CommandName 'ditto-cdc' -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object {{ $_.Extent.EndOffset -lt $cursorPosition }} |
        ForEach-Object {{
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) {{ $_.Value }} else {{ $_.Extent.Text }}
        }})
    $begun = $wordToComplete.Trim("'", '"')
    ditto-cdc {WORD} line @words "+$begun" 2>$null | ForEach-Object {{
        $text, $help = $_ -split "`t", 2
        if (-not $text) {{ $text = ' ' }}
        if (-not $help) {{ $help = $text }}
        $insert = if ($text -match '^([\w.:/=-]+| )$') {{ $text }} else {{ "'" + $text.Replace("'", "''") + "'" }}
        [System.Management.Automation.CompletionResult]::new($insert, $text, 'ParameterValue', $help)
    }}
}}
"#
    )
}

/// Elvish quotes the inserted words itself.
fn elvish() -> String {
    format!(
        r#"use str

set edit:completion:arg-completer[ditto-cdc] = {{|@words|
    var found = [(try {{ e:ditto-cdc {WORD} line (all $words[1..-1]) '+'$words[-1] 2>/dev/null }} catch {{ }})]
    if (== 0 (count $found)) {{
        edit:complete-filename $@words
    }}
    for line $found {{
        var parts = [(str:split &max=2 "\t" $line)]
        var text = $parts[0]
        if (and (== 2 (count $parts)) (!=s '' $parts[1])) {{
            edit:complex-candidate $text &code-suffix=' ' &display=$text'  '$parts[1]
        }} else {{
            put $text
        }}
    }}
}}
"#
    )
}
