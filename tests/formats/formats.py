"""What every command that finds something writes, held against the formats' own rules.

usage: formats.py LEASTWISE SARIF-SCHEMA

SARIF must keep to the schema that OASIS published, JUnit to the shape that its readers share (suites, cases, at most one
failure or skip a case, counts that are right), a workflow command to GitHub's form, and Markdown must render to a table with a
row a finding and to no HTML of a policy's own. Hostile names are among the inputs.
"""

import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as XML
from pathlib import Path

from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

PROGRAM, SCHEMA = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
EXAMPLES, GATE, USAGE = "fixtures/examples/", "fixtures/gate/", "fixtures/usage/"
BUCKET = ["--resource-type", "AWS::S3::Bucket"]
HOSTILE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "a|b<img src=x>`c`\n::error::x % é😀 ]]> \u202e\u0007",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b|<script>alert(1)</script>&amp;`/*",
        }
    ],
}


def commands(folder):
    hostile = Path(folder) / "a b, é: 100% <x>.json"
    hostile.write_text(json.dumps(HOSTILE, ensure_ascii=False))
    hostile = str(hostile)
    nothing = Path(folder) / "nothing.json"
    nothing.write_text('{"Version": "2012-10-17", "Statement": []}')
    broken = Path(folder) / "broken.json"
    broken.write_text('{"Statement": [{"Effect": "Allow", "Action": ')
    return [
        ["no-new-access", EXAMPLES + "old.json", EXAMPLES + "new.json"],
        ["no-new-access", EXAMPLES + "new.json", EXAMPLES + "old.json"],
        ["no-new-access", EXAMPLES + "old.json", EXAMPLES + "new.json", "--timeout", "0.000001"],
        ["access-not-granted", EXAMPLES + "new.json", "--action", "s3:GetObject"],
        ["access-not-granted", EXAMPLES + "new.json", "--action", "iam:PassRole"],
        ["access-not-granted", hostile, "--action", "s3:Get*"],
        ["no-public-access", hostile, *BUCKET],
        ["no-public-access", EXAMPLES + "pinned-bucket.json", *BUCKET],
        ["no-public-access", GATE + "cloudformation/site.yaml", "--policy", "SitePolicy", *BUCKET],
        ["outside-access", hostile],
        ["outside-access", EXAMPLES + "pinned-bucket.json", "--trusted", "111122223333"],
        ["equivalent", EXAMPLES + "old.json", EXAMPLES + "new.json"],
        ["check", "fixtures/gate"],
        ["check", hostile, str(nothing), str(broken)],
        ["check", "fixtures/gate", "--fail-on", "note"],
        ["validate", "fixtures/validate/example.json", "fixtures/validate/redundant.json", hostile, str(broken)],
        ["validate", EXAMPLES + "new.json", "--aws-only"],
        ["validate", "fixtures/validate/example.json", "--fail-on", "error"],
        ["findings", "--account", USAGE + "account.json", "--evidence", USAGE + "cloudtrail.json"],
        ["findings", "--account", USAGE + "account.json", "--evidence", USAGE + "cloudtrail.json", "--fail-on", "role"],
        ["findings", "--account", "fixtures/accounts/hostile.json", "--evidence", USAGE + "cloudtrail.json"],
    ]


def run(command, form):
    done = subprocess.run([PROGRAM, *command, "--format", form], capture_output=True, timeout=120)
    assert done.returncode in (0, 1, 3), (command, form, done.returncode, done.stderr.decode())
    return done.returncode, done.stdout.decode()


def sarif(text):
    log = json.loads(text)
    for error in Draft7Validator(SCHEMA).iter_errors(log):
        raise AssertionError(f"{list(error.absolute_path)}: {error.message}")
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        if "ruleIndex" in result:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"]), place
        region = place["region"]
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"]), region
    return run["results"]


def junit(text):
    suites = XML.fromstring(text)
    assert suites.tag == "testsuites"
    [suite] = suites
    assert suite.tag == "testsuite" and suite.get("name")
    counted = {"failure": 0, "skipped": 0}
    for case in suite:
        assert case.tag == "testcase" and case.get("name") and case.get("classname"), case.attrib
        assert len(case) <= 1
        for what in case:
            counted[what.tag] += 1
            assert what.get("message")
    assert (int(suite.get("tests")), int(suite.get("errors"))) == (len(suite), 0)
    assert (int(suite.get("failures")), int(suite.get("skipped"))) == (counted["failure"], counted["skipped"])
    return counted["failure"]


def github(text):
    for line in text.splitlines():
        assert re.match(r"::(error|warning|notice) ((file|line|endLine|col|endColumn|title)=[^,:]*,?)+::.", line), line
    return text.count(" file=")


def markdown(text):
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    html = {token.content for token in [*tokens, *inline] if token.type.startswith("html")}
    assert html <= {"<br>"}, html
    assert not any(child.type in ("link_open", "image") for child in inline), text
    return sum(token.type == "tr_open" for token in tokens) - any(token.type == "thead_open" for token in tokens)


def main():
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        for command in commands(folder):
            code, _ = run(command, "text")
            said = {form: run(command, form) for form in ("sarif", "junit", "github", "markdown")}
            assert all(other == code for other, _ in said.values()), (command, code, said)
            try:
                results = sarif(said["sarif"][1])
                failures = junit(said["junit"][1])
                annotations = github(said["github"][1])
                rows = markdown(said["markdown"][1])
            except AssertionError:
                print(command, file=sys.stderr)
                raise
            is_open = sum("suppressions" not in result for result in results)
            assert rows == annotations == is_open, (command, rows, annotations, is_open)
            assert (failures > 0) == (code != 0), (command, failures, code)
            tried += 1
    print(f"{tried} commands: SARIF, JUnit, annotations and Markdown are as their readers want them")


main()
