"""Spark reduces logs, and asks `leastwise batch` in its workers: findings and answers are the same as without it.

    python reduce_spark.py LEASTWISE FOLDER
"""
import json
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "integrations/spark"))

from pyspark.sql import SparkSession

import logs
import prove
import reduce
import same


def questions():
    """Lines of `batch` that pass, fail, refine and cannot be read."""
    allow = lambda *actions: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    services = ["s3", "ec2", "sqs", "sns", "kms", "lambda", "iam", "dynamodb", "rds", "glue"]
    for number in range(3000):
        service, other = services[number % 10], services[number // 10 % 10]
        old, new = allow(f"{service}:Get*", f"{service}:List*"), allow(f"{other}:Get{'Object' if number % 3 else ''}*")
        yield [{"id": number, "check": "no-new-access", "existing": old, "new": new},
               {"id": number, "check": "refine", "policy": allow("s3:Get*"), "unused": [{"serviceNamespace": "s3", "actions": ["GetObject"]}]},
               {"id": number, "check": "access-not-granted", "policy": new, "access": [{"actions": [f"{service}:*"]}]},
               {"id": number, "check": "equivalent", "a": old, "b": {"Statement": 7}}][number % 4]


def timeless(value):
    """An answer without how long it took."""
    if isinstance(value, dict):
        return {key: timeless(inner) for key, inner in value.items() if key != "milliseconds"}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def comparable(line):
    """An answer without its time; an error names its line of the input, which is a partition's own under Spark."""
    answer = timeless(json.loads(line))
    if "error" in answer:
        answer["error"].pop("line")
        answer["error"]["message"] = re.sub(r"^line \d+:", "line:", answer["error"]["message"])
    return json.dumps(answer, sort_keys=True)


def main():
    program, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    spark = (SparkSession.builder.master("local[2]").appName("leastwise").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "2").config("spark.ui.showConsoleProgress", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    for name, place, arguments in logs.sets(folder):
        usage = place / "usage-spark"
        started = time.time()
        # Files of any depth.
        frame = reduce.reduced(spark, [str(path) for path in sorted(place.glob("logs/**/*.json*"))])
        frame.write.mode("overwrite").json(str(usage), ignoreNullFields=False)
        print(f"{name} by spark: {time.time() - started:.1f} s", flush=True)
        same.compare(program, f"{name} by spark", place, usage, arguments)
    lines = [json.dumps(question) for question in questions()]
    alone = subprocess.run([program, "batch", "-"], input="\n".join(lines), capture_output=True, text=True).stdout.splitlines()
    frame = spark.createDataFrame([(line,) for line in lines], "line string").repartition(2)
    prove.answered(frame.limit(10), program).collect()
    started = time.time()
    answers = [row.line for row in prove.answered(frame, program).collect()]
    seconds = time.time() - started
    assert sorted(map(comparable, answers)) == sorted(map(comparable, alone)) and len(answers) == 3000
    print(f"mapInArrow: {len(answers)} answers, the same as without Spark, {len(answers) / seconds:.0f} a second with 2 processes")
    try:
        prove.answered(frame, "/no/such/program").collect()
    except Exception:
        pass
    else:
        raise AssertionError("a worker without the program must fail")
    spark.stop()


if __name__ == "__main__":
    main()
