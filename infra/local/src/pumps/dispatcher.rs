//! The table's stream, read in order: each new outgoing item is dispatched, and only then is the place
//! in the stream stored. After a sudden end some are dispatched twice, none never. A place that is
//! lost is made up for by the sweeper.

use std::{path::PathBuf, time::Duration};

use tokio::sync::watch;
use weir_app::{Hub, dispatch, flow::FlowError, ports::Key};
use weir_aws::{
    embedded::{EmbeddedStore, StreamEvent, StreamPosition, StreamRecord},
    outbox,
};
use weir_domain::event::Effect;

use super::{caught, told_to_stop};
use crate::{file, hub::TABLE};

/// The file that holds the place, inside the data folder.
const FILE: &str = "dispatcher.place";

/// Records that are read at once.
const PAGE: usize = 200;

/// How long it waits after something was written, so that a commit's and its neighbours' records come
/// in one page.
const GATHER: Duration = Duration::from_millis(20);

/// How long nothing is asked of a store or a queue that has just failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Pages after which read records are let go of: the stream would keep them for ever.
const FORGET_EVERY: u32 = 50;

/// Reads the stream until it is told to stop.
pub(super) async fn run(hub: Hub, store: EmbeddedStore, data: PathBuf, mut stop: watch::Receiver<bool>) {
    let mut reader = Reader { hub, place: StreamPosition::start(), path: data.join(FILE), store, pages: 0 };
    let mut writes = reader.store.writes();
    reader.begin().await;
    loop {
        writes.mark_unchanged();
        let wait = match caught(reader.page()).await {
            Ok(read) if read == PAGE => continue,
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "the dispatcher has trouble and tries again");
                Some(AFTER_TROUBLE)
            }
        };
        tokio::select! {
            () = told_to_stop(&mut stop) => return,
            () = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => {
                        let _ = writes.changed().await;
                        tokio::time::sleep(GATHER).await;
                    }
                }
            } => {}
        }
    }
}

struct Reader {
    hub: Hub,
    store: EmbeddedStore,
    place: StreamPosition,
    path: PathBuf,
    pages: u32,
}

impl Reader {
    /// Finds the stored place. Without a file the stream is read from its beginning.
    async fn begin(&mut self) {
        match file::read(&self.path) {
            Ok(None) => {}
            Ok(Some(text)) => match text.trim().parse() {
                Ok(place) => self.place = place,
                Err(_) => self.begin_anew().await,
            },
            Err(error) => {
                tracing::warn!(%error, "the dispatcher's place cannot be read");
                self.begin_anew().await;
            }
        }
    }

    /// The place is lost: it goes on with what comes, and the sweeper dispatches what was missed.
    async fn begin_anew(&mut self) {
        tracing::warn!("the dispatcher's place in the stream is lost; the sweeper finds what was missed");
        match self.store.latest_position(TABLE).await {
            Ok(place) => self.place = place,
            Err(error) => tracing::warn!(%error, "the stream has no end"),
        }
    }

    /// Reads one page and dispatches what is in it. Answers how many records it had.
    async fn page(&mut self) -> Result<usize, FlowError> {
        let page = match self.store.records_after(TABLE, &self.place, PAGE).await {
            Ok(page) => page,
            Err(error) if error.is_position_lost() => {
                self.begin_anew().await;
                return Ok(0);
            }
            Err(error) => return Err(FlowError::new(error.to_string())),
        };
        for record in &page.records {
            if let Some(item) = outgoing(record) {
                dispatch::dispatch(&self.hub, &[item]).await?;
                self.store_place(record.position.clone())?;
            }
        }
        if page.next != self.place {
            self.store_place(page.next)?;
            self.forget().await;
        }
        Ok(page.records.len())
    }

    fn store_place(&mut self, place: StreamPosition) -> Result<(), FlowError> {
        file::write(&self.path, &place.to_string()).map_err(|error| FlowError::new(error.to_string()))?;
        self.place = place;
        Ok(())
    }

