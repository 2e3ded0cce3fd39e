//! The binary of `fulfillment-push`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::fulfillment_push::run().await)
}
