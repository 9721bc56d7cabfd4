//! The binary: hands the process to the library and ends with its exit code.
//! Everything else, also what is printed on a failure, is in the library.

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ditto_cdc::run(std::env::args_os())
}
