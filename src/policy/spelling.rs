//! Which texts can a value of a type be?
//!
//! A condition key that AWS types as a number, a date, an address or a truth has no other values, also where a policy
//! compares it as a text or puts it into one with a policy variable. Here each type is a regular expression: the automata
//! and the encoding read it, [`KeyBase::holds`] does not. A test keeps the two in step.
//!
//! Only the length is left out: a number or a date has at most [`MOST_CHARACTERS`](crate::value::number::MOST_CHARACTERS).
//!
//! Sources: IAM User Guide, "Condition operators"; W3C NOTE-datetime; RFC 4291, section 2.2 (texts of IPv6 addresses).

use crate::catalog::KeyBase;
use crate::smt::Regex;

fn one(from: char, to: char) -> Regex {
    Regex::OneOf([(from, to)].into())
}

fn digit() -> Regex {
    one('0', '9')
}

fn text(text: &str) -> Regex {
    Regex::literal(text)
}

fn all<const N: usize>(parts: [Regex; N]) -> Regex {
    Regex::concat(parts)
}

fn any<const N: usize>(parts: [Regex; N]) -> Regex {
    Regex::union(parts)
}

fn maybe(part: Regex) -> Regex {
    any([text(""), part])
}

/// The texts of a type; `None` if it has all of them.
pub fn spelling(of: KeyBase) -> Option<Regex> {
    Some(match of {
        KeyBase::Bool => any(["true", "false"].map(text)),
        KeyBase::Numeric => number(),
        KeyBase::Date => date(),
        KeyBase::IpAddress => any([ipv4(), ipv6()]),
        KeyBase::String | KeyBase::Arn | KeyBase::Binary => return None,
    })
}

fn number() -> Regex {
    let sign = maybe(Regex::OneOf([('+', '+'), ('-', '-')].into()));
    all([sign, digit().plus(), maybe(all([text("."), digit().plus()]))])
}

/// ISO 8601 as the W3C profile has it, or a number: seconds, and of four digits a year.
fn date() -> Regex {
    // 01 to 29, then the tens of 3.
    let day =
        |last: char| any([all([text("0"), one('1', '9')]), all([one('1', '2'), digit()]), all([text("3"), one('0', last)])]);
    let thirty_days = any(["04", "06", "09", "11"].map(text));
    let thirty_one = any(["01", "03", "05", "07", "08", "10", "12"].map(text));
    let to_28 = any([all([text("0"), one('1', '9')]), all([text("1"), digit()]), all([text("2"), one('0', '8')])]);
    let of_month =
        any([all([thirty_one, text("-"), day('1')]), all([thirty_days, text("-"), day('0')]), all([text("02-"), to_28])]);
    let fours = |from_zero: bool| {
        let odd = all([Regex::OneOf([('1', '1'), ('3', '3'), ('5', '5'), ('7', '7'), ('9', '9')].into()), digits("26")]);
        let even = all([digits("2468"), digits("048")]);
        any([odd, even, all([text("0"), digits(if from_zero { "048" } else { "48" })])])
    };
    let leap_day = all([any([all([digit().times(2), fours(false)]), all([fours(true), text("00")])]), text("-02-29")]);
    let month = any([all([text("0"), one('1', '9')]), all([text("1"), one('0', '2')])]);
    let year = digit().times(4);
    let day = any([all([year.clone(), maybe(all([text("-"), month]))]), all([year, text("-"), of_month]), leap_day]);
    let hour = || any([all([one('0', '1'), digit()]), all([text("2"), one('0', '3')])]);
    let sixty = || all([one('0', '5'), digit()]);
    let seconds = all([text(":"), sixty(), maybe(all([text("."), digit().plus()]))]);
    let sign = Regex::OneOf([('+', '+'), ('-', '-')].into());
    let zone = any([text("Z"), text("z"), all([sign, hour(), text(":"), sixty()])]);
    let time = all([any(["T", "t"].map(text)), hour(), text(":"), sixty(), maybe(seconds), maybe(zone)]);
    any([number(), all([day, maybe(time)])])
}

/// One of these characters.
fn digits(of: &str) -> Regex {
    Regex::OneOf(of.chars().map(|c| (c, c)).collect())
}

/// Four numbers up to 255, without leading zeros.
fn ipv4() -> Regex {
    let byte = || {
        let below_250 = all([text("2"), one('0', '4'), digit()]);
        let above = all([text("25"), one('0', '5')]);
        any([all([maybe(one('1', '9')), digit()]), all([text("1"), digit(), digit()]), below_250, above])
    };
    let next = || all([text("."), byte()]);
    all([byte(), next(), next(), next()])
}

/// Eight groups of hexadecimal digits; the last two may be an IPv4 address; `::` stands for one group or more, once.
fn ipv6() -> Regex {
    let hex = || Regex::OneOf([('0', '9'), ('a', 'f'), ('A', 'F')].into());
    let group = || all([hex(), maybe(all([hex(), maybe(all([hex(), maybe(hex())]))]))]);
    let groups = |count: usize| {
        let more = (1..count).flat_map(|_| [text(":"), group()]);
        Regex::concat(std::iter::once(group()).chain(more))
    };
    // One group, or up to `most` of them; where there is room for two, an IPv4 address.
    let up_to = |most: usize| {
        let mut tail = group();
        for _ in 1..most {
            tail = any([all([group(), maybe(all([text(":"), tail]))]), ipv4()]);
        }
        tail
    };
    let mut out = vec![groups(8), all([groups(6), text(":"), ipv4()])];
    for before in 0..=7 {
        let head = if before == 0 { text("") } else { groups(before) };
        let after = if before == 7 { text("") } else { maybe(up_to(7 - before)) };
        out.push(all([head, text("::"), after]));
    }
    Regex::union(out)
}
