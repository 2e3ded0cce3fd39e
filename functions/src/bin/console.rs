//! The binary of `console`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    weir_functions::console::run().await
}
