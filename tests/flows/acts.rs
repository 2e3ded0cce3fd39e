//! What people do to a web shop's orders, and what the shop and the importer make of it.

use jiff::SignedDuration;
use weir_app::{
    acts::{
        fulfill::{self, Fulfilled, FulfillmentPatch, NewParcel},
        invoice, manufacture, receive,
    },
    gate::Site,
    lists::Window,
    message::SignalCause,
    orders,
    people::Refusal,
};
use weir_domain::{
    ids::RowId,
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
    sales_order::{FulfillmentRow, FulfillmentStatus, OrderStatus},
    sales_return::ReturnStatus,
};
use weir_sandbox::{
    Now,
    shopify::{Edit, LineSpec, OrderSpec},
};
use weir_tests::{At, House, When, web_shop::WebShop};

const MUG: &str = "MUG-1";
const WHO: &str = "token:tests";

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new(MUG, quantity, 1_000)])
}

/// A shop with an order that is in.
async fn with_order(house: &House, spec: OrderSpec) -> (WebShop, u64) {
    let shop = house.web_shop("mugs", |settings| settings.bring_returns = true).await;
    let id = house.place_in_web_shop(&shop, spec);
    house.minutes(3).await;
    assert_eq!(shop.outcome(house, id).await, "imported open_order", "{:?}", house.errors());
    (shop, id)
}

fn edit(house: &House, id: u64, edits: &[Edit]) {
    house.clock.advance(SignedDuration::from_mins(1));
    assert!(house.crossing.shopify().edit(id, edits, Now::at(house.now())));
}

/// How often the shop has it as fulfilled, and with which parcels.
fn at_shop(house: &House, id: u64) -> (usize, Vec<String>) {
    let shopify = house.crossing.shopify();
    let made = &shopify.order(id).unwrap().fulfillments;
    let numbers = made.iter().flat_map(|one| one.tracking.iter().map(|parcel| format!("{parcel:?}")));
    (made.len(), numbers.collect())
}

