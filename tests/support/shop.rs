//! Merchants and what they have: an organization, a place at Amazon's, a catalogue, opening stock and
//! connections, all made by the flows that people use.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use weir_app::{
    adjust_stock::{NewAdjustment, NewRow, adjust_stock},
    catalogue::{
        aliases,
        locations::{self, NewLocation},
        variants::{self, NewVariant},
    },
    connections::{self, ConnectionPatch, NewConnection},
    import_order,
    message::{Message, Signal, SignalCause},
    organizations::{self, NewOrganization, OrganizationPatch},
    ports::{Commit, Expect, Key, Record},
};
use weir_channels::channel::{Credentials, Secret, Settings};
use weir_domain::{
    Timestamp,
    connection::{Endpoints, RemoteAccount},
    ids::{ChannelOrderId, ConnectionId, LocationId, OrganizationId, SalesOrderId, SignalId},
    location::LocationKind,
    money::Currency,
    organization::TimeZoneName,
    variant::{Sku, Tracking, Variant, VariantKind},
};
use weir_sandbox::amazon::{Amazon, LineSpec, Marketplace, OrderSpec, SellerSpec, marketplaces::US};

use crate::{House, house::amazon_name};

/// The application.
pub const CLIENT_ID: &str = "amzn1.application-oa2-client.tests";

/// Its secret; a word that must never be seen anywhere.
pub const CLIENT_SECRET: &str = "canary-client-secret";

/// Kept by the piece; 100 are there.
pub const MUG: &str = "MUG";

/// Kept by batch: 5 of the older `L1`, 40 of `L2`.
pub const TEA: &str = "TEA";

/// Kept by serial number: `SN-1` to `SN-5` are there.
pub const CAMERA: &str = "CAMERA";

/// A connection of a merchant, with what it stands on.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Whose.
    pub organization: OrganizationId,
    /// Where its stock is.
    pub location: LocationId,
    /// The connection.
    pub connection: ConnectionId,
    /// On which marketplace.
    pub marketplace: &'static Marketplace,
    /// The seller at Amazon.
    pub seller: String,
    /// Where its Amazon is, if it is not the usual one.
    pub address: Option<String>,
}

impl Shop {
    /// The key of an order.
    #[must_use]
    pub fn order(&self, id: &str) -> SalesOrderId {
        SalesOrderId::for_source(&self.connection, &ChannelOrderId::parse(id).unwrap())
    }
}

/// The refresh token of a seller; it must never be seen anywhere.
#[must_use]
pub fn refresh_token(seller: &str) -> String {
    format!("Atzr|canary-refresh-{seller}")
}

/// Credentials of a seller.
#[must_use]
pub fn credentials(seller: &str) -> Credentials {
    let refresh = refresh_token(seller);
    [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("refresh_token", &refresh)]
        .into_iter()
        .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
        .collect()
}

fn know(amazon: &mut Amazon, seller: &str) {
    amazon.register_app(CLIENT_ID, CLIENT_SECRET);
    amazon.register_seller(SellerSpec {
        seller_id: seller.to_owned(),
        refresh_token: refresh_token(seller),
        client_id: CLIENT_ID.to_owned(),
        marketplaces: Marketplace::ALL.iter().map(|marketplace| marketplace.id.to_owned()).collect(),
    });
}

impl House {
    /// A house with one merchant at work in the United States.
    pub async fn with_shop() -> (Self, Shop) {
        let house = Self::new().await;
        let shop = house.shop("acme", &US).await;
        (house, shop)
    }

    /// A merchant with the usual catalogue and stock, at work on one marketplace.
    pub async fn shop(&self, word: &str, marketplace: &'static Marketplace) -> Shop {
        let shop = self.idle_shop(word, marketplace).await;
        self.usual_stock(&shop).await;
        self.activate(&shop).await;
        shop
    }

    /// A merchant without catalogue or stock, whose connection is not at work yet.
    pub async fn idle_shop(&self, word: &str, marketplace: &'static Marketplace) -> Shop {
        self.shop_at(word, marketplace, None).await
    }

