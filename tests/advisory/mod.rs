//! Parser for `RustSec` advisories: TOML front matter with the safe versions, then Markdown.

use semver::{Version, VersionReq};
use toml_edit::{DocumentMut, Item};

/// The advisory's id if it affects this version of its crate.
pub fn against(text: &str, version: &str) -> Option<String> {
    let front = text
        .split("```")
        .nth(1)
        .unwrap()
        .strip_prefix("toml")
        .unwrap();
    let front: DocumentMut = front.parse().unwrap();
    let advisory = &front["advisory"];
    let id = advisory["id"].as_str().unwrap().to_owned();
    let withdrawn = advisory.get("withdrawn").is_some();
    let safe = ["patched", "unaffected"]
        .iter()
        .filter_map(|name| front["versions"].get(name))
        .flat_map(strings)
        .any(|range| fits(&range, version));
    (!withdrawn && !safe).then_some(id)
}

fn strings(list: &Item) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn fits(range: &str, version: &str) -> bool {
    let mut version = Version::parse(version).unwrap();
    // Build metadata does not change the version.
    version.build = semver::BuildMetadata::EMPTY;
    VersionReq::parse(range).unwrap().matches(&version)
}

#[test]
fn versions_are_told_apart() {
    let text = |versions: &str, more: &str| {
        format!("```toml\n[advisory]\nid = \"R-1\"\n{more}\n[versions]\n{versions}\n```\n# Title\n")
    };
    let check = |versions: &str, version: &str, warned: bool| {
        let found = against(&text(versions, ""), version);
        assert_eq!(found.is_some(), warned, "{versions} {version}");
    };
    check("patched = []", "1.0.0", true);
    check("patched = [\">= 1.2.3\"]", "1.2.2", true);
    check("patched = [\">= 1.2.3\"]", "1.2.3", false);
    check("patched = [\">= 300.0.5\"]", "300.6.1+3.6.3", false);
    check(
        "patched = [\">= 2.0.1\", \"< 2.0.0, >= 1.9.3\"]",
        "1.9.4",
        false,
    );
    check(
        "patched = [\">= 2.0.1\", \"< 2.0.0, >= 1.9.3\"]",
        "2.0.0",
        true,
    );
    check("patched = [\"^0.3.4\"]", "0.3.9", false);
    check("patched = []\nunaffected = [\"< 1.0\"]", "0.9.0", false);
    assert_eq!(
        against(&text("patched = []", "withdrawn = \"2022-08-14\""), "1.0.0"),
        None
    );
}
