//! The one table of condition operators: names, qualifiers, and which negate.
//!
//! Everything that knows operators matches on [`BaseOperator`] without a catch-all, so an operator added here breaks the
//! build wherever its meaning is missing. Names match without case, as real policies carry `ForAnyValue:Stringlike`.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys".

/// A condition operator without qualifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are AWS's own")]
pub enum BaseOperator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

/// `ForAllValues:` or `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetOperator {
    /// Every value of the request must pass.
    ForAllValues,
    /// Some value of the request must pass.
    ForAnyValue,
}

/// A condition operator with its qualifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operator {
    /// The operator itself.
    pub base: BaseOperator,
    /// The set operator before it.
    pub set: Option<SetOperator>,
    /// Whether `IfExists` follows it.
    pub if_exists: bool,
}

impl BaseOperator {
    /// All operators with their documented names.
    pub const ALL: [(&'static str, BaseOperator); 27] = [
        ("StringEquals", Self::StringEquals),
        ("StringNotEquals", Self::StringNotEquals),
        ("StringEqualsIgnoreCase", Self::StringEqualsIgnoreCase),
        ("StringNotEqualsIgnoreCase", Self::StringNotEqualsIgnoreCase),
        ("StringLike", Self::StringLike),
        ("StringNotLike", Self::StringNotLike),
        ("NumericEquals", Self::NumericEquals),
        ("NumericNotEquals", Self::NumericNotEquals),
        ("NumericLessThan", Self::NumericLessThan),
        ("NumericLessThanEquals", Self::NumericLessThanEquals),
        ("NumericGreaterThan", Self::NumericGreaterThan),
        ("NumericGreaterThanEquals", Self::NumericGreaterThanEquals),
        ("DateEquals", Self::DateEquals),
        ("DateNotEquals", Self::DateNotEquals),
        ("DateLessThan", Self::DateLessThan),
        ("DateLessThanEquals", Self::DateLessThanEquals),
        ("DateGreaterThan", Self::DateGreaterThan),
        ("DateGreaterThanEquals", Self::DateGreaterThanEquals),
        ("Bool", Self::Bool),
        ("BinaryEquals", Self::BinaryEquals),
        ("IpAddress", Self::IpAddress),
        ("NotIpAddress", Self::NotIpAddress),
        ("ArnEquals", Self::ArnEquals),
        ("ArnLike", Self::ArnLike),
        ("ArnNotEquals", Self::ArnNotEquals),
        ("ArnNotLike", Self::ArnNotLike),
        ("Null", Self::Null),
    ];

    /// Whether a list of values means "none of them".
    pub fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }
}

impl Operator {
    /// Reads an operator's name, without case. The second value says whether it was spelled as documented.
    pub fn parse(name: &str) -> Option<(Self, bool)> {
        let (set, rest) = match name.split_once(':') {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => (Some(SetOperator::ForAllValues), rest),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Some(SetOperator::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let suffix = rest.len().saturating_sub("IfExists".len());
        let (rest, if_exists) = match rest.split_at_checked(suffix) {
            Some((head, tail)) if !head.is_empty() && tail.eq_ignore_ascii_case("IfExists") => (head, true),
            _ => (rest, false),
        };
        let (_, base) = BaseOperator::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(rest))?;
        // Null asks about presence itself.
        if if_exists && base == BaseOperator::Null {
            return None;
        }
        let operator = Self { base, set, if_exists };
        Some((operator, operator.to_string() == name))
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.set {
            Some(SetOperator::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetOperator::ForAnyValue) => f.write_str("ForAnyValue:")?,
            None => {}
        }
        let name = BaseOperator::ALL.into_iter().find(|(_, base)| *base == self.base).map_or("", |(name, _)| name);
        write!(f, "{name}{}", if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for (name, base) in BaseOperator::ALL {
            for set in ["", "ForAllValues:", "ForAnyValue:"] {
                for suffix in ["", "IfExists"] {
                    let written = format!("{set}{name}{suffix}");
                    match Operator::parse(&written) {
                        Some((operator, exact)) => {
                            assert!(exact && operator.base == base && operator.to_string() == written);
                        }
                        None => assert_eq!((base, suffix), (BaseOperator::Null, "IfExists")),
                    }
                }
            }
        }
        assert_eq!(Operator::parse("ForAnyValue:Stringlike").map(|(_, exact)| exact), Some(false));
        for name in ["", "IfExists", "StringIs", "ForSomeValues:StringEquals", "BoolNot", "StringEqualsIfExistsIfExists"] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
