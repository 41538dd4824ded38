//! What is recommended for the entities of an account, in each format: a line of JSON an entity, text for people, and the
//! files that are ready to apply.

mod files;
pub mod json;
mod text;

pub use files::{files, folders, shared};
pub use text::text;
