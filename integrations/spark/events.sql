-- Spark: the view `events` over the view `records`, which reduce.py makes of CloudTrail's files (one row a record, with the
-- columns of RECORD there).
CREATE OR REPLACE TEMPORARY VIEW events AS
SELECT *, cardinality(resources) AS resource_count
FROM (
  SELECT
    coalesce(recipientAccountId, userIdentity.accountId) AS account,
    eventVersion AS event_version,
    eventCategory AS event_category,
    managementEvent AS management_event,
    eventID AS event_id,
    sharedEventID AS shared_event_id,
    addendum.originalEventID AS original_event_id,
    requestID AS request_id,
    eventTime AS event_time,
    eventSource AS event_source,
    eventName AS event_name,
    errorCode AS error_code,
    userIdentity.type AS identity_type,
    userIdentity.arn AS identity_arn,
    userIdentity.principalId AS identity_id,
    userIdentity.accountId AS identity_account,
    userIdentity.userName AS identity_user,
    userIdentity.accessKeyId AS access_key,
    userIdentity.invokedBy AS invoked_by,
    userIdentity.sessionContext.sessionIssuer.arn AS issuer_arn,
    userIdentity.sessionContext.sessionIssuer.principalId AS issuer_id,
    userIdentity.sessionContext.sessionIssuer.accountId AS issuer_account,
    userIdentity.sessionContext.sessionIssuer.userName AS issuer_user,
    get_json_object(responseElements, '$.ConsoleLogin') AS console_login,
    array_sort(array_distinct(filter(
      concat(
        coalesce(transform(resources, one -> one.ARN), CAST(array() AS ARRAY<STRING>)),
        array(CASE WHEN eventSource LIKE 'sts.%' AND eventName LIKE 'AssumeRole%'
              THEN get_json_object(requestParameters, '$.roleArn') END)),
      arn -> arn IS NOT NULL))) AS resources
  FROM records
) AS flat
