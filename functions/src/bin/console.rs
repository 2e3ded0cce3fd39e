//! The binary of `console`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::console::run().await)
}
