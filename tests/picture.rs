//! The picture in the README, `docs/picture.svg`, is rendered from the output of the program.
//! `UPDATE_GOLDEN=1 cargo test --release --test picture` re-creates it.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const COLUMNS: usize = 110;
const LINE: usize = 19;
const CHARACTER: f64 = 8.4;

/// Text in one style, given by the numbers between `ESC [` and `m`.
struct Span<'a> {
    style: &'a str,
    text: &'a str,
}

fn spans(line: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut style = "";
    let mut rest = line;
    while !rest.is_empty() {
        if let Some(code) = rest.strip_prefix("\u{1b}[") {
            let (codes, after) = code.split_once('m').unwrap();
            style = codes;
            rest = after;
            continue;
        }
        let end = rest.find('\u{1b}').unwrap_or(rest.len());
        spans.push(Span {
            style,
            text: &rest[..end],
        });
        rest = &rest[end..];
    }
    spans
}

/// The colour of a style, on black.
fn attributes(style: &str) -> &'static str {
    match style {
        "1" => r#" font-weight="bold""#,
        "38;5;29" => r##" fill="#00875f""##,
        "38;5;63" => r##" fill="#5f5fff""##,
        "38;5;98" => r##" fill="#875fd7""##,
        "38;5;131" => r##" fill="#af5f5f""##,
        "38;5;163" => r##" fill="#d700af""##,
        "38;5;243" => r##" fill="#767676""##,
        "0" | "" => "",
        _ => panic!("style {style} has no colour here"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn drawn(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let height = (lines.len() + 2) * LINE;
    let width = COLUMNS * 17 / 2 + 32;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#000000\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" fill=\"#ffffff\" xml:space=\"preserve\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let y = (number + 1) * LINE + 8;
        let _ = write!(svg, "<text x=\"16\" y=\"{y}\">");
        let mut column = 0_usize;
        for span in spans(line) {
            let x = 16.0 + f64::from(u32::try_from(column).unwrap()) * CHARACTER;
            let (style, text) = (attributes(span.style), escaped(span.text));
            let _ = write!(svg, "<tspan x=\"{x:.1}\"{style}>{text}</tspan>");
            column += span.text.chars().count();
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

#[test]
fn the_picture_is_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args([
            "tail",
            "--input",
            "examples/cafe.ndjson",
            "--format",
            "diff",
        ])
        .args(["--color", "always", "--quiet"])
        .current_dir(root)
        .env("COLUMNS", COLUMNS.to_string())
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success());
    let picture = drawn(&String::from_utf8(output.stdout).unwrap());
    let file = root.join("docs/picture.svg");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &picture).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), picture);
}
