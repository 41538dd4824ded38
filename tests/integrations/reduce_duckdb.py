"""DuckDB reduces logs, by its own view and by Athena's (put into DuckDB's dialect by sqlglot): the findings are the same.

    python reduce_duckdb.py LEASTWISE FOLDER
"""
import pathlib
import sys
import time

import duckdb
import sqlglot

import logs
import same

ROOT = pathlib.Path(__file__).resolve().parents[2] / "integrations"
IDENTITY = """STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR, accessKeyId VARCHAR, invokedBy VARCHAR,
  sessionContext STRUCT(sessionIssuer STRUCT(principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR)))"""
# The table of athena/table.sql, as DuckDB reads it from the same files.
TABLE = f"""CREATE VIEW cloudtrail_logs AS
SELECT r.eventVersion AS eventversion, r.userIdentity AS useridentity, r.eventTime AS eventtime, r.eventSource AS eventsource,
  r.eventName AS eventname, r.errorCode AS errorcode, CAST(r.requestParameters AS VARCHAR) AS requestparameters,
  CAST(r.responseElements AS VARCHAR) AS responseelements, r.requestID AS requestid, r.eventID AS eventid,
  r.resources AS resources, r.recipientAccountId AS recipientaccountid, r.sharedEventID AS sharedeventid,
  r.eventCategory AS eventcategory, r.managementEvent AS managementevent, r.addendum AS addendum
FROM (SELECT unnest("Records") AS r FROM read_json(getvariable('logs'), columns = {{"Records": 'STRUCT(eventVersion VARCHAR,
  userIdentity {IDENTITY}, eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, errorCode VARCHAR, requestParameters JSON,
  responseElements JSON, requestID VARCHAR, eventID VARCHAR, resources STRUCT(ARN VARCHAR)[], recipientAccountId VARCHAR,
  sharedEventID VARCHAR, eventCategory VARCHAR, managementEvent VARCHAR, addendum STRUCT(originalEventID VARCHAR))[]'}}))"""


def sql(path):
    return (ROOT / path).read_text(encoding="utf-8")


def athena(path):
    """A text in Athena's dialect as DuckDB takes it."""
    (statement,) = sqlglot.transpile(sql(path), read="athena", write="duckdb")
    return statement


def main():
    program, folder = sys.argv[1:]
    for name, place, arguments in logs.sets(folder):
        for engine in ["duckdb", "athena"]:
            connection = duckdb.connect()
            connection.execute(f"SET VARIABLE logs = '{place}/logs/**/*.json*'")
            if engine == "duckdb":
                connection.execute(sql("duckdb/events.sql"))
                query = sql("reduce.sql")
            else:
                connection.execute(TABLE)
                connection.execute(athena("athena/events.sql"))
                query = athena("reduce.sql")
            form = "CSV, HEADER" if engine == "duckdb" else "JSON"
            usage = place / f"usage-{engine}.{form[:3].lower()}"
            started = time.time()
            connection.execute(f"COPY ({query}) TO '{usage}' (FORMAT {form})")
            print(f"{name} by {engine}: {time.time() - started:.1f} s", flush=True)
            same.compare(program, f"{name} by {engine}", place, usage, arguments)


if __name__ == "__main__":
    main()
