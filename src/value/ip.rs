//! Addresses of the IpAddress operators: IPv4 and IPv6 addresses and CIDR blocks.
//!
//! A bare address is a block of one. IPv4 and IPv6 are disjoint. Source: IAM User Guide, "Condition operators", IP
//! address condition operators (a policy value without a prefix length is a /32; /128 for IPv6 by the same sense).

pub use ipnet::IpNet;
pub use std::net::IpAddr;

/// Reads a block such as `203.0.113.0/24`, or a bare address.
pub fn parse_block(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(block) => Some(block.trunc()),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// Reads an address.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_addresses() {
        let block = parse_block("203.0.113.9/24").unwrap();
        assert!(block.contains(&parse_address("203.0.113.200").unwrap()));
        assert!(!block.contains(&parse_address("::ffff:203.0.113.200").unwrap()));
        assert!(parse_block("2001:db8::1").unwrap().contains(&parse_address("2001:DB8:0::1").unwrap()));
        for text in ["", "1.2.3", "1.2.3.4/33", "256.1.1.1", "01.2.3.4", "1.2.3.4/ 8"] {
            assert!(parse_block(text).is_none(), "{text:?}");
        }
    }
}
