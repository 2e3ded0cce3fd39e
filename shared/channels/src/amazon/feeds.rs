//! The Feeds API 2021-06-30: many requests in one document. A place is asked for, the document put there, a feed
//! made of it; what became of each message stands in a processing report. (SPEC FX-25;
//! specs/amazon/feeds_2021-06-30.json)

mod document;
mod outcomes;

use std::time::Duration;

use serde_json::json;
use weir_domain::fulfillment_request::{RequestNumber, RequestRow};

use super::{
    documents, errors,
    json::{self as answers},
    requests::{self, Query},
};
use crate::{
    channel::{Call, ChannelError, MalformedOrder, Operation, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    warehouse::{FeedDocument, FeedOutcomes, FeedPlace, FeedState, Feeds, ReportPlace, ToShip},
};

const PATH: &str = "/feeds/2021-06-30";

/// 0.5 calls a second, burst 15. Source: specs/amazon/feeds_2021-06-30.json.
const CREATE_FEED_DOCUMENT: Operation =
    Operation { name: "createFeedDocument", refill: Duration::from_millis(2_000), burst: 15 };

/// 0.0083 calls a second, that is one in two minutes; burst 15. Source: as above.
const CREATE_FEED: Operation =
    Operation { name: "createFeed", refill: Duration::from_millis(120_500), burst: 15 };

/// 2 calls a second, burst 15. Source: as above.
const GET_FEED: Operation = Operation { name: "getFeed", refill: Duration::from_millis(500), burst: 15 };

/// 0.0222 calls a second, burst 10. Source: as above.
const GET_FEED_DOCUMENT: Operation =
    Operation { name: "getFeedDocument", refill: Duration::from_millis(45_100), burst: 10 };

/// The same to the byte when a place is asked for and when the document is put there, or Amazon's store refuses it.
const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

const REQUESTS: &str = "POST_FULFILLMENT_ORDER_REQUEST_DATA";
const CANCELLATIONS: &str = "POST_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA";

/// Amazon's feeds.
pub(super) struct AmazonFeeds;

impl Feeds for AmazonFeeds {
    fn document(&self, call: Call<'_>, requests: &[ToShip<'_>]) -> FeedDocument {
        let body = document::requests(&call.connection.remote.account, requests);
        FeedDocument { kind: REQUESTS, content_type: CONTENT_TYPE, body }
    }

    fn cancellation(&self, call: Call<'_>, requests: &[(&RequestNumber, &[RequestRow])]) -> FeedDocument {
        let body = document::cancellations(&call.connection.remote.account, requests);
        FeedDocument { kind: CANCELLATIONS, content_type: CONTENT_TYPE, body }
    }

    fn place(&self, call: Call<'_>, document: &FeedDocument) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/documents");
        let body = json!({ "contentType": document.content_type });
        let request = requests::request(call.connection, call.token, Method::Post, &path, Query::default());
        (CREATE_FEED_DOCUMENT, request.with_body("application/json", body.to_string()))
    }

    fn placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<FeedPlace, ChannelError> {
        let text = errors::success(response)?;
        let (url, _) = documents::place(&text, call.connection)?;
        let read = || answers::parse(&text)?.object()?.get("feedDocumentId").required();
        Ok(FeedPlace { document: read().map_err(unreadable)?, url })
    }

    fn upload(&self, place: &FeedPlace, document: &FeedDocument) -> HttpRequest {
        // Without any token: the address itself is what lets in.
        HttpRequest::new(Method::Put, place.url.expose())
            .with_body(document.content_type, document.body.clone())
    }

    fn submit(&self, call: Call<'_>, place: &FeedPlace, document: &FeedDocument) -> (Operation, HttpRequest) {
        let body = json!({
            "feedType": document.kind,
            "marketplaceIds": [call.connection.remote.marketplace.as_deref().unwrap_or_default()],
            "inputFeedDocumentId": place.document,
        });
        let path = format!("{PATH}/feeds");
        let request = requests::request(call.connection, call.token, Method::Post, &path, Query::default());
        (CREATE_FEED, request.with_body("application/json", body.to_string()))
    }

    fn submitted(&self, response: &HttpResponse) -> Result<String, ChannelError> {
        let text = errors::success(response)?;
        let read = || answers::parse(&text)?.object()?.get("feedId").required();
        read().map_err(unreadable)
    }

    fn look(&self, call: Call<'_>, feed: &str) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/feeds/{}", requests::encode(feed).collect::<String>());
        (GET_FEED, requests::request(call.connection, call.token, Method::Get, &path, Query::default()))
    }

    fn looked(&self, response: &HttpResponse) -> Result<FeedState, ChannelError> {
        let text = errors::success(response)?;
        let read = || {
            let answer = answers::parse(&text)?.object()?;
            let status = answer.get("processingStatus");
            let report = answer.get("resultFeedDocumentId").words()?;
            state(&status.required()?, report)
                .ok_or_else(|| status.malformed("is a word that Weir does not know"))
        };
        read().map_err(unreadable)
    }

    fn result(&self, call: Call<'_>, document: &str) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/documents/{}", requests::encode(document).collect::<String>());
        let request = requests::request(call.connection, call.token, Method::Get, &path, Query::default());
        (GET_FEED_DOCUMENT, request)
    }

    fn result_placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<ReportPlace, ChannelError> {
        let text = errors::success(response)?;
        let (url, is_gzip) = documents::place(&text, call.connection)?;
        Ok(ReportPlace { url, is_gzip })
    }

    fn outcomes(&self, report: &[u8], messages: usize) -> Result<FeedOutcomes, MalformedOrder> {
        outcomes::read(report, messages)
    }
}

/// What Amazon's word for a feed's state means. "Some, none, or all of the operations within the feed may have
/// completed" where it is fatal; of one that was cancelled nobody should rely on none.
pub(super) fn state(word: &str, report: Option<String>) -> Option<FeedState> {
    match word {
        "IN_QUEUE" | "IN_PROGRESS" => Some(FeedState::Working),
        "DONE" => Some(FeedState::Done { report }),
        "FATAL" | "CANCELLED" => Some(FeedState::Unknown),
        _ => None,
    }
}
