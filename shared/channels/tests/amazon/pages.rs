//! Pages: one bad order costs nothing of the rest, and a refusal is told for what it is.

use weir_channels::{channel::ChannelError, http::HttpResponse};

use crate::support::{TOKEN, US, connection, orders, time};

fn page(status: u16, body: impl Into<Vec<u8>>) -> Result<weir_channels::channel::Page, ChannelError> {
    orders().page(&connection(US, "2026-01-01"), &HttpResponse::json(status, body))
}

const GOOD: &str = include_str!("../golden/amazon/2026-us-tax-added.json");

#[test]
fn one_bad_order_costs_nothing_of_the_page() {
    // SPEC: G-04
    let deep = format!(
        r#"{{"orderId":"113-0000000-0000003","lastUpdatedTime":"2026-11-20T17:02:11Z","x":{}1{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let unparsable_line =
        r#"{"orderId":"113-0000000-0000004","lastUpdatedTime":"2026-11-20T17:02:11Z","orderItems":7}"#;
    let body = format!(
        r#"{{"orders":[null,7,{{"orderId":"113-0000000-0000001"}},{{"lastUpdatedTime":"x"}},{GOOD},
        {{"orderId":"113-0000000-0000002","lastUpdatedTime":"later"}},{deep},{unparsable_line}],
        "pagination":{{"nextToken":"n+1"}},"lastUpdatedBefore":"2026-11-20T17:30:00Z"}}"#
    );
    let page = page(200, body).unwrap();
    assert_eq!(page.next.as_deref(), Some("n+1"));
    assert_eq!(page.until, Some(time("2026-11-20T17:30:00Z")));
    let filed: Vec<&str> = page.orders.iter().map(|order| order.channel_order_id.as_str()).collect();
    assert_eq!(filed, ["113-1111111-1111111", "113-0000000-0000004"]);
    assert_eq!(page.orders[0].updated_at, time("2026-11-20T17:02:11.250Z"));
    assert_eq!(page.orders[0].body, GOOD.trim().as_bytes());
    let unreadable: Vec<(Option<&str>, &str)> = page
        .unreadable
        .iter()
        .map(|part| (part.channel_order_id.as_ref().map(|id| id.as_str()), part.message.as_str()))
        .collect();
    assert_eq!(
        unreadable,
        [
            (None, "orders[0].orderId is missing"),
            (None, "orders[1] is not an object"),
            (Some("113-0000000-0000001"), "orders[2].lastUpdatedTime is missing"),
            (None, "orders[3].orderId is missing"),
            (Some("113-0000000-0000002"), "orders[5].lastUpdatedTime is not a time with its offset"),
            (Some("113-0000000-0000003"), "orders[6] is nested too deeply"),
        ]
    );
    // What could be filed and not read complains when it is read.
    let error = orders().read("2026-01-01", &page.orders[1].body).unwrap_err();
    assert_eq!(error.message, "orderItems is not a list");
}

#[test]
fn an_empty_page_is_a_page() {
    let page = page(200, r#"{"orders":[],"lastUpdatedBefore":"soon"}"#).unwrap();
    assert_eq!((page.orders.len(), page.next, page.until), (0, None, None));
}

#[test]
fn a_page_that_is_none_is_unreadable() {
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"orders":{}}"#,
        r#"{"orders":[],"pagination":7}"#,
        r#"{"orders":[],"pagination":{"nextToken":{}}}"#,
        "<html>",
    ] {
        assert!(matches!(page(200, body), Err(ChannelError::Unreadable(_))), "{body}");
    }
    let large = vec![b' '; 32 * 1024 * 1024 + 1];
    assert!(matches!(page(200, large), Err(ChannelError::Unreadable(_))));
}

#[test]
fn refusals_are_told_for_what_they_are() {
    // SPEC: G-11, G-12
    let error =
        |code: &str, message: &str| format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
    let ended = error("Unauthorized", "The access token you provided has expired.");
    assert_eq!(page(403, ended), Err(ChannelError::Expired));
    assert!(matches!(
        page(403, error("Unauthorized", "Access to requested resource is denied.")),
        Err(ChannelError::Denied(_))
    ));
    assert!(matches!(
        page(429, error("QuotaExceeded", "You exceeded your quota.")),
        Err(ChannelError::Throttled { .. })
    ));
    assert!(matches!(
        page(503, error("InternalFailure", "We encountered an internal error.")),
        Err(ChannelError::Trouble(_))
    ));
    assert_eq!(
        page(400, error("InvalidInput", "The paginationToken is expired")),
        Err(ChannelError::PageExpired)
    );
    assert!(matches!(page(400, error("InvalidInput", "Invalid Input")), Err(ChannelError::Refused(_))));
    let quoted = page(400, error("InvalidInput", &format!("Value '{TOKEN}' is wrong"))).unwrap_err();
    assert!(!format!("{quoted:?} {quoted}").contains("Atza"), "{quoted}");
}
