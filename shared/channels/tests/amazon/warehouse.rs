//! Requests to Amazon's warehouses: what goes out, held against Amazon's own documents where they are here, and
//! what the answers mean. (SPEC FX-22, FX-25, CS-05, CS-09, FX-10, FX-12)

use serde_json::{Value, json};
use weir_channels::{
    amazon::WAREHOUSE,
    channel::{Call, ChannelError, Secret},
    http::{HttpRequest, HttpResponse, Method},
    warehouse::{
        CalledOff, FeedPlace, FeedState, Handed, Looked, NoticeAbout, ReportKind, ReportState, ToShip,
    },
};
use weir_domain::{
    connection::Connection,
    customer::Address,
    fulfillment_request::{RequestNumber, RequestRow, ShippingSpeed, WarehouseState},
    ids::{RowId, VariantId},
    variant::Sku,
};

use crate::support::{TOKEN, US, connection, official, time, token};

fn number() -> RequestNumber {
    RequestNumber::parse("1042-K7Q2").unwrap()
}

fn address() -> Address {
    let word = |text: &str| Some(text.to_owned());
    Address {
        name: word("Jane <Roe> & Sons"),
        company: word("Roe Ltd"),
        line_1: word("1 High Street"),
        line_2: word("Flat 2"),
        city: word("Springfield"),
        state: word("US-IL"),
        postal_code: word("62701"),
        country: word("US"),
        phone: None,
        email: None,
    }
}

fn rows() -> Vec<RequestRow> {
    let row = |id: &str, sku: &str, quantity| RequestRow {
        id: id.to_owned(),
        row: RowId::from_token(id),
        variant: VariantId::from_token(id),
        sku: Sku::parse(sku).unwrap(),
        warehouse_sku: sku.to_owned(),
        quantity,
        shipped: 0,
        freed: 0,
    };
    vec![row("1", "MUG-BLUE", 2), row("2", "a,b & \"c\"", 1)]
}

fn with<R>(then: impl FnOnce(Call<'_>, &ToShip<'_>) -> R) -> R {
    let (connection, token) = (connection(US, "2026-01-01"), token());
    let (number, ship_to, rows) = (number(), address(), rows());
    let request = ToShip {
        number: &number,
        order_no: "#1042",
        ordered_at: time("2026-03-09T08:00:00Z"),
        speed: ShippingSpeed::Expedited,
        ship_to: &ship_to,
        rows: &rows,
    };
    then(Call { connection: &connection, token: &token }, &request)
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn path(request: &HttpRequest) -> &str {
    request.url.split_once("amazon.com").unwrap().1
}

/// Amazon's document of an API; where it is not here the test says so.
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
fn spec(name: &str) -> Option<Value> {
    let path =
        std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/amazon").join(name);
    match std::fs::read_to_string(path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: Amazon's documents are not here ({name})");
            None
        }
    }
}

/// Holds a body against a definition of Amazon's document.
fn conforms(document: &Value, definition: &str, body: &Value) {
    let mut schema = document.clone();
    schema["$schema"] = "http://json-schema.org/draft-04/schema#".into();
    schema["$ref"] = format!("#/definitions/{definition}").into();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{definition}: {errors:?}");
}

