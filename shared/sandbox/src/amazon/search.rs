//! The lists of orders, in both APIs: filters, the two minutes in which a change is not listed yet,
//! and pages.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use weir_channels::http::{HttpRequest, HttpResponse};

use super::{
    Amazon, Now,
    door::{bad_input, error},
    json::{Json, whole_seconds},
    orders::{self, Included},
    orders_v0,
    query::{BadInput, Query},
    spec::{FulfilledBy, Status},
    truth::{OrderState, TruthOrder},
};

/// What changed less than this ago is in no list. (API-FACTS §1.3)
const LIST_DELAY: SignedDuration = SignedDuration::from_secs(120);
/// How long a page token lives.
const PAGE_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Orders on a page, at most and by default.
const PAGE: usize = 100;
/// Marketplaces in one search, at most.
const MARKETPLACES: usize = 50;

/// Where a search goes on.
#[derive(Debug)]
pub(super) struct Page {
    seller: u32,
    /// The whole query of the first page: the token is good for no other.
    asked: Vec<(String, String)>,
    before: Timestamp,
    rest: Rest,
    until: Timestamp,
}

#[derive(Clone, Debug)]
enum Rest {
    /// From the beginning.
    All,
    /// After this one.
    After(Timestamp, u32),
    /// These: the list comes in any order.
    Orders(Vec<u32>),
}

/// Which time a search goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Updated,
    Created,
}

/// A search that was understood.
#[derive(Debug)]
struct Search {
    by: By,
    after: Timestamp,
    before: Timestamp,
    statuses: Vec<Status>,
    fulfilled_by: Vec<FulfilledBy>,
    marketplaces: Vec<String>,
    page_size: usize,
}

