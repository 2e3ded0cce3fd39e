//! What may be there before the order is: the products that were made for it, and the way from a return
//! order's id to its sales order. Stored too early they harm nobody. (SPEC KS-22)

use weir_domain::{decide::Changes, event::Effect, ids::SalesReturnId, outcome::ReasonCode};

use super::{Reading, Stop, stop};
use crate::{
    gate::Site,
    hub::Hub,
    outbox,
    ports::{Commit, Expect, Key, Record},
};

/// Products, or pointers, that one commit makes: each product is two items, and a transaction has 100.
const MADE_AT_ONCE: usize = 40;

/// Stores what a decision makes before its order. Where that are products the order is decided anew,
/// with those that are there then.
pub(super) async fn before(hub: &Hub, reading: &Reading<'_>, changes: &Changes) -> Result<(), Stop> {
    let organization = &reading.signal.organization;
    for variants in changes.variants.chunks(MADE_AT_ONCE) {
        let mut commit = Commit::default();
        for variant in variants {
            let key = Key::Variant(organization.clone(), variant.sku.clone());
            commit.put(key, Record::Variant(variant.clone()), Expect::Absent);
            let pointer = Key::VariantSku(organization.clone(), variant.id.clone());
            commit.put(pointer, Record::VariantSku(variant.sku.clone()), Expect::Absent);
        }
        if let Some(first) = variants.first() {
            // Orders of other channels may wait for that very SKU. (SPEC G-04)
            let code = Some(ReasonCode::SkuNotMatched);
            let effect = Effect::RecheckWaiting { connection: None, code };
            outbox::write(hub, organization, first.id.as_str(), 1, &[effect], &mut commit);
        }
        hub.commit(Site::ImportCommit, &commit).await.map_err(stop)?;
    }
    if !changes.variants.is_empty() {
        return Err(Stop::Again);
    }
    let is_new = |id: &SalesReturnId| !reading.file.returns.iter().any(|(known, _)| known.id == *id);
    let made: Vec<_> = changes.returns.iter().filter(|made| is_new(&made.id)).collect();
    for returns in made.chunks(MADE_AT_ONCE) {
        let mut commit = Commit::default();
        for made in returns {
            let key = Key::OrderOf(organization.clone(), made.id.to_string());
            commit.put(key, Record::OrderOf(made.order.clone()), Expect::Anything);
        }
        hub.commit(Site::ImportCommit, &commit).await.map_err(stop)?;
    }
    Ok(())
}