    /// As [`House::idle_shop`], with an Amazon of its own behind an address.
    pub async fn shop_of_another_amazon(
        &self,
        word: &str,
        marketplace: &'static Marketplace,
        address: &str,
        amazon: &Arc<Mutex<Amazon>>,
    ) -> Shop {
        self.crossing.add(address, Arc::clone(amazon));
        know(&mut amazon.lock().unwrap(), &seller_of(word));
        self.shop_at(word, marketplace, Some(address.to_owned())).await
    }

    async fn shop_at(&self, word: &str, marketplace: &'static Marketplace, address: Option<String>) -> Shop {
        let shop = Shop { address, ..self.unconnected_shop(word, marketplace).await };
        self.connect(&shop, |_| {}).await;
        shop
    }

    /// A merchant without a connection.
    pub async fn unconnected_shop(&self, word: &str, marketplace: &'static Marketplace) -> Shop {
        let seller = seller_of(word);
        know(&mut self.amazon(), &seller);
        let organization = self.organization(word).await;
        let location = self.location(&organization, &format!("{word}fba")).await;
        let connection = ConnectionId::from_token(&format!("{word}{}", marketplace.country));
        Shop { organization, location, connection, marketplace, seller, address: None }
    }

    /// A merchant with ids of a test's own; the usual catalogue and stock, at work.
    pub async fn shop_of(
        &self,
        organization: &str,
        connection: &str,
        seller: &str,
        marketplace: &'static Marketplace,
    ) -> Shop {
        know(&mut self.amazon(), seller);
        self.open_shop(organization, connection, seller, marketplace, None).await
    }

    /// As [`House::shop_of`], with an Amazon of its own behind an address.
    pub async fn shop_of_amazon_at(
        &self,
        address: &str,
        organization: &str,
        connection: &str,
        seller: &str,
        marketplace: &'static Marketplace,
    ) -> Shop {
        let mut amazon = Amazon::new(1);
        know(&mut amazon, seller);
        self.crossing.add(address, Arc::new(Mutex::new(amazon)));
        self.open_shop(organization, connection, seller, marketplace, Some(address.to_owned())).await
    }

    async fn open_shop(
        &self,
        organization: &str,
        connection: &str,
        seller: &str,
        marketplace: &'static Marketplace,
        address: Option<String>,
    ) -> Shop {
        let organization = self.organization(organization).await;
        let location = self.location(&organization, "fba").await;
        let connection = ConnectionId::from_token(connection);
        let seller = seller.to_owned();
        let shop = Shop { organization, location, connection, marketplace, seller, address };
        self.connect(&shop, |_| {}).await;
        self.usual_stock(&shop).await;
        self.activate(&shop).await;
        shop
    }

    /// An organization that keeps its books in dollars.
    pub async fn organization(&self, word: &str) -> OrganizationId {
        let new = NewOrganization {
            name: word.to_owned(),
            base_currency: Currency::parse("USD").unwrap(),
            time_zone: TimeZoneName::parse("America/New_York").unwrap(),
            default_delivery_days: 14,
        };
        let token = Secret::new(format!("admin-token-of-{word}"));
        organizations::create(&self.hub, word, new, &token).await.unwrap().id
    }

    /// A place at Amazon's.
    pub async fn location(&self, organization: &OrganizationId, word: &str) -> LocationId {
        let new =
            NewLocation { name: word.to_owned(), kind: LocationKind::Fba, available_for_fulfillment: false };
        locations::create(&self.hub, organization, word, new).await.unwrap().id
    }

    /// The connection of a shop, not at work yet, with whatever a test wants else of it.
    pub async fn connect(&self, shop: &Shop, change: impl FnOnce(&mut NewConnection)) {
        let mut new = NewConnection {
            channel: amazon_name(),
            name: format!("{} {}", shop.seller, shop.marketplace.country),
            remote: RemoteAccount {
                account: shop.seller.clone(),
                marketplace: Some(shop.marketplace.id.to_owned()),
            },
            credentials: credentials(&shop.seller),
            endpoints: Endpoints {
                api: shop.address.clone(),
                token: shop.address.as_ref().map(|address| format!("{address}/auth/o2/token")),
            },
            default_location: Some(shop.location.clone()),
            location_map: Vec::new(),
            settings: Settings::new(),
        };
        change(&mut new);
        let token = shop.connection.as_str().trim_start_matches(ConnectionId::PREFIX);
        connections::create(&self.hub, &shop.organization, token, new).await.unwrap();
    }

