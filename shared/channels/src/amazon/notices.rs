//! What Amazon tells of feeds, reports and requests by itself: FEED_PROCESSING_FINISHED,
//! REPORT_PROCESSING_FINISHED and FULFILLMENT_ORDER_STATUS. Each is a hint to look. (SPEC FX-25, FX-31;
//! specs/amazon/notifications)

use super::{
    feeds,
    json::{self, Object},
    notifications::MAX_MESSAGE_BYTES,
    outbound::words,
    reports,
};
use crate::{
    channel::MalformedOrder,
    warehouse::{NoticeAbout, Notices, WarehouseNotice},
};

/// Amazon's notices of its warehouses.
pub(super) struct AmazonNotices;

impl Notices for AmazonNotices {
    fn read(&self, body: &[u8]) -> Result<Option<WarehouseNotice>, MalformedOrder> {
        if body.len() > MAX_MESSAGE_BYTES {
            return Err(MalformedOrder { message: "the notification is too large".to_owned() });
        }
        let text = json::text_of(body);
        // Some types are spelled in PascalCase and some in camelCase; the case says nothing.
        let envelope = json::parse(&text)?.object()?;
        let kind = envelope.get_any_case("NotificationType").required()?;
        let payload = envelope.get_any_case("Payload").object()?;
        match kind.to_ascii_uppercase().as_str() {
            "FEED_PROCESSING_FINISHED" => {
                let about = payload.get_any_case("FeedProcessingFinishedNotification").object()?;
                let status = about.get_any_case("ProcessingStatus");
                let report = about.get_any_case("ResultFeedDocumentId").words()?;
                let state = feeds::state(&status.required()?, report).ok_or_else(|| unknown(&status))?;
                let feed = about.get_any_case("FeedId").required()?;
                notice(&envelope, &about, NoticeAbout::Feed { feed, state })
            }
            "REPORT_PROCESSING_FINISHED" => {
                let about = payload.get_any_case("ReportProcessingFinishedNotification").object()?;
                let status = about.get_any_case("ProcessingStatus");
                let document = about.get_any_case("ReportDocumentId").words()?;
                let state = reports::state(&status.required()?, document).ok_or_else(|| unknown(&status))?;
                let report = about.get_any_case("ReportId").required()?;
                notice(&envelope, &about, NoticeAbout::Report { report, state })
            }
            "FULFILLMENT_ORDER_STATUS" => {
                let about = payload.get_any_case("FulfillmentOrderStatusNotification").object()?;
                let state = words::state(&about.get_any_case("FulfillmentOrderStatus").required()?);
                let number = about.get_any_case("SellerFulfillmentOrderId").required()?;
                notice(&envelope, &about, NoticeAbout::Request { number, state })
            }
            _ => Ok(None),
        }
    }
}

fn unknown(status: &json::Node<'_, '_>) -> MalformedOrder {
    status.malformed("is a word that Weir does not know")
}

fn notice(
    envelope: &Object<'_, '_>,
    about_object: &Object<'_, '_>,
    about: NoticeAbout,
) -> Result<Option<WarehouseNotice>, MalformedOrder> {
    let metadata = envelope.get_any_case("NotificationMetadata").object()?;
    // When the request's state changed, rather than when somebody wrote of it.
    let at = about_object.get_any_case("StatusUpdatedDateTime").time()?;
    Ok(Some(WarehouseNotice {
        account: about_object.get_any_case("SellerId").words()?,
        id: metadata.get_any_case("NotificationId").words()?,
        at: at.or(envelope.get_any_case("EventTime").time()?),
        about,
    }))
}
