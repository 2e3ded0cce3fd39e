//! The binary of `order-import`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    weir_functions::order_import::run().await
}
