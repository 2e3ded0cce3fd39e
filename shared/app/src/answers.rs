//! Answers that are kept for a while, so that a request which bears an idempotency key is answered
//! once, whatever is sent again. The key is noted before the work begins.

use jiff::SignedDuration;
use weir_domain::{Timestamp, ids::OrganizationId};

use crate::{
    hub::Hub,
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Key, Record, ledger::Answer},
};

/// How long an answer is kept: a day, as the field's APIs do.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The status of a request that was begun and not answered yet.
const UNDER_WAY: u16 = 0;

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is new, or it was begun and never answered: it is done (again), and what it makes bears
    /// the same ids.
    Do,
    /// It was answered so.
    Answered(Answer),
    /// Another request bore its key.
    Another,
}

/// Begins a request. `id` is made of who asks, of what, and of the key.
///
/// # Errors
/// If the store has trouble.
pub async fn begin(
    hub: &Hub,
    organization: &OrganizationId,
    id: &str,
    request_digest: &str,
) -> Result<Known, Refusal> {
    let key = Key::Answer(organization.clone(), id.to_owned());
    for _ in 0..TRIES {
        if let Some((answer, _)) = people::one(hub, key.clone(), only!(Answer)).await? {
            return Ok(match (answer.request_digest == request_digest, answer.status) {
                (false, _) => Known::Another,
                (true, UNDER_WAY) => Known::Do,
                (true, _) => Known::Answered(answer),
            });
        }
        if put(hub, &key, answer(hub, request_digest, UNDER_WAY, Vec::new()), Expect::Absent).await? {
            return Ok(Known::Do);
        }
    }
    Err(Refusal::contended())
}

/// Keeps the answer to a request that was begun.
///
/// # Errors
/// If the store has trouble; the request was done all the same.
pub async fn finish(
    hub: &Hub,
    organization: &OrganizationId,
    id: &str,
    request_digest: &str,
    status: u16,
    body: Vec<u8>,
) -> Result<(), Refusal> {
    let key = Key::Answer(organization.clone(), id.to_owned());
    put(hub, &key, answer(hub, request_digest, status, body), Expect::Anything).await.map(drop)
}

/// Forgets a request that was refused: nothing was done, and it may come again with another body.
///
/// # Errors
/// If the store has trouble.
pub async fn forget(hub: &Hub, organization: &OrganizationId, id: &str) -> Result<(), Refusal> {
    let mut commit = Commit::default();
    commit.delete(Key::Answer(organization.clone(), id.to_owned()), Expect::Anything);
    people::commit(hub, &commit).await.map(drop)
}

fn answer(hub: &Hub, request_digest: &str, status: u16, body: Vec<u8>) -> Answer {
    let expires_at = hub.now().saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
    Answer { request_digest: request_digest.to_owned(), status, body, expires_at }
}

async fn put(hub: &Hub, key: &Key, answer: Answer, expect: Expect) -> Result<bool, Refusal> {
    let mut commit = Commit::default();
    commit.put(key.clone(), Record::Answer(answer), expect);
    people::commit(hub, &commit).await
}
