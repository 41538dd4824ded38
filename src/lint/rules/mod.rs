//! The rules of `validate`: one file a small family, one function a code or a few that are found together.
//!
//! A function is called once for each of its codes and says what it finds under the code that [`super::registry::Emit`]
//! asks for, so that every code is a row of its own in the registry.

pub(crate) mod actions;
pub(crate) mod applies;
pub(crate) mod context;
pub(crate) mod cover;
pub(crate) mod keys;
pub(crate) mod operators;
pub(crate) mod organizations;
pub(crate) mod pass_role;
pub(crate) mod presence;
pub(crate) mod principals;
pub(crate) mod redundant;
pub(crate) mod resources;
pub(crate) mod sensitive;
pub(crate) mod services;
pub(crate) mod sids;
pub(crate) mod size;
pub(crate) mod structure;
pub(crate) mod tags;
pub(crate) mod trust;
pub(crate) mod values;
pub(crate) mod variables;
