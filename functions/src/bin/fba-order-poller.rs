//! The binary of `fba-order-poller`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    weir_functions::fba_order_poller::run().await
}
