"""Answers questions about policies with Spark: `leastwise batch` is the worker, one process a partition.

    spark-submit integrations/spark/prove.py QUESTIONS OUT [LEASTWISE]

QUESTIONS is a path of JSON Lines, each what a line of `leastwise batch` is, with an `id` of its own; OUT a folder, which gets
the answers as JSON Lines, in the order of their partitions. LEASTWISE is the program, which every worker must have; without it
the one on PATH. In a job of your own use `answered`: it takes and gives a DataFrame of one column, `line`.
"""
import subprocess
import sys
import threading

from pyspark.sql import SparkSession


def answered(questions, program="leastwise", arguments=("--jobs", "1")):
    """The answers to a DataFrame of questions (column `line`), as a DataFrame of the same column."""

    def worker(batches):
        """Questions go in while answers come out, so that neither pipe fills up; a process that fails fails its partition."""
        import pyarrow

        process = subprocess.Popen([program, "batch", "-", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        trouble = []

        def feed():
            try:
                for batch in batches:
                    for line in batch.column(0).to_pylist():
                        process.stdin.write(line.encode() + b"\n")
                process.stdin.close()
            except Exception as error:  # Said by the thread that reads.
                trouble.append(error)
                process.kill()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        lines = []
        for line in process.stdout:
            lines.append(line.decode().rstrip("\n"))
            if len(lines) == 1000:
                yield pyarrow.RecordBatch.from_pydict({"line": lines})
                lines = []
        if lines:
            yield pyarrow.RecordBatch.from_pydict({"line": lines})
        feeder.join()
        code = process.wait()
        if trouble:
            raise trouble[0]
        # 1 and 3 say what some answers are; 2 that a line could not be read, which its answer says too.
        if code not in (0, 1, 2, 3):
            raise RuntimeError(f"{program} batch ended with {code}")

    return questions.mapInArrow(worker, "line string")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    spark = SparkSession.builder.appName("leastwise: prove").getOrCreate()
    questions = spark.read.text(sys.argv[1]).withColumnRenamed("value", "line")
    answered(questions, *sys.argv[3:]).write.mode("overwrite").text(sys.argv[2])
    spark.stop()


if __name__ == "__main__":
    main()
