//! The binary of `fba-order-poller`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir_functions::ended(weir_functions::fba_order_poller::run().await)
}
