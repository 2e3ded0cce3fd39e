//! The channels and the ports simulated, behaving as documented at worst, with faults on demand.
//! Never: a rule of the product.

pub mod amazon;
pub mod fake;
pub mod contract;
