//! The binary of `amazon-notifications`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    weir_functions::amazon_notifications::run().await
}
