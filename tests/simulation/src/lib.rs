//! The whole hub under a virtual clock, with faults: seeds, a crash sweep, and a bench of planted bugs.
//! Never: a rule of the product, but for the model that is told once more.

pub mod executor;
pub mod gate;
pub mod logs;

pub mod places;
pub mod acts;
pub mod script;
pub mod people;
pub mod shop;
pub mod outlet;
pub mod world;

pub mod invariants;
pub mod model;
pub mod projection;
pub mod sometimes;

pub mod swarm;
pub mod seeds;
pub mod sweep;
pub mod shrink;
pub mod parallel;
pub mod report;

#[cfg(test)]
mod tests;
