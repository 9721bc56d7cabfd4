//! Host names with several addresses, for programs that look names up with the C library.

use std::path::Path;
use std::process::Command;

/// Replaces `getaddrinfo`: the name `$TEST_NAME` has the IPv4 addresses `$TEST_ADDRESSES`.
const RESOLVER: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    lookup *original = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *known = getenv("TEST_NAME"), *addresses = getenv("TEST_ADDRESSES");
    if (!name || !known || !addresses || strcmp(name, known) != 0)
        return original(name, port, hints, found);
    char copy[256];
    strncpy(copy, addresses, sizeof copy - 1);
    copy[sizeof copy - 1] = 0;
    *found = NULL;
    char *rest = copy, *address;
    while ((address = strsep(&rest, ","))) {
        struct addrinfo **end = found;
        while (*end)
            end = &(*end)->ai_next;
        int failed = original(address, port, hints, end);
        if (failed)
            return failed;
    }
    return 0;
}
"#;

/// The environment in which a name has these addresses; `None` if this system has no C compiler or no `LD_PRELOAD`.
pub fn with_addresses(
    folder: &Path,
    name: &str,
    addresses: &str,
) -> Option<Vec<(&'static str, String)>> {
    let (source, library) = (folder.join("resolver.c"), folder.join("resolver.so"));
    std::fs::write(&source, RESOLVER).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library);
    let built = compiler.arg(&source).arg("-ldl").status();
    let works = cfg!(target_os = "linux") && built.is_ok_and(|status| status.success());
    works.then(|| {
        vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("TEST_NAME", name.to_owned()),
            ("TEST_ADDRESSES", addresses.to_owned()),
        ]
    })
}