    async fn forget(&mut self) {
        self.pages += 1;
        if self.pages % FORGET_EVERY == 1
            && let Err(error) = self.store.forget_records_before(TABLE, &self.place).await
        {
            tracing::warn!(%error, "the stream cannot let go of what was read");
        }
    }
}

/// The outgoing item that a record tells of, if it is a new one. One that cannot be read stays in the
/// table, where the sweeper meets it.
fn outgoing(record: &StreamRecord) -> Option<(Key, Effect)> {
    if record.event != StreamEvent::Insert {
        return None;
    }
    let image = record.new_image.as_ref()?;
    match outbox::read(image) {
        Ok(item) => item,
        Err(error) => {
            tracing::error!(%error, "an outgoing item cannot be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::{Arc, Mutex},
    };

    use async_trait::async_trait;
    use weir_app::ports::{
        Announcement, Bus, Commit, Expect, Record, TransportError,
        ledger::{OUTBOX_SHARDS, OutboxKey},
    };
    use weir_domain::{
        event::DomainEvent,
        ids::{OrganizationId, SalesOrderId},
    };

    use super::*;
    use crate::{Settings, hub::build};

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    #[async_trait]
    impl Bus for Heard {
        async fn announce(&self, announcements: &[Announcement]) -> Result<(), TransportError> {
            let mut heard = self.0.lock().unwrap();
            heard.extend(announcements.iter().map(|announcement| announcement.id.clone()));
            Ok(())
        }
    }

    impl Heard {
        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    async fn commit(hub: &Hub, writer: &str) {
        let organization = OrganizationId::parse("org_test").unwrap();
        let order = SalesOrderId::parse("so_1").unwrap();
        let event = DomainEvent::OrderImported { order, order_no: "1".to_owned() };
        let at = hub.clock.scheduler_now();
        let key =
            OutboxKey { shard: OUTBOX_SHARDS - 1, at, writer: writer.to_owned(), version: 1, ordinal: 0 };
        let mut commit = Commit::default();
        commit.put(Key::Outbox(organization, key), Record::Outbox(Effect::Announce(event)), Expect::Absent);
        hub.ledger.commit(&commit).await.unwrap();
    }

    async fn reader(hub: &Hub, store: &EmbeddedStore, data: &Path) -> Reader {
        let place = StreamPosition::start();
        let mut reader =
            Reader { hub: hub.clone(), store: store.clone(), place, path: data.join(FILE), pages: 0 };
        reader.begin().await;
        reader
    }

    #[tokio::test]
    async fn each_item_is_sent_once_also_after_a_restart_and_a_lost_place_goes_on_with_what_comes() {
        let data = std::env::temp_dir().join(format!("weir-dispatcher-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        let machinery = build(&Settings::on(&data)).await.unwrap();
        let heard = Arc::new(Heard::default());
        let hub = Hub { bus: Arc::clone(&heard) as Arc<dyn Bus>, ..machinery.hub };
        let store = machinery.store;

        commit(&hub, "a").await;
        commit(&hub, "b").await;
        let mut first = reader(&hub, &store, &data).await;
        assert!(first.page().await.unwrap() >= 2);
        assert_eq!(heard.take(), ["a-1-0", "b-1-0"]);
        first.page().await.unwrap();
        assert_eq!(first.page().await.unwrap(), 0, "after the removals of its own there is nothing new");

        commit(&hub, "c").await;
        reader(&hub, &store, &data).await.page().await.unwrap();
        assert_eq!(heard.take(), ["c-1-0"], "a new reader goes on where the last one was");

        commit(&hub, "d").await;
        std::fs::write(data.join(FILE), "no place").unwrap();
        let mut lost = reader(&hub, &store, &data).await;
        commit(&hub, "e").await;
        lost.page().await.unwrap();
        assert_eq!(heard.take(), ["e-1-0"], "what was missed is the sweeper's");
        let _ = std::fs::remove_dir_all(&data);
    }
}
