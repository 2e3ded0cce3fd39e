//! What the sandbox writes, Weir's own channel reads: the demo's orders without a doubt, and odd ones
//! without a panic.

use rust_decimal::Decimal;
use weir_channels::amazon::CHANNEL;

use super::*;
use crate::amazon::{Demo, Quirk, Status};

const ALL: &str = "includedData=BUYER,RECIPIENT,PROCEEDS,PROMOTION,FULFILLMENT,TAX,CANCELLATION";

/// Reads an order as the channel does.
fn read(
    amazon: &mut Amazon,
    id: &str,
    token: &str,
    now: Now,
) -> Result<weir_domain::channel_order::ChannelOrder, String> {
    let answer = amazon.handle(&get(&format!("/orders/2026-01-01/orders/{id}?{ALL}"), token), now);
    assert_eq!(answer.status, 200);
    let body = serde_json::to_vec(&json(&answer)["order"]).unwrap();
    CHANNEL.orders.unwrap().read("2026-01-01", &body).map_err(|error| error.message)
}

#[test]
fn the_demo_s_orders_are_read_without_a_doubt() {
    let mut amazon = Amazon::new(5);
    let mut demo = Demo::new(5, at(0).wall);
    demo.install(&mut amazon, at(0));
    amazon.token_lifetime = SignedDuration::from_hours(1_000);
    for place in &Demo::MARKETPLACES {
        let login = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            place.refresh_token.replace('|', "%7C"),
            Demo::CLIENT_ID,
            Demo::CLIENT_SECRET
        );
        let token = token(&mut amazon, &login, at(0));
        let orders: Vec<_> = amazon.truth(place.seller_id).into_iter().cloned().collect();
        for (number, truth) in orders.iter().enumerate() {
            let now = at(2 * i64::try_from(number).unwrap());
            let order = read(&mut amazon, &truth.id, &token, now).unwrap();
            assert_eq!(order.total.map(|money| money.amount), truth.state.total(), "{}", truth.id);
            assert_eq!(order.lines.len(), truth.state.spec.lines.len());
            assert_eq!(order.updated_at, truth.state.updated_at);
            if truth.state.status != Status::Shipped || truth.state.total().is_none() {
                continue;
            }
            assert!(order.oddities.is_empty(), "{:?}", order.oddities);
            let sum: Decimal = order
                .lines
                .iter()
                .map(|line| {
                    let charges: Decimal = line
                        .charges
                        .iter()
                        .map(|charge| charge.amount - charge.discount + on_top(&order, charge.tax))
                        .sum();
                    line.amount.unwrap() - line.discount + on_top(&order, line.tax)
                        - on_top(&order, line.discount_tax)
                        + charges
                })
                .sum();
            assert_eq!(Some(sum), truth.state.total(), "{}", truth.id);
        }
    }
}

fn on_top(order: &weir_domain::channel_order::ChannelOrder, tax: Option<Decimal>) -> Decimal {
    if order.prices_include_tax { Decimal::ZERO } else { tax.unwrap_or_default() }
}

#[test]
fn odd_orders_are_read_or_refused_in_words() {
    let mut amazon = new();
    let token = token(&mut amazon, REFRESH, at(0));
    for (number, quirk) in Quirk::ALL.into_iter().enumerate() {
        let id = amazon.place_order(SELLER, simple("A").quirk(quirk), at(0));
        amazon.ship(&id, at(0));
        let read = read(&mut amazon, &id, &token, at(2 * i64::try_from(number).unwrap()));
        let told = match &read {
            Ok(order) => order.oddities.join("; "),
            Err(message) => message.clone(),
        };
        println!("{quirk:?}: {} {told}", if read.is_ok() { "read" } else { "refused" });
        assert!(read.is_ok() || !told.is_empty());
    }
}
