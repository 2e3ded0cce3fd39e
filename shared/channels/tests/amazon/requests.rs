//! The requests as Amazon wants them, to the letter.

use std::time::Duration;

use weir_channels::{
    amazon::CHANNEL,
    channel::{Search, Step},
    http::{HttpRequest, HttpResponse, Method},
};
use weir_domain::ids::ChannelOrderId;

use crate::support::{DE, TOKEN, US, call, connection, orders, time, token};

const ID: &str = "113-1111111-1111111";

fn search(orders_api: &str, page: Option<&str>) -> HttpRequest {
    let marketplaces = [DE.to_owned(), "A1F83G8C2ARO7P".to_owned()];
    let search = Search { from: time("2026-11-20T17:02:11.987654Z"), marketplaces: &marketplaces, page };
    orders().search(call(&connection(DE, orders_api), &token()), &search)
}

fn look(orders_api: &str, answers: &[HttpResponse]) -> Step {
    let id = ChannelOrderId::parse(ID).unwrap();
    orders().look(call(&connection(US, orders_api), &token()), &id, answers).unwrap()
}

#[test]
fn a_search_is_asked_for_to_the_letter() {
    // SPEC: KF-01
    let request = search("2026-01-01", None);
    assert_eq!(request.method, Method::Get);
    assert_eq!(
        request.url,
        "https://sellingpartnerapi-eu.amazon.com/orders/2026-01-01/orders\
         ?lastUpdatedAfter=2026-11-20T17%3A02%3A11Z\
         &fulfillmentStatuses=SHIPPED,PARTIALLY_SHIPPED\
         &fulfilledBy=AMAZON\
         &marketplaceIds=A1PA6795UKMFR9,A1F83G8C2ARO7P\
         &includedData=BUYER,RECIPIENT,PROCEEDS,PROMOTION,FULFILLMENT,TAX,CANCELLATION\
         &maxResultsPerPage=100"
    );
    assert_eq!(request.header_value("x-amz-access-token"), Some(TOKEN));
    assert_eq!(request.header_value("user-agent"), Some("Weir/0.1.0 (Language=Rust)"));
    assert!(request.body.is_empty());
    assert!(!format!("{request:?}").contains("Atza"), "a request in a log shows no token");

    let next = search("2026-01-01", Some("2Yg+Y/W5=, &"));
    assert_eq!(next.url, format!("{}&paginationToken=2Yg%2BY%2FW5%3D%2C%20%26", request.url));
}

#[test]
fn a_search_of_v0_is_asked_for_to_the_letter() {
    // SPEC: KF-01
    assert_eq!(
        search("v0", Some("a+b")).url,
        "https://sellingpartnerapi-eu.amazon.com/orders/v0/orders\
         ?LastUpdatedAfter=2026-11-20T17%3A02%3A11Z\
         &OrderStatuses=Shipped,PartiallyShipped\
         &FulfillmentChannels=AFN\
         &MarketplaceIds=A1PA6795UKMFR9,A1F83G8C2ARO7P\
         &MaxResultsPerPage=100\
         &NextToken=a%2Bb"
    );
}

#[test]
fn a_search_names_at_most_fifty_marketplaces() {
    let many: Vec<String> = (0..60).map(|index| format!("M{index}")).collect();
    let search = Search { from: time("2026-11-20T17:02:11Z"), marketplaces: &many, page: None };
    let url = orders().search(call(&connection(US, "2026-01-01"), &token()), &search).url;
    assert!(url.contains("M49&") && !url.contains("M50"));
}

#[test]
fn an_endpoint_of_the_connection_replaces_amazons() {
    let mut connection = connection(US, "2026-01-01");
    connection.endpoints.api = Some("http://127.0.0.1:4000/amazon/".to_owned());
    let id = ChannelOrderId::parse(ID).unwrap();
    let Step::Ask(_, request) = orders().look(call(&connection, &token()), &id, &[]).unwrap() else {
        panic!()
    };
    assert!(
        request.url.starts_with("http://127.0.0.1:4000/amazon/orders/2026-01-01/orders/113-"),
        "{}",
        request.url
    );
}

