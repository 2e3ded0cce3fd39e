//! The binary of `amazon-notifications`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::amazon_notifications::run().await)
}