// SPEC: KS-41, KS-43, KS-46 (packed, told with its parcel, delivered; stock moves once, the shop is told once)
#[tokio::test]
async fn what_is_packed_and_then_delivered_is_told_to_the_shop_once() {
    let house = House::new().await;
    let (shop, id) = with_order(&house, mugs(3)).await;
    let packed = shop.handle(&house, id, FulfillmentStatus::Packed, 2).await;
    house.settle().await;
    let (made, parcels) = at_shop(&house, id);
    assert_eq!(made, 1, "{:?}", house.errors());
    assert!(parcels[0].contains("1Z999") && parcels[0].contains("UPS"), "{parcels:?}");
    assert_eq!(shop.stock(&house, MUG).await, (-2, 1));

    let (hub, organization, order) = (&house.hub, &shop.organization, shop.order_id(id));
    let delivered = FulfillmentPatch { status: Some(FulfillmentStatus::Delivered), tracking: None };
    for _ in 0..2 {
        fulfill::change(hub, organization, &order, &packed, &delivered, WHO).await.unwrap();
        house.settle().await;
    }
    assert_eq!((at_shop(&house, id).0, shop.stock(&house, MUG).await), (1, (-2, 1)), "neither twice");
    assert_eq!(shop.order(&house, id).await.unwrap().status, OrderStatus::PartiallyDelivered);

    shop.handle(&house, id, FulfillmentStatus::Delivered, 1).await;
    house.minutes(3).await;
    house.look_at(&shop, id, SignalCause::Notification).await;
    assert_eq!(house.crossing.shopify().order(id).unwrap().fulfillment_status(), "FULFILLED");
    let known = shop.order(&house, id).await.unwrap();
    assert_eq!(
        (known.status, known.fulfillments.len()),
        (OrderStatus::Delivered, 2),
        "its echo changes nothing"
    );
    assert_eq!(shop.stock(&house, MUG).await, (-3, 0));
    let timeline = shop.timeline(&house, id).await;
    assert_eq!(timeline.iter().filter(|what| *what == "pushed").count(), 2, "{timeline:?}");
    assert!(house.announced().iter().any(|event| event.starts_with("OrderDelivered")));
    house.check_books(&shop.organization).await;
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: G-02, G-05 (wherever the process ends, and whoever is at it at the same time)
#[tokio::test]
async fn units_leave_once_whatever_is_tried_again() {
    let house = House::new().await;
    let (shop, _) = with_order(&house, mugs(1)).await;
    let (hub, organization) = (&house.hub, &shop.organization);
    for when in [When::Before, When::After] {
        let id = house.place_in_web_shop(&shop, mugs(2));
        house.minutes(2).await;
        let before = shop.stock(&house, MUG).await;
        let new = shop.parcel(&house, id, FulfillmentStatus::Delivered, 2).await;
        let (order, token) = (shop.order_id(id), format!("once{when:?}"));
        let act = |new: NewParcel| fulfill::fulfill(hub, organization, &order, &token, new, WHO);
        assert!(house.crash(At(Site::PersonWrite, 0, when), act(new.clone())).await.is_none(), "{when:?}");
        for _ in 0..2 {
            act(new.clone()).await.unwrap();
        }
        house.settle().await;
        assert_eq!(shop.stock(&house, MUG).await, (before.0 - 2, before.1 - 2), "{when:?}");
        assert_eq!(at_shop(&house, id).0, 1, "{when:?}");
    }

    // Two people at once, two of three units each.
    let id = house.place_in_web_shop(&shop, mugs(3));
    house.minutes(2).await;
    let new = shop.parcel(&house, id, FulfillmentStatus::Packed, 2).await;
    let order = shop.order_id(id);
    let act = |token: &'static str| fulfill::fulfill(hub, organization, &order, token, new.clone(), WHO);
    let (first, second) = futures_util::future::join(act("first"), act("second")).await;
    let refused = |done: &Result<Fulfilled, Refusal>| matches!(done, Err(Refusal::Invalid { fields, .. }) if fields[0].path == "rows[0].quantity");
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    assert!(refused(&first) || refused(&second), "{first:?} {second:?}");
    assert_eq!(shop.order(&house, id).await.unwrap().fulfillments.len(), 1);
}

// SPEC: KS-35
#[tokio::test]
async fn an_invoiced_row_does_not_follow_its_shop() {
    let house = House::new().await;
    let spec = OrderSpec::new(vec![LineSpec::new(MUG, 3, 1_000), LineSpec::new("CUP", 2, 500)]);
    let (shop, id) = with_order(&house, spec).await;
    let row = shop.order(&house, id).await.unwrap().rows[0].id.clone();
    let rows = [row].into();
    invoice::invoice(&house.hub, &shop.organization, &shop.order_id(id), &rows, WHO).await.unwrap();
    edit(&house, id, &[Edit::SetQuantity(0, 1), Edit::SetQuantity(1, 1)]);
    house.minutes(3).await;
    let order = shop.order(&house, id).await.unwrap();
    let units: Vec<(i64, bool)> = order.rows.iter().map(|row| (row.quantity, row.invoiced)).collect();
    assert_eq!(units, [(3, true), (1, false)]);
    let account = shop.account(&house, id).await.unwrap();
    assert!(account.outcome.reason.message.contains("Not applied"), "{}", account.outcome.reason.message);
    // What was called off stays too, because of the invoice. (SPEC KS-33)
    assert!(house.crossing.shopify().cancel(id, Now::at(house.now())));
    house.minutes(3).await;
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.deleted_at.is_none());
    assert_eq!(order.rows.iter().map(|row| row.quantity).collect::<Vec<_>>(), [3]);
    assert_eq!(shop.stock(&house, MUG).await, (0, 3));
}

async fn make(house: &House, shop: &WebShop, id: u64, row: &RowId, quantity: i64) -> ManufacturingOrder {
    let (order, token) = (shop.order_id(id), house.hub.ids.token());
    let of = (&order, row);
    manufacture::create(&house.hub, &shop.organization, &token, of, quantity, WHO).await.unwrap()
}

/// What is made for the order: SKU, units, how far, and whether it is linked.
async fn made(house: &House, shop: &WebShop, id: u64) -> Vec<String> {
    let filter = manufacture::Filter { order: Some(shop.order_id(id)), status: None };
    let window = Window { places: None, limit: 50 };
    let part = manufacture::list(&house.hub, &shop.organization, &filter, &window).await.unwrap();
    let told = |made: &ManufacturingOrder| {
        let linked = if made.row.is_some() { "" } else { " unlinked" };
        format!("{} {} {}{linked}", made.sku, made.quantity, made.status.as_str())
    };
    let mut all: Vec<String> = part.data.iter().map(told).collect();
    all.sort();
    all
}

