//! Which numbers, dates and addresses does one test accept?
//!
//! A test has a list of bounds or of address blocks, and a value is asked about again and again, so the list is put in
//! order once: a value then is one binary search, whatever the list's length. Blocks become disjoint ranges.

use crate::policy::Order;
use crate::value::ip::{IpAddr, IpNet};
use bigdecimal::BigDecimal;

/// Numbers that stand so to one of the bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    pub(super) order: Order,
    /// In order, each once.
    pub(super) sorted: Vec<BigDecimal>,
}

impl Bounds {
    pub(super) fn new(order: Order, bounds: &[BigDecimal]) -> Self {
        let mut sorted = bounds.to_vec();
        sorted.sort();
        sorted.dedup();
        Self { order, sorted }
    }

    pub(super) fn contain(&self, value: &BigDecimal) -> bool {
        // Below some bound is below the last one.
        let nearest = match self.order {
            Order::Equal => return self.sorted.binary_search(value).is_ok(),
            Order::Less | Order::LessOrEqual => self.sorted.last(),
            Order::Greater | Order::GreaterOrEqual => self.sorted.first(),
        };
        nearest.is_some_and(|bound| self.order.holds(value, bound))
    }
}

/// Addresses of some blocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Blocks {
    /// In order, each once.
    pub(super) blocks: Vec<IpNet>,
    /// Their addresses as disjoint ranges in order, first and last included.
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Blocks {
    pub(super) fn new(blocks: &[IpNet]) -> Self {
        let mut sorted = blocks.to_vec();
        sorted.sort();
        sorted.dedup();
        let of = |v4: bool| {
            let own = sorted.iter().filter(|block| block.network().is_ipv4() == v4);
            disjoint(own.map(|block| (bits(block.network()), bits(block.broadcast()))).collect())
        };
        let (v4, v6) = (of(true), of(false));
        Self { blocks: sorted, v4, v6 }
    }

    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let (ranges, value) = (if address.is_ipv4() { &self.v4 } else { &self.v6 }, bits(address));
        let behind = ranges.partition_point(|(first, _)| *first <= value);
        behind.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| value <= *last)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(own) => u32::from(own).into(),
        IpAddr::V6(own) => own.into(),
    }
}

/// The same numbers as ranges that do not meet.
fn disjoint(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut out: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match out.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            Some(_) | None => out.push((first, last)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ip, number};

    proptest::proptest! {
        #[test]
        fn a_look_says_what_comparing_with_each_bound_says(
            bounds in proptest::collection::vec(-9i32..9, 0..6), value in -10i32..10, halves in 1i32..3,
        ) {
            let parse = |number: i32| number::parse(&format!("{}.{}", number / halves, if number % halves == 0 { 0 } else { 5 })).unwrap();
            let (bounds, value): (Vec<BigDecimal>, BigDecimal) = (bounds.into_iter().map(parse).collect(), parse(value));
            for order in [Order::Equal, Order::Less, Order::LessOrEqual, Order::Greater, Order::GreaterOrEqual] {
                let each = bounds.iter().any(|bound| order.holds(&value, bound));
                proptest::prop_assert_eq!(Bounds::new(order, &bounds).contain(&value), each);
            }
        }

        #[test]
        fn a_range_holds_the_addresses_of_its_blocks(
            blocks in proptest::collection::vec((0u8..8, 24u8..=32, proptest::bool::ANY), 0..6), last in 0u8..16,
        ) {
            let block = |(at, length, v4): (u8, u8, bool)| {
                let text = if v4 { format!("0.0.0.{at}/{length}") } else { format!("::{at:x}/{}", 96 + length) };
                ip::parse_block(&text).unwrap()
            };
            let blocks: Vec<IpNet> = blocks.into_iter().map(block).collect();
            for text in [format!("0.0.0.{last}"), format!("::{last:x}"), "255.255.255.255".to_owned()] {
                let address = ip::parse_address(&text).unwrap();
                let each = blocks.iter().any(|block| block.contains(&address));
                proptest::prop_assert_eq!(Blocks::new(&blocks).contain(address), each, "{}", text);
            }
        }
    }
}
