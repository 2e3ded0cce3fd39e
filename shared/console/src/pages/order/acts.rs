//! What a person does to an order on its page: forms that work without scripts, and the acts behind them.
//! A form that is sent twice does its work once.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Form,
    extract::{Path, State},
    response::Redirect,
};
use maud::{Markup, html};
use weir_app::{
    acts::{
        fulfill::{self, FulfillmentPatch, NewParcel},
        invoice, manufacture, receive, release, remove,
    },
    ports::OrderFile,
};
use weir_domain::{
    ids::{
        FulfillmentId, InvalidId, LocationId, ManufacturingOrderId, OrganizationId, RowId, SalesOrderId,
        SalesReturnId,
    },
    location::Location,
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
    sales_order::{Fulfillment, FulfillmentRow, FulfillmentStatus, Row, SalesOrder, Tracking},
    sales_return::{ReturnStatus, SalesReturn},
};

use super::super::{PageError, layout, table};
use crate::{Console, auth::Viewer};

/// What the names of the fields for a row's units begin with.
const UNITS: &str = "units:";

/// What the names of the fields for a row's serial numbers begin with.
const SERIALS: &str = "serials:";

fn path(order: &SalesOrder, act: &str) -> String {
    format!("/orders/{}/{act}", layout::escape(order.id.as_str()))
}

/// A form that is one button.
fn button(order: &SalesOrder, act: &str, hidden: &[(&str, &str)], words: &str) -> Markup {
    html! {
        form.row method="post" action=(path(order, act)) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            button.quiet type="submit" { (words) }
        }
    }
}

/// What may be done to a row: it is released, or made.
pub(super) fn of_row(order: &SalesOrder, row: &Row, made: &[ManufacturingOrder], token: &str) -> Markup {
    let open = order.open(row);
    let is_made = made.iter().any(|made| made.row.as_ref() == Some(&row.id));
    html! {
        @if order.is_visible() && open > 0 {
            @if row.location.is_some() { (button(order, "release", &[("row", row.id.as_str())], "Release")) }
            @if !is_made {
                form.row method="post" action=(path(order, "make")) {
                    input type="hidden" name="row" value=(row.id);
                    input type="hidden" name="token" value=(token);
                    input type="hidden" name="quantity" value=(open);
                    button.quiet type="submit" { "Make " (open) }
                }
            }
        }
    }
}

/// What was packed and delivered, with the button that delivers what was packed.
pub(super) fn fulfillments(order: &SalesOrder, may_write: bool) -> Markup {
    let head =
        [("Status", false), ("Units", false), ("Parcel", false), ("Left", false), ("By", false), ("", false)];
    let skus: BTreeMap<&RowId, &Row> = order.rows.iter().map(|row| (&row.id, row)).collect();
    let line = |one: &Fulfillment| {
        html! {
            tr {
                td { (one.status.as_str()) }
                td { @for part in &one.rows { div { (part.quantity) " × " @if let Some(row) = skus.get(&part.row) { code { (row.sku) } } } } }
                td { @if let Some(parcel) = &one.tracking { (shown(parcel)) } @else { span.muted { "–" } } }
                td { (layout::time(one.shipped_at)) }
                td { (one.by.as_str()) }
                td {
                    @if may_write && order.is_visible() && one.status == FulfillmentStatus::Packed {
                        (button(order, "deliver", &[("fulfillment", one.id.as_str())], "Deliver"))
                    }
                }
            }
        }
    };
    let lines: Vec<Markup> = order.fulfillments.iter().map(line).collect();
    html! {
        @if !lines.is_empty() {
            h2 { "Packed and delivered" }
            (table("Packed and delivered", &head, &lines))
        }
    }
}

fn shown(parcel: &Tracking) -> Markup {
    let number = parcel.number.as_deref().unwrap_or("the parcel");
    html! {
        // A shop's application may have written anything: a page opens web addresses alone.
        @match parcel.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
            Some(url) => a href=(url) rel="noreferrer" { (number) },
            None => (number),
        }
        @if let Some(carrier) = &parcel.carrier { " " span.muted { (carrier) } }
    }
}

