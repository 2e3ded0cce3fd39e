//! A sandboxed Shopify without a hub, on a free port of 127.0.0.1, until the process is killed. Its first
//! line says where it listens.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    weir::alone::run("weir-shopify", weir::shopify_alone::serve).await
}
