//! How large a record is in the table, roughly and rather too much: its texts, and some bytes for
//! each part. The real adapter measures; this keeps a test from storing what could never be stored.

use weir_app::ports::Record;
use weir_domain::decide::booking::Booked;

/// The largest item that DynamoDB takes.
pub(super) const ITEM_BYTES: usize = 400 * 1024;

/// A stored row of an order, beside its texts.
const ROW_BYTES: usize = 220;
/// A movement, a batch, a fulfillment's row.
const PART_BYTES: usize = 60;

/// About how large a record is.
pub(super) fn bytes(record: &Record) -> usize {
    match record {
        // Compressed to about a fifth; a third is on the safe side.
        Record::Snapshot(snapshot) => 200 + snapshot.body.len() / 3,
        Record::Order(order) => {
            let rows: usize = order
                .rows
                .iter()
                .map(|row| {
                    let attributes: usize =
                        row.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
                    ROW_BYTES + row.name.len() + attributes
                })
                .sum();
            let fulfilled: usize = order
                .fulfillments
                .iter()
                .flat_map(|fulfillment| &fulfillment.rows)
                .map(|row| PART_BYTES * (1 + row.batches.len()) + texts(&row.serial_numbers))
                .sum();
            800 + rows + fulfilled
        }
        Record::Stock(item) => 200 + PART_BYTES * item.batches.len(),
        Record::Chunk(booked) => chunk(booked),
        Record::Observation(observation) => 800 + texts(&observation.skus),
        Record::Adjustment(adjustment) => {
            let rows = adjustment.rows.iter().map(|row| PART_BYTES * 2 + texts(&row.serial_numbers));
            400 + rows.sum::<usize>()
        }
        Record::SalesReturn(known) => 400 + ROW_BYTES * known.rows.len(),
        Record::Answer(answer) => 300 + answer.body.len(),
        Record::Movement(movement) => 300 + texts(&movement.serial_numbers),
        Record::Organization(_)
        | Record::Location(_)
        | Record::Variant(_)
        | Record::VariantSku(_)
        | Record::Alias(_)
        | Record::Customer(_)
        | Record::CustomersOfName(_)
        | Record::Connection(_)
        | Record::Person(_)
        | Record::Parked(_)
        | Record::History(_)
        | Record::ManufacturingOrder(_)
        | Record::OrderOf(_)
        | Record::Serial(_)
        | Record::Outbox(_)
        | Record::Poll(_)
        | Record::Run(_)
        | Record::DataRequest(_)
        | Record::RequestNumber
        | Record::Route(_)
        | Record::Bucket(_) => 2_000,
    }
}

fn chunk(booked: &Booked) -> usize {
    let rows =
        booked.rows.iter().map(|row| PART_BYTES * (1 + row.batches.len()) + texts(&row.serial_numbers));
    400 + rows.sum::<usize>() + 200 * booked.movements.len()
}

fn texts(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + 4).sum()
}
