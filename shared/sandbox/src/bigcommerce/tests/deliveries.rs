//! Webhooks of the sandbox, held against the channel's verification, and what becomes of hooks whose
//! destination does not answer well.

use jiff::SignedDuration;
use weir_channels::{
    bigcommerce::{CHANNEL, SUBSCRIBED_SCOPES},
    channel::{About, Credentials, Delivery, Secret, WebhookError, WebhookStep},
};

use super::{at, connection, mugs, new, token, with};
use crate::{
    Now,
    bigcommerce::{
        BigCommerce, StoreSpec, Webhook,
        tests::{SECRET, STORE, TOKEN},
    },
};

const DOOR: &str = "https://weir.example/webhooks/bigcommerce/con_1";

/// Subscribes as the channel does; gives what it changed.
fn subscribe(shop: &mut BigCommerce, now: Now) -> Vec<String> {
    let webhooks = CHANNEL.webhooks.unwrap();
    let mut answers = Vec::new();
    loop {
        match webhooks.subscribe(&connection(), &token(), DOOR, &answers).unwrap() {
            WebhookStep::Ask(_, request) => answers.push(shop.handle(&request, now)),
            WebhookStep::Done { changed, denied } => {
                assert!(denied.is_empty());
                return changed;
            }
        }
    }
}

fn receive(webhook: &Webhook, names: &[&str], now: Now) -> Result<Delivery, WebhookError> {
    let webhooks = CHANNEL.webhooks.unwrap();
    let all = [("access_token", TOKEN), ("client_secret", SECRET)];
    let given = all.into_iter().filter(|(name, _)| names.contains(name));
    let credentials: Credentials = given.map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    let secrets = webhooks.secrets(&credentials);
    webhooks.receive(&connection(), &secrets, &webhook.headers, &webhook.body, now.wall)
}

#[test]
fn a_hook_is_signed_and_carries_the_header_of_weir() {
    // SPEC: OP-06
    let mut shop = new();
    assert_eq!(subscribe(&mut shop, at(0)), SUBSCRIBED_SCOPES);
    assert!(subscribe(&mut shop, at(1)).is_empty(), "done again it changes nothing");
    let id = shop.place_order(STORE, mugs(1), at(30)).unwrap();
    assert_eq!(shop.waiting_webhooks(), 0, "a new hook takes a minute");
    shop.set_status(STORE, id, 9, at(100));
    let out = shop.take_webhooks(at(101));
    assert_eq!(out.len(), 2);
    for webhook in &out {
        let delivery = receive(webhook, &["access_token", "client_secret"], at(101)).unwrap();
        assert_eq!(delivery.about, About::Order(id.to_string().parse_id()));
        assert_eq!(delivery.account, STORE);
        // Either way in is enough.
        assert!(receive(webhook, &["access_token"], at(101)).is_ok());
        assert!(receive(webhook, &["client_secret"], at(101)).is_ok());
        assert!(receive(webhook, &[], at(101)).unwrap_err().is_unverified());
        // A signature ages, and the header does not.
        assert!(receive(webhook, &["client_secret"], at(101 + 301)).unwrap_err().is_unverified());
        assert!(receive(webhook, &["access_token"], at(101 + 301)).is_ok());
    }
}

trait ParseId {
    fn parse_id(&self) -> weir_domain::ids::ChannelOrderId;
}

impl ParseId for String {
    fn parse_id(&self) -> weir_domain::ids::ChannelOrderId {
        weir_domain::ids::ChannelOrderId::parse(self).unwrap()
    }
}

#[test]
fn an_unsigned_hook_comes_in_by_its_header_alone() {
    // SPEC: OP-06
    let mut shop = with(StoreSpec::new(STORE, TOKEN, ""));
    subscribe(&mut shop, at(0));
    shop.place_order(STORE, mugs(1), at(100)).unwrap();
    let out = shop.take_webhooks(at(101));
    assert!(receive(&out[0], &["access_token"], at(101)).is_ok());
    assert!(receive(&out[0], &["client_secret"], at(101)).unwrap_err().is_unverified());
    let mut other = out[0].clone();
    other.headers.retain(|(name, _)| name != weir_channels::bigcommerce::OWN_HEADER);
    assert!(receive(&other, &["access_token"], at(101)).unwrap_err().is_unverified());
}

#[test]
fn a_hook_that_was_switched_off_or_lost_is_put_back() {
    // SPEC: OP-08
    let mut shop = new();
    subscribe(&mut shop, at(0));
    shop.place_order(STORE, mugs(1), at(100)).unwrap();
    let mut now = at(101);
    let mut tries = 0;
    while shop.waiting_webhooks() > 0 {
        for webhook in shop.take_webhooks(now) {
            tries += 1;
            shop.webhook_answered(&webhook, false, now);
        }
        now = Now::at(now.wall + SignedDuration::from_secs(60));
    }
    assert_eq!(tries, 12, "once, and eleven times again in two days");
    let off = shop.hooks_of(STORE).iter().filter(|(_, _, is_active)| !is_active).count();
    assert_eq!(off, 1);
    assert_eq!(subscribe(&mut shop, now), ["store/order/created"]);
    // Ninety quiet days switch off all of them.
    let later = Now::at(now.wall + SignedDuration::from_hours(91 * 24));
    assert_eq!(subscribe(&mut shop, later), SUBSCRIBED_SCOPES);
    shop.drop_hooks(STORE);
    assert_eq!(subscribe(&mut shop, later).len(), SUBSCRIBED_SCOPES.len());
    // With another token they carry another header.
    shop.renew_token(STORE, TOKEN);
    assert!(
        shop.hooks_of(STORE).iter().all(|(_, destination, is_active)| *destination == DOOR && *is_active)
    );
}

#[test]
fn a_domain_that_answers_badly_is_left_out_for_minutes() {
    let mut shop = new();
    subscribe(&mut shop, at(0));
    for _ in 0..120 {
        shop.place_order(STORE, mugs(1), at(100)).unwrap();
    }
    let out = shop.take_webhooks(at(100));
    assert_eq!(out.len(), 120);
    for (number, webhook) in out.iter().enumerate() {
        shop.webhook_answered(webhook, number % 5 != 0, at(101));
    }
    shop.place_order(STORE, mugs(1), at(110)).unwrap();
    assert!(shop.take_webhooks(at(111)).is_empty(), "the whole domain is left out");
    assert!(!shop.take_webhooks(at(400)).is_empty());
}

#[test]
fn the_end_of_an_application_is_told() {
    // SPEC: G-11
    let mut shop = new();
    subscribe(&mut shop, at(0));
    shop.uninstall(STORE, at(100));
    let out = shop.take_webhooks(at(101));
    assert_eq!(receive(&out[0], &["client_secret"], at(101)).unwrap().about, About::Uninstalled);
}
