//! The binary of `bigcommerce-webhook`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::bigcommerce_webhook::run().await)
}
