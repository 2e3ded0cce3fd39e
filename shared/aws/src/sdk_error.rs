//! An error of an SDK in one line that may be logged and shown. Never the SDK's `Debug`: it shows the
//! answer with all that stands in it.

use std::{error::Error, fmt::Write as _};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The service's own code and words, or else the causes.
pub(crate) fn describe<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if let SdkError::ServiceError(answer) = error {
        let code = answer.err().code().unwrap_or("no code");
        return format!("{code}: {}", answer.err().message().unwrap_or("no message"));
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
