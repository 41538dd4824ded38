"""Reduces CloudTrail's logs where they are, with Spark, to the usage that `leastwise --evidence` reads.

    spark-submit integrations/spark/reduce.py LOGS OUT

LOGS is a path or a pattern of CloudTrail's files (`s3a://BUCKET/AWSLogs/*/CloudTrail/*/*/*/*/*.json.gz`), OUT a folder, which
gets JSON Lines. What it says of a record stands in events.sql and ../reduce.sql.
"""
import pathlib
import sys

from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).resolve().parent

# What of a record is read; a text where a member may be an object is the object's JSON.
RECORD = """
  eventVersion STRING, eventCategory STRING, managementEvent STRING, eventID STRING, sharedEventID STRING, requestID STRING,
  eventTime STRING, eventSource STRING, eventName STRING, errorCode STRING, recipientAccountId STRING,
  requestParameters STRING, responseElements STRING, addendum STRUCT<originalEventID: STRING>,
  resources ARRAY<STRUCT<ARN: STRING>>,
  userIdentity STRUCT<type: STRING, principalId: STRING, arn: STRING, accountId: STRING, userName: STRING, accessKeyId: STRING,
    invokedBy: STRING, sessionContext: STRUCT<sessionIssuer: STRUCT<principalId: STRING, arn: STRING, accountId: STRING, userName: STRING>>>
"""


def sql(path):
    """The statement of a file."""
    return (HERE / path).read_text(encoding="utf-8")


def reduced(spark, logs):
    """The usage in the logs, as a DataFrame."""
    fields = RECORD.replace("\n", " ").strip()
    struct = spark.createDataFrame([], fields).schema.simpleString()
    files = spark.read.schema(f"Records ARRAY<{struct}>").json(logs, multiLine=True, mode="PERMISSIVE")
    files.selectExpr("inline(Records)").createOrReplaceTempView("records")
    spark.sql(sql("events.sql"))
    return spark.sql(sql("../reduce.sql"))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    spark = SparkSession.builder.appName("leastwise: reduce CloudTrail").getOrCreate()
    reduced(spark, sys.argv[1]).write.mode("overwrite").json(sys.argv[2], ignoreNullFields=False)
    spark.stop()


if __name__ == "__main__":
    main()