// SPEC: FX-22
#[test]
fn a_request_goes_out_in_amazons_words() {
    let (operation, request) = with(|call, request| WAREHOUSE.requests.create(call, request));
    assert_eq!(
        (operation.name, operation.refill.as_millis(), operation.burst),
        ("createFulfillmentOrder", 500, 30)
    );
    assert_eq!(
        (request.method, path(&request)),
        (Method::Post, "/fba/outbound/2020-07-01/fulfillmentOrders")
    );
    assert_eq!(request.header_value("x-amz-access-token"), Some(TOKEN));
    let expected = json!({
        "marketplaceId": US,
        "sellerFulfillmentOrderId": "1042-K7Q2",
        "displayableOrderId": "#1042",
        "displayableOrderDate": "2026-03-09T08:00:00Z",
        "displayableOrderComment": "Thank you for your order.",
        "shippingSpeedCategory": "Expedited",
        "destinationAddress": {
            "name": "Jane <Roe> & Sons", "addressLine1": "1 High Street", "addressLine2": "Flat 2",
            "addressLine3": "Roe Ltd", "city": "Springfield", "stateOrRegion": "IL", "postalCode": "62701",
            "countryCode": "US",
        },
        "fulfillmentAction": "Ship",
        "fulfillmentPolicy": "FillAllAvailable",
        "items": [
            {"sellerSku": "MUG-BLUE", "sellerFulfillmentOrderItemId": "1", "quantity": 2},
            {"sellerSku": "a,b & \"c\"", "sellerFulfillmentOrderItemId": "2", "quantity": 1},
        ],
    });
    assert_eq!(body(&request), expected);
    assert!(!format!("{request:?}").contains("Jane"));
    let Some(document) = spec("fulfillmentOutbound_2020-07-01.json") else { return };
    conforms(&document, "CreateFulfillmentOrderRequest", &body(&request));
    let (_, preview) = with(|call, request| WAREHOUSE.requests.preview(call, request));
    conforms(&document, "GetFulfillmentPreviewRequest", &body(&preview));
}

fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!({"errors": [{"code": code, "message": message}]}).to_string())
}

// SPEC: FX-25, FX-26 (only what was surely not done is an error; what nobody knows is unknown)
#[test]
fn what_came_of_a_request_is_known_or_told_as_unknown() {
    let created = |response: Option<HttpResponse>| WAREHOUSE.requests.created(response.as_ref());
    assert_eq!(created(Some(HttpResponse::json(200, "{}"))), Ok(Handed::Accepted));
    assert_eq!(created(Some(HttpResponse::json(202, "{}"))), Ok(Handed::Later));
    assert!(matches!(created(None), Ok(Handed::Unknown(_))));
    for status in [500, 502, 503, 504, 408] {
        assert!(matches!(created(Some(HttpResponse::json(status, ""))), Ok(Handed::Unknown(_))), "{status}");
    }
    let refused = created(Some(error(400, "InvalidInput", "The item MUG-BLUE is not fulfillable.")));
    assert!(matches!(refused, Ok(Handed::Rejected(why)) if why.contains("not fulfillable")));
    for message in ["The order id already exists.", "Duplicate sellerFulfillmentOrderId"] {
        assert!(
            matches!(created(Some(error(400, "InvalidInput", message))), Ok(Handed::Unknown(_))),
            "{message}"
        );
    }
    assert!(matches!(created(Some(error(429, "QuotaExceeded", ""))), Err(ChannelError::Throttled { .. })));
    assert!(matches!(created(Some(error(403, "Unauthorized", "denied"))), Err(ChannelError::Denied(_))));
    let ended = error(403, "Unauthorized", "The access token you provided has expired.");
    assert_eq!(created(Some(ended)), Err(ChannelError::Expired));
}

fn order(status: &str, shipments: Value) -> HttpResponse {
    let payload = json!({
        "fulfillmentOrder": {
            "sellerFulfillmentOrderId": "1042-K7Q2", "fulfillmentOrderStatus": status,
            "statusUpdatedDate": "2026-03-10T09:00:00Z", "destinationAddress": {"name": "Jane Roe"},
        },
        "fulfillmentOrderItems": [{"estimatedShipDate": "2026-03-11T09:00:00Z"}],
        "fulfillmentShipments": shipments,
    });
    HttpResponse::json(200, json!({ "payload": payload }).to_string())
}

