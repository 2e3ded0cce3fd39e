//! How requests come to be: by the automation, or because a person asked. Both hold what they ask for in the
//! same decision. (SPEC CS-02, CS-03, FX-21, FX-23)

use std::collections::BTreeMap;

use super::{Asking, RequestChanges, carry_out, check, may_be_asked, send};
use crate::{
    fulfillment_request::{
        FulfillmentRequest, MadeBy, RequestCode, RequestReason, RequestRow, RequestStatus, ShippingSpeed,
    },
    ids::{FulfillmentRequestId, LocationId, RowId},
    limits::{LINES_OF_A_REQUEST, REQUESTS_OF_AN_ORDER, UNITS_OF_A_REQUEST},
    outcome::Because,
    sales_order::{Row, SalesOrder},
    stock::StockKey,
};

/// Why nothing is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// The order is deleted, or its stock is being booked.
    #[error("the order is deleted, or its stock is being booked")]
    NotVisible,
    /// The warehouse is not available for fulfillment. (SPEC CS-03)
    #[error("\"{0}\" is not available for fulfillment")]
    NotAvailable(String),
    /// Another place holds units for it. (SPEC CS-03)
    #[error("other places hold units of {} for this order; release them first", .0.join(", "))]
    HeldElsewhere(Vec<String>),
    /// Everything is packed, delivered or asked for.
    #[error("nothing of the order is left to be asked for")]
    NothingLeft,
    /// A rule of the connection leaves the order out. (SPEC FX-21)
    #[error("the rules of the connection leave it out: {0}")]
    LeftOut(String),
    /// It is larger than anybody means.
    #[error("it would take {0} requests; {most} can be made at once", most = REQUESTS_OF_AN_ORDER)]
    TooLarge(usize),
}

impl NotAsked {
    /// The stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotVisible => "order_not_visible",
            Self::NotAvailable(_) => "location_not_available",
            Self::HeldElsewhere(_) => "held_elsewhere",
            Self::NothingLeft => "nothing_left",
            Self::LeftOut(_) => "left_out_by_rules",
            Self::TooLarge(_) => "order_too_large",
        }
    }
}

/// "Fulfil by Amazon": a person asks for all that is left of an order. Rows without a place are assigned to the
/// warehouse, which holds their units from then on. (SPEC CS-03)
///
/// # Errors
/// Why nothing is asked for.
pub fn by_hand(asking: &Asking<'_>) -> Result<RequestChanges, NotAsked> {
    visible(asking.order)?;
    let warehouse = asking.warehouse.location;
    if !may_be_asked(warehouse) {
        return Err(NotAsked::NotAvailable(warehouse.name.clone()));
    }
    let left =
        || asking.order.rows.iter().filter(|row| asking.is_goods(&row.variant) && asking.unasked(row) > 0);
    let elsewhere = left().filter(|row| row.location.as_ref().is_some_and(|place| *place != warehouse.id));
    let held: Vec<String> = elsewhere.map(|row| format!("\"{}\"", row.sku)).collect();
    if !held.is_empty() {
        return Err(NotAsked::HeldElsewhere(held));
    }
    let mut plan = asking.order.clone();
    assign(&mut plan, left().map(|row| (row.id.clone(), warehouse.id.clone())).collect());
    let rows = rows_at_warehouse(asking, &plan, |_| true);
    if rows.is_empty() {
        return Err(NotAsked::NothingLeft);
    }
    make(asking, plan, rows, MadeBy::Person, Vec::new())
}

