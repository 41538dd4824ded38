//! Pages of a list: `maxResults` and `nextToken`.
//!
//! The token is the place of the next element. A list does not change between pages here, so that is enough.

use super::error::ApiError;
use serde_json::{Value, json};

/// The most elements of a page.
const MOST: usize = 1_000;

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    first: usize,
    most: usize,
}

impl Page {
    /// Reads it from the values of `maxResults` and `nextToken`.
    pub(super) fn new(most: Option<&str>, token: Option<&str>) -> Result<Self, ApiError> {
        let most = match most.map(str::parse::<usize>) {
            None => MOST,
            Some(Ok(most)) if (1..=MOST).contains(&most) => most,
            Some(_) => return Err(ApiError::validation(format!("maxResults must be a number from 1 to {MOST}"))),
        };
        let first = match token.map(str::parse::<usize>) {
            None => 0,
            Some(Ok(first)) => first,
            Some(Err(_)) => return Err(ApiError::validation("nextToken is not one that this server gave")),
        };
        Ok(Self { first, most })
    }

    /// The page of a list, under the name of the list's member.
    pub(super) fn of(self, name: &str, list: Vec<Value>) -> Result<Value, ApiError> {
        let total = list.len();
        if self.first > total {
            return Err(ApiError::validation("nextToken is not one that this server gave"));
        }
        let page: Vec<Value> = list.into_iter().skip(self.first).take(self.most).collect();
        let next = self.first + page.len();
        let mut answer = json!({ name: page });
        if let (true, Some(object)) = (next < total, answer.as_object_mut()) {
            object.insert("nextToken".to_owned(), json!(next.to_string()));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_give_the_whole_list_once() {
        let list: Vec<Value> = (0..7).map(|number| json!(number)).collect();
        let (mut token, mut all) = (None::<String>, Vec::new());
        loop {
            let page = Page::new(Some("3"), token.as_deref()).unwrap().of("findings", list.clone()).unwrap();
            all.extend(page["findings"].as_array().unwrap().clone());
            token = page.get("nextToken").and_then(Value::as_str).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        assert_eq!(all, list);
        assert!(Page::new(Some("0"), None).is_err());
        assert!(Page::new(None, Some("x")).is_err());
        assert!(Page::new(None, Some("8")).unwrap().of("findings", list).is_err());
    }
}
