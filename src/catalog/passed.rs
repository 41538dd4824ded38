//! Which services get roles through iam:PassRole?
//!
//! Whoever sets such a service up passes it a role of the own account, and AWS checks that: a role cannot be passed to
//! something in another account. So a trust policy that names such a service lets nobody in from outside, whatever the
//! service does for others.
//!
//! Sources: IAM User Guide, "Grant a user permissions to pass a role to an AWS service" (a role is passed within its
//! account); beside the data in `data/README.md`.

use crate::glob::Glob;
use std::sync::OnceLock;

/// One pattern of service principals a line, sorted.
const PASSED: &str = include_str!("../../data/passed-services.txt");

/// The day that the list describes, `YYYY-MM-DD`.
pub const PASSED_DATE: &str = "2026-10-27";

/// Patterns of the names of service principals that get their roles through iam:PassRole.
pub fn passed_services() -> &'static [Glob] {
    static READ: OnceLock<Vec<Glob>> = OnceLock::new();
    READ.get_or_init(|| PASSED.lines().map(Glob::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_names_service_principals() {
        let lines: Vec<&str> = PASSED.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 100, "{}", lines.len());
        for line in lines {
            let name = line.strip_suffix(".cn").unwrap_or(line);
            assert!(name.ends_with(".amazonaws.com") && !name.starts_with(['*', '?', '.']), "{line}");
        }
        let has = |name: &str| passed_services().iter().any(|glob| glob.matches(name));
        for name in ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "states.us-east-1.amazonaws.com"] {
            assert!(has(name), "{name}");
        }
        // Service-linked roles and notifications are not passed.
        for name in ["support.amazonaws.com", "sqs.amazonaws.com", "ec2.amazonaws.com.example.com", "logs.delivery.amazonaws.com"]
        {
            assert!(!has(name), "{name}");
        }
    }
}
