//! The binary of `dispatcher`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    weir_functions::dispatcher::run().await
}
