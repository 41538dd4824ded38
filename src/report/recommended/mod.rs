//! What is recommended for the entities of an account, in each format: a line of JSON an entity, text for people, and the
//! files that are ready to apply, with what their proofs rest on.

mod certificates;
mod common;
mod entity;
mod infrastructure;
pub mod json;
mod layout;
mod text;

pub use certificates::Certificate;
pub use layout::Layout;
pub use text::text;
