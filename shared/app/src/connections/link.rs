//! A channel is made to tell of changes by itself, where this deployment has a queue that it can
//! reach. Where that does not work the poll is the net, and the connection's health says so. (SPEC KF-14)

use weir_channels::{
    Channel,
    channel::{AccessToken, Grant, Notifications, Operation, SubscribeStep, WebhookStep, Webhooks},
    http::{HttpRequest, HttpResponse, Method},
};
use weir_domain::{
    connection::{Connection, NotificationLink},
    ids::OrganizationId,
};

use super::{channel, versioned};
use crate::{
    call::{self, Asking, CallError},
    gate::Site,
    hub::Hub,
    people::{Refusal, TRIES},
    planted::{self, Bug},
    ports::{Commit, CommitError, Expect, Key, Record},
};

/// Calls that setting up may take: looking and making, of two things, each once more after a race.
const STEPS: usize = 10;

/// Calls that registering webhooks may take: the pages of the list, and one for each topic.
const WEBHOOK_STEPS: usize = 60;

/// Has the channel of an active connection notify, and notes how that went. Done again where it is
/// set up it asks nothing.
///
/// # Errors
/// If the store has trouble; a channel that refuses is noted and no error.
pub async fn link(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
) -> Result<Connection, Refusal> {
    let channel = channel(connection)?;
    if let Some(webhooks) = channel.webhooks {
        let found = match hub.deployment.webhook_door(connection) {
            None => NotificationLink::Off,
            Some(door) => subscribed(hub, organization, connection, (channel, webhooks), &door).await?,
        };
        return note(hub, organization, connection, found).await;
    }
    let queue = hub.deployment.notification_queues.get(&connection.channel);
    let found = match (channel.notifications, queue) {
        (None, _) | (_, None) => NotificationLink::Off,
        (Some(_), Some(_)) if matches!(connection.notifications, NotificationLink::Subscribed { .. }) => {
            return Ok(connection.clone());
        }
        (Some(notifications), Some(queue)) => {
            match subscribe(hub, organization, connection, notifications, queue).await {
                Ok(subscription) => NotificationLink::Subscribed { subscription },
                Err(CallError::Own(cause)) => return Err(Refusal::Trouble(cause)),
                Err(error) => NotificationLink::Failed { message: failure(channel, &error) },
            }
        }
    };
    note(hub, organization, connection, found).await
}

/// Looks whether a connection's webhooks are all there, and puts back what the channel removed: it does
/// so after failures, and tells nobody. (SPEC OP-08)
///
/// # Errors
/// If the store has trouble; a channel that refuses is noted and no error.
pub async fn keep_subscribed(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
) -> Result<(), Refusal> {
    let is_meant = connection.is_active() && channel(connection)?.webhooks.is_some();
    let is_reached = hub.deployment.webhook_door(connection).is_some();
    if is_meant && is_reached && !planted::is(Bug::WebhooksNotPutBack) {
        link(hub, organization, connection).await?;
    }
    Ok(())
}