#[test]
fn a_look_takes_one_answer() {
    // SPEC: KF-04, KF-14
    let Step::Ask(operation, request) = look("2026-01-01", &[]) else { panic!() };
    assert_eq!(
        request.url,
        "https://sellingpartnerapi-na.amazon.com/orders/2026-01-01/orders/113-1111111-1111111\
         ?includedData=BUYER,RECIPIENT,PROCEEDS,PROMOTION,FULFILLMENT,TAX,CANCELLATION"
    );
    assert_eq!((operation.name, operation.refill, operation.burst), ("getOrder", Duration::from_secs(2), 30));
    assert_eq!(look("2026-01-01", &[HttpResponse::json(404, "{}")]), Step::NotFound);

    // The snapshot of a look is byte for byte the one of a search.
    let order = include_str!("../golden/amazon/2026-us-tax-added.json").trim();
    let answer = HttpResponse::json(200, format!("{{\"order\": {order}}}"));
    let Step::Have(looked) = look("2026-01-01", &[answer]) else { panic!() };
    let answer = HttpResponse::json(200, format!("{{\"orders\": [{order}]}}"));
    let page = orders().page(&connection(US, "2026-01-01"), &answer).unwrap();
    assert_eq!(page.orders, [looked]);
}

#[test]
fn a_look_of_v0_takes_the_order_and_every_page_of_its_items() {
    // SPEC: KF-04
    let order = HttpResponse::json(
        200,
        format!(
            r#"{{"payload":{{"AmazonOrderId":"{ID}","PurchaseDate":"2026-11-18T08:15:30Z","LastUpdateDate":"2026-11-20T17:02:11Z","MarketplaceId":"{US}"}}}}"#
        ),
    );
    let items = |of: &str, item: u8, next: &str| {
        let items = format!(r#"[{{"OrderItemId":"{item}","SellerSKU":"S{item}","QuantityOrdered":1}}]"#);
        HttpResponse::json(
            200,
            format!(r#"{{"payload":{{"AmazonOrderId":"{of}","OrderItems":{items},"NextToken":"{next}"}}}}"#),
        )
    };
    let asked = |answers: &[HttpResponse]| match look("v0", answers) {
        Step::Ask(operation, request) => {
            (operation.name, request.url.split_once("amazon.com").unwrap().1.to_owned())
        }
        other => panic!("{other:?}"),
    };
    let path = format!("/orders/v0/orders/{ID}");
    assert_eq!(asked(&[]), ("v0.getOrder", path.clone()));
    assert_eq!(asked(std::slice::from_ref(&order)), ("v0.getOrderItems", format!("{path}/orderItems")));
    let first = items(ID, 1, "p+2");
    let step = asked(&[order.clone(), first.clone()]);
    assert_eq!(step, ("v0.getOrderItems", format!("{path}/orderItems?NextToken=p%2B2")));

    let Step::Have(raw) = look("v0", &[order.clone(), first.clone(), items(ID, 2, "")]) else { panic!() };
    assert_eq!((raw.format.as_str(), raw.channel_order_id.as_str()), ("v0", ID));
    let read = orders().read(&raw.format, &raw.body).unwrap();
    let skus: Vec<_> = read.lines.iter().filter_map(|line| line.sku.as_deref()).collect();
    assert_eq!(skus, ["S1", "S2"]);

    assert_eq!(look("v0", &[HttpResponse::json(404, "{}")]), Step::NotFound);
    let id = ChannelOrderId::parse(ID).unwrap();
    let (connection, token) = (connection(US, "v0"), token());
    for answers in
        [vec![order.clone(), items("113-2222222-2222222", 1, "")], vec![order, first.clone(), first]]
    {
        let error = orders().look(call(&connection, &token), &id, &answers).unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
}

#[test]
fn an_id_of_dots_never_reaches_a_path() {
    for text in ["..", ".", "-"] {
        let id = ChannelOrderId::parse(text).unwrap();
        let step = orders().look(call(&connection(US, "2026-01-01"), &token()), &id, &[]).unwrap();
        assert_eq!(step, Step::NotFound);
    }
}

#[test]
fn the_limits_are_the_published_ones() {
    // SPEC: G-12
    let new = orders().search_operation(&connection(US, "2026-01-01"));
    assert_eq!((new.name, new.refill, new.burst), ("searchOrders", Duration::from_millis(178_600), 20));
    let old = orders().search_operation(&connection(US, "v0"));
    assert_eq!((old.name, old.refill, old.burst), ("v0.getOrders", Duration::from_millis(59_900), 20));
    let mut answer = HttpResponse::json(200, "{}");
    assert_eq!(orders().told_rate(&answer), None);
    answer.headers.push(("x-amzn-ratelimit-limit".to_owned(), "0.0167".to_owned()));
    assert_eq!(orders().told_rate(&answer), Some(16_700));
}

#[test]
fn the_channel_has_every_capability_of_its_part() {
    assert_eq!(CHANNEL.name, "amazon");
    assert!(CHANNEL.orders.is_some() && CHANNEL.notifications.is_some());
    assert_eq!(CHANNEL.setup.order_apis(), ["2026-01-01", "v0"]);
}
