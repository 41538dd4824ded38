//! The one table of condition operators: names, what they compare, and which negate.
//!
//! An operator of a known kind is a row of the table and nothing else: the enum, its names and its meaning are made of the
//! rows. Everything that knows kinds matches on [`Kind`] without a catch-all, so a kind that is added breaks the build
//! wherever its meaning is missing. Names match without case, as real policies carry `ForAnyValue:Stringlike`.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys".

use bigdecimal::BigDecimal;

/// How two numbers (or dates) must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether `left` stands so to `right`.
    pub fn holds(self, left: &BigDecimal, right: &BigDecimal) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextMode {
    /// Whole text, wildcards where the template has them.
    Exact,
    /// As `Exact`, letters without case (see [`crate::value::fold`]).
    IgnoreCase,
    /// ARN parts one by one.
    Arn,
}

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Texts in which `*` and `?` mean themselves.
    Text(TextMode),
    /// Texts with wildcards.
    Like,
    /// ARNs with wildcards, part by part.
    Arn,
    /// Numbers.
    Number(Order),
    /// Dates.
    Date(Order),
    /// Truth values.
    Bool,
    /// Bytes in Base64.
    Binary,
    /// Addresses and blocks of them.
    Address,
    /// Whether the key is there at all.
    Presence,
}

impl Kind {
    /// Whether its values are texts, with policy variables.
    pub fn is_of_texts(self) -> bool {
        match self {
            Self::Text(_) | Self::Like | Self::Arn => true,
            Self::Number(_) | Self::Date(_) | Self::Bool | Self::Binary | Self::Address | Self::Presence => false,
        }
    }
}

/// Makes the enum, its names and what they mean of the rows.
macro_rules! operators {
    (@negates is) => { false };
    (@negates not) => { true };
    ($($sign:ident $name:ident: $kind:expr;)*) => {
        /// A condition operator without qualifiers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are AWS's own")]
        pub enum BaseOperator {
            $($name,)*
        }

        impl BaseOperator {
            /// All operators with their documented names.
            pub const ALL: [(&'static str, BaseOperator); [$(stringify!($name)),*].len()] =
                [$((stringify!($name), Self::$name)),*];

            /// What it compares.
            pub fn kind(self) -> Kind {
                use Kind::*;
                use Order::*;
                use TextMode::{Exact, IgnoreCase};
                match self {
                    $(Self::$name => $kind,)*
                }
            }

            /// Whether a list of values means "none of them".
            pub fn is_negated(self) -> bool {
                match self {
                    $(Self::$name => operators!(@negates $sign),)*
                }
            }
        }
    };
}

// `not`: a value passes if it matches none of the policy's.
operators! {
    is  StringEquals: Text(Exact);
    not StringNotEquals: Text(Exact);
    is  StringEqualsIgnoreCase: Text(IgnoreCase);
    not StringNotEqualsIgnoreCase: Text(IgnoreCase);
    is  StringLike: Like;
    not StringNotLike: Like;
    is  NumericEquals: Number(Equal);
    not NumericNotEquals: Number(Equal);
    is  NumericLessThan: Number(Less);
    is  NumericLessThanEquals: Number(LessOrEqual);
    is  NumericGreaterThan: Number(Greater);
    is  NumericGreaterThanEquals: Number(GreaterOrEqual);
    is  DateEquals: Date(Equal);
    not DateNotEquals: Date(Equal);
    is  DateLessThan: Date(Less);
    is  DateLessThanEquals: Date(LessOrEqual);
    is  DateGreaterThan: Date(Greater);
    is  DateGreaterThanEquals: Date(GreaterOrEqual);
    is  Bool: Bool;
    is  BinaryEquals: Binary;
    is  IpAddress: Address;
    not NotIpAddress: Address;
    is  ArnEquals: Arn;
    is  ArnLike: Arn;
    not ArnNotEquals: Arn;
    not ArnNotLike: Arn;
    is  Null: Presence;
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