// SPEC: KS-30, KS-32 (through the importer)
#[tokio::test]
async fn manufacturing_orders_follow_their_rows_until_work_has_begun() {
    let house = House::new().await;
    let lines = ["A", "B", "C", "D"].map(|sku| LineSpec::new(sku, 2, 500)).to_vec();
    let (shop, id) = with_order(&house, OrderSpec::new(lines)).await;
    let rows: Vec<RowId> =
        shop.order(&house, id).await.unwrap().rows.iter().map(|row| row.id.clone()).collect();
    let mut ids = Vec::new();
    for row in &rows {
        ids.push(make(&house, &shop, id, row, 2).await.id);
    }
    for (position, status) in [(1, ManufacturingStatus::WorkInProgress), (3, ManufacturingStatus::Done)] {
        let change = (Some(status), None);
        manufacture::change(&house.hub, &shop.organization, &ids[position], change, WHO).await.unwrap();
    }
    edit(&house, id, &[Edit::SetQuantity(0, 5), Edit::SetQuantity(1, 1)]);
    house.minutes(3).await;
    let expected = ["A 5 not_started", "B 2 work_in_progress unlinked", "C 2 not_started", "D 2 done"];
    assert_eq!(made(&house, &shop, id).await, expected, "{:?}", house.errors());
    edit(&house, id, &[Edit::SetQuantity(2, 0), Edit::SetQuantity(3, 0)]);
    house.minutes(3).await;
    let expected = ["A 5 not_started", "B 2 work_in_progress unlinked", "D 2 done unlinked"];
    assert_eq!(made(&house, &shop, id).await, expected);
    // A row whose manufacturing order was unlinked can be made anew.
    make(&house, &shop, id, &rows[1], 1).await;
    let gone = manufacture::read(&house.hub, &shop.organization, &ids[2]).await;
    assert!(matches!(gone, Err(Refusal::NotFound(_))), "{gone:?}");
}

// SPEC: KS-16
#[tokio::test]
async fn what_comes_back_is_received_once_and_does_not_change_any_more() {
    let house = House::new().await;
    let (shop, id) = with_order(&house, mugs(3)).await;
    assert!(house.crossing.shopify().fulfill(id, None, Now::at(house.now())));
    house.minutes(3).await;
    assert_eq!(shop.stock(&house, MUG).await, (-3, 0));
    let back = house.crossing.shopify().open_return(id, &[(0, 2)], Now::at(house.now())).unwrap();
    house.minutes(3).await;
    let (hub, organization) = (&house.hub, &shop.organization);
    let filter = receive::Filter { order: Some(shop.order_id(id)), status: None };
    let window = Window { places: None, limit: 50 };
    let returns = receive::list(hub, organization, &filter, &window).await.unwrap().data;
    assert_eq!(returns.len(), 1, "{:?}", house.errors());
    assert_eq!((returns[0].status, returns[0].rows[0].quantity), (ReturnStatus::Open, 2));
    for when in [When::Before, When::After] {
        let act = receive::receive(hub, organization, &returns[0].id, None, WHO);
        let ended = house.crash(At(Site::PersonWrite, 0, when), act).await;
        assert!(ended.is_none(), "{ended:?}");
    }
    let received = receive::receive(hub, organization, &returns[0].id, None, WHO).await.unwrap();
    assert_eq!(received.status, ReturnStatus::Received);
    assert_eq!(shop.stock(&house, MUG).await, (-1, 0));
    assert!(house.crossing.shopify().process_return(id, back, Now::at(house.now())));
    house.minutes(3).await;
    assert_eq!(receive::read(hub, organization, &returns[0].id).await.unwrap(), received);
    assert_eq!(shop.stock(&house, MUG).await, (-1, 0));
    assert_eq!(shop.order(&house, id).await.unwrap().status, OrderStatus::Delivered);
    house.check_books(organization).await;
}