/// The form that packs or delivers open units: all of them, unless somebody changes the numbers.
pub(super) fn fulfil(order: &SalesOrder, token: &str) -> Markup {
    let open: Vec<(&Row, i64)> =
        order.rows.iter().map(|row| (row, order.open(row))).filter(|(_, open)| *open > 0).collect();
    html! {
        @if order.is_visible() && !open.is_empty() {
            h2 { "Pack or deliver" }
            div.panel.pad {
                form method="post" action=(path(order, "fulfil")) {
                    input type="hidden" name="token" value=(token);
                    @for (row, open) in open {
                        div.waiting {
                            label for=(format!("{UNITS}{}", row.id)) { code { (row.sku) } " " (row.name) ", " (open) " open" }
                            div.head {
                                input id=(format!("{UNITS}{}", row.id)) name=(format!("{UNITS}{}", row.id)) type="number" min="0" max=(open) value=(open);
                                input name=(format!("{SERIALS}{}", row.id)) aria-label=(format!("Serial numbers of {}", row.sku)) placeholder="serial numbers, if any" autocomplete="off";
                            }
                        }
                    }
                    div.waiting {
                        div.head {
                            input name="number" aria-label="Tracking number" placeholder="tracking number" autocomplete="off";
                            input name="carrier" aria-label="Carrier" placeholder="carrier" autocomplete="off";
                            input name="url" type="url" aria-label="Link of the parcel" placeholder="https://…" autocomplete="off";
                        }
                        div.head {
                            button type="submit" name="status" value="delivered" { "Deliver" }
                            button.quiet type="submit" name="status" value="packed" { "Pack" }
                        }
                    }
                }
            }
        }
    }
}

/// What is made for the order's rows.
pub(super) fn made(order: &SalesOrder, file: &OrderFile, may_write: bool) -> Markup {
    let head = [("Makes", false), ("Units", true), ("Status", false), ("", false)];
    let line = |made: &ManufacturingOrder| {
        let next = match made.status {
            ManufacturingStatus::NotStarted => Some(("work_in_progress", "Begin")),
            ManufacturingStatus::WorkInProgress => Some(("done", "Done")),
            ManufacturingStatus::Done => None,
        };
        html! {
            tr {
                td.code { (made.sku) @if made.row.is_none() { br; span.muted { "not linked any more" } } }
                td.num { (made.quantity) }
                td { (made.status.as_str().replace('_', " ")) }
                td {
                    @if let Some((status, words)) = next.filter(|_| may_write) {
                        (button(order, "made", &[("made", made.id.as_str()), ("status", status)], words))
                    }
                }
            }
        }
    };
    let lines: Vec<Markup> = file.manufacturing_orders.iter().map(|(made, _)| line(made)).collect();
    html! {
        @if !lines.is_empty() {
            h2 { "Manufacturing orders" }
            (table("Manufacturing orders", &head, &lines))
        }
    }
}

/// What comes back, with the form that receives it.
pub(super) fn returns(
    order: &SalesOrder,
    file: &OrderFile,
    locations: &BTreeMap<LocationId, Location>,
    may_write: bool,
) -> Markup {
    let head = [("Return", false), ("Units", false), ("Status", false), ("", false)];
    let line = |known: &SalesReturn| {
        html! {
            tr {
                td { (known.number) }
                td { @for row in &known.rows { div { (row.quantity) " × " code { (row.sku) } } } }
                td { (known.status.as_str()) }
                td {
                    @if may_write && known.status == ReturnStatus::Open {
                        form.row method="post" action=(path(order, "receive")) {
                            input type="hidden" name="return" value=(known.id);
                            select name="location" aria-label="Where the goods are" {
                                option value="" { "where they left" }
                                @for location in locations.values() { option value=(location.id) { (location.name) } }
                            }
                            button type="submit" { "Receive" }
                        }
                    }
                }
            }
        }
    };
    let lines: Vec<Markup> = file.returns.iter().map(|(known, _)| line(known)).collect();
    html! {
        @if !lines.is_empty() {
            h2 { "Returns" }
            (table("Returns", &head, &lines))
        }
    }
}

/// What may be done to the order as a whole.
pub(super) fn of_order(order: &SalesOrder) -> Markup {
    html! {
        h2 { "More" }
        div.panel.pad {
            div.waiting {
                div.head {
                    @if order.deleted_at.is_some() {
                        (button(order, "restore", &[], "Restore the order"))
                    } @else {
                        @if order.rows.iter().any(|row| !row.invoiced) { (button(order, "invoice", &[], "Mark all rows as invoiced")) }
                        (button(order, "delete", &[], "Delete the order"))
                    }
                }
            }
        }
    }
}

/// The fields of a form as they came.
struct Sent(Vec<(String, String)>);

