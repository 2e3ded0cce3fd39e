//! The rules for what the merchant ships, as tables: what happened at the shop and here, and what
//! Weir makes of it.

mod shop;

mod gate;
mod mapping;
mod changes;
mod fulfillments;
mod pushes;
mod stages;
mod persons;
mod large;
mod properties;
