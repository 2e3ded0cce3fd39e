//! The channels and the ports simulated, behaving as documented at worst, with faults on demand.
//! Never: a rule of the product.

mod dice;
mod now;
mod slots;
pub mod amazon;
pub mod shopify;
pub mod bigcommerce;
pub mod fake;
pub mod contract;

pub use dice::Dice;
pub use now::Now;
