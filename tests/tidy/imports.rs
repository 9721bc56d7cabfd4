//! Import paths of Rust code, resolved to files, and the circles that they form.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// A path from the crate's root.
type Path = Vec<String>;

/// Which file imports from which.
pub struct Imports {
    /// Module path to file name.
    files: BTreeMap<Path, String>,
    /// `pub use`: module and name to the path that it stands for.
    reexports: BTreeMap<(Path, String), Path>,
    /// File to the files that define what it imports.
    pub edges: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// Reads the imports of a crate's files.
    pub fn new(sources: &[Source]) -> Imports {
        let program = || sources.iter().filter(|source| !source.is_test());
        let mut imports = Imports {
            files: program()
                .map(|source| (source.module(), source.name.clone()))
                .filter(|(_, name)| name != "main.rs")
                .collect(),
            reexports: BTreeMap::new(),
            edges: BTreeMap::new(),
        };
        for source in program() {
            let module = source.module();
            for (path, is_public) in paths(&source.code()) {
                if let (true, Some(path)) = (is_public, imports.resolve(&path, &module)) {
                    let name = path.last().cloned().unwrap_or_default();
                    imports.reexports.insert((module.clone(), name), path);
                }
            }
        }
        for source in program() {
            let module = source.module();
            let private = paths(&source.code())
                .into_iter()
                .filter(|(_, public)| !public);
            let defined = private
                .filter_map(|(path, _)| imports.resolve(&path, &module))
                .filter_map(|path| imports.definer(path))
                .filter(|file| *file != source.name)
                .collect();
            imports.edges.insert(source.name.clone(), defined);
        }
        imports
    }

    /// A path as written in `module`, from the crate's root; `None` for other crates.
    fn resolve(&self, path: &[String], module: &[String]) -> Option<Path> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        let (base, rest): (&[String], &[String]) = match path.first()?.as_str() {
            "crate" => (&[], &path[1..]),
            "self" => (module, &path[1..]),
            "super" => (
                &module[..module.len().checked_sub(supers)?],
                &path[supers..],
            ),
            name => {
                let child = [module, &[name.to_owned()]].concat();
                if !self.files.contains_key(&child) {
                    return None;
                }
                (module, path)
            }
        };
        Some([base, rest].concat())
    }

    /// The file that defines what a path names, through re-exports.
    fn definer(&self, mut path: Path) -> Option<String> {
        for _ in 0..8 {
            let depth = (0..=path.len())
                .rev()
                .find(|depth| self.files.contains_key(&path[..*depth]))?;
            let module = path[..depth].to_vec();
            let name = path.get(depth).cloned().unwrap_or_default();
            match self.reexports.get(&(module.clone(), name)) {
                Some(target) => path = [target, &path[depth + 1..]].concat(),
                None => return self.files.get(&module).cloned(),
            }
        }
        None
    }

    /// The circles between the files and subfolders of each folder, each as a line.
    pub fn circles(&self) -> Vec<String> {
        let folders: BTreeSet<&str> = self.edges.keys().map(|file| folder(file)).collect();
        let mut circles = Vec::new();
        for folder in folders {
            let graph = self.graph(folder);
            let mut members: BTreeSet<Vec<&str>> = BTreeSet::new();
            for start in graph.keys() {
                let reached = reachable(&graph, start);
                let circle: Vec<&str> = reached
                    .iter()
                    .filter(|other| reachable(&graph, other).contains(start))
                    .copied()
                    .collect();
                if circle.len() > 1 {
                    members.insert(circle);
                }
            }
            circles.extend(
                members
                    .iter()
                    .map(|circle| format!("{folder}/{{{}}}", circle.join(","))),
            );
        }
        circles
    }

    fn graph<'s>(&'s self, folder: &str) -> BTreeMap<&'s str, BTreeSet<&'s str>> {
        let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (file, others) in &self.edges {
            let Some(from) = entry(folder, file) else {
                continue;
            };
            let to = others.iter().filter_map(|other| entry(folder, other));
            let to = to.filter(|to| *to != from);
            graph.entry(from).or_default().extend(to);
        }
        graph
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The file or subfolder of a folder that a file belongs to.
fn entry<'f>(folder: &str, file: &'f str) -> Option<&'f str> {
    let below = match folder {
        "" => file,
        _ => file.strip_prefix(folder)?.strip_prefix('/')?,
    };
    below.split('/').next()
}

fn reachable<'g>(graph: &BTreeMap<&'g str, BTreeSet<&'g str>>, start: &str) -> BTreeSet<&'g str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![start];
    while let Some(next) = open.pop() {
        for to in graph.get(next).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

/// Every path that code imports or writes out, and whether it is re-exported.
pub fn paths(code: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let code = without_visibility_paths(code);
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let Some((visibility, tree)) = use_statement(line) else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            tree.push_str(lines.next().unwrap_or(";").trim());
        }
        let tree = tree.split(';').next().unwrap_or_default();
        found.extend(leaves(tree).into_iter().map(|path| (path, visibility)));
    }
    found.extend(written_out(&rest).into_iter().map(|path| (path, false)));
    found
}

/// `pub(in path)` imports nothing.
fn without_visibility_paths(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("pub");
        kept.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    kept
}

/// The tree of a `use`, and whether it is public.
fn use_statement(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_start();
    if let Some(tree) = line.strip_prefix("use ") {
        return Some((false, tree));
    }
    let rest = line.strip_prefix("pub")?;
    let (_, tree) = rest
        .split_once(" use ")
        .or_else(|| rest.split_once("use "))?;
    let visibility = &rest[..rest.len() - tree.len() - "use ".len()];
    let is_use = visibility.trim().is_empty() || visibility.trim().starts_with('(');
    (is_use && !visibility.contains("fn ")).then_some((true, tree))
}

/// The paths of a `use` tree.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let names = |text: &str| -> Vec<String> {
        let text = text.split(" as ").next().unwrap_or_default();
        let names = text.split("::").map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let Some((prefix, list)) = tree.split_once('{') else {
        return vec![names(tree)];
    };
    let list = list.rsplit_once('}').map_or(list, |(list, _)| list);
    let prefix = names(prefix);
    let mut paths = Vec::new();
    for part in split_list(list) {
        for leaf in leaves(&part) {
            let leaf = if leaf == ["self"] { Vec::new() } else { leaf };
            paths.push([&prefix[..], &leaf].concat());
        }
    }
    paths
}

/// The parts of a list at its first level.
fn split_list(list: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0_i32, vec![String::new()]);
    for c in list.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match parts.last_mut() {
            Some(part) if c != ',' || depth > 0 => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Paths with at least two names, outside `use`.
fn written_out(code: &str) -> Vec<Vec<String>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let words = code.split(|c: char| !is_name(c) && c != ':');
    let words = words.filter(|word| word.contains("::") && !word.starts_with("::"));
    words
        .map(|word| {
            let names = word.split("::").filter(|name| !name.is_empty());
            names
                .map(|name| name.trim_matches(':').to_owned())
                .collect()
        })
        .collect()
}