    /// The same merchant on one more marketplace, with the same place; not at work yet.
    pub async fn also_on(&self, shop: &Shop, marketplace: &'static Marketplace) -> Shop {
        let word = shop.organization.as_str().trim_start_matches(OrganizationId::PREFIX);
        let connection = ConnectionId::from_token(&format!("{word}{}", marketplace.country));
        let shop = Shop { connection, marketplace, ..shop.clone() };
        self.connect(&shop, |_| {}).await;
        shop
    }

    /// A connection goes to work.
    pub async fn activate(&self, shop: &Shop) {
        connections::activate(&self.hub, &shop.organization, &shop.connection).await.unwrap();
        self.settle().await;
    }

    /// A connection stops.
    pub async fn deactivate(&self, shop: &Shop) {
        connections::deactivate(&self.hub, &shop.organization, &shop.connection).await.unwrap();
        self.settle().await;
    }

    /// A person changes a connection.
    pub async fn change_connection(&self, shop: &Shop, change: impl FnOnce(&mut ConnectionPatch)) {
        let mut patch = ConnectionPatch::default();
        change(&mut patch);
        connections::change(&self.hub, &shop.organization, &shop.connection, &patch).await.unwrap();
        self.settle().await;
    }

    /// A person changes the organization.
    pub async fn change_organization(&self, shop: &Shop, change: impl FnOnce(&mut OrganizationPatch)) {
        let mut patch = OrganizationPatch::default();
        change(&mut patch);
        organizations::change(&self.hub, &shop.organization, &patch).await.unwrap();
        self.settle().await;
    }

    /// A variant.
    pub async fn variant(&self, shop: &Shop, sku: &str, tracking: Tracking) -> Variant {
        let new = NewVariant {
            sku: Sku::parse(sku).unwrap(),
            name: format!("The {sku}"),
            kind: VariantKind::Product,
            tracking,
            default_delivery_days: None,
        };
        let token = self.hub.ids.token();
        let variant = variants::create(&self.hub, &shop.organization, &token, new).await.unwrap();
        self.settle().await;
        variant
    }

    /// A service.
    pub async fn service(&self, shop: &Shop, sku: &str) {
        let new = NewVariant {
            sku: Sku::parse(sku).unwrap(),
            name: format!("The {sku}"),
            kind: VariantKind::Service,
            tracking: Tracking::None,
            default_delivery_days: None,
        };
        let token = self.hub.ids.token();
        variants::create(&self.hub, &shop.organization, &token, new).await.unwrap();
    }

    /// A number under which Weir has asked Amazon to ship something.
    pub async fn gave_out_request(&self, shop: &Shop, number: &str) {
        let mut commit = Commit::default();
        let key = Key::RequestNumber(shop.organization.clone(), number.to_owned());
        commit.put(key, Record::RequestNumber, Expect::Absent);
        self.hub.ledger.commit(&commit).await.unwrap();
    }

    /// A person maps a channel's SKU.
    pub async fn alias(&self, shop: &Shop, channel_sku: &str, variant_sku: &str) {
        let (channel_sku, variant_sku) = (Sku::parse(channel_sku).unwrap(), Sku::parse(variant_sku).unwrap());
        aliases::create(&self.hub, &shop.organization, &shop.connection, &channel_sku, &variant_sku)
            .await
            .unwrap();
        self.settle().await;
    }

    /// A person books stock at the shop's place.
    pub async fn stock(&self, shop: &Shop, rows: Vec<NewRow>) {
        let new = NewAdjustment { location: shop.location.clone(), reason: "opening stock".to_owned(), rows };
        let token = self.hub.ids.token();
        adjust_stock(&self.hub, &shop.organization, &token, new).await.unwrap();
    }

