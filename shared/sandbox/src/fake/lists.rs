//! Which lists a record is in, and under which sort key: the same lists that the table's indexes
//! give, newest first where the port says so.

use weir_app::ports::{Index, Key, Record, ledger::Route};
use weir_domain::{Timestamp, sales_order::Booking};

/// A list that a record is in, and its sort key there.
pub(super) type Place = (Index, String);

/// Whether a list begins with what sorts last.
pub(super) const fn is_newest_first(index: &Index) -> bool {
    match index {
        Index::Runs(..)
        | Index::DataRequests(..)
        | Index::Orders(..)
        | Index::Observations(..)
        | Index::ManufacturingOrders(..)
        | Index::SalesReturns(..)
        | Index::Movements(..)
        | Index::MovementsAt(..)
        | Index::Adjustments(..) => true,
        Index::Organizations
        | Index::Locations(..)
        | Index::Variants(..)
        | Index::Aliases(..)
        | Index::Customers(..)
        | Index::Connections(..)
        | Index::Committing(..)
        | Index::History(..)
        | Index::Chunks(..)
        | Index::ManufacturingOrdersOf(..)
        | Index::SalesReturnsOf(..)
        | Index::Stock(..)
        | Index::Serials(..)
        | Index::Outbox(..)
        | Index::Parked(..) => false,
    }
}

fn time(at: Timestamp) -> String {
    // Nanoseconds since 1970 with a fixed width: text sorts as time does.
    format!("{:020}", at.as_nanosecond())
}

/// Every list that a record is in.
pub(super) fn places(key: &Key, record: &Record) -> Vec<Place> {
    match (key, record) {
        (Key::Route(Route::Organization(organization)), _) => {
            vec![(Index::Organizations, organization.to_string())]
        }
        (Key::Location(organization, id), _) => {
            vec![(Index::Locations(organization.clone()), id.to_string())]
        }
        (Key::Variant(organization, sku), _) => {
            vec![(Index::Variants(organization.clone()), sku.to_string())]
        }
        (Key::Alias(organization, connection, sku), _) => {
            vec![(Index::Aliases(organization.clone(), connection.clone()), sku.to_string())]
        }
        (Key::Customer(organization, id), _) => {
            vec![(Index::Customers(organization.clone()), id.to_string())]
        }
        (Key::Connection(organization, id), _) => {
            vec![(Index::Connections(organization.clone()), id.to_string())]
        }
        (Key::Run(organization, connection, id), Record::Run(run)) => {
            let sort = format!("{}#{id}", time(run.requested_at));
            vec![(Index::Runs(organization.clone(), connection.clone()), sort)]
        }
        (Key::DataRequest(organization, id), Record::DataRequest(asked)) => {
            vec![(Index::DataRequests(organization.clone()), format!("{}#{id}", time(asked.received_at)))]
        }
        (Key::Order(organization, id), Record::Order(order)) => vec![match order.booking {
            Booking::Complete => {
                (Index::Orders(organization.clone()), format!("{}#{id}", time(order.ordered_at)))
            }
            Booking::Committing { .. } | Booking::Following { .. } => {
                (Index::Committing(organization.clone()), format!("{}#{id}", time(order.created_at)))
            }
        }],
        (Key::Observation(organization, id), Record::Observation(observation)) => {
            let sort = format!("{}#{id}", time(observation.observed_at));
            vec![(Index::Observations(organization.clone(), observation.outcome.kind), sort)]
        }
        (Key::History(organization, order, version, ordinal), _) => {
            vec![(Index::History(organization.clone(), order.clone()), format!("{version:012}#{ordinal:06}"))]
        }
        (Key::Chunk(organization, order, number), _) => {
            vec![(Index::Chunks(organization.clone(), order.clone()), format!("{number:06}"))]
        }
        (Key::ManufacturingOrder(organization, order, id), Record::ManufacturingOrder(made)) => vec![
            (Index::ManufacturingOrders(organization.clone()), format!("{}#{id}", time(made.created_at))),
            (Index::ManufacturingOrdersOf(organization.clone(), order.clone()), id.to_string()),
        ],
        (Key::SalesReturn(organization, order, id), Record::SalesReturn(known)) => vec![
            (Index::SalesReturns(organization.clone()), format!("{}#{id}", time(known.created_at))),
            (Index::SalesReturnsOf(organization.clone(), order.clone()), id.to_string()),
        ],
        (Key::Stock(organization, place), _) => {
            vec![(Index::Stock(organization.clone()), format!("{}#{}", place.location, place.variant))]
        }
        (Key::Serial(organization, variant, number), _) => {
            vec![(Index::Serials(organization.clone(), variant.clone()), number.clone())]
        }
        (Key::Movement(organization, place, at, cause), _) => {
            let sort = format!("{}#{}#{cause:?}", time(*at), place.location);
            vec![
                (Index::Movements(organization.clone()), format!("{sort}#{}", place.variant)),
                (Index::MovementsAt(organization.clone(), place.clone()), sort),
            ]
        }
        (Key::Adjustment(organization, id), Record::Adjustment(adjustment)) => {
            let sort = format!("{}#{id}", time(adjustment.created_at));
            vec![(Index::Adjustments(organization.clone()), sort)]
        }
        (Key::Outbox(organization, outbox), _) => {
            let sort =
                format!("{}#{}#{:012}#{:06}", time(outbox.at), outbox.writer, outbox.version, outbox.ordinal);
            vec![(Index::Outbox(organization.clone(), outbox.shard), sort)]
        }
        (Key::Parked(organization, id), Record::Parked(parked)) => {
            let sort = format!("{}#{id}", time(parked.due_at));
            vec![(Index::Parked(organization.clone(), parked.signal.connection.clone()), sort)]
        }
        (
            Key::Organization(_)
            | Key::VariantSku(..)
            | Key::CustomersOfName(..)
            | Key::Order(..)
            | Key::PlanChunk(..)
            | Key::ManufacturingOrder(..)
            | Key::SalesReturn(..)
            | Key::OrderOf(..)
            | Key::Observation(..)
            | Key::Person(..)
            | Key::Snapshot(..)
            | Key::Parked(..)
            | Key::Adjustment(..)
            | Key::Poll(..)
            | Key::Run(..)
            | Key::DataRequest(..)
            | Key::RequestNumber(..)
            | Key::Answer(..)
            | Key::Route(_)
            | Key::Bucket(..),
            _,
        ) => Vec::new(),
    }
}
