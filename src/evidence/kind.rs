//! What is in this file? Told by its first bytes, whatever its name.

/// The kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// CloudTrail records; whether every line is one.
    Trail { lines: bool },
    /// The answer of GetServiceLastAccessedDetails.
    LastAccessed,
    /// The answer of GetServiceLastAccessedDetailsWithEntities, which does not say which service it is about.
    WithEntities,
    /// The answer of GetOrganizationsAccessReport.
    Organization,
    /// The answer of GetAccountAuthorizationDetails.
    AccountDetails,
    /// Access Analyzer's findings.
    Findings,
    /// The credential report as CSV.
    Credentials,
    /// The answer of GetCredentialReport, the CSV in it in base64.
    EncodedCredentials,
    /// Reduced usage as CSV or JSON Lines.
    Reduced { csv: bool },
}

impl Kind {
    /// Its name in answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Trail { .. } => "cloudtrail",
            Self::LastAccessed => "last-accessed",
            Self::WithEntities => "last-accessed-with-entities",
            Self::Organization => "organizations-access-report",
            Self::AccountDetails => "account-details",
            Self::Findings => "access-analyzer-findings",
            Self::Credentials | Self::EncodedCredentials => "credential-report",
            Self::Reduced { .. } => "reduced-usage",
        }
    }
}

/// What begins so; `None` if it is not evidence.
pub(super) fn recognize(head: &[u8]) -> Option<Kind> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) {
        let header = text.lines().next()?.to_ascii_lowercase();
        let columns: Vec<&str> = header.split(',').map(|column| column.trim().trim_matches('"')).collect();
        let has = |column: &str| columns.contains(&column);
        return match () {
            () if has("user") && has("arn") && has("password_enabled") => Some(Kind::Credentials),
            () if has("principal") && (has("event_name") || has("event_source")) => Some(Kind::Reduced { csv: true }),
            () => None,
        };
    }
    let names = names(text);
    let has = |name: &str| names.iter().any(|(depth, own)| *depth <= 2 && own.eq_ignore_ascii_case(name));
    // The first line may be the broken one.
    let lines = text.lines().take(3).any(|line| line.starts_with('{') && is_whole(line));
    if has("Records") || has("eventSource") || has("eventName") || has("userIdentity") || has("CloudTrailEvent") {
        let wrapped = names.first().is_some_and(|(_, name)| name.eq_ignore_ascii_case("Records"));
        return Some(Kind::Trail { lines: lines && !wrapped });
    }
    if names.iter().any(|(_, name)| name.eq_ignore_ascii_case("eventSource")) && (has("detail") || has("logEvents")) {
        return Some(Kind::Trail { lines });
    }
    match () {
        () if has("ServicesLastAccessed") => Some(Kind::LastAccessed),
        () if has("EntityDetailsList") => Some(Kind::WithEntities),
        () if has("AccessDetails") => Some(Kind::Organization),
        () if has("RoleDetailList") || has("UserDetailList") || has("GroupDetailList") => Some(Kind::AccountDetails),
        () if has("ReportFormat") && has("Content") => Some(Kind::EncodedCredentials),
        () if has("findings") || has("findingType") || has("findingDetails") => Some(Kind::Findings),
        () if has("principal") && (has("event_name") || has("event_source")) => Some(Kind::Reduced { csv: false }),
        () => None,
    }
}

/// The member names that begin a text of JSON, each with the number of objects around it; a text that breaks off has those
/// that are whole.
fn names(text: &str) -> Vec<(usize, String)> {
    let (mut out, mut depth) = (Vec::new(), 0_usize);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at + 1;
                at = start;
                while let Some(inner) = bytes.get(at)
                    && *inner != b'"'
                {
                    at += if *inner == b'\\' { 2 } else { 1 };
                }
                let after = bytes.get(at + 1..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace());
                if after == Some(&b':') {
                    out.push((depth, text.get(start..at).unwrap_or_default().to_owned()));
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// Whether a line is a JSON value by itself.
fn is_whole(line: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_it_is() {
        for (text, kind) in [
            (r#"{"Records":[{"eventVersion":"1.08"}]}"#, Some(Kind::Trail { lines: false })),
            ("{\"eventSource\":\"a\"}\n{\"eventSource\":\"b\"}", Some(Kind::Trail { lines: true })),
            ("{\n \"eventSource\":\"a\"}", Some(Kind::Trail { lines: false })),
            (r#"[{"eventversion":"1.08","useridentity":{"type":"Root""#, Some(Kind::Trail { lines: false })),
            (r#"{"version":"0","detail":{"eventSource":"a"}}"#, Some(Kind::Trail { lines: true })),
            (r#"{"JobStatus":"COMPLETED","ServicesLastAccessed":[]}"#, Some(Kind::LastAccessed)),
            (r#"{"AccessDetails":[]}"#, Some(Kind::Organization)),
            (r#"{"UserDetailList":[]}"#, Some(Kind::AccountDetails)),
            (r#"{"findings":[]}"#, Some(Kind::Findings)),
            (r#"[{"id":"1","findingType":"UnusedIAMRole"}]"#, Some(Kind::Findings)),
            ("user,arn,user_creation_time,password_enabled\n", Some(Kind::Credentials)),
            ("account,principal,event_source,event_name\n", Some(Kind::Reduced { csv: true })),
            (r#"{"principal":"p","event_name":"n"}"#, Some(Kind::Reduced { csv: false })),
            (r#"{"Version":"2012-10-17","Statement":[]}"#, None),
            ("**To retrieve**", None),
            ("", None),
        ] {
            assert_eq!(recognize(text.as_bytes()), kind, "{text}");
        }
    }
}
