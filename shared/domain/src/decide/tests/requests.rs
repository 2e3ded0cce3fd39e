//! What is asked of the warehouse and what becomes of it, as tables.

mod scene;

mod making;
mod checking;
mod sending;
mod going_on;
mod shipping;
mod watching;