/// How the two APIs call the parameters.
struct Names {
    created_after: &'static str,
    created_before: &'static str,
    updated_after: &'static str,
    updated_before: &'static str,
    statuses: &'static str,
    fulfilled_by: &'static str,
    marketplaces: &'static str,
    page_size: &'static str,
    token: &'static str,
    status: fn(Status) -> &'static str,
    fulfillers: [(&'static str, FulfilledBy); 2],
}

static NEW: Names = Names {
    created_after: "createdAfter",
    created_before: "createdBefore",
    updated_after: "lastUpdatedAfter",
    updated_before: "lastUpdatedBefore",
    statuses: "fulfillmentStatuses",
    fulfilled_by: "fulfilledBy",
    marketplaces: "marketplaceIds",
    page_size: "maxResultsPerPage",
    token: "paginationToken",
    status: Status::word,
    fulfillers: [("AMAZON", FulfilledBy::Amazon), ("MERCHANT", FulfilledBy::Merchant)],
};

static V0: Names = Names {
    created_after: "CreatedAfter",
    created_before: "CreatedBefore",
    updated_after: "LastUpdatedAfter",
    updated_before: "LastUpdatedBefore",
    statuses: "OrderStatuses",
    fulfilled_by: "FulfillmentChannels",
    marketplaces: "MarketplaceIds",
    page_size: "MaxResultsPerPage",
    token: "NextToken",
    status: Status::word_v0,
    fulfillers: [("AFN", FulfilledBy::Amazon), ("MFN", FulfilledBy::Merchant)],
};

impl Search {
    fn read(query: &Query, names: &Names, now: Now) -> Result<Self, BadInput> {
        let created_after = query.time(names.created_after)?;
        let updated_after = query.time(names.updated_after)?;
        let created_before = query.time(names.created_before)?;
        let updated_before = query.time(names.updated_before)?;
        let (by, after, before) = match (created_after, updated_after) {
            (Some(after), None) if updated_before.is_none() => (By::Created, after, created_before),
            (None, Some(after)) if created_before.is_none() => (By::Updated, after, updated_before),
            _ => return Err(BadInput::new("Give exactly one of the created and the last updated times.")),
        };
        let latest = whole_seconds(now.wall - LIST_DELAY);
        let before = before.unwrap_or(latest);
        if before > now.wall - LIST_DELAY {
            return Err(BadInput::new("The time before must be at least two minutes before the request."));
        }
        if after > before {
            return Err(BadInput::new("The time after must not be later than the time before."));
        }
        let marketplaces: Vec<String> = query.list(names.marketplaces).map(ToOwned::to_owned).collect();
        if marketplaces.len() > MARKETPLACES {
            return Err(BadInput::new("At most 50 marketplaces can be asked for."));
        }
        Ok(Self {
            by,
            after,
            before,
            statuses: words(
                query,
                names.statuses,
                &Status::ALL.map(|status| ((names.status)(status), status)),
            )?,
            fulfilled_by: words(query, names.fulfilled_by, &names.fulfillers)?,
            marketplaces,
            page_size: page_size(query.get(names.page_size))?,
        })
    }

    fn matches(&self, order: &TruthOrder, state: &OrderState) -> bool {
        let time = match self.by {
            By::Updated => state.updated_at,
            By::Created => order.created_at,
        };
        let wanted = |list: &[String], id: &str| list.is_empty() || list.iter().any(|wanted| wanted == id);
        time >= self.after
            && time <= self.before
            && (self.statuses.is_empty() || self.statuses.contains(&state.status))
            && (self.fulfilled_by.is_empty() || self.fulfilled_by.contains(&state.spec.fulfilled_by))
            && wanted(&self.marketplaces, state.spec.marketplace.id)
    }
}

fn words<T: Copy>(query: &Query, name: &'static str, known: &[(&str, T)]) -> Result<Vec<T>, BadInput> {
    let read = |word: &str| known.iter().find(|(spelled, _)| *spelled == word).map(|(_, value)| *value);
    query
        .list(name)
        .map(|word| read(word).ok_or_else(|| BadInput(format!("{name} has a value that is not allowed"))))
        .collect()
}

fn page_size(text: Option<&str>) -> Result<usize, BadInput> {
    let Some(text) = text else { return Ok(PAGE) };
    let size = text.parse().ok().filter(|size| (1..=PAGE).contains(size));
    size.ok_or_else(|| BadInput::new("The page size must be between 1 and 100."))
}

/// What one page has, and the token of the next.
struct Found {
    by: By,
    before: Timestamp,
    orders: Vec<u32>,
    next: Option<String>,
}

fn find(
    amazon: &mut Amazon,
    request: &HttpRequest,
    seller: u32,
    names: &Names,
    now: Now,
) -> Result<Found, BadInput> {
    amazon.catch_up(now.wall);
    let query = Query::of_address(&request.url);
    let token = query.get(names.token).map(ToOwned::to_owned);
    let mut search = Search::read(&query, names, now)?;
    check_marketplaces(amazon, seller, &search)?;
    let asked = query.rest(names.token);
    let rest = match token {
        Some(token) => {
            let expired = amazon.dice.hits(amazon.faults.expired_pages);
            let page = amazon.pages.get(&token).filter(|page| !expired && page.until > now.wall);
            let Some(page) = page.filter(|page| page.seller == seller && page.asked == asked) else {
                return Err(BadInput(format!(
                    "The {} has expired or is not valid for this request.",
                    names.token
                )));
            };
            search.before = page.before;
            page.rest.clone()
        }
        None if amazon.dice.hits(amazon.faults.shuffled_pages) => {
            let (mut orders, _) = select(amazon, seller, &search, &Rest::All, usize::MAX);
            amazon.dice.shuffle(&mut orders);
            Rest::Orders(orders)
        }
        None => Rest::All,
    };
    let mut size = search.page_size;
    if amazon.dice.hits(amazon.faults.short_pages) {
        size = usize::try_from(amazon.dice.below(size as u64)).unwrap_or(size);
    }
    let (orders, rest) = select(amazon, seller, &search, &rest, size);
    let next = rest.map(|rest| {
        let token = amazon.make_id();
        let until = now.wall + PAGE_LIFETIME;
        amazon.pages.retain(|_, page| page.until > now.wall);
        amazon.pages.insert(token.clone(), Page { seller, asked, before: search.before, rest, until });
        token
    });
    Ok(Found { by: search.by, before: search.before, orders, next })
}

fn check_marketplaces(amazon: &Amazon, seller: u32, search: &Search) -> Result<(), BadInput> {
    let own = amazon.sellers.get(seller as usize).map_or(&[][..], |seller| &seller.marketplaces);
    if search.marketplaces.iter().all(|id| own.contains(id)) {
        return Ok(());
    }
    Err(BadInput::new("A marketplace is not valid, or the seller does not sell there."))
}

/// Up to `size` orders from `rest` on, and what is left after them.
fn select(
    amazon: &Amazon,
    seller: u32,
    search: &Search,
    rest: &Rest,
    size: usize,
) -> (Vec<u32>, Option<Rest>) {
    let listed = |place: u32| {
        let order = amazon.orders.get(place as usize)?;
        (order.listed_at.is_some() && search.matches(order, order.listed_state())).then_some(place)
    };
    if let Rest::Orders(orders) = rest {
        let cut = size.min(orders.len());
        let (page, left) = orders.split_at(cut);
        let page = page.iter().copied().filter_map(listed).collect();
        return (page, (!left.is_empty()).then(|| Rest::Orders(left.to_vec())));
    }
    let lowest = match search.by {
        By::Updated => search.after,
        By::Created => Timestamp::MIN,
    };
    let highest = match search.by {
        By::Updated => search.before,
        By::Created => Timestamp::MAX,
    };
    let from = match rest {
        Rest::After(time, place) => Bound::Excluded((seller, *time, *place)),
        Rest::All | Rest::Orders(_) => Bound::Included((seller, lowest, 0)),
    };
    let mut orders = Vec::new();
    // An empty page goes on where it began.
    let mut last = rest.clone();
    for (_, time, place) in amazon.index.range((from, Bound::Included((seller, highest, u32::MAX)))) {
        if listed(*place).is_none() {
            continue;
        }
        if orders.len() == size {
            return (orders, Some(last));
        }
        orders.push(*place);
        last = Rest::After(*time, *place);
    }
    (orders, None)
}

/// `searchOrders` of Orders 2026-01-01.
pub(super) fn orders(amazon: &mut Amazon, request: &HttpRequest, seller: u32, now: Now) -> HttpResponse {
    let included = Included::of(&Query::of_address(&request.url));
    let found = included.and_then(|included| Ok((included, find(amazon, request, seller, &NEW, now)?)));
    let (included, found) = match found {
        Ok(found) => found,
        Err(bad) => return bad_input(&bad),
    };
    let body = Json::of(|json| {
        json.field_array("orders", |json| {
            for order in found.orders.iter().filter_map(|place| amazon.orders.get(*place as usize)) {
                orders::write(json, order, order.listed_state(), included);
            }
        });
        if let Some(next) = &found.next {
            json.field_object("pagination", |json| json.field_text("nextToken", next));
        }
        match found.by {
            By::Updated => json.field_time("lastUpdatedBefore", found.before),
            By::Created => json.field_time("createdBefore", found.before),
        }
    });
    HttpResponse::json(200, body)
}

/// `getOrders` of Orders v0.
pub(super) fn orders_v0(amazon: &mut Amazon, request: &HttpRequest, seller: u32, now: Now) -> HttpResponse {
    if Query::of_address(&request.url).get(V0.marketplaces).is_none() {
        return bad_input(&BadInput::new("MarketplaceIds is required."));
    }
    let found = match find(amazon, request, seller, &V0, now) {
        Ok(found) => found,
        Err(bad) => return bad_input(&bad),
    };
    let body = payload(|json| {
        json.field_array("Orders", |json| {
            for order in found.orders.iter().filter_map(|place| amazon.orders.get(*place as usize)) {
                orders_v0::write(json, order, order.listed_state());
            }
        });
        if let Some(next) = &found.next {
            json.field_text("NextToken", next);
        }
        match found.by {
            By::Updated => json.field_time("LastUpdatedBefore", found.before),
            By::Created => json.field_time("CreatedBefore", found.before),
        }
    });
    HttpResponse::json(200, body)
}

/// `getOrder` of Orders v0.
pub(super) fn order_v0(amazon: &Amazon, seller: u32, id: &str) -> HttpResponse {
    let Some(order) = own(amazon, seller, id) else { return unknown() };
    let body = Json::of(|json| {
        json.key("payload");
        orders_v0::write(json, order, &order.state);
    });
    HttpResponse::json(200, body)
}

/// `getOrderItems` of Orders v0. Its token is the number of the next item, bound to the order.
pub(super) fn items_v0(amazon: &Amazon, request: &HttpRequest, seller: u32, id: &str) -> HttpResponse {
    let Some(order) = own(amazon, seller, id) else { return unknown() };
    let query = Query::of_address(&request.url);
    let from =
        query.get("NextToken").map_or(Some(0), |token| token.strip_prefix(&format!("{id}/"))?.parse().ok());
    let lines = order.state.spec.lines.len();
    let Some(from) = from.filter(|from| *from == 0 || *from < lines) else {
        return bad_input(&BadInput::new("The NextToken has expired or is not valid for this request."));
    };
    let to = lines.min(from + orders_v0::ITEMS_PER_PAGE);
    let body = payload(|json| {
        json.field_text("AmazonOrderId", id);
        json.field_array("OrderItems", |json| {
            (from..to).for_each(|line| orders_v0::write_item(json, id, &order.state, line));
        });
        if to < lines {
            json.field_text("NextToken", &format!("{id}/{to}"));
        }
    });
    HttpResponse::json(200, body)
}

fn own<'a>(amazon: &'a Amazon, seller: u32, id: &str) -> Option<&'a TruthOrder> {
    amazon.order(id).filter(|order| amazon.seller(&order.seller_id) == Some(seller))
}

fn unknown() -> HttpResponse {
    error(404, "NotFound", "The requested order does not exist.", "")
}

fn payload(body: impl FnOnce(&mut Json)) -> Vec<u8> {
    Json::of(|json| json.field_object("payload", body))
}
