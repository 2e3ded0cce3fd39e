//! How BigCommerce is told that all of an order was delivered: the status alone is put. A request that
//! touched products would drop the order's discounts. (SPEC KB-10; API-FACTS §3)

use serde_json::json;
use weir_domain::ids::ChannelOrderId;

use super::{
    rest::{CALL, request, some_text_of},
    status::COMPLETED,
};
use crate::{
    channel::{Call, ChannelError, Completion, Operation, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    json,
};

/// BigCommerce's status Completed.
pub(super) struct BigCommerceCompletion;

impl Completion for BigCommerceCompletion {
    fn complete(&self, call: Call<'_>, id: &ChannelOrderId) -> (Operation, HttpRequest) {
        let body = json!({ "status_id": COMPLETED }).to_string();
        let path = format!("v2/orders/{}", super::orders::plain(id.as_str()).unwrap_or("0"));
        (CALL, request(call, Method::Put, &path).with_body("application/json", body))
    }

    /// The answer is the order as it is now.
    fn read(&self, response: &HttpResponse) -> Result<(), ChannelError> {
        if response.status == 404 {
            return Err(ChannelError::Refused("it does not know the order any more".to_owned()));
        }
        let text = some_text_of(response)?;
        let status = json::parse(&text)
            .and_then(|node| node.object())
            .and_then(|order| order.get("status_id").quantity())
            .map_err(unreadable)?;
        if status == Some(COMPLETED) {
            return Ok(());
        }
        Err(ChannelError::Unreadable("the order's status is another than was put".to_owned()))
    }
}