// SPEC: CS-07, FX-25
#[test]
fn what_amazon_says_of_a_request_is_read() {
    let item = |row: &str, quantity: i64| json!({"sellerSku": "A", "sellerFulfillmentOrderItemId": row, "quantity": quantity, "packageNumber": 1});
    let shipment = |status: &str, items: Value| {
        json!({
            "amazonShipmentId": "D1", "fulfillmentCenterId": "RNO1", "fulfillmentShipmentStatus": status,
            "shippingDate": "2026-03-11T09:00:00Z", "fulfillmentShipmentItem": items,
            "fulfillmentShipmentPackage": [{"packageNumber": 1, "carrierCode": "UPS", "trackingNumber": "1Z9"}],
        })
    };
    let answer = order(
        "CompletePartialled",
        json!([
            shipment("SHIPPED", json!([item("1", 2)])),
            shipment("PENDING", json!([item("1", 1), item("2", 1)])),
            shipment("CANCELLED_BY_FULFILLER", json!([item("2", 4)])),
        ]),
    );
    let Looked::Seen(seen) = WAREHOUSE.requests.looked(&answer).unwrap() else { panic!() };
    assert_eq!(seen.state, WarehouseState::CompletePartialled);
    assert_eq!(seen.units, [("1".to_owned(), 3), ("2".to_owned(), 1)].into());
    assert_eq!(seen.parcels.len(), 1, "what left, and not what will");
    assert_eq!(seen.parcels[0].tracking_number.as_deref(), Some("1Z9"));
    assert_eq!(
        (seen.promised_by, seen.at),
        (Some(time("2026-03-11T09:00:00Z")), time("2026-03-10T09:00:00Z"))
    );
    assert!(!format!("{seen:?}").contains("Jane"));
    let words = [
        ("New", WarehouseState::New),
        ("RECEIVED", WarehouseState::Received),
        ("Planning", WarehouseState::Planning),
        ("PROCESSING", WarehouseState::Processing),
        ("Cancelled", WarehouseState::Cancelled),
        ("Complete", WarehouseState::Complete),
        ("COMPLETE_PARTIALLED", WarehouseState::CompletePartialled),
        ("COMPLETE_PARTIAL", WarehouseState::CompletePartialled),
        ("Unfulfillable", WarehouseState::Unfulfillable),
        ("INVALID", WarehouseState::Invalid),
        ("Boxed", WarehouseState::Other("Boxed".to_owned())),
    ];
    for (word, expected) in words {
        let Looked::Seen(seen) = WAREHOUSE.requests.looked(&order(word, json!([]))).unwrap() else {
            panic!()
        };
        assert_eq!(seen.state, expected, "{word}");
    }
    for unknown in [HttpResponse::json(404, "{}"), error(400, "InvalidInput", "No matching order found.")] {
        assert_eq!(WAREHOUSE.requests.looked(&unknown), Ok(Looked::NotFound));
    }
    // "I do not say" is never "I do not know it".
    for refused in
        [HttpResponse::json(500, ""), error(403, "Unauthorized", "denied"), HttpResponse::json(200, "{}")]
    {
        assert!(WAREHOUSE.requests.looked(&refused).is_err());
    }
}

// SPEC: CS-09
#[test]
fn calling_off_is_asked_for_and_may_be_refused() {
    let (operation, request) = with(|call, request| WAREHOUSE.requests.cancel(call, request.number));
    assert_eq!(operation.name, "cancelFulfillmentOrder");
    assert_eq!(
        (request.method, path(&request)),
        (Method::Put, "/fba/outbound/2020-07-01/fulfillmentOrders/1042-K7Q2/cancel")
    );
    assert_eq!(WAREHOUSE.requests.cancelled(&HttpResponse::json(200, "{}")), Ok(CalledOff::Asked));
    let late = WAREHOUSE.requests.cancelled(&error(400, "InvalidInput", "It has shipped."));
    assert!(matches!(late, Ok(CalledOff::Refused(why)) if why.contains("It has shipped.")));
    assert!(WAREHOUSE.requests.cancelled(&HttpResponse::json(503, "")).is_err());
}