/// The automation: rows without a place are assigned to the first place of `priority` that has all of their
/// units (`available` says what may be promised of each), and what is at the warehouse is asked for.
/// (SPEC CS-02)
///
/// # Errors
/// Why nothing changes.
pub fn automatically(
    asking: &Asking<'_>,
    priority: &[LocationId],
    available: &BTreeMap<StockKey, i64>,
) -> Result<RequestChanges, NotAsked> {
    visible(asking.order)?;
    let mut plan = asking.order.clone();
    let rules = rules(asking);
    let is_asked = rules.is_ok() && may_be_asked(asking.warehouse.location);
    let excluded = &asking.warehouse.settings.rules.excluded_skus;
    // What would not be asked for is not put there either.
    let may_go = |row: &Row, place: &LocationId| {
        *place != asking.warehouse.location.id || (is_asked && !excluded.contains(&row.sku))
    };
    let (chosen, because) = choose(asking, priority, available, may_go);
    let is_assigned = !chosen.is_empty();
    assign(&mut plan, chosen);
    let rows = match is_asked {
        true => rows_at_warehouse(asking, &plan, |row| !excluded.contains(&row.sku)),
        false => Vec::new(),
    };
    if rows.is_empty() && !is_assigned {
        rules?;
        if !may_be_asked(asking.warehouse.location) {
            return Err(NotAsked::NotAvailable(asking.warehouse.location.name.clone()));
        }
        return Err(NotAsked::NothingLeft);
    }
    make(asking, plan, rows, MadeBy::Automation, because)
}

fn visible(order: &SalesOrder) -> Result<(), NotAsked> {
    if order.is_visible() { Ok(()) } else { Err(NotAsked::NotVisible) }
}

/// The place of each row that has none.
fn choose(
    asking: &Asking<'_>,
    priority: &[LocationId],
    available: &BTreeMap<StockKey, i64>,
    may_go: impl Fn(&Row, &LocationId) -> bool,
) -> (BTreeMap<RowId, LocationId>, Vec<Because>) {
    let mut left = available.clone();
    let (mut chosen, mut because) = (BTreeMap::new(), Vec::new());
    let homeless =
        asking.order.rows.iter().filter(|row| row.location.is_none() && asking.is_goods(&row.variant));
    for row in homeless.filter(|row| asking.unasked(row) > 0) {
        let units = asking.unasked(row);
        let has_all = |place: &&LocationId| {
            let key = StockKey { location: (*place).clone(), variant: row.variant.clone() };
            let may_ship = asking.places.get(*place).is_some_and(|place| place.available_for_fulfillment);
            may_ship && may_go(row, place) && left.get(&key).copied().unwrap_or_default() >= units
        };
        match priority.iter().find(has_all) {
            Some(place) => {
                let key = StockKey { location: place.clone(), variant: row.variant.clone() };
                *left.entry(key).or_insert(0) -= units;
                chosen.insert(row.id.clone(), place.clone());
            }
            None => {
                let message = format!("\"{}\": no place of the automation has {units} units.", row.sku);
                because.push(Because::new("no_place_has_it", message));
            }
        }
    }
    (chosen, because)
}

fn assign(plan: &mut SalesOrder, chosen: BTreeMap<RowId, LocationId>) {
    for row in &mut plan.rows {
        if let Some(place) = chosen.get(&row.id) {
            row.location = Some(place.clone());
        }
    }
}

/// Whether the connection's rules want the order asked for by itself. (SPEC FX-21)
fn rules(asking: &Asking<'_>) -> Result<(), NotAsked> {
    let rules = &asking.warehouse.settings.rules;
    let left_out = |why: String| Err(NotAsked::LeftOut(why));
    if !rules.tags.is_empty() && !asking.tags.iter().any(|tag| rules.tags.contains(tag)) {
        return left_out("it has none of the tags".to_owned());
    }
    let country = asking.ship_to.and_then(|address| address.country.as_deref());
    if !rules.countries.is_empty() && !country.is_some_and(|country| rules.countries.contains(country)) {
        return left_out("it goes to none of the countries".to_owned());
    }
    let Some(minimum) = rules.order_minimum else { return Ok(()) };
    let total = asking.order.totals().total.zip(asking.order.currency);
    let total = total.map(|(amount, currency)| crate::money::Money::new(amount, currency));
    let is_enough = match total {
        None => None,
        Some(total) if total.currency == minimum.currency => Some(total.amount >= minimum.amount),
        Some(total) => {
            let base = |money| asking.organization.in_base(money).map(|money| money.amount);
            base(total).zip(base(minimum)).map(|(total, minimum)| total >= minimum)
        }
    };
    match is_enough {
        Some(true) => Ok(()),
        Some(false) => left_out(format!("its total is below {minimum}")),
        None => left_out(format!("its total cannot be held against {minimum}")),
    }
}

