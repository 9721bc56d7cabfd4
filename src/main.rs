//! The binary: hands the process to the library and ends with its exit code.
//! Everything else, also what is printed on a failure, is in the library.

fn main() -> std::process::ExitCode {
    ditto_cdc::run(std::env::args_os())
}
