//! What of the resource's own policy, if a stack does not give it?
//!
//! Absent is not the same as none. A stack without `resourcePolicy` leaves that policy *unknown*: it consents where its
//! consent is needed (a KMS key, a role to assume, a resource of another account) and grants nothing alone. `null` says
//! that there is no such policy. In a comparison both sides have the same unknown policy; that it consents is then no
//! assumption about one side only: consent occurs positively in the rules of both, and in the same place, so a request
//! that one side allows and the other does not is such a request, if at all, where the policy consents.
//!
//! What the policy does to one request is through which entries it allows it ([`super::compose::Through`]). So what a
//! verdict owes to the assumption is found by taking another one ([`Assumed::ALONE`]): a policy that lets a request
//! through by several entries shows no more than one of them does, as every entry lets more through on its own.

use super::Policy;
use super::compose::Through;

/// The resource's own policy, as a stack gives it.
#[derive(Debug, Clone, Default)]
pub enum ResourcePolicy {
    /// Nothing is said of it.
    #[default]
    Unknown,
    /// There is none.
    Absent,
    /// This one.
    Given(Policy),
}

/// What a policy that is not known is taken to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumed {
    /// It consents where that is needed, and grants nothing alone: it names the principal's account.
    Consents,
    /// It allows nothing.
    Nothing,
    /// It allows everybody everything.
    GrantsAnyone,
    /// It allows every principal everything by its own ARN or name.
    GrantsOwn,
    /// It allows every role everything by the role's ARN.
    GrantsRole,
    /// It consents, but for a `Deny` with `NotPrincipal`, which denies whoever has a permissions boundary.
    DeniesBounded,
}

impl Assumed {
    /// What it could do beside consenting where that is needed.
    pub const ALONE: [Self; 4] = [Self::GrantsAnyone, Self::GrantsOwn, Self::GrantsRole, Self::DeniesBounded];

    /// Whether it allows every request through entries of this kind.
    pub(super) fn allows(self, through: Through) -> bool {
        match self {
            Self::Consents | Self::DeniesBounded => through == Through::Account,
            Self::Nothing => false,
            Self::GrantsAnyone => through == Through::Anyone,
            Self::GrantsOwn => through == Through::Own,
            Self::GrantsRole => through == Through::Role,
        }
    }

    /// Whether it allows requests of those that have no identity side: no account consents for them.
    pub(super) fn grants_others(self) -> bool {
        matches!(self, Self::GrantsAnyone | Self::GrantsOwn)
    }

    /// Whether it can allow what no statement of the stack grants.
    pub(super) fn grants_alone(self) -> bool {
        matches!(self, Self::GrantsAnyone | Self::GrantsOwn | Self::GrantsRole)
    }
}
