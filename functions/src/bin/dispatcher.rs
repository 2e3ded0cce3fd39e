//! The binary of `dispatcher`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::dispatcher::run().await)
}
