-- DuckDB: the view `events` over CloudTrail's files, plain or gzip. Set the variable `logs` to a pattern, such as
--   SET VARIABLE logs = 's3://BUCKET/AWSLogs/*/CloudTrail/**/*.json.gz';
-- then read this file, and ../reduce.sql within COPY (..) TO 'usage.csv' (HEADER).
CREATE OR REPLACE MACRO slice(list, first, most) AS array_slice(list, first, first + most - 1);
CREATE OR REPLACE MACRO array_join(list, mark) AS list_reduce(list, lambda one, other: concat(one, mark, other));
CREATE OR REPLACE MACRO element_at(list, place) AS list_extract(list, place);
CREATE OR REPLACE VIEW records AS
SELECT unnest("Records") AS record
FROM read_json(getvariable('logs'), columns = {"Records": 'JSON[]'}, maximum_object_size = 1073741824);
CREATE OR REPLACE VIEW events AS
SELECT *, len(resources) AS resource_count
FROM (
  SELECT
    coalesce((record->>'$.recipientAccountId'), (record->>'$.userIdentity.accountId')) AS account,
    (record->>'$.eventVersion') AS event_version,
    (record->>'$.eventCategory') AS event_category,
    (record->>'$.managementEvent') AS management_event,
    (record->>'$.eventID') AS event_id,
    (record->>'$.sharedEventID') AS shared_event_id,
    (record->>'$.addendum.originalEventID') AS original_event_id,
    (record->>'$.requestID') AS request_id,
    (record->>'$.eventTime') AS event_time,
    (record->>'$.eventSource') AS event_source,
    (record->>'$.eventName') AS event_name,
    (record->>'$.errorCode') AS error_code,
    (record->>'$.userIdentity.type') AS identity_type,
    (record->>'$.userIdentity.arn') AS identity_arn,
    (record->>'$.userIdentity.principalId') AS identity_id,
    (record->>'$.userIdentity.accountId') AS identity_account,
    (record->>'$.userIdentity.userName') AS identity_user,
    (record->>'$.userIdentity.accessKeyId') AS access_key,
    (record->>'$.userIdentity.invokedBy') AS invoked_by,
    (record->>'$.userIdentity.sessionContext.sessionIssuer.arn') AS issuer_arn,
    (record->>'$.userIdentity.sessionContext.sessionIssuer.principalId') AS issuer_id,
    (record->>'$.userIdentity.sessionContext.sessionIssuer.accountId') AS issuer_account,
    (record->>'$.userIdentity.sessionContext.sessionIssuer.userName') AS issuer_user,
    (record->>'$.responseElements.ConsoleLogin') AS console_login,
    list_sort(list_distinct(list_concat(
      coalesce((record->>'$.resources[*].ARN'), []),
      CASE WHEN (record->>'$.eventSource') LIKE 'sts.%' AND (record->>'$.eventName') LIKE 'AssumeRole%'
             AND (record->>'$.requestParameters.roleArn') IS NOT NULL
           THEN [(record->>'$.requestParameters.roleArn')] ELSE [] END))) AS resources
  FROM records
) AS flat;
