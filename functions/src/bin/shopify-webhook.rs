//! The binary of `shopify-webhook`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::shopify_webhook::run().await)
}