/// What is asked for: of each row at the warehouse the units that nobody asked for yet.
fn rows_at_warehouse(
    asking: &Asking<'_>,
    plan: &SalesOrder,
    is_wanted: impl Fn(&Row) -> bool,
) -> Vec<RequestRow> {
    let here = &asking.warehouse.location.id;
    let rows = plan.rows.iter().filter(|row| row.location.as_ref() == Some(here));
    let rows = rows.filter(|row| asking.is_goods(&row.variant) && is_wanted(row));
    rows.map(|row| wish(asking, row, asking.unasked(row))).filter(|row| row.quantity > 0).collect()
}

fn make(
    asking: &Asking<'_>,
    plan: SalesOrder,
    rows: Vec<RequestRow>,
    made_by: MadeBy,
    because: Vec<Because>,
) -> Result<RequestChanges, NotAsked> {
    let parts = split(rows);
    if parts.len() > REQUESTS_OF_AN_ORDER {
        return Err(NotAsked::TooLarge(parts.len()));
    }
    let mut requests = Vec::new();
    for (part, mut rows) in (1..).zip(parts) {
        for (index, row) in (1..).zip(&mut rows) {
            row.id = i32::to_string(&index);
        }
        let number = asking.number.part(part).map_err(|_| NotAsked::TooLarge(part))?;
        requests.push(begin(asking, number, rows, made_by));
    }
    // A step that holds or frees touches one item: it always fits.
    let changes =
        carry_out(asking.order, plan, Vec::new(), requests.len(), (asking.stock, &asking.tracking()))
            .unwrap_or_default();
    Ok(RequestChanges { changes, requests, shipments: Vec::new(), because })
}

fn wish(asking: &Asking<'_>, row: &Row, units: i64) -> RequestRow {
    RequestRow {
        id: String::new(),
        row: row.id.clone(),
        variant: row.variant.clone(),
        sku: row.sku.clone(),
        warehouse_sku: warehouse_sku(asking, row),
        quantity: units,
        shipped: 0,
        freed: 0,
    }
}

/// The SKU under which the warehouse knows a row: the variant's own if it lists that, else an alias that it
/// lists. (SPEC KF-05)
fn warehouse_sku(asking: &Asking<'_>, row: &Row) -> String {
    let own = row.sku.as_str();
    let catalogue = asking.warehouse.catalogue;
    let aliases = asking.warehouse.aliases.get(&row.sku);
    let listed = aliases.into_iter().flatten().find(|alias| catalogue.contains(*alias));
    match listed {
        Some(alias) => alias.clone(),
        None => own.to_owned(),
    }
}

/// Puts rows into as many requests as the warehouse's limits want, in their order. A row stays whole where it
/// can: only one that is larger than a request is cut.
#[must_use]
pub fn split(rows: Vec<RequestRow>) -> Vec<Vec<RequestRow>> {
    let mut parts: Vec<Vec<RequestRow>> = Vec::new();
    let mut room = 0;
    for row in rows {
        let mut left = row.quantity;
        while left > 0 {
            let fits = parts.last().is_some_and(|part| part.len() < LINES_OF_A_REQUEST) && left <= room;
            if !fits {
                // A cut row begins a request of its own, so that it is in as few as possible.
                parts.push(Vec::new());
                room = UNITS_OF_A_REQUEST;
            }
            let units = left.min(room);
            if let Some(part) = parts.last_mut() {
                part.push(RequestRow { quantity: units, ..row.clone() });
            }
            left -= units;
            room -= units;
        }
    }
    parts
}

