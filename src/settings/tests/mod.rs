//! Table-driven tests of the resolution, on scenes with their own files and variables.
#![allow(clippy::unwrap_used)]

mod cases;
mod profile;
mod rank;
mod secrets;
mod trust;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Environment, Flags, Settings, SettingsError, resolve};

/// A working folder with files, an environment, and a home folder (`<cwd>/home`).
pub(super) struct Scene {
    cwd: tempfile::TempDir,
    variables: HashMap<String, OsString>,
    flags: Flags,
}

impl Scene {
    fn new() -> Scene {
        Scene {
            cwd: tempfile::tempdir().unwrap(),
            variables: HashMap::new(),
            flags: Flags::default(),
        }
    }

    fn file(self, name: &str, content: impl AsRef<[u8]>) -> Scene {
        let path = self.cwd.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Scene {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    fn flags(mut self, change: impl FnOnce(&mut Flags)) -> Scene {
        change(&mut self.flags);
        self
    }

    fn option(self, text: &str) -> Scene {
        self.flags(|flags| flags.extra.push(text.to_owned()))
    }

    fn resolve(&self) -> Result<Settings, SettingsError> {
        let var = |name: &str| self.variables.get(name).cloned();
        let home = self.cwd.path().join("home");
        let environment = Environment {
            var: &var,
            cwd: self.cwd.path(),
            home: Some(&home),
        };
        resolve(&self.flags, &environment)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cwd.path().join(name)
    }
}
