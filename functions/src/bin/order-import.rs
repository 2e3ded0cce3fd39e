//! The binary of `order-import`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::order_import::run().await)
}
