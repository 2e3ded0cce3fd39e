//! The token buckets of the channels' operations, kept in the ledger so that all processes share
//! them: an account's published rate is never exceeded. (SPEC KF-01, G-12)

use jiff::SignedDuration;
use weir_channels::channel::{Budget, Operation};
use weir_domain::{Timestamp, ids::AccountId};

use crate::{
    call::CallError,
    gate::Site,
    hub::Hub,
    ports::{Commit, CommitError, Expect, Key, Record, Stored, ledger::Bucket},
};

/// How often a token is tried to be taken when others take theirs at the same time.
const TRIES: u32 = 8;

/// A bucket whose time lies further ahead than clocks differ was written by a run with another
/// scheduler minute; it begins anew from now.
const AHEAD_AT_MOST: SignedDuration = SignedDuration::from_mins(30);

/// Thousandths of a token below which a bucket is raised to what the channel says is left; above, nobody
/// waits, and it is not worth a write.
const FEW: u64 = 2_000;

/// A token that was taken, and how fast its bucket is believed to fill.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    refill_millis: Option<u64>,
    /// Thousandths of a token that were left.
    millitokens: u64,
}

/// Takes a token for one call, and leaves `keep_back` tokens for others.
///
/// # Errors
/// [`CallError::OutOfTokens`] with the time when there will be one.
pub async fn take(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    keep_back: u32,
) -> Result<Taken, CallError> {
    let wanted = (u64::from(keep_back) + 1) * 1000;
    for _ in 0..TRIES {
        let now = hub.clock.scheduler_now();
        let (mut bucket, expect) = read(hub, account, operation, now).await?;
        if bucket.millitokens < wanted {
            let missing = wanted - bucket.millitokens;
            let wait = refill_millis(&bucket, operation).saturating_mul(missing).div_ceil(1000);
            let wait = SignedDuration::from_millis(i64::try_from(wait).unwrap_or(i64::MAX));
            let due_at = bucket.at.max(now).saturating_add(wait).unwrap_or(now);
            return Err(CallError::OutOfTokens { due_at });
        }
        bucket.millitokens -= 1000;
        let taken = Taken { refill_millis: bucket.refill_millis, millitokens: bucket.millitokens };
        match write(hub, account, operation, bucket, expect).await {
            Ok(()) => return Ok(taken),
            // Unknown may have taken one; taking another errs to the safe side.
            Err(CommitError::Conflict | CommitError::Unknown(_)) => {}
            Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
                return Err(CallError::Own(error.to_string()));
            }
        }
    }
    Err(CallError::OutOfTokens { due_at: hub.clock.scheduler_now() })
}

/// Notes that the channel itself said no: its bucket is empty, whatever ours holds, and its header
/// may have said how fast it fills.
pub(crate) async fn emptied(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    micro_rate: Option<u64>,
) -> Result<(), CallError> {
    let (mut bucket, expect) = read(hub, account, operation, hub.clock.scheduler_now()).await?;
    bucket.millitokens = 0;
    if let Some(micro_rate) = micro_rate {
        bucket.refill_millis = slower(operation, micro_rate);
    }
    settle(hub, account, operation, bucket, expect).await
}

/// Notes the rate that an answer told, where it is not the one that the bucket goes by. (SPEC G-12)
pub(crate) async fn told(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    taken: Taken,
    micro_rate: u64,
) -> Result<(), CallError> {
    let refill_millis = slower(operation, micro_rate);
    if refill_millis == taken.refill_millis {
        return Ok(());
    }
    let (bucket, expect) = read(hub, account, operation, hub.clock.scheduler_now()).await?;
    settle(hub, account, operation, Bucket { refill_millis, ..bucket }, expect).await
}

/// Notes what the channel says is left: less than the bucket holds where others of the merchant draw on the
/// same points; more where calls turned out to cost less than they asked for, which a bucket that counts
/// calls cannot know, so that a long look would wait for points that are there. (SPEC G-12)
pub(crate) async fn left(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    taken: Taken,
    budget: Budget,
) -> Result<(), CallError> {
    let millitokens = budget.available.saturating_mul(1000) / budget.requested.max(1);
    let millitokens = millitokens.min(u64::from(operation.burst) * 1000);
    let is_more = millitokens > taken.millitokens;
    if millitokens == taken.millitokens || (is_more && taken.millitokens >= FEW) {
        return Ok(());
    }
    let (bucket, expect) = read(hub, account, operation, hub.clock.scheduler_now()).await?;
    let millitokens =
        if is_more { millitokens.max(bucket.millitokens) } else { millitokens.min(bucket.millitokens) };
    settle(hub, account, operation, Bucket { millitokens, ..bucket }, expect).await
}

