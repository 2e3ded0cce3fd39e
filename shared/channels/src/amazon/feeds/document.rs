//! The feed's document. Amazon reads its elements in one order and no other. (API-FACTS: Amazon's feed schema,
//! release 4.1, `FulfillmentOrderRequest`)

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use weir_domain::{
    customer::Address,
    fulfillment_request::{RequestNumber, RequestRow},
};

use super::super::{
    outbound::{POLICY, displayable, state_code},
    requests,
};
use crate::warehouse::ToShip;

/// The document that hands requests over.
pub(super) fn requests(seller: &str, all: &[ToShip<'_>]) -> Vec<u8> {
    let mut document = Document::begin(seller, "FulfillmentOrderRequest");
    for (number, request) in (1..).zip(all) {
        document.message(number, |document| document.request(request));
    }
    document.end()
}

/// The document that calls requests off.
pub(super) fn cancellations(seller: &str, all: &[(&RequestNumber, &[RequestRow])]) -> Vec<u8> {
    let mut document = Document::begin(seller, "FulfillmentOrderCancellationRequest");
    for (number, (request, rows)) in (1..).zip(all) {
        document.message(number, |document| {
            document.within("FulfillmentOrderCancellationRequest", |document| {
                document.text("MerchantFulfillmentOrderID", request.as_str());
                for row in *rows {
                    document
                        .within("Item", |document| document.text("MerchantFulfillmentOrderItemID", &row.id));
                }
            });
        });
    }
    document.end()
}

struct Document(Writer<Vec<u8>>);

impl Document {
    fn begin(seller: &str, kind: &str) -> Self {
        let mut document = Self(Writer::new(Vec::new()));
        document.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let envelope = BytesStart::new("AmazonEnvelope").with_attributes([
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xsi:noNamespaceSchemaLocation", "amzn-envelope.xsd"),
        ]);
        document.write(Event::Start(envelope));
        document.within("Header", |document| {
            document.text("DocumentVersion", "1.01");
            document.text("MerchantIdentifier", seller);
        });
        document.text("MessageType", kind);
        document
    }

    fn end(mut self) -> Vec<u8> {
        self.write(Event::End(BytesEnd::new("AmazonEnvelope")));
        self.0.into_inner()
    }

    fn message(&mut self, number: usize, then: impl FnOnce(&mut Self)) {
        self.within("Message", |document| {
            document.text("MessageID", &number.to_string());
            then(document);
        });
    }

    fn request(&mut self, request: &ToShip<'_>) {
        self.within("FulfillmentOrderRequest", |document| {
            document.text("MerchantFulfillmentOrderID", request.number.as_str());
            document.text("DisplayableOrderID", &displayable(request));
            document.text("DisplayableOrderDate", &requests::time(request.ordered_at));
            document.text("DeliverySLA", request.speed.as_str());
            document.text("FulfillmentPolicy", POLICY);
            document.text("FulfillmentMethod", "Consumer");
            document.text("FulfillmentAction", "Ship");
            document.within("DestinationAddress", |document| document.address(request.ship_to));
            for row in request.rows {
                document.within("Item", |document| {
                    document.text("MerchantSKU", &row.warehouse_sku);
                    document.text("Quantity", &row.quantity.to_string());
                    document.text("MerchantFulfillmentOrderItemID", &row.id);
                });
            }
        });
    }

    fn address(&mut self, of: &Address) {
        let fields = [
            ("Name", &of.name),
            ("AddressFieldOne", &of.line_1),
            ("AddressFieldTwo", &of.line_2),
            ("AddressFieldThree", &of.company),
            ("City", &of.city),
            ("StateOrRegion", &of.state),
            ("PostalCode", &of.postal_code),
            ("CountryCode", &of.country),
            ("PhoneNumber", &of.phone),
        ];
        for (name, value) in fields {
            if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
                let field = if name == "StateOrRegion" { "stateOrRegion" } else { name };
                self.text(name, state_code(field, value, of));
            }
        }
    }

    fn within(&mut self, name: &str, then: impl FnOnce(&mut Self)) {
        self.write(Event::Start(BytesStart::new(name)));
        then(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    fn text(&mut self, name: &str, value: &str) {
        // What no XML document may hold is left out: a control character in an address says nothing.
        let is_allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        let value: String = value.chars().filter(is_allowed).collect();
        self.within(name, |document| document.write(Event::Text(BytesText::new(&value))));
    }

    fn write(&mut self, event: Event<'_>) {
        // Into memory; there is nothing that could fail.
        let _ = self.0.write_event(event);
    }
}
