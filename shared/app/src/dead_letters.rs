//! Messages that could not be handled: shown to the organization they belong to, sent again, dropped.
//! (SPEC G-04)

use weir_domain::ids::OrganizationId;

use crate::{
    gate::Site,
    hub::Hub,
    message::Message,
    people::Refusal,
    ports::{DeadLetter, QueueError, QueueName},
};

/// A dead letter as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterView {
    /// The letter.
    pub letter: DeadLetter,
    /// What it is, if it can be read. What cannot be read may hold anything, and is not shown.
    pub message: Option<Message>,
}

/// Messages that could not be handled, of this organization. Those that belong to none, because
/// nothing can read them, are shown to the deployment's administrator.
///
/// # Errors
/// If the queues have trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    with_unreadable: bool,
) -> Result<Vec<DeadLetterView>, Refusal> {
    let letters = hub.dead_letters(Site::PersonRead).await?;
    let view = |letter: DeadLetter| {
        let message = match &letter.queue {
            QueueName::Import(_) | QueueName::Push(_) => Message::from_json(&letter.body).ok(),
            QueueName::Notifications(_) => None,
        };
        let is_meant = match &message {
            Some(Message::Look(signal)) => signal.organization == *organization,
            Some(Message::Told(told)) => told.organization == *organization,
            Some(Message::Push(push)) => push.organization == *organization,
            Some(Message::Recheck(recheck)) => recheck.organization == *organization,
            None => with_unreadable,
        };
        is_meant.then_some(DeadLetterView { letter, message })
    };
    Ok(letters.into_iter().filter_map(view).collect())
}

/// Sends a dead letter to its queue again.
///
/// # Errors
/// If the organization has none of that id.
pub async fn replay(
    hub: &Hub,
    organization: &OrganizationId,
    with_unreadable: bool,
    id: &str,
) -> Result<(), Refusal> {
    own_letter(hub, organization, with_unreadable, id).await?;
    Ok(hub.replay(Site::PersonSend, id).await?)
}

/// Drops a dead letter. The note says why; it is logged.
///
/// # Errors
/// If the organization has none of that id.
pub async fn discard(
    hub: &Hub,
    organization: &OrganizationId,
    with_unreadable: bool,
    id: &str,
    note: &str,
) -> Result<(), Refusal> {
    own_letter(hub, organization, with_unreadable, id).await?;
    Ok(hub.discard(Site::PersonSend, id, note).await?)
}

async fn own_letter(
    hub: &Hub,
    organization: &OrganizationId,
    with_unreadable: bool,
    id: &str,
) -> Result<(), Refusal> {
    let letters = list(hub, organization, with_unreadable).await?;
    if letters.iter().any(|view| view.letter.id == id) { Ok(()) } else { Err(QueueError::NotFound.into()) }
}
