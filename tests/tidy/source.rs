//! Rust files as text, without comments and tests.

use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    /// The path below its root, with `/`.
    pub name: String,
    pub text: String,
}

impl Source {
    /// The top-level module that the file belongs to.
    pub fn top_module(&self) -> String {
        let first = self.name.split('/').next().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    /// The file's own module as a path from the crate's root; empty for the root.
    pub fn module(&self) -> Vec<String> {
        let path = self.name.trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let names = path.split('/').filter(|name| *name != "lib");
        names.map(str::to_owned).collect()
    }

    /// Whether the file holds only tests.
    pub fn is_test(&self) -> bool {
        self.name.ends_with("tests.rs") || self.name.contains("/tests/")
    }

    /// The code of the program: no comments and no tests, which may import more.
    pub fn code(&self) -> String {
        if self.is_test() {
            return String::new();
        }
        without_tests(&self.text)
    }

    /// The lines of the file's header, without `//!`.
    pub fn header(&self) -> Vec<&str> {
        let lines = self.text.lines();
        let header = lines.map_while(|line| line.strip_prefix("//!"));
        header.map(str::trim).collect()
    }
}

/// All Rust files below a folder of the package.
pub fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty(), "no Rust files in {}", root.display());
    let read = |path: PathBuf| Source {
        name: path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/"),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The lines that are neither comments nor items under `#[cfg(test)]`.
pub fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.find('#').unwrap_or(0);
        let item = lines
            .by_ref()
            .find(|line| !line.trim_start().starts_with('#'));
        if item.is_some_and(|item| item.ends_with('{')) {
            let end = format!("{}}}", " ".repeat(indent));
            lines.by_ref().find(|line| *line == end);
        }
    }
    code
}
