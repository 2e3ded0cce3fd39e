//! What an error of DynamoDB means for the ledger's caller: whether anything happened, and whether it is
//! worth another attempt. Never: a call.

use std::error::Error;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::CancellationReason,
};
use weir_app::ports::LedgerError;

use crate::sdk_error::Place;

/// Why an attempt to commit did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A condition did not hold, or another transaction was at work on the same items.
    Conflict,
    /// It can never happen as it is.
    Never(String),
    /// Refused for its rate. Nothing happened; another attempt may work.
    Throttled(String),
    /// Refused. Nothing happened, and another attempt now would be refused too.
    Trouble(String),
    /// No answer that says anything: it may have happened.
    Unsure(String),
}

/// The words of a condition that did not hold.
const CONDITION: &str = "ConditionalCheckFailed";

/// What a failed transaction means.
pub(super) fn of_transaction(
    place: &Place,
    error: &SdkError<TransactWriteItemsError, HttpResponse>,
) -> Failure {
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            of_service(place, answer.err(), status, place.describe(error))
        }
        // It never left.
        SdkError::ConstructionFailure(_) => Failure::Trouble(place.describe(error)),
        // It may have arrived: a connection that breaks says nothing about what was sent before.
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Failure::Unsure(place.describe(error))
        }
        // `SdkError` may grow; what is not known may have happened.
        _ => Failure::Unsure(place.describe(error)),
    }
}

fn of_service(place: &Place, error: &TransactWriteItemsError, status: u16, text: String) -> Failure {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            of_reasons(place, cancelled.cancellation_reasons())
        }
        // An attempt of ours with the same token is still at work.
        TransactWriteItemsError::TransactionInProgressException(_) => Failure::Unsure(text),
        TransactWriteItemsError::InternalServerError(_) => Failure::Unsure(text),
        TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_)
        | TransactWriteItemsError::ThrottlingException(_) => Failure::Throttled(text),
        TransactWriteItemsError::IdempotentParameterMismatchException(_)
        | TransactWriteItemsError::InvalidEndpointException(_)
        | TransactWriteItemsError::ResourceNotFoundException(_) => Failure::Trouble(text),
        other => match (other.code(), status) {
            (Some("ValidationException"), _) => Failure::Never(text),
            (_, 500..) => Failure::Unsure(text),
            _ => Failure::Trouble(text),
        },
    }
}

/// What the reasons of a cancelled transaction mean, one for each of its writes. The gravest counts:
/// what can never happen, then what others changed, then what was only too much at once.
pub(super) fn of_reasons(place: &Place, reasons: &[CancellationReason]) -> Failure {
    let mut meaning = None;
    for (index, reason) in reasons.iter().enumerate() {
        let code = reason.code().unwrap_or("None");
        let text = || format!("{place}: write {index}: {code}: {}", reason.message().unwrap_or_default());
        let (rank, failure) = match code {
            "None" => continue,
            "ValidationError" | "ItemCollectionSizeLimitExceeded" => (3, Failure::Never(text())),
            CONDITION | "TransactionConflict" | "DuplicateItem" => (2, Failure::Conflict),
            "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded" => {
                (1, Failure::Throttled(text()))
            }
            // A reason that is not known: it was cancelled, so nothing happened.
            _ => (0, Failure::Trouble(text())),
        };
        if meaning.as_ref().is_none_or(|(gravest, _)| rank > *gravest) {
            meaning = Some((rank, failure));
        }
    }
    let no_reason = || Failure::Trouble(format!("{place}: cancelled without a reason"));
    meaning.map_or_else(no_reason, |(_, failure)| failure)
}

/// Why a read or a small write did not work.
pub(super) fn trouble<E>(place: &Place, error: &SdkError<E, HttpResponse>) -> LedgerError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    LedgerError::Trouble(place.describe(error))
}
