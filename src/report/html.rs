//! A page that holds everything: style, script and data, and asks nobody for anything.
//!
//! The policy of the page lets no other script, style or address in: both are named by their hashes. The data is JSON in a
//! block that is no script, with `<` escaped, so nothing in it can end the block; the script puts texts into the page as
//! texts alone. Names in an account are written by whoever may make a role there.
//!
//! The data of thousands of principals is a text in that block: the JSON, compressed by gzip, in base64. Browsers open it by
//! `DecompressionStream` (Compression Standard; Chrome 80, Safari 16.4, Firefox 113); a page says so to older ones.

use super::dashboard::{Earlier, Point};
use crate::value::base64;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::{BufReader, Read};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const BODY: &str = include_str!("html/body.html");

/// Data of more bytes than this is compressed: below it a page is small, and can be searched as it is.
const PLAIN: usize = 1 << 20;

/// What compressed data may be at most when it is read again: a page may be anybody's.
const MOST: u64 = 1 << 30;

/// What a page that this program made counted, and those before it; `None` if the text is not one.
pub fn trend_of(page: &str) -> Option<Vec<Point>> {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">")?;
    let (data, _) = rest.split_once("</script>")?;
    let earlier: Earlier = match serde_json::from_str::<String>(data) {
        // Read as it comes: what is small can hold much.
        Ok(packed) => serde_json::from_reader(BufReader::new(unpacked(&base64::decode(&packed)?))).ok()?,
        Err(_) => serde_json::from_str(data).ok()?,
    };
    Some(earlier.trend)
}

fn packed(data: &str) -> String {
    let mut out = Vec::new();
    GzEncoder::new(data.as_bytes(), Compression::best()).read_to_end(&mut out).expect("bytes in memory can be read");
    base64::encode(&out)
}

/// What was packed, up to a limit.
fn unpacked(bytes: &[u8]) -> impl Read {
    GzDecoder::new(bytes).take(MOST)
}

/// The page about this data.
pub fn page(data: &Value) -> String {
    let hash = |text: &str| base64::encode(&Sha256::digest(text.as_bytes()));
    let plain = data.to_string();
    let data = if plain.len() > PLAIN { format!("\"{}\"", packed(&plain)) } else { plain.replace('<', "\\u003c") };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Access in this account: Leastwise</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{BODY}\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        hash(SCRIPT),
        hash(STYLE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_data_is_compressed_and_comes_back() {
        let with = |names: Vec<String>| serde_json::json!({"questions": [], "names": names, "trend": [{"at": null, "counts": {"a": 1}}]});
        let small = page(&with(vec!["<b>".to_owned()]));
        assert!(small.contains("\"\\u003cb>\""));
        let large = with((0..100_000).map(|at| format!("</script>{at}")).collect());
        let page = page(&large);
        assert!(page.len() < PLAIN && page.matches("</script>").count() == 2, "{}", page.len());
        let block = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
        let bytes = base64::decode(block.trim_matches('"')).unwrap();
        assert_eq!(serde_json::from_reader::<_, Value>(BufReader::new(unpacked(&bytes))).unwrap(), large);
        for page in [small, page] {
            assert_eq!(trend_of(&page).unwrap()[0].counts["a"], 1);
        }
        let not_one = |data: &str| format!("<script type=\"application/json\" id=\"data\">{data}</script>");
        for data in ["{}", "\"no base64\"", "\"AAAA\"", "\"\"", "1"] {
            assert_eq!(trend_of(&not_one(data)), None, "{data}");
        }
        let deep = not_one(&format!("\"{}\"", packed(&"[".repeat(1_000_000))));
        assert_eq!((trend_of(&deep), trend_of("<html></html>")), (None, None));
    }

    #[test]
    fn nothing_in_the_data_ends_its_block_and_the_code_is_small() {
        let hostile = serde_json::json!({"name": "</script><script>alert(1)</script><!--"});
        let page = page(&hostile);
        assert_eq!((page.matches("</script>").count(), page.matches("<!--").count()), (2, 0));
        let block = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(block).unwrap(), hostile);
        assert_eq!(trend_of(&page), None, "it has no questions");
        assert!(STYLE.len() + SCRIPT.len() + BODY.len() < 150_000);
        // The policy of the page stops markup made from texts, and so does this.
        assert!(["innerHTML", "insertAdjacentHTML", "document.write", "eval("].iter().all(|bad| !SCRIPT.contains(bad)));
    }
}
