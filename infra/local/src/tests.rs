//! The whole hub in one process: it starts, imports, ends suddenly, and goes on on the same data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use weir_app::{
    gate::Site,
    ports::{Index, Key, Record},
};
use weir_domain::{ids::OrganizationId, stock::StockKey};

use super::*;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-local-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts on a folder. What a hub that was killed still wrote may hold its lock for a moment.
async fn started(data: &Path, no_demo: bool) -> Running {
    #[allow(clippy::disallowed_methods)] // a test that waits for real things measures real time
    let began = Instant::now();
    loop {
        let settings = Settings { no_demo, minute: Duration::from_secs(1), ..Settings::on(data) };
        match start(settings).await {
            Ok(running) => return running,
            Err(StartError::FolderInUse { .. }) if began.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn all(hub: &Hub, index: Index) -> Vec<(Key, Record)> {
    let (mut records, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = hub.list(Site::PersonRead, &index, after.as_deref(), 250).await.unwrap();
        records.extend(page.records.into_iter().map(|(key, stored)| (key, stored.record)));
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

fn first() -> OrganizationId {
    OrganizationId::parse("org_first").unwrap()
}

/// The channel's ids of all orders; each stands once.
async fn orders(hub: &Hub) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (_, record) in all(hub, Index::Orders(first())).await {
        let Record::Order(order) = record else { panic!("no order") };
        let id = order.source.unwrap().channel_order_id.to_string();
        assert!(ids.insert(id.clone()), "{id} stands twice");
    }
    ids
}

async fn at_least(hub: &Hub, count: usize) -> BTreeSet<String> {
    let wait = async {
        loop {
            let found = orders(hub).await;
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("orders arrive")
}

/// The sum of the movements is the stock, at each place and of each variant.
async fn check_stock(hub: &Hub) {
    let mut sums: BTreeMap<StockKey, i64> = BTreeMap::new();
    for (_, record) in all(hub, Index::Movements(first())).await {
        let Record::Movement(movement) = record else { panic!("no movement") };
        *sums.entry(movement.key).or_default() += movement.quantity;
    }
    let mut stock = BTreeMap::new();
    for (_, record) in all(hub, Index::Stock(first())).await {
        let Record::Stock(item) = record else { panic!("no stock") };
        stock.insert(item.key, item.on_hand);
    }
    assert!(stock.len() > 10);
    assert_eq!(sums, stock);
}

#[tokio::test]
async fn what_is_killed_goes_on_with_the_same_orders_none_twice_and_none_missing() {
    let folder = Folder::new("kill");
    let running = started(&folder.0, false).await;
    let before = at_least(&running.hub, 5).await;
    let token = running.token.clone();
    running.kill().await;

    // Killed again at once, in the middle of whatever it begins with.
    started(&folder.0, false).await.kill().await;

    let running = started(&folder.0, false).await;
    assert_eq!(running.token, token, "the token stays");
    // The shop had some 40 orders that had shipped before it opened.
    let after = at_least(&running.hub, 35).await;
    assert!(before.is_subset(&after));
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    let at_rest = orders(&running.hub).await;
    assert!(after.is_subset(&at_rest));
    check_stock(&running.hub).await;
    running.shutdown().await;
}

#[tokio::test]
async fn without_the_demo_it_is_empty_and_stays_so() {
    let folder = Folder::new("empty");
    for no_demo in [true, false] {
        let running = started(&folder.0, no_demo).await;
        assert_eq!(running.sandbox_url, None);
        assert_eq!(all(&running.hub, Index::Connections(first())).await.len(), 0);
        running.shutdown().await;
    }
}

#[tokio::test]
async fn what_is_taken_is_said_with_the_way_out() {
    let folder = Folder::new("taken");
    let running = started(&folder.0, true).await;
    let refused = start(Settings::on(&folder.0)).await.map(drop).expect_err("the folder is in use");
    assert!(refused.to_string().contains("--data DIR"), "{refused}");
    let port = running.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let refused =
        start(Settings { port, ..Settings::on("unused") }).await.map(drop).expect_err("the port is taken");
    assert!(refused.to_string().contains("--port 0"), "{refused}");
    assert!(!Path::new("unused").exists());
    running.shutdown().await;
}

#[tokio::test]
async fn a_token_of_the_environment_is_good_for_its_run() {
    use weir_app::access;
    use weir_channels::channel::Secret;

    let folder = Folder::new("token");
    let given = "a-token-of-the-environment";
    let made = {
        let running = started(&folder.0, true).await;
        let made = running.token.clone();
        running.shutdown().await;
        made
    };
    let settings = Settings { no_demo: true, token: Some(Secret::new(given)), ..Settings::on(&folder.0) };
    let running = start(settings).await.unwrap();
    assert!(access::by_token(&running.hub, given).await.unwrap().unwrap().is_deployment_admin());
    assert_eq!(access::by_token(&running.hub, &made).await.unwrap(), None);
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    assert_eq!(running.token, made);
    assert!(access::by_token(&running.hub, &made).await.unwrap().is_some());
    assert_eq!(access::by_token(&running.hub, given).await.unwrap(), None);
    running.shutdown().await;

    let short = Settings { no_demo: true, token: Some(Secret::new("short")), ..Settings::on(&folder.0) };
    assert!(matches!(start(short).await, Err(StartError::Token(_))));
}