// SPEC: CS-05 (fees may be null: then there is no total, and not 0)
#[test]
fn a_preview_says_fees_and_days_and_what_cannot_be_shipped() {
    let preview = json!({"payload": {"fulfillmentPreviews": [
        {"shippingSpeedCategory": "Standard", "isFulfillable": true,
         "estimatedFees": [{"name": "FBAPerUnitFulfillmentFee", "amount": {"currencyCode": "USD", "value": "5.10"}},
                           {"name": "FBAPerOrderFulfillmentFee", "amount": {"currencyCode": "USD", "value": "0.90"}}],
         "fulfillmentPreviewShipments": [
            {"earliestArrivalDate": "2026-03-14T00:00:00Z", "latestArrivalDate": "2026-03-15T00:00:00Z"},
            {"earliestArrivalDate": "2026-03-13T00:00:00Z", "latestArrivalDate": "2026-03-17T00:00:00Z"}]},
        {"shippingSpeedCategory": "Priority", "isFulfillable": false, "estimatedFees": null,
         "unfulfillablePreviewItems": [{"sellerSku": "A", "quantity": 2, "itemUnfulfillableReasons": ["NotStocked"]}],
         "orderUnfulfillableReasons": ["NoSuchRoute"]},
    ]}});
    let previews = WAREHOUSE.requests.previewed(&HttpResponse::json(200, preview.to_string())).unwrap();
    let (amount, currency) = previews[0].total_fee().unwrap();
    assert_eq!((amount.to_string(), currency.code()), ("6.00".to_owned(), "USD"));
    assert_eq!(previews[0].earliest_arrival, Some(time("2026-03-13T00:00:00Z")));
    assert_eq!(previews[0].latest_arrival, Some(time("2026-03-17T00:00:00Z")));
    assert_eq!((previews[1].is_fulfillable, previews[1].total_fee()), (false, None));
    let reasons: Vec<&str> = previews[1].unfulfillable.iter().map(|units| units.reason.as_str()).collect();
    assert_eq!(reasons, ["NotStocked", "NoSuchRoute"]);
}

// SPEC: FX-25 (Amazon's order of elements, every text escaped)
#[test]
fn a_feed_has_amazons_elements_in_amazons_order() {
    let document = with(|call, request| WAREHOUSE.feeds.document(call, &[*request]));
    assert_eq!(document.kind, "POST_FULFILLMENT_ORDER_REQUEST_DATA");
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AmazonEnvelope \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"amzn-envelope.xsd\">\
        <Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>A3TH9S8BH6GOGM</MerchantIdentifier></Header>\
        <MessageType>FulfillmentOrderRequest</MessageType><Message><MessageID>1</MessageID><FulfillmentOrderRequest>\
        <MerchantFulfillmentOrderID>1042-K7Q2</MerchantFulfillmentOrderID><DisplayableOrderID>#1042</DisplayableOrderID>\
        <DisplayableOrderDate>2026-03-09T08:00:00Z</DisplayableOrderDate><DeliverySLA>Expedited</DeliverySLA>\
        <FulfillmentPolicy>FillAllAvailable</FulfillmentPolicy><FulfillmentMethod>Consumer</FulfillmentMethod>\
        <FulfillmentAction>Ship</FulfillmentAction><DestinationAddress><Name>Jane &lt;Roe&gt; &amp; Sons</Name>\
        <AddressFieldOne>1 High Street</AddressFieldOne><AddressFieldTwo>Flat 2</AddressFieldTwo>\
        <AddressFieldThree>Roe Ltd</AddressFieldThree><City>Springfield</City><StateOrRegion>IL</StateOrRegion>\
        <PostalCode>62701</PostalCode><CountryCode>US</CountryCode></DestinationAddress>\
        <Item><MerchantSKU>MUG-BLUE</MerchantSKU><Quantity>2</Quantity>\
        <MerchantFulfillmentOrderItemID>1</MerchantFulfillmentOrderItemID></Item>\
        <Item><MerchantSKU>a,b &amp; &quot;c&quot;</MerchantSKU><Quantity>1</Quantity>\
        <MerchantFulfillmentOrderItemID>2</MerchantFulfillmentOrderItemID></Item>\
        </FulfillmentOrderRequest></Message></AmazonEnvelope>";
    assert_eq!(String::from_utf8(document.body.clone()).unwrap(), expected);
    assert!(!format!("{document:?}").contains("Jane"));
    let off =
        with(|call, request| WAREHOUSE.feeds.cancellation(call, &[(request.number, &request.rows[..1])]));
    let text = String::from_utf8(off.body).unwrap();
    assert!(text.contains(
        "<FulfillmentOrderCancellationRequest><MerchantFulfillmentOrderID>1042-K7Q2</MerchantFulfillmentOrderID>\
         <Item><MerchantFulfillmentOrderItemID>1</MerchantFulfillmentOrderItemID></Item></FulfillmentOrderCancellationRequest>"
    ), "{text}");
}