impl Sent {
    /// A field that holds more than spaces.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(of, _)| of == name)?;
        Some(found.1.trim()).filter(|text| !text.is_empty())
    }

    fn id<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<T, PageError> {
        parse(self.get(name).unwrap_or_default()).map_err(|_| PageError::NotFound(name))
    }

    fn token(&self) -> Result<&str, PageError> {
        let is_token =
            |text: &&str| text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.get("token").filter(is_token).ok_or(PageError::NotFound("form"))
    }

    /// A text of one line, as the API takes it.
    fn line(&self, name: &str) -> Result<Option<String>, PageError> {
        let text = self.get(name);
        if text.is_some_and(|text| text.chars().count() > 200 || text.chars().any(char::is_control)) {
            return Err(PageError::Invalid(format!(
                "Give at most 200 characters for the {name}, without line breaks."
            )));
        }
        Ok(text.map(str::to_owned))
    }

    /// Rows with the units that somebody left in their fields.
    fn rows(&self) -> Result<Vec<FulfillmentRow>, PageError> {
        let mut rows = Vec::new();
        for (name, value) in &self.0 {
            let Some(row) = name.strip_prefix(UNITS) else { continue };
            let id = RowId::parse(row).map_err(|_| PageError::NotFound("row"))?;
            let units = value.trim();
            let quantity: i64 = match units.is_empty() {
                true => 0,
                false => units
                    .parse()
                    .map_err(|_| PageError::Invalid(format!("\"{units}\" is no whole number.")))?,
            };
            let serials = self.get(&format!("{SERIALS}{row}")).unwrap_or_default();
            let serial_numbers =
                serials.split(',').map(str::trim).filter(|number| !number.is_empty()).map(str::to_owned);
            if quantity != 0 {
                let serial_numbers = serial_numbers.collect();
                rows.push(FulfillmentRow { row: id, quantity, batches: Vec::new(), serial_numbers });
            }
        }
        Ok(rows)
    }

    fn parcel(&self) -> Result<Option<Tracking>, PageError> {
        let (number, carrier, url) = (self.line("number")?, self.line("carrier")?, self.line("url")?);
        if url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            return Err(PageError::Invalid("Give a link that begins with https:// or http://.".to_owned()));
        }
        let is_told = number.is_some() || carrier.is_some() || url.is_some();
        Ok(is_told.then_some(Tracking { number, carrier, url }))
    }
}

/// Does what a form of the order's page asks for, and shows the page again.
pub(in crate::pages) async fn act(
    State(console): State<Console>,
    viewer: Viewer,
    Path((id, act)): Path<(String, String)>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let id = SalesOrderId::parse_any(&id).map_err(|_| PageError::NotFound("order"))?;
    let sent = Sent(sent);
    let (hub, organization, name) = (&console.hub, &viewer.organization, &viewer.name);
    match act.as_str() {
        "fulfil" => fulfil_sent(&console, &viewer, &id, &sent).await?,
        "deliver" => {
            let fulfillment = sent.id("fulfillment", FulfillmentId::parse)?;
            let patch = FulfillmentPatch {
                status: Some(FulfillmentStatus::Delivered),
                ..FulfillmentPatch::default()
            };
            fulfill::change(hub, organization, &id, &fulfillment, &patch, name).await?;
        }
        "invoice" => {
            invoice::invoice(hub, organization, &id, &BTreeSet::new(), name).await?;
        }
        "release" => {
            release::release(hub, organization, &id, &sent.id("row", RowId::parse)?, name).await?;
        }
        "make" => {
            let row = sent.id("row", RowId::parse)?;
            let quantity = sent.get("quantity").and_then(|text| text.parse().ok()).unwrap_or_default();
            // One token is for the whole page, and each row makes its own id of it.
            let token = format!("{}{}", sent.token()?, letters(&row));
            manufacture::create(hub, organization, &token, (&id, &row), quantity, name).await?;
        }
        "made" => made_sent(&console, organization, &sent, name).await?,
        "receive" => {
            let known = sent.id("return", SalesReturnId::parse)?;
            let location = match sent.get("location") {
                Some(_) => Some(sent.id("location", LocationId::parse)?),
                None => None,
            };
            receive::receive(hub, organization, &known, location.as_ref(), name).await?;
        }
        "delete" => {
            remove::delete(hub, organization, &id, name).await?;
        }
        "restore" => {
            remove::restore(hub, organization, &id, name).await?;
        }
        _ => return Err(PageError::NotFound("action")),
    }
    Ok(Redirect::to(&format!("/orders/{}", layout::escape(id.as_str()))))
}

/// The last letters and digits of a row's id.
fn letters(row: &RowId) -> String {
    let all: Vec<char> = row.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    all[all.len().saturating_sub(30)..].iter().collect()
}

async fn fulfil_sent(
    console: &Console,
    viewer: &Viewer,
    id: &SalesOrderId,
    sent: &Sent,
) -> Result<(), PageError> {
    let status = match sent.get("status") {
        Some("packed") => FulfillmentStatus::Packed,
        Some("delivered") => FulfillmentStatus::Delivered,
        Some(_) | None => return Err(PageError::NotFound("action")),
    };
    let new = NewParcel { status, rows: sent.rows()?, tracking: sent.parcel()?, shipped_at: None };
    fulfill::fulfill(&console.hub, &viewer.organization, id, sent.token()?, new, &viewer.name).await?;
    Ok(())
}

async fn made_sent(
    console: &Console,
    organization: &OrganizationId,
    sent: &Sent,
    name: &str,
) -> Result<(), PageError> {
    let made = sent.id("made", ManufacturingOrderId::parse)?;
    let status = sent.get("status").and_then(ManufacturingStatus::parse);
    let status = status.ok_or(PageError::NotFound("status"))?;
    manufacture::change(&console.hub, organization, &made, (Some(status), None), name).await?;
    Ok(())
}
