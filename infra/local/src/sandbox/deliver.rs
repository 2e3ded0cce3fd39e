//! The sandboxed shops' webhooks on their way: each is posted to the address that subscribed, and one
//! that is not answered well in time comes again as its channel has it. What is on its way when the process
//! dies is made up for by the search.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::sync::watch;
use weir_app::ports::Transport;
use weir_aws::{ReqwestTransport, transport::Limits};
use weir_channels::http::{HttpRequest, Method};
use weir_sandbox::{bigcommerce, shopify};

use super::Sandbox;
use crate::{StartError, pumps};

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_millis(500);

/// A delivery.
pub(super) enum Webhook {
    OfShopify(shopify::Webhook),
    OfBigCommerce(bigcommerce::Webhook),
}

impl Webhook {
    /// What it tells of, in the channel's words.
    fn topic(&self) -> &str {
        match self {
            Self::OfShopify(webhook) => webhook.topic,
            Self::OfBigCommerce(webhook) => webhook.scope,
        }
    }

    fn request(&self) -> HttpRequest {
        let (address, headers, body) = match self {
            Self::OfShopify(webhook) => (&webhook.uri, &webhook.headers, &webhook.body),
            Self::OfBigCommerce(webhook) => (&webhook.destination, &webhook.headers, &webhook.body),
        };
        let mut request = HttpRequest::new(Method::Post, address.clone());
        for (name, value) in headers {
            request = request.header(name, value.as_str());
        }
        request.body.clone_from(body);
        request
    }
}

/// How long Shopify waits for a connection, and for the answer.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(1), total: Duration::from_secs(5), body_bytes: 64 * 1024 };

/// Deliveries that are on their way at once.
const AT_ONCE: usize = 8;

/// The way out for deliveries.
pub(crate) fn way_out() -> Result<ReqwestTransport, StartError> {
    ReqwestTransport::new(LIMITS).map_err(|error| StartError::set_up("the sandbox's way out", error))
}

/// Delivers what is due until it is told to stop.
pub(crate) async fn run(sandbox: Arc<Sandbox>, way_out: ReqwestTransport, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = pumps::told_to_stop(&mut stop) => return,
            _ = ticks.tick() => {}
        }
        let due = futures_util::stream::iter(sandbox.take_webhooks());
        due.for_each_concurrent(AT_ONCE, |webhook| deliver(&sandbox, &way_out, webhook)).await;
    }
}

async fn deliver(sandbox: &Sandbox, way_out: &ReqwestTransport, webhook: Webhook) {
    let topic = webhook.topic();
    let is_good = match way_out.send(&webhook.request()).await {
        Ok(answer) if (200..300).contains(&answer.status) => true,
        Ok(answer) => {
            tracing::debug!(topic, status = answer.status, "a delivery was not taken");
            false
        }
        Err(error) => {
            tracing::debug!(topic, %error, "a delivery did not arrive");
            false
        }
    };
    sandbox.webhook_answered(&webhook, is_good);
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use weir_domain::Timestamp;
    use weir_sandbox::fake::FakeClock;

    use super::*;

    /// Minutes in which Shopify gives up, and some.
    const MINUTES: i64 = 4 * 60 + 10;

    // SPEC: OP-08
    #[tokio::test]
    async fn what_nobody_takes_comes_eight_times_more_and_then_the_subscription_is_gone() {
        let folder = std::env::temp_dir().join(format!("weir-deliver-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let clock = Arc::new(FakeClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let (sandbox, _listener) = Sandbox::open(&folder, Arc::<FakeClock>::clone(&clock)).await.unwrap();
        // A port that was free a moment ago: nobody listens there.
        let port = {
            let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            taken.local_addr().unwrap().port()
        };
        sandbox.open_state().web.subscribe("ORDERS_CREATE", &format!("http://127.0.0.1:{port}/"));
        clock.advance(SignedDuration::from_secs(8));
        sandbox.tick();
        let (way_out, mut tries) = (way_out().unwrap(), 0);
        for _ in 0..MINUTES {
            for webhook in sandbox.take_webhooks() {
                tries += 1;
                deliver(&sandbox, &way_out, webhook).await;
            }
            if sandbox.open_state().web.subscriptions().is_empty() {
                break;
            }
            clock.advance(SignedDuration::from_mins(1));
        }
        assert!(sandbox.open_state().web.subscriptions().is_empty());
        assert!((9..=18).contains(&tries), "one or two deliveries, nine times each at most: {tries}");
        let _ = std::fs::remove_dir_all(&folder);
    }
}