fn begin(
    asking: &Asking<'_>,
    number: crate::fulfillment_request::RequestNumber,
    rows: Vec<RequestRow>,
    made_by: MadeBy,
) -> FulfillmentRequest {
    let request = FulfillmentRequest {
        id: FulfillmentRequestId::for_number(&number),
        number,
        order: asking.order.id.clone(),
        connection: asking.warehouse.connection.clone(),
        location: asking.warehouse.location.id.clone(),
        made_by,
        status: RequestStatus::ReadyToProcess,
        reason: None,
        at_warehouse: None,
        heard_at: None,
        speed: speed_of(asking.methods, asking.shipping_method),
        hold_until: send::hold_until(asking.warehouse.settings, asking.now),
        attempts: 0,
        submitted_at: None,
        accepted_at: None,
        promised_by: None,
        feed: None,
        doubt: None,
        is_known_there: false,
        is_changed: false,
        is_cancel_asked: false,
        replaces: None,
        rows,
        received: BTreeMap::new(),
        created_at: asking.now,
    };
    checked(&request, asking)
}

/// The speed that the merchant's table gives a shipping method; spaces around it and its case do not count.
/// (SPEC FX-23)
#[must_use]
pub fn speed_of(methods: &BTreeMap<String, ShippingSpeed>, method: Option<&str>) -> Option<ShippingSpeed> {
    let method = method.map(str::trim).filter(|method| !method.is_empty())?;
    let exact = methods.get(method);
    let alike = || methods.iter().find(|(name, _)| name.trim().to_lowercase() == method.to_lowercase());
    exact.or_else(|| alike().map(|(_, speed)| speed)).copied()
}

/// A request that was not sent yet, as its address, its speed and its rows now let it be: ready, held, or
/// waiting with what is wrong. (SPEC FX-21, FX-23, FX-24)
#[must_use]
pub fn checked(request: &FulfillmentRequest, asking: &Asking<'_>) -> FulfillmentRequest {
    match request.status {
        RequestStatus::OnHold | RequestStatus::ReadyToProcess | RequestStatus::Waiting => {}
        RequestStatus::Submitting
        | RequestStatus::Submitted
        | RequestStatus::Accepted
        | RequestStatus::Rejected
        | RequestStatus::PartiallyShipped
        | RequestStatus::Shipped
        | RequestStatus::Exception
        | RequestStatus::Cancelled => return request.clone(),
    }
    let mut after = request.clone();
    after.speed = after.speed.or_else(|| speed_of(asking.methods, asking.shipping_method));
    let details = check::check(asking.ship_to, after.speed, &after.rows, asking.warehouse.catalogue);
    let is_held = after.hold_until.is_some_and(|until| until > asking.now);
    (after.status, after.reason) = match (after.speed, details.is_empty(), is_held) {
        (None, ..) => {
            let message = match asking.shipping_method.map(str::trim).filter(|method| !method.is_empty()) {
                Some(method) => format!("The shipping method \"{method}\" is mapped to no speed."),
                None => "The order names no shipping method.".to_owned(),
            };
            let reason = RequestReason {
                details,
                ..RequestReason::new(RequestCode::ShippingMethodNotMapped, message)
            };
            (RequestStatus::Waiting, Some(reason))
        }
        (Some(_), false, _) => {
            let message = "The warehouse would not take it as it is.";
            let reason = RequestReason { details, ..RequestReason::new(RequestCode::CheckFailed, message) };
            (RequestStatus::Waiting, Some(reason))
        }
        (Some(_), true, true) => {
            let until = after.hold_until.map(|until| until.to_string()).unwrap_or_default();
            let reason = RequestReason::new(RequestCode::Held, format!("It is held until {until}."));
            (RequestStatus::OnHold, Some(reason))
        }
        (Some(_), true, false) => (RequestStatus::ReadyToProcess, None),
    };
    after
}
