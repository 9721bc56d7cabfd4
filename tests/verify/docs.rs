//! `docs/troubleshooting.md` has one section per fault, with its title, in the order of the catalogue.

use std::path::Path;

use ditto_cdc::verify::check::Fault;

#[test]
fn every_fault_has_its_section() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let expected = Fault::ALL
        .iter()
        .map(|fault| format!("{}: {}", fault.id(), fault.title()));
    assert_eq!(headings.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    for section in text.split("\n## ").skip(1) {
        for part in ["\nOriginal message: ", "\nWhat to do: ", "\nTested in `"] {
            assert!(section.contains(part), "{part} is missing: {section}");
        }
        let tested = section.split("Tested in `").nth(1).unwrap();
        let place = tested.split('`').next().unwrap();
        let there = root.join(place).exists();
        assert!(there, "{place}");
    }
}
