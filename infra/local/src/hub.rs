//! The hub of this process: each port with what stands behind it here. The same flows and the same
//! DynamoDB adapter as deployed; what differs is the store behind the SDK.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use weir_app::{
    Deployment, Hub, StandIn,
    gate::Open,
    ports::{Announcement, Bus, Clock, Queue, TransportError},
};
use weir_aws::{
    DynamoLedger, FileSecrets, RandomIds, ReqwestTransport, SystemClock, create_table,
    embedded::{EmbeddedStore, QueuePort, queue::LocalQueues},
    transport::Limits,
};
use weir_domain::ids::ChannelName;

use crate::{
    Settings, StartError,
    pumps::{self, Machinery},
    sandbox::NOTIFICATIONS_ARN,
};

/// The table's name in the embedded store.
pub(crate) const TABLE: &str = "weir";

/// Opens the data folder and builds the hub on it.
pub(crate) async fn build(settings: &Settings) -> Result<Machinery, StartError> {
    let store = EmbeddedStore::open(&settings.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(settings.minute));
    let client = store.client();
    create_table(&client, TABLE).await.map_err(|error| StartError::set_up("the table", error))?;
    let queues =
        LocalQueues::open(client.clone()).await.map_err(|error| StartError::set_up("the queues", error))?;
    let queues = Arc::new(QueuePort::new(queues, pumps::queue_names(), Arc::clone(&clock)));
    let transport =
        ReqwestTransport::new(Limits::default()).map_err(|error| StartError::set_up("the way out", error))?;
    let hub = Hub {
        ledger: Arc::new(DynamoLedger::new(client, TABLE, Arc::clone(&clock))),
        queue: Arc::clone(&queues) as Arc<dyn Queue>,
        secrets: Arc::new(FileSecrets::new(&settings.data)),
        transport: Arc::new(transport),
        bus: Arc::new(LoggedBus),
        clock,
        ids: Arc::new(RandomIds),
        gate: Arc::new(Open),
        deployment: Arc::new(deployment(settings)),
        access_tokens: Arc::default(),
    };
    Ok(Machinery { hub, store, queues, data: settings.data.clone(), minute: settings.minute })
}

/// What can be done here: connections may have endpoints of their own, and only the sandbox reaches a
/// queue of this process.
fn deployment(settings: &Settings) -> Deployment {
    let amazon = ChannelName::parse(weir_channels::amazon::CHANNEL.name).ok();
    let reached = amazon.filter(|_| !settings.no_demo).map(|amazon| (amazon, NOTIFICATIONS_ARN.to_owned()));
    Deployment {
        allow_endpoints: true,
        notification_queues: reached.into_iter().collect::<BTreeMap<_, _>>(),
        public_url: settings.public_url.clone(),
        stand_in: None,
    }
}

/// The hub, with a sandbox beside it that reaches its doors on this machine.
pub(crate) fn beside(hub: &Hub, stand_in: StandIn) -> Hub {
    let deployment = Deployment { stand_in: Some(stand_in), ..hub.deployment.as_ref().clone() };
    Hub { deployment: Arc::new(deployment), ..hub.clone() }
}

/// A bus without listeners: events go into the log, if that is wanted.
struct LoggedBus;

#[async_trait]
impl Bus for LoggedBus {
    async fn announce(&self, announcements: &[Announcement]) -> Result<(), TransportError> {
        for Announcement { id, name, detail } in announcements {
            tracing::debug!(id, detail, "announced {name}");
        }
        Ok(())
    }
}
