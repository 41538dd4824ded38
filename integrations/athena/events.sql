-- Athena: the view `events` over the table cloudtrail_logs (table.sql). After it run ../reduce.sql, as it is or in
-- UNLOAD (..) TO 's3://..' WITH (format = 'JSON'), and give what comes out to `leastwise --evidence`.
CREATE OR REPLACE VIEW events AS
SELECT
  coalesce(recipientaccountid, useridentity.accountid) AS account,
  eventversion AS event_version,
  eventcategory AS event_category,
  managementevent AS management_event,
  eventid AS event_id,
  sharedeventid AS shared_event_id,
  addendum.originaleventid AS original_event_id,
  requestid AS request_id,
  eventtime AS event_time,
  eventsource AS event_source,
  eventname AS event_name,
  errorcode AS error_code,
  useridentity.type AS identity_type,
  useridentity.arn AS identity_arn,
  useridentity.principalid AS identity_id,
  useridentity.accountid AS identity_account,
  useridentity.username AS identity_user,
  useridentity.accesskeyid AS access_key,
  useridentity.invokedby AS invoked_by,
  useridentity.sessioncontext.sessionissuer.arn AS issuer_arn,
  useridentity.sessioncontext.sessionissuer.principalid AS issuer_id,
  useridentity.sessioncontext.sessionissuer.accountid AS issuer_account,
  useridentity.sessioncontext.sessionissuer.username AS issuer_user,
  json_extract_scalar(responseelements, '$.ConsoleLogin') AS console_login,
  array_sort(array_distinct(arns)) AS resources,
  cardinality(array_distinct(arns)) AS resource_count
FROM (
  SELECT *,
    filter(
      concat(
        coalesce(transform(resources, one -> one.arn), ARRAY[]),
        ARRAY[CASE WHEN eventsource LIKE 'sts.%' AND eventname LIKE 'AssumeRole%'
              THEN json_extract_scalar(requestparameters, '$.roleArn') END]),
      arn -> arn IS NOT NULL) AS arns
  FROM cloudtrail_logs
)
