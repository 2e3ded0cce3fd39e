//! What the rules read besides the order's own file: the variants its SKUs mean, their stock, and
//! the serial numbers it names.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::{
    channel_order::{ChannelOrder, SoldBy},
    customer::Customer,
    decide::{RuleSet, is_serial_number, match_skus, merchant},
    ids::{LocationId, OrganizationId, VariantId},
    limits::ROWS_OF_AN_ORDER,
    stock::{Stock, StockKey},
    variant::{Sku, Variant},
};

use super::Reading;
use crate::{
    catalogue::names::{self, OfName},
    flow::FlowError,
    gate::Site,
    hub::Hub,
    ports::{Expect, Key, Record},
};

/// What was read, with the versions that the commit expects to find again.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(super) variants: BTreeMap<String, Variant>,
    pub(crate) stock: Stock,
    pub(super) versions: BTreeMap<Key, u64>,
    pub(super) is_own_request: bool,
    /// The customers of the buyer's name.
    pub(super) customers: Vec<Customer>,
    /// Which those are.
    pub(super) of_name: OfName,
}

impl Loaded {
    /// What the commit expects of a stock record that it writes.
    pub(super) fn expect(&self, key: &Key) -> Expect {
        self.versions.get(key).map_or(Expect::Absent, |version| Expect::Version(*version))
    }
}

pub(super) async fn load(
    hub: &Hub,
    reading: &Reading<'_>,
    order: &ChannelOrder,
) -> Result<Loaded, FlowError> {
    match reading.channel.rules {
        RuleSet::ShippedByChannel => load_shipped(hub, reading, order).await,
        RuleSet::ShippedByMerchant => load_followed(hub, reading, order).await,
    }
}

/// What the rules for a merchant that ships read, also of an order that is in.
async fn load_followed(hub: &Hub, reading: &Reading<'_>, order: &ChannelOrder) -> Result<Loaded, FlowError> {
    let organization = &reading.signal.organization;
    let mut loaded = Loaded::default();
    // The rules refuse such an order by its size alone.
    if order.lines.len() > ROWS_OF_AN_ORDER {
        return Ok(loaded);
    }
    let (connection, known) = (&reading.connection, reading.file.order.as_ref().map(|(order, _)| order));
    let plain = merchant::wanted_skus(connection, &BTreeMap::new(), None, order);
    let aliases = aliases(hub, reading, plain.into_values().collect()).await?;
    let wanted = merchant::wanted_skus(connection, &aliases, known, order);
    loaded.variants = variants(hub, organization, &wanted).await?;
    let keys = merchant::stock_keys(connection, known, order, &loaded.variants);
    read_stock(hub, Site::ImportStock, organization, keys, &BTreeSet::new(), &mut loaded).await?;
    if let (None, Some(name)) = (known, merchant::customer_name(&order.person)) {
        let of_name = names::read(hub, Site::ImportStock, organization, name).await?;
        loaded.customers = names::customers(hub, Site::ImportStock, organization, &of_name).await?;
        loaded.of_name = of_name;
    }
    Ok(loaded)
}

async fn load_shipped(hub: &Hub, reading: &Reading<'_>, order: &ChannelOrder) -> Result<Loaded, FlowError> {
    let organization = &reading.signal.organization;
    let mut loaded = Loaded::default();
    if let (SoldBy::OtherChannel, Some(number)) = (&order.sold_by, &order.request_number) {
        let key = Key::RequestNumber(organization.clone(), number.clone());
        loaded.is_own_request = !hub.get(Site::ImportStock, &[key]).await?.is_empty();
    }
    // The rules refuse such an order by its size alone, and one that is in already by its key.
    if order.lines.len() > ROWS_OF_AN_ORDER || reading.file.order.is_some() {
        return Ok(loaded);
    }
    let skus = order.lines.iter().filter_map(|line| Sku::parse(line.sku.as_deref()?).ok()).collect();
    let aliases = aliases(hub, reading, skus).await?;
    let wanted = match_skus(&reading.connection, &aliases, order);
    loaded.variants = variants(hub, organization, &wanted).await?;
    let Some(location) = &reading.connection.default_location else { return Ok(loaded) };
    let numbers: BTreeSet<(VariantId, String)> = order
        .lines
        .iter()
        .filter_map(|line| loaded.variants.get(line.sku.as_deref()?).map(|variant| (line, variant)))
        .flat_map(|(line, variant)| {
            line.serial_numbers.iter().map(|number| (variant.id.clone(), number.clone()))
        })
        .filter(|(_, number)| is_serial_number(number))
        .collect();
    let keys = loaded.variants.values().map(|variant| at(location, &variant.id)).collect();
    read_stock(hub, Site::ImportStock, organization, keys, &numbers, &mut loaded).await?;
    Ok(loaded)
}

/// A variant at a place.
pub(super) fn at(location: &LocationId, variant: &VariantId) -> StockKey {
    StockKey { location: location.clone(), variant: variant.clone() }
}

/// Reads stock items and serial numbers into `loaded`.
pub(crate) async fn read_stock(
    hub: &Hub,
    site: Site,
    organization: &OrganizationId,
    places: BTreeSet<StockKey>,
    numbers: &BTreeSet<(VariantId, String)>,
    loaded: &mut Loaded,
) -> Result<(), FlowError> {
    let items = places.into_iter().map(|place| Key::Stock(organization.clone(), place));
    let serials = numbers
        .iter()
        .map(|(variant, number)| Key::Serial(organization.clone(), variant.clone(), number.clone()));
    let keys: Vec<Key> = items.chain(serials).collect();
    if keys.is_empty() {
        return Ok(());
    }
    for (key, stored) in hub.get(site, &keys).await? {
        loaded.versions.insert(key, stored.version);
        match stored.record {
            Record::Stock(item) => {
                loaded.stock.items.insert(item.key.clone(), item);
            }
            Record::Serial(serial) => {
                loaded.stock.serials.insert((serial.variant.clone(), serial.number.clone()), serial);
            }
            other => return Err(FlowError::new(format!("a stock key holds {other:?}"))),
        }
    }
    Ok(())
}

async fn aliases(
    hub: &Hub,
    reading: &Reading<'_>,
    skus: BTreeSet<Sku>,
) -> Result<BTreeMap<Sku, Sku>, FlowError> {
    if !reading.connection.settings.sku_aliasing {
        return Ok(BTreeMap::new());
    }
    let key = |sku: Sku| Key::Alias(reading.signal.organization.clone(), reading.connection.id.clone(), sku);
    let keys: Vec<Key> = skus.into_iter().map(key).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = hub.get(Site::ImportStock, &keys).await?;
    Ok(found
        .into_values()
        .filter_map(|stored| match stored.record {
            Record::Alias(alias) => Some((alias.channel_sku, alias.variant_sku)),
            _ => None,
        })
        .collect())
}

async fn variants(
    hub: &Hub,
    organization: &OrganizationId,
    wanted: &BTreeMap<String, Sku>,
) -> Result<BTreeMap<String, Variant>, FlowError> {
    let skus: BTreeSet<&Sku> = wanted.values().collect();
    let keys: Vec<Key> =
        skus.into_iter().map(|sku| Key::Variant(organization.clone(), sku.clone())).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = hub.get(Site::ImportStock, &keys).await?;
    let variant_of = |sku: &Sku| match &found.get(&Key::Variant(organization.clone(), sku.clone()))?.record {
        Record::Variant(variant) => Some(variant.clone()),
        _ => None,
    };
    Ok(wanted.iter().filter_map(|(text, sku)| Some((text.clone(), variant_of(sku)?))).collect())
}
