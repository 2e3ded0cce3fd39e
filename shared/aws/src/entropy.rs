//! The entropy of the TLS stack. When it is collected is decided here; how, by AWS-LC alone.

/// The TLS stack has no random numbers, so nothing can be said in secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AWS-LC gives no random numbers")]
pub struct NoEntropy;

/// Draws a random number, so that AWS-LC has collected its entropy when the first connection is made.
/// It times the CPU's jitter once in a process, for tens of milliseconds of a whole core: as it starts,
/// a Lambda has one; at its first call somebody waits, and it has the share that its memory buys.
/// (`infra/cold-start.md`)
///
/// # Errors
/// [`NoEntropy`]: no connection could be made either.
pub fn collect() -> Result<(), NoEntropy> {
    aws_lc_rs::rand::fill(&mut [0]).map_err(|aws_lc_rs::error::Unspecified| NoEntropy)
}
