-- Which principal used which event, when, on what? From CloudTrail's events to the usage that `leastwise --evidence` reads.
--
-- It reads the view `events`, which each engine makes from the logs in its own way (events.sql in the folders beside this
-- file), and is the same text for Athena, DuckDB and Spark. It says of a record what leastwise's own reader of CloudTrail says:
--   * a record counts once: by sharedEventID or the event that it corrects, else by eventID, in each account; of several the
--     one that was not denied, as what any of them shows is use;
--   * whose permissions were used: of a session the role's, of a federated user those of the user that made the session;
--   * who is named by a unique id alone stands in principal_id, by which leastwise finds it in the account;
--   * a denied call is `denied`, which is no use; every other error came after the authorization;
--   * records of AWS's services stay, without a principal: they show what the logs cover, and which roles were assumed.
-- One row is one principal's use of one event. The resources are the least 65 (leastwise keeps 64, and knows by the 65th that
-- there were more); where there are more than 1,000 lists of them, `without_resources` says that they are not all.
WITH once AS (
  SELECT *, row_number() OVER (
    PARTITION BY account, event_key ORDER BY CASE WHEN is_denied THEN 1 ELSE 0 END, event_time) AS place
  FROM (
    SELECT *,
      lower(element_at(split(error_code, '#'), -1)) IN (
        'accessdenied', 'accessdeniedexception', 'unauthorizedoperation', 'client.unauthorizedoperation', 'notauthorized',
        'authorizationerror', 'client.unauthorizedaccess') AS is_denied,
      coalesce(shared_event_id, original_event_id, event_id,
               concat(coalesce(event_time, ''), ' ', coalesce(event_source, ''), ' ', coalesce(event_name, ''), ' ',
                      coalesce(identity_arn, ''), ' ', coalesce(request_id, ''))) AS event_key
    FROM events
    WHERE coalesce(event_category, '') <> 'Insight'
      AND (event_version IS NULL OR event_version = '1' OR event_version LIKE '1.%')
      AND event_source IS NOT NULL AND event_name IS NOT NULL AND event_time IS NOT NULL
  ) AS keyed
),
named AS (
  SELECT
    account,
    CASE
      WHEN lower(identity_type) = 'root' THEN coalesce(identity_arn, concat('arn:aws:iam::', identity_account, ':root'))
      WHEN lower(identity_type) = 'iamuser' AND (identity_arn IS NOT NULL OR identity_user IS NOT NULL)
        THEN coalesce(identity_arn, concat('arn:aws:iam::', identity_account, ':user/', identity_user))
      WHEN lower(identity_type) = 'assumedrole' AND issuer_arn LIKE 'arn:%:iam::%:role/%' THEN issuer_arn
      WHEN lower(identity_type) = 'assumedrole' AND identity_arn LIKE 'arn:%:sts::%:assumed-role/%'
        THEN concat(split_part(identity_arn, '/', 1), '/', split_part(identity_arn, '/', 2))
      WHEN lower(identity_type) = 'assumedrole' AND identity_arn LIKE 'arn:%:iam::%:role/%' THEN identity_arn
      WHEN lower(identity_type) = 'assumedrole' AND issuer_user NOT LIKE '%:%'
        THEN concat('arn:aws:iam::', coalesce(issuer_account, identity_account), ':role/', issuer_user)
      WHEN lower(identity_type) = 'assumedrole' THEN NULL
      WHEN lower(identity_type) = 'federateduser' THEN coalesce(issuer_arn, identity_arn)
      WHEN lower(identity_type) = 'awsservice' THEN NULL
      ELSE identity_arn
    END AS principal,
    coalesce(issuer_id, split_part(identity_id, ':', 1)) AS principal_id,
    invoked_by,
    CASE
      WHEN event_category = 'NetworkActivity' THEN 'NetworkActivity'
      WHEN event_category = 'Data' OR lower(management_event) = 'false' THEN 'Data'
      ELSE 'Management'
    END AS event_category,
    event_source,
    event_name,
    CASE
      WHEN is_denied THEN 'denied'
      WHEN error_code IS NULL AND event_name = 'ConsoleLogin' AND lower(console_login) = 'failure' THEN 'Failure'
      ELSE error_code
    END AS error_class,
    CASE WHEN access_key LIKE 'AKIA%' THEN access_key END AS access_key,
    event_time,
    resources,
    resource_count
  FROM once
  WHERE place = 1
),
listed AS (
  SELECT
    account, principal, principal_id, invoked_by, event_category, event_source, event_name, error_class, access_key,
    resources, resource_count, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS events
  FROM named
  GROUP BY account, principal, principal_id, invoked_by, event_category, event_source, event_name, error_class, access_key,
    resources, resource_count
),
numbered AS (
  SELECT *, row_number() OVER (
    PARTITION BY account, principal, principal_id, invoked_by, event_category, event_source, event_name, error_class, access_key
    ORDER BY resources) AS list_number
  FROM listed
)
SELECT
  account,
  principal,
  principal_id,
  invoked_by,
  event_category,
  event_source,
  event_name,
  array_join(slice(array_sort(array_distinct(flatten(
    array_agg(CASE WHEN list_number <= 1000 THEN resources END)
      FILTER (WHERE list_number <= 1000 AND resource_count > 0)))), 1, 65), ';') AS resources,
  error_class,
  access_key,
  min(first_time) AS first,
  max(last_time) AS last,
  sum(events) AS count,
  sum(CASE WHEN resource_count = 0 THEN events ELSE 0 END) + CASE WHEN count(*) > 1000 THEN 1 ELSE 0 END AS without_resources
FROM numbered
GROUP BY account, principal, principal_id, invoked_by, event_category, event_source, event_name, error_class, access_key