/// Has the channel deliver to the connection's door. Where that does not work the search is the net.
async fn subscribed(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    (channel, webhooks): (&Channel, &'static dyn Webhooks),
    door: &str,
) -> Result<NotificationLink, Refusal> {
    match deliver_to(hub, organization, connection, webhooks, door).await {
        Ok((changed, denied)) => {
            if !changed.is_empty() {
                tracing::info!(connection = %connection.id, topics = changed.len(), "webhooks were registered");
            }
            Ok(match denied.is_empty() {
                true => NotificationLink::Subscribed { subscription: door.to_owned() },
                false => NotificationLink::Failed {
                    message: format!(
                        "{} lets the application hear of all but {}; those changes are found by the search.",
                        channel.name,
                        denied.join(", ")
                    ),
                },
            })
        }
        Err(CallError::Own(cause)) => Err(Refusal::Trouble(cause)),
        // What is set up already is believed to be, until the channel says otherwise.
        Err(error)
            if error.is_passing()
                && matches!(connection.notifications, NotificationLink::Subscribed { .. }) =>
        {
            Ok(connection.notifications.clone())
        }
        Err(error) => Ok(NotificationLink::Failed { message: failure(channel, &error) }),
    }
}

/// The topics that were missing, and those that the application may not hear of.
async fn deliver_to(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    webhooks: &'static dyn Webhooks,
    door: &str,
) -> Result<(Vec<String>, Vec<String>), CallError> {
    let mut answers: Vec<HttpResponse> = Vec::new();
    for _ in 0..WEBHOOK_STEPS {
        let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
        let step = |token: &AccessToken, answers: &[HttpResponse]| {
            webhooks.subscribe(connection, token, door, answers)
        };
        let (operation, request) = match step(&token, &answers)? {
            WebhookStep::Ask(operation, request) => (operation, request),
            WebhookStep::Done { changed, denied } => return Ok((changed, denied)),
        };
        let asking = asking(organization, connection, operation, Grant::Merchant, &request);
        let build = |token: &AccessToken| match step(token, &answers) {
            Ok(WebhookStep::Ask(_, request)) => request,
            Ok(WebhookStep::Done { .. }) | Err(_) => request.clone(),
        };
        let read = |response: &HttpResponse| {
            let mut all = answers.clone();
            all.push(response.clone());
            step(&token, &all).map(|_| response.clone())
        };
        let answer = call::ask(hub, asking, build, read).await?;
        answers.push(answer);
    }
    Err(CallError::Trouble("it takes more steps than it should".to_owned()))
}

fn failure(channel: &Channel, error: &CallError) -> String {
    format!("{} could not be made to notify ({error}); it is asked every minute instead.", channel.name)
}

async fn subscribe(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    notifications: &'static dyn Notifications,
    queue: &str,
) -> Result<String, CallError> {
    let mut answers: Vec<HttpResponse> = Vec::new();
    let mut grant = Grant::Merchant;
    let step = |token: &AccessToken, answers: &[HttpResponse]| {
        notifications.subscribe(connection, token, queue, answers)
    };
    for _ in 0..STEPS {
        let token = call::access_token(hub, organization, connection, grant).await?;
        let (operation, wanted, request) = match step(&token, &answers)? {
            SubscribeStep::Ask(operation, wanted, request) => (operation, wanted, request),
            SubscribeStep::Subscribed { subscription } => return Ok(subscription),
        };
        grant = wanted;
        let asking = asking(organization, connection, operation, wanted, &request);
        let build = |token: &AccessToken| match step(token, &answers) {
            Ok(SubscribeStep::Ask(_, _, request)) => request,
            Ok(SubscribeStep::Subscribed { .. }) | Err(_) => request.clone(),
        };
        let read = |response: &HttpResponse| {
            let mut all = answers.clone();
            all.push(response.clone());
            step(&token, &all).map(|_| response.clone())
        };
        let answer = call::ask(hub, asking, build, read).await?;
        answers.push(answer);
    }
    Err(CallError::Trouble("it takes more steps than it should".to_owned()))
}

fn asking<'a>(
    organization: &'a OrganizationId,
    connection: &'a Connection,
    operation: Operation,
    grant: Grant,
    request: &HttpRequest,
) -> Asking<'a> {
    let site = match request.method {
        Method::Get => Site::SubscribeRead,
        Method::Post | Method::Put | Method::Delete => Site::SubscribeWrite,
    };
    Asking { site, organization, connection, operation, keep_back: 0, grant }
}

/// Notes how it went, whatever else has changed on the connection meanwhile.
async fn note(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    found: NotificationLink,
) -> Result<Connection, Refusal> {
    if connection.notifications == found {
        return Ok(connection.clone());
    }
    for _ in 0..TRIES {
        let (now, version) = versioned(hub, organization, &connection.id).await?;
        if now.notifications == found {
            return Ok(now);
        }
        let after = Connection { notifications: found.clone(), ..now };
        let mut commit = Commit::default();
        let key = Key::Connection(organization.clone(), connection.id.clone());
        commit.put(key, Record::Connection(after.clone()), Expect::Version(version));
        match hub.commit(Site::ConnectionNote, &commit).await {
            Ok(()) => return Ok(after),
            Err(CommitError::Conflict | CommitError::Unknown(_)) => {}
            Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => return Err(error.into()),
        }
    }
    Err(Refusal::contended())
}