// SPEC: KS-05, KS-26, OP-10
#[tokio::test]
async fn a_deleted_order_stays_away_and_follows_again_once_it_is_restored() {
    let house = House::new().await;
    let (shop, id) = with_order(&house, mugs(3)).await;
    let (hub, organization, order) = (&house.hub, &shop.organization, shop.order_id(id));
    orders::delete(hub, organization, &order, WHO).await.unwrap();
    assert_eq!(shop.stock(&house, MUG).await, (0, 0), "what it held is free");
    for units in [2, 5] {
        edit(&house, id, &[Edit::SetQuantity(0, units)]);
        house.minutes(3).await;
        house.look_at(&shop, id, SignalCause::Manual).await;
        assert_eq!(shop.outcome(&house, id).await, "skipped deleted_in_weir");
        assert!(shop.order(&house, id).await.unwrap().deleted_at.is_some());
        assert_eq!(shop.stock(&house, MUG).await, (0, 0));
    }
    let restored = orders::restore(hub, organization, &order, WHO).await.unwrap();
    assert_eq!((restored.deleted_at, restored.rows[0].quantity), (None, 3));
    house.minutes(1).await;
    assert_eq!(shop.order(&house, id).await.unwrap().rows[0].quantity, 5, "what was missed is caught up");
    assert_eq!(
        (shop.outcome(&house, id).await.as_str(), shop.stock(&house, MUG).await),
        ("updated changes_followed", (0, 5))
    );
    edit(&house, id, &[Edit::SetQuantity(0, 1)]);
    house.minutes(3).await;
    assert_eq!(shop.stock(&house, MUG).await, (0, 1), "and it follows from then on");
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: OP-10, KS-33
#[tokio::test]
async fn what_the_shop_called_off_and_somebody_brought_back_stays() {
    let house = House::new().await;
    let (shop, id) = with_order(&house, mugs(3)).await;
    assert!(house.crossing.shopify().cancel(id, Now::at(house.now())));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "updated deleted_with_channel");
    orders::restore(&house.hub, &shop.organization, &shop.order_id(id), WHO).await.unwrap();
    house.minutes(5).await;
    house.look_at(&shop, id, SignalCause::Manual).await;
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible());
    assert_eq!((order.rows[0].quantity, shop.stock(&house, MUG).await), (3, (0, 3)));
    shop.handle(&house, id, FulfillmentStatus::Delivered, 3).await;
    house.minutes(3).await;
    assert_eq!(shop.stock(&house, MUG).await, (-3, 0), "somebody sends it all the same");
    let timeline = shop.timeline(&house, id).await;
    assert!(timeline.contains(&"pushed".to_owned()), "the shop refuses it, and that is said: {timeline:?}");
}

// SPEC: G-05 (more than one transaction: the act is planned, carried out, and resumed by whoever comes)
#[tokio::test]
async fn a_large_order_is_packed_deleted_and_restored_whole() {
    let house = House::new().await;
    let lines = (0..100).map(|line| LineSpec::new(&format!("SKU-{line}"), 2, 500)).collect();
    let (shop, id) = with_order(&house, OrderSpec::new(lines)).await;
    let (hub, organization, order) = (&house.hub, &shop.organization, shop.order_id(id));
    orders::delete(hub, organization, &order, WHO).await.unwrap();
    assert_eq!((shop.stock(&house, "SKU-0").await, shop.stock(&house, "SKU-99").await), ((0, 0), (0, 0)));
    // The process ends in the middle of the plan: the sweeper has it carried out.
    let act = orders::restore(hub, organization, &order, WHO);
    assert!(house.crash(At(Site::ChunkCommit, 1, When::After), act).await.is_none());
    house.minutes(2).await;
    assert!(shop.order(&house, id).await.unwrap().is_visible(), "{:?}", house.errors());
    assert_eq!((shop.stock(&house, "SKU-0").await, shop.stock(&house, "SKU-99").await), ((0, 2), (0, 2)));

    let row = |row: &weir_domain::sales_order::Row| FulfillmentRow {
        row: row.id.clone(),
        quantity: 2,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    let rows = shop.order(&house, id).await.unwrap().rows.iter().map(row).collect();
    let new = NewParcel { status: FulfillmentStatus::Packed, rows, tracking: None, shipped_at: None };
    let act = |new: NewParcel| fulfill::fulfill(hub, organization, &order, "whole", new, WHO);
    assert!(house.crash(At(Site::ChunkCommit, 2, When::After), act(new.clone())).await.is_none());
    let packed = act(new).await.unwrap();
    assert_eq!((packed.order.status, packed.fulfillment.rows.len()), (OrderStatus::Packed, 100));
    house.minutes(6).await;
    assert_eq!(at_shop(&house, id).0, 1, "{:?}", house.errors());
    assert_eq!((shop.stock(&house, "SKU-0").await, shop.stock(&house, "SKU-99").await), ((-2, 0), (-2, 0)));
    assert_eq!(house.movements(organization).await.len(), 100);
    house.check_books(organization).await;
}
