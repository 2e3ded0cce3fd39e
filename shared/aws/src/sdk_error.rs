//! An error of an SDK in one line that may be logged and shown: what was asked, and what it said. Never
//! the SDK's `Debug`: it shows the answer with all that stands in it.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

use aws_config::Region;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What an adapter asks, such as `table weir-prod-Table-1 in eu-west-1`. An error without it leaves
/// whoever reads it to guess which setting is wrong: AWS itself often names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place(String);

impl Place {
    /// The place of a kind and a name, where a client looks for it.
    pub(crate) fn new(kind: &str, name: &str, region: Option<&Region>) -> Self {
        Self(format!("{kind} {name} in {}", region.map_or("no region", Region::as_ref)))
    }

    /// The error's place, and the service's own code and words, or else the causes.
    pub(crate) fn describe<E>(&self, error: &SdkError<E, HttpResponse>) -> String
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        if let SdkError::ServiceError(answer) = error {
            let code = answer.err().code().unwrap_or("no code");
            return self.says(code, answer.err().message().unwrap_or("no message"));
        }
        let mut text = format!("{self}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }

    /// A code and words of this place.
    pub(crate) fn says(&self, code: &str, words: &str) -> String {
        format!("{self}: {code}: {words}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
