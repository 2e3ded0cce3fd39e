//! Domain events on an EventBridge bus. Never: what an event means; its detail comes ready.

use async_trait::async_trait;
use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use weir_app::ports::{Announcement, Bus, TransportError};

use crate::{backoff, sdk_error::Place};

/// Entries that one call takes: EventBridge's own limit.
const ENTRIES_IN_A_CALL: usize = 10;

/// How often entries that a call did not take are sent again.
const SENDS: u32 = 5;

/// Who announces, as rules on the bus see it.
pub const SOURCE: &str = "weir";

/// A bus of EventBridge. The id of an announcement is in its entry's resources.
#[derive(Clone, Debug)]
pub struct EventBridge {
    client: Client,
    bus: String,
    place: Place,
}

impl EventBridge {
    /// The bus of this name or ARN.
    #[must_use]
    pub fn new(client: Client, bus: impl Into<String>) -> Self {
        let bus = bus.into();
        let place = Place::new("bus", &bus, client.config().region());
        Self { client, bus, place }
    }

    async fn put(&self, announcements: &[Announcement]) -> Result<(), TransportError> {
        let mut left: Vec<&Announcement> = announcements.iter().collect();
        let mut why = String::new();
        for attempt in 0..SENDS {
            if attempt > 0 {
                backoff::pause(attempt).await;
            }
            let entries = left.iter().map(|announcement| self.entry(announcement)).collect();
            let answer = self.client.put_events().set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| TransportError(self.place.describe(&error)))?;
            // The answer has one entry for each that was sent, in the same order.
            let results = answer.entries.unwrap_or_default();
            let mut failed = Vec::new();
            for (index, announcement) in left.into_iter().enumerate() {
                let result = results.get(index);
                if result.is_some_and(|result| result.event_id.is_some()) {
                    continue;
                }
                why = result
                    .and_then(|result| result.error_code.clone())
                    .unwrap_or_else(|| "no answer".to_owned());
                failed.push(announcement);
            }
            left = failed;
            if left.is_empty() {
                return Ok(());
            }
        }
        let (left, all) = (left.len(), announcements.len());
        Err(TransportError(self.place.says(&why, &format!("{left} of {all} events were not taken"))))
    }

    fn entry(&self, announcement: &Announcement) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(announcement.name)
            .detail(&announcement.detail)
            .resources(&announcement.id)
            .build()
    }
}

#[async_trait]
impl Bus for EventBridge {
    async fn announce(&self, announcements: &[Announcement]) -> Result<(), TransportError> {
        for some in announcements.chunks(ENTRIES_IN_A_CALL) {
            self.put(some).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