    /// The usual catalogue: [`MUG`], [`TEA`] and [`CAMERA`], with stock.
    pub async fn usual_stock(&self, shop: &Shop) {
        for (sku, tracking) in [(MUG, Tracking::None), (TEA, Tracking::Batch), (CAMERA, Tracking::Serial)] {
            self.variant(shop, sku, tracking).await;
        }
        let day = SignedDuration::from_hours(24);
        let (older, younger) = (self.now() - day * 60, self.now() - day * 30);
        let numbers: Vec<String> = (1..=5).map(|number| format!("SN-{number}")).collect();
        self.stock(
            shop,
            vec![
                pieces(MUG, 100),
                batch(TEA, 40, "L2", younger),
                batch(TEA, 5, "L1", older),
                NewRow { serial_numbers: numbers, ..pieces(CAMERA, 5) },
            ],
        )
        .await;
    }

    /// A buyer orders.
    pub fn place(&self, shop: &Shop, spec: OrderSpec) -> String {
        match self.other_amazon(shop) {
            Some(amazon) => amazon.lock().unwrap().place_order(&shop.seller, spec, self.amazons_now()),
            None => self.amazon().place_order(&shop.seller, spec, self.amazons_now()),
        }
    }

    fn other_amazon(&self, shop: &Shop) -> Option<Arc<Mutex<Amazon>>> {
        shop.address.as_ref().and_then(|address| self.crossing.amazon_at(address))
    }

    /// Amazon ships an order whole.
    pub fn ship(&self, shop: &Shop, id: &str) {
        let now = self.amazons_now();
        let shipped = match self.other_amazon(shop) {
            Some(amazon) => amazon.lock().unwrap().ship(id, now),
            None => self.amazon().ship(id, now),
        };
        assert!(shipped, "{id} cannot ship");
    }

    /// A buyer orders and Amazon ships at once.
    pub fn sell(&self, shop: &Shop, lines: Vec<LineSpec>) -> String {
        self.sell_spec(shop, OrderSpec::new(shop.marketplace, lines))
    }

    /// As [`House::sell`], of a whole order.
    pub fn sell_spec(&self, shop: &Shop, spec: OrderSpec) -> String {
        let id = self.place(shop, spec);
        self.ship(shop, &id);
        id
    }

    /// A signal for an order.
    #[must_use]
    pub fn signal(&self, shop: &Shop, id: &str, cause: SignalCause) -> Signal {
        Signal {
            id: SignalId::from_token(&self.hub.ids.token()),
            organization: shop.organization.clone(),
            connection: shop.connection.clone(),
            channel_order_id: ChannelOrderId::parse(id).unwrap(),
            snapshot_at: None,
            cause,
            requested_by: (cause == SignalCause::Manual).then(|| "token:tests".to_owned()),
            at: self.now(),
        }
    }

    /// A person asks for an order, and it is looked at.
    pub async fn ask_for(&self, shop: &Shop, id: &str) {
        self.ask_for_quietly(shop, id).await;
        self.settle().await;
    }

    /// As [`House::ask_for`], and nothing follows from it yet.
    pub async fn ask_for_quietly(&self, shop: &Shop, id: &str) {
        let message = Message::Look(self.signal(shop, id, SignalCause::Manual));
        import_order::handle(&self.hub, &message).await.unwrap();
    }
}

fn seller_of(word: &str) -> String {
    format!("A{}", word.to_ascii_uppercase())
}

/// A row of an adjustment that puts pieces in.
#[must_use]
pub fn pieces(sku: &str, quantity: i64) -> NewRow {
    NewRow {
        sku: Sku::parse(sku).unwrap(),
        quantity,
        batch: None,
        received_at: None,
        serial_numbers: Vec::new(),
    }
}

/// A row of an adjustment that puts a batch in.
#[must_use]
pub fn batch(sku: &str, quantity: i64, number: &str, received_at: Timestamp) -> NewRow {
    NewRow { batch: Some(number.to_owned()), received_at: Some(received_at), ..pieces(sku, quantity) }
}

/// A line with eight and a quarter per cent of tax.
#[must_use]
pub fn line(sku: &str, quantity: u32) -> LineSpec {
    LineSpec::new(sku, quantity, 1999).taxed(825)
}