/// How long a token takes where the channel grants less than it publishes. What it grants on top is
/// left alone.
fn slower(operation: Operation, micro_rate: u64) -> Option<u64> {
    let millis = 1_000_000_000_u64.checked_div(micro_rate)?;
    // A header is rounded: within a hundredth it is the published rate.
    (millis > refill(operation).saturating_add(refill(operation) / 100)).then_some(millis)
}

async fn settle(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    bucket: Bucket,
    expect: Expect,
) -> Result<(), CallError> {
    match write(hub, account, operation, bucket, expect).await {
        // Somebody else wrote it in the meantime: they will be told as well.
        Ok(()) | Err(CommitError::Conflict | CommitError::Unknown(_)) => Ok(()),
        Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
            Err(CallError::Own(error.to_string()))
        }
    }
}

/// The bucket as it is now, full if it was never used.
async fn read(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    now: Timestamp,
) -> Result<(Bucket, Expect), CallError> {
    let key = Key::Bucket(account.clone(), operation.name.to_owned());
    let mut found = hub
        .get(Site::BucketRead, std::slice::from_ref(&key))
        .await
        .map_err(|error| CallError::Own(error.to_string()))?;
    match found.remove(&key) {
        Some(Stored { record: Record::Bucket(bucket), version }) => {
            Ok((refilled(bucket, operation, now), Expect::Version(version)))
        }
        Some(_) | None => {
            let millitokens = u64::from(operation.burst) * 1000;
            Ok((Bucket { millitokens, at: now, refill_millis: None }, Expect::Absent))
        }
    }
}

async fn write(
    hub: &Hub,
    account: &AccountId,
    operation: Operation,
    bucket: Bucket,
    expect: Expect,
) -> Result<(), CommitError> {
    let key = Key::Bucket(account.clone(), operation.name.to_owned());
    let mut commit = Commit::default();
    commit.put(key, Record::Bucket(bucket), expect);
    hub.commit(Site::BucketTake, &commit).await
}

fn refill(operation: Operation) -> u64 {
    u64::try_from(operation.refill.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn refill_millis(bucket: &Bucket, operation: Operation) -> u64 {
    bucket.refill_millis.unwrap_or_else(|| refill(operation)).max(1)
}

/// What has come back since. A clock that is behind the one that wrote gives nothing back.
fn refilled(bucket: Bucket, operation: Operation, now: Timestamp) -> Bucket {
    let ahead = bucket.at.duration_since(now);
    if ahead > AHEAD_AT_MOST {
        return Bucket { at: now, ..bucket };
    }
    let Ok(elapsed) = u64::try_from(now.duration_since(bucket.at).as_millis()) else { return bucket };
    let refill = refill_millis(&bucket, operation);
    let full = u64::from(operation.burst) * 1000;
    let millitokens = bucket.millitokens.saturating_add(elapsed.saturating_mul(1000) / refill).min(full);
    // A bucket that was kept under a larger burst holds more than fits now. And what does not make a
    // thousandth of a token yet is not lost: the time moves on by what was given.
    let given = millitokens.saturating_sub(bucket.millitokens).saturating_mul(refill) / 1000;
    let at = if millitokens == full {
        now
    } else {
        let given = SignedDuration::from_millis(i64::try_from(given).unwrap_or(i64::MAX));
        bucket.at.saturating_add(given).unwrap_or(now)
    };
    Bucket { millitokens, at, refill_millis: bucket.refill_millis }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SEARCH: Operation = Operation { name: "search", refill: Duration::from_secs(180), burst: 20 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + seconds)
    }

    // SPEC: G-12, KF-01
    #[test]
    fn a_bucket_fills_at_the_published_rate_and_never_above_its_burst() {
        let empty = Bucket { millitokens: 0, at: at(0), refill_millis: None };
        for (seconds, millitokens) in
            [(0, 0), (90, 500), (180, 1000), (360, 2000), (3600, 20_000), (99_999, 20_000)]
        {
            assert_eq!(
                refilled(empty.clone(), SEARCH, at(seconds)).millitokens,
                millitokens,
                "after {seconds} s"
            );
        }
    }

    #[test]
    fn a_bucket_that_was_kept_under_a_larger_burst_is_full() {
        let kept = Bucket { millitokens: 25_000, at: at(0), refill_millis: None };
        for seconds in [0, 1, 3600] {
            assert_eq!(refilled(kept.clone(), SEARCH, at(seconds)).millitokens, 20_000, "after {seconds} s");
        }
    }

    #[test]
    fn small_steps_give_as_much_as_one_big_one() {
        let mut bucket = Bucket { millitokens: 0, at: at(0), refill_millis: None };
        for second in 1..=1800 {
            bucket = refilled(bucket, SEARCH, at(second));
        }
        assert_eq!(bucket.millitokens, 10_000);
    }

    #[test]
    fn a_clock_that_is_behind_gives_nothing_back() {
        let bucket = Bucket { millitokens: 700, at: at(300), refill_millis: None };
        assert_eq!(refilled(bucket.clone(), SEARCH, at(0)), bucket);
    }
}