// SPEC: FX-25 (place, upload, submit: the same content type, no token where the address lets in)
#[test]
fn a_feed_is_put_where_amazon_says_and_nowhere_else() {
    let document = with(|call, request| WAREHOUSE.feeds.document(call, &[*request]));
    let (operation, request) = with(|call, _| WAREHOUSE.feeds.place(call, &document));
    assert_eq!((operation.name, path(&request)), ("createFeedDocument", "/feeds/2021-06-30/documents"));
    assert_eq!(body(&request), json!({"contentType": "text/xml; charset=UTF-8"}));
    let placed = |url: &str| {
        let answer = HttpResponse::json(201, json!({"feedDocumentId": "doc", "url": url}).to_string());
        with(|call, _| WAREHOUSE.feeds.placed(call, &answer))
    };
    let good = "https://tortuga-prod-na.s3-external-1.amazonaws.com/x?X-Amz-Signature=y";
    let place = placed(good).unwrap();
    assert_eq!(place, FeedPlace { document: "doc".to_owned(), url: Secret::new(good) });
    assert!(placed("https://d34o8swod1owfl.cloudfront.net/Feed_101.xml").is_ok());
    for bad in [
        "http://tortuga.s3.amazonaws.com/x",
        "https://evil.example/x",
        "https://amazonaws.com.evil.example/x",
        "https://evilamazonaws.com/x",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "https://user@bucket.s3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.com:8443/x",
        "x",
        "",
    ] {
        assert!(placed(bad).is_err(), "{bad}");
    }
    let upload = WAREHOUSE.feeds.upload(&place, &document);
    assert_eq!(
        (upload.method, upload.header_value("content-type")),
        (Method::Put, Some(document.content_type))
    );
    assert_eq!(upload.header_value("x-amz-access-token"), None);
    let (operation, submit) = with(|call, _| WAREHOUSE.feeds.submit(call, &place, &document));
    assert_eq!((operation.name, operation.refill.as_secs(), operation.burst), ("createFeed", 120, 15));
    let expected = json!({"feedType": document.kind, "marketplaceIds": [US], "inputFeedDocumentId": "doc"});
    assert_eq!(body(&submit), expected);
    assert_eq!(
        WAREHOUSE.feeds.submitted(&HttpResponse::json(202, r#"{"feedId":"77"}"#)),
        Ok("77".to_owned())
    );
    let Some(specification) = spec("feeds_2021-06-30.json") else { return };
    conforms(&specification, "CreateFeedDocumentSpecification", &body(&request));
    conforms(&specification, "CreateFeedSpecification", &expected);
}

// SPEC: FX-25 (a sandbox keeps its documents with itself)
#[test]
fn a_stand_in_may_keep_documents_with_itself() {
    let mut local: Connection = connection(US, "2026-01-01");
    local.endpoints.api = Some("http://127.0.0.1:9000/amazon".to_owned());
    let token = token();
    let placed = |url: &str| {
        let answer = HttpResponse::json(
            200,
            json!({"reportDocumentId": "d", "url": url, "compressionAlgorithm": "GZIP"}).to_string(),
        );
        WAREHOUSE.reports.placed(Call { connection: &local, token: &token }, &answer)
    };
    assert!(placed("http://127.0.0.1:9000/documents/1").unwrap().is_gzip);
    assert!(placed("http://127.0.0.1:9001/documents/1").is_err());
}

fn report(status: &str, summary: &str, results: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><AmazonEnvelope><Header/><MessageType>ProcessingReport</MessageType><Message>\
         <MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>5</DocumentTransactionID>\
         <StatusCode>{status}</StatusCode>{summary}{results}</ProcessingReport></Message></AmazonEnvelope>"
    )
}

fn summary(processed: u64, successful: u64) -> String {
    format!(
        "<ProcessingSummary><MessagesProcessed>{processed}</MessagesProcessed>\
         <MessagesSuccessful>{successful}</MessagesSuccessful></ProcessingSummary>"
    )
}

fn result(message: u64, code: &str, words: &str) -> String {
    format!(
        "<Result><MessageID>{message}</MessageID><ResultCode>{code}</ResultCode><ResultMessageCode>560001</ResultMessageCode>\
         <ResultDescription>{words}</ResultDescription><AdditionalInfo><SKU>A</SKU></AdditionalInfo></Result>"
    )
}

// SPEC: FX-25 (RELIABILITY 32: by message; what is not told is unknown)
#[test]
fn a_processing_report_says_what_became_of_each_message() {
    let show = |report: &str, messages: usize| {
        let outcomes = WAREHOUSE.feeds.outcomes(report.as_bytes(), messages).unwrap();
        let word = |outcome: &Handed| match outcome {
            Handed::Accepted => "accepted".to_owned(),
            Handed::Later => "later".to_owned(),
            Handed::Rejected(why) => format!("rejected {why}"),
            Handed::Unknown(_) => "unknown".to_owned(),
        };
        outcomes.messages.iter().map(word).collect::<Vec<_>>()
    };
    let no = result(2, "Error", "Tom &amp; Jerry &#x41; is invalid");
    assert_eq!(
        show(&report("Complete", &summary(3, 2), &no), 3),
        ["accepted", "rejected 560001: Tom & Jerry A is invalid", "accepted"]
    );
    let warned = result(1, "Warning", "Odd");
    assert_eq!(show(&report("Complete", &summary(1, 1), &warned), 1), ["accepted"]);
    assert_eq!(
        show(&report("Complete", &summary(1, 1), ""), 2),
        ["unknown", "unknown"],
        "one is not spoken of"
    );
    let known = result(1, "Error", "The order id already exists");
    assert_eq!(show(&report("Complete", &summary(1, 0), &known), 1), ["unknown"]);
    let whole = result(0, "Error", "The XML is wrong");
    assert_eq!(
        show(&report("Complete", &summary(0, 0), &whole), 2),
        ["rejected 560001: The XML is wrong"; 2]
    );
    assert_eq!(show(&report("Complete", &summary(2, 1), &whole), 2), ["unknown"; 2]);
    assert_eq!(show(&format!("\u{feff}{}", report("Complete", &summary(1, 1), "")), 1), ["accepted"]);
}

// RELIABILITY 46
#[test]
fn what_is_no_processing_report_is_refused() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><AmazonEnvelope>&lol2;</AmazonEnvelope>";
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>";
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let entity = report("Complete", &summary(1, 1), &result(1, "Error", "&unknown;"));
    let working = report("Processing", &summary(1, 1), "");
    let whole = report("Complete", &summary(1, 1), "");
    let cut = &whole[..whole.len() - 30];
    let nameless = report("Complete", &summary(1, 0), "<Result><ResultCode>Error</ResultCode></Result>");
    for text in [bomb, outside, &deep, &entity, &working, cut, &nameless, "", "<a/>", "{}", "<a><b></a>"] {
        let error = WAREHOUSE.feeds.outcomes(text.as_bytes(), 1).unwrap_err();
        assert!(error.message.starts_with("the processing report "), "{error}");
    }
}

