//! A page that holds everything: style, script and data, and asks nobody for anything.
//!
//! The policy of the page lets no other script, style or address in: both are named by their hashes. The data is JSON in a
//! block that is no script, with `<` escaped, so nothing in it can end the block; the script puts texts into the page as
//! texts alone. Names in an account are written by whoever may make a role there.

use crate::value::base64;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const BODY: &str = include_str!("html/body.html");

/// The data of a page that this program made; `None` if the text is not one.
pub fn data_of(page: &str) -> Option<Value> {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">")?;
    let (data, _) = rest.split_once("</script>")?;
    serde_json::from_str(data).ok().filter(|data: &Value| data.get("questions").is_some())
}

/// The page about this data.
pub fn page(data: &Value) -> String {
    let hash = |text: &str| base64::encode(&Sha256::digest(text.as_bytes()));
    let data = data.to_string().replace('<', "\\u003c");
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
    fn nothing_in_the_data_ends_its_block_and_the_code_is_small() {
        let hostile = serde_json::json!({"name": "</script><script>alert(1)</script><!--"});
        let page = page(&hostile);
        assert_eq!((page.matches("</script>").count(), page.matches("<!--").count()), (2, 0));
        let block = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(block).unwrap(), hostile);
        assert_eq!((data_of(&page), data_of("<html></html>")), (None, None), "it has no questions");
        assert!(STYLE.len() + SCRIPT.len() + BODY.len() < 150_000);
        // The policy of the page stops markup made from texts, and so does this.
        assert!(["innerHTML", "insertAdjacentHTML", "document.write", "eval("].iter().all(|bad| !SCRIPT.contains(bad)));
    }
}
