//! The process ends in the middle, and another one starts on the same folder: the same orders, none
//! twice, none missing, and the movements add up to the stock.

use std::path::PathBuf;

use jiff::SignedDuration;
use weir_app::gate::Site;
use weir_sandbox::amazon::marketplaces::US;
use weir_tests::{
    At, Folder, House, Shop, When,
    crash::drop_after,
    shop::{MUG, TEA, line},
};

async fn open(folder: &Folder) -> (House, Shop) {
    let house = House::on_disk(PathBuf::from(folder.path())).await;
    let shop = house.shop("acme", &US).await;
    (house, shop)
}

async fn check(house: &House, shop: &Shop, ids: &[String]) {
    for id in ids {
        assert!(house.is_in(shop, id).await, "{id}: {}", house.outcome(shop, id).await);
    }
    let mut orders: Vec<String> =
        house.orders(&shop.organization).await.into_iter().map(|order| order.order_no).collect();
    orders.sort();
    let mut expected = ids.to_vec();
    expected.sort();
    assert_eq!(orders, expected);
    let units = i64::try_from(ids.len()).unwrap();
    assert_eq!(house.on_hand(shop, MUG).await, 100 - units);
    assert_eq!(house.on_hand(shop, TEA).await, 45 - units);
    let imported: Vec<String> =
        house.announced().into_iter().filter(|event| event.starts_with("OrderImported")).collect();
    for id in ids {
        assert!(imported.contains(&format!("OrderImported {id}")), "{id} was never announced");
    }
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01, G-02, G-05
#[tokio::test]
async fn stopped_in_the_middle_of_a_page_and_of_an_import_it_goes_on_where_it_was() {
    let folder = Folder::new("restart");
    let (mut house, shop) = open(&folder).await;
    let mut ids = Vec::new();
    for at in [
        At(Site::PollKeep, 2, When::After),
        At(Site::PollSignal, 0, When::Before),
        At(Site::PollSignal, 0, When::After),
        At(Site::PollAdvance, 0, When::Before),
        At(Site::PollAdvance, 0, When::After),
        At(Site::ImportCommit, 1, When::Before),
        At(Site::ImportCommit, 1, When::After),
        At(Site::DispatchAnnounce, 1, When::Before),
        At(Site::DispatchAnnounce, 1, When::After),
        At(Site::DispatchRemove, 1, When::After),
    ] {
        for _ in 0..4 {
            ids.push(house.sell(&shop, vec![line(MUG, 1), line(TEA, 1)]));
        }
        house.clock.advance(SignedDuration::from_mins(3));
        let work = async {
            house.tick().await;
            house.settle().await;
        };
        assert_eq!(house.crash(at, work).await, None, "{at:?} was never reached");
        house = house.restart().await;
        // What was in hand comes back, and the schedules run on.
        house.minutes(3).await;
        check(&house, &shop, &ids).await;
    }
}

// SPEC: KF-01, G-02, G-05
#[tokio::test]
async fn killed_after_any_number_of_polls_it_goes_on_where_it_was() {
    let folder = Folder::new("kill");
    let (mut house, shop) = open(&folder).await;
    let mut ids = Vec::new();
    let mut killed = 0;
    for polls in [1, 3, 6, 10, 15, 21, 28, 36] {
        for _ in 0..4 {
            ids.push(house.sell(&shop, vec![line(MUG, 1), line(TEA, 1)]));
        }
        house.clock.advance(SignedDuration::from_mins(3));
        let work = async {
            house.tick().await;
            house.settle().await;
        };
        killed += usize::from(drop_after(polls, work).await.is_none());
        house = house.restart().await;
        house.minutes(3).await;
        check(&house, &shop, &ids).await;
    }
    assert!(killed >= 5, "only {killed} were killed in the middle");
}

// SPEC: KF-01
#[tokio::test]
async fn a_look_of_several_pages_goes_on_with_its_next_page() {
    let folder = Folder::new("pages");
    let house = House::on_disk(PathBuf::from(folder.path())).await;
    let shop = house.shop("acme", &US).await;
    let ids: Vec<String> = (0..130).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.clock.advance(SignedDuration::from_mins(3));
    let at = At(Site::PollKeep, 110, When::After);
    assert_eq!(house.crash(at, house.tick()).await, None);
    let house = house.restart().await;
    let page = house.looks(&shop).await.unwrap().main.page;
    assert!(page.is_some(), "the first page is done, the second is not");
    house.minutes(2).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, -30);
    let books = house.check_books(&shop.organization).await;
    assert_eq!(books.orders, 130);
}