// SPEC: FX-25, FX-18, FX-36
#[test]
fn how_far_a_feed_or_report_is() {
    let feed = |status: &str, document: Option<&str>| {
        let answer = json!({"feedId": "1", "processingStatus": status, "resultFeedDocumentId": document});
        WAREHOUSE.feeds.looked(&HttpResponse::json(200, answer.to_string()))
    };
    assert_eq!(feed("IN_QUEUE", None), Ok(FeedState::Working));
    assert_eq!(feed("IN_PROGRESS", None), Ok(FeedState::Working));
    assert_eq!(feed("DONE", Some("d")), Ok(FeedState::Done { report: Some("d".to_owned()) }));
    assert_eq!(feed("DONE", None), Ok(FeedState::Done { report: None }));
    assert_eq!(feed("FATAL", Some("d")), Ok(FeedState::Unknown), "some, none or all of it was done");
    assert_eq!(feed("CANCELLED", None), Ok(FeedState::Unknown));
    assert!(feed("MELTED", None).is_err());
    let report = |status: &str, document: Option<&str>| {
        let answer = json!({"reportId": "1", "processingStatus": status, "reportDocumentId": document});
        WAREHOUSE.reports.looked(&HttpResponse::json(200, answer.to_string()))
    };
    assert_eq!(report("DONE", Some("d")), Ok(ReportState::Done { document: "d".to_owned() }));
    assert_eq!(report("DONE", None), Ok(ReportState::Fatal));
    assert_eq!(report("CANCELLED", None), Ok(ReportState::Cancelled));
    assert_eq!(report("FATAL", Some("why")), Ok(ReportState::Fatal));
    assert_eq!(report("IN_QUEUE", None), Ok(ReportState::Working));
}

// SPEC: FX-10, FX-30
#[test]
fn reports_are_asked_for_by_their_names() {
    let ask = |kind, since: Option<&str>| {
        let (operation, request) =
            with(|call, _| WAREHOUSE.reports.request(call, kind, since.map(time), since.map(time)));
        assert_eq!((operation.name, operation.burst), ("createReport", 15));
        body(&request)
    };
    let stock = json!({"reportType": "GET_AFN_INVENTORY_DATA", "marketplaceIds": [US]});
    assert_eq!(ask(ReportKind::Inventory, None), stock);
    assert_eq!(ask(ReportKind::Listings, None)["reportType"], "GET_MERCHANT_LISTINGS_ALL_DATA");
    let shipped = ask(ReportKind::Shipments, Some("2026-03-01T00:00:00.5Z"));
    assert_eq!(shipped["reportType"], "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL");
    assert_eq!(shipped["dataStartTime"], "2026-03-01T00:00:00Z");
    assert_eq!(
        WAREHOUSE.reports.requested(&HttpResponse::json(202, r#"{"reportId":"R1"}"#)),
        Ok("R1".to_owned())
    );
    let (_, look) = with(|call, _| WAREHOUSE.reports.look(call, "../x"));
    assert_eq!(path(&look), "/reports/2021-06-30/reports/..%2Fx");
    let Some(document) = spec("reports_2021-06-30.json") else { return };
    conforms(&document, "CreateReportSpecification", &shipped);
}

// SPEC: FX-12
#[test]
fn the_stock_of_a_few_skus_is_asked_for() {
    let skus = ["A".to_owned(), "B,1".to_owned()];
    let (operation, request) = with(|call, _| WAREHOUSE.inventory.ask(call, &skus, Some("t+/=")));
    assert_eq!((operation.refill.as_millis(), operation.burst), (500, 2));
    assert_eq!(
        path(&request),
        format!(
            "/fba/inventory/v1/summaries?details=true&granularityType=Marketplace&granularityId={US}&\
             sellerSkus=A,B%2C1&nextToken=t%2B%2F%3D&marketplaceIds={US}"
        )
    );
    let answer = json!({"pagination": {"nextToken": "n"}, "payload": {"inventorySummaries": [
        {"sellerSku": "A", "inventoryDetails": {"fulfillableQuantity": 3}, "totalQuantity": 9},
        {"sellerSku": "A", "inventoryDetails": {"fulfillableQuantity": 2}},
        {"sellerSku": "B,1"},
    ]}});
    let page = WAREHOUSE.inventory.answer(&HttpResponse::json(200, answer.to_string())).unwrap();
    assert_eq!(page.quantities, [("A".to_owned(), 5)].into(), "one without details is not known, and not 0");
    assert_eq!(page.next.as_deref(), Some("n"));
    assert!(WAREHOUSE.inventory.answer(&HttpResponse::json(200, "{}")).is_err());
}

// SPEC: FX-25, FX-31
#[test]
fn notices_are_hints_to_look() {
    let folder = "notification-schema-examples";
    let read = |name: &str| {
        let text = official(&format!("{folder}/{name}.json"))?;
        Some(WAREHOUSE.notices.read(text.as_bytes()).unwrap())
    };
    let mut camel = json!({"notificationType": "FEED_PROCESSING_FINISHED", "eventTime": "2026-03-10T09:00:00Z",
        "payload": {"feedProcessingFinishedNotification": {"sellerId": "S", "feedId": "7", "processingStatus": "FATAL"}},
        "notificationMetadata": {"notificationId": "n1"}});
    let notice = WAREHOUSE.notices.read(camel.to_string().as_bytes()).unwrap().unwrap();
    assert_eq!(notice.about, NoticeAbout::Feed { feed: "7".to_owned(), state: FeedState::Unknown });
    assert_eq!((notice.account.as_deref(), notice.id.as_deref()), (Some("S"), Some("n1")));
    camel["notificationType"] = "ORDER_CHANGE".into();
    assert_eq!(WAREHOUSE.notices.read(camel.to_string().as_bytes()), Ok(None));
    let pascal = json!({"NotificationType": "FULFILLMENT_ORDER_STATUS", "EventTime": "2026-03-10T09:00:00Z", "Payload":
        {"FulfillmentOrderStatusNotification": {"SellerId": "S", "SellerFulfillmentOrderId": "N-1",
         "FulfillmentOrderStatus": "Complete", "StatusUpdatedDateTime": "2026-03-10T08:00:00Z"}}});
    let notice = WAREHOUSE.notices.read(pascal.to_string().as_bytes()).unwrap().unwrap();
    assert_eq!(
        notice.about,
        NoticeAbout::Request { number: "N-1".to_owned(), state: WarehouseState::Complete }
    );
    assert_eq!(notice.at, Some(time("2026-03-10T08:00:00Z")));
    let Some(feed) = read("FeedProcessingFinishedNotification.0") else {
        println!("skipped: Amazon's examples are not here (notices)");
        return;
    };
    assert!(matches!(feed.unwrap().about, NoticeAbout::Feed { state: FeedState::Done { .. }, .. }));
    let report = read("ReportProcessingFinishedNotification.1").unwrap().unwrap();
    assert!(matches!(report.about, NoticeAbout::Report { state: ReportState::Cancelled, .. }));
    let request = read("FulfillmentOrderStatusNotification.0").unwrap().unwrap();
    assert!(matches!(request.about, NoticeAbout::Request { number, .. } if number == "SFOID2345"));
    assert_eq!(read("OrderChangeNotification.0").unwrap(), None);
}

// SPEC: CS-05, FX-25
#[test]
fn amazons_examples_are_read() {
    let answer = |name: &str| {
        official(&format!("swagger-sandbox/fulfillmentOutbound_2020-07-01.{name}.200.example.json"))
    };
    let Some(text) = answer("getFulfillmentOrder") else {
        println!("skipped: Amazon's examples are not here (fulfillment orders)");
        return;
    };
    let Looked::Seen(seen) = WAREHOUSE.requests.looked(&HttpResponse::json(200, text)).unwrap() else {
        panic!()
    };
    assert_eq!(seen.state, WarehouseState::Processing);
    assert_eq!(seen.units, [("OrderItemID1".to_owned(), 3), ("OrderItemID2".to_owned(), 1)].into());
    assert!(seen.parcels.is_empty(), "its shipment is pending");
    let previews = answer("getFulfillmentPreview").unwrap();
    let previews = WAREHOUSE.requests.previewed(&HttpResponse::json(200, previews)).unwrap();
    assert_eq!(previews[0].total_fee().unwrap().0.to_string(), "19.71");
}
