"""Real clients of Access Analyzer against `leastwise serve`: boto3, the AWS CLI, and AWS's two policy validators.

Usage: clients.py PROGRAM FIXTURES BIN
  PROGRAM   the leastwise binary
  FIXTURES  the folder fixtures/clients: templates and plans of the validators' own tests, with their reports
  BIN       the folder of the programs aws, cfn-policy-validator and tf-policy-validator

Exits with 1 at the first difference, and says what was asked.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

import boto3
import botocore.exceptions

PROGRAM, FIXTURES, BIN = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
ACCOUNT = "123456789012"
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_RETRY_MODE": "standard",
    "NO_PROXY": "127.0.0.1",
}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


class Server:
    """The server as a process of its own, on a port that the system picks."""

    def __enter__(self):
        command = [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--account-id", ACCOUNT]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.url = self.process.stderr.readline().split()[2]
        self.log = []
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        assert code == 0, f"the server ended with {code}"


def run(url, *command, expect):
    """Runs a client and gives what it prints as JSON."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], env={**ENVIRONMENT, "AWS_ENDPOINT_URL": url}, capture_output=True, text=True
    )
    assert done.returncode == expect, f"{command} ended with {done.returncode}, not {expect}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout


def sdk(url):
    """boto3: every operation that is served, and the exceptions."""
    for name, value in ENVIRONMENT.items():
        os.environ[name] = value
    client = boto3.client("accessanalyzer", endpoint_url=url)
    assert boto3.client("sts", endpoint_url=url).get_caller_identity()["Account"] == ACCOUNT

    old, new = policy(allow("s3:GetObject")), policy(allow(["s3:GetObject", "s3:PutObject"]))
    check = lambda a, b: client.check_no_new_access(
        existingPolicyDocument=a, newPolicyDocument=b, policyType="IDENTITY_POLICY"
    )
    assert check(new, old)["result"] == "PASS"
    failed = check(old, new)
    assert failed["result"] == "FAIL"
    assert failed["message"] == "The modified permissions grant new access compared to your existing policy."
    assert failed["reasons"][0]["statementIndex"] == 0

    granted = lambda **access: client.check_access_not_granted(
        policyDocument=new, access=[access], policyType="IDENTITY_POLICY"
    )["result"]
    assert granted(actions=["s3:PutObject"]) == "FAIL"
    assert granted(actions=["s3:DeleteBucket", "nobody:KnowsThis"]) == "PASS"
    assert granted(resources=["arn:aws:s3:::b/*"]) == "FAIL"

    public = policy(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*"))
    result = client.check_no_public_access(policyDocument=public, resourceType="AWS::S3::Bucket")
    assert result["result"] == "FAIL" and result["reasons"][0]["statementIndex"] == 0

    found = client.validate_policy(policyDocument=policy(allow("s3:NoSuchAction")), policyType="IDENTITY_POLICY")
    assert [one["issueCode"] for one in found["findings"]] == ["INVALID_ACTION"], found
    assert client.validate_policy(policyDocument=old, policyType="IDENTITY_POLICY")["findings"] == []

    analyzer = client.create_analyzer(analyzerName="Preview", type="ACCOUNT")["arn"]
    assert [one["arn"] for one in client.list_analyzers(type="ACCOUNT")["analyzers"]] == [analyzer]
    preview = client.create_access_preview(
        analyzerArn=analyzer,
        configurations={"arn:aws:s3:::b": {"s3Bucket": {"bucketPolicy": public}}},
    )["id"]
    assert client.get_access_preview(accessPreviewId=preview, analyzerArn=analyzer)["accessPreview"]["status"] == "COMPLETED"
    findings = client.list_access_preview_findings(accessPreviewId=preview, analyzerArn=analyzer)["findings"]
    assert [(one["isPublic"], one["resourceType"]) for one in findings] == [(True, "AWS::S3::Bucket")]
    client.delete_analyzer(analyzerName="Preview")

    refused = {
        "ValidationException": lambda: granted(resources=["example"]),
        "InvalidParameterException": lambda: check("{", new),
        "ResourceNotFoundException": lambda: client.get_analyzer(analyzerName="Preview"),
        "UnknownOperationException": lambda: client.list_archive_rules(analyzerName="Preview"),
    }
    for name, ask in refused.items():
        try:
            ask()
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == name, error
        else:
            raise AssertionError(f"no {name}")


def cli(url):
    answer = run(
        url, "aws", "accessanalyzer", "check-access-not-granted", "--policy-type", "IDENTITY_POLICY",
        "--policy-document", policy(allow("s3:*")), "--access", "actions=s3:DeleteBucket", expect=0,
    )  # fmt: skip
    assert answer["result"] == "FAIL"
    assert run(url, "aws", "sts", "get-caller-identity", expect=0)["Account"] == ACCOUNT


def shape(report):
    """What of a validator's report must agree with AWS's: the rest holds our additions."""
    reason = lambda one: (one.get("statementIndex"), one.get("statementId"))
    details = lambda one: [reason(each) for each in one["details"].get("reasons", [])]
    key = lambda one: (one["findingType"], one["code"], one["resourceName"], one["policyName"], one["message"])
    return {
        kind: sorted((*map(str, key(one)), str(details(one))) for one in report[kind])
        for kind in ("BlockingFindings", "NonBlockingFindings")
    }


def terraform(url):
    folder = FIXTURES / "tf"
    common = ["--region", "us-east-1", "--config", str(folder / "default.yaml")]
    plan = lambda name: ["--template-path", str(folder / name / "test_plan.json")]
    report = lambda *path: json.loads((folder.joinpath(*path)).read_text())

    public = run(url, "tf-policy-validator", "check-no-public-access", *common, *plan("public_access"), expect=2)
    expect(shape(public), shape(report("public_access", "public_access_findings.json")))
    cases = {
        "actions_findings.json": ["--actions", "s3:GetObject,s3:ListBucket"],
        "getobject_findings.json": ["--actions", "s3:GetObject"],
    }
    for name, arguments in cases.items():
        given = run(
            url, "tf-policy-validator", "check-access-not-granted", *common, *plan("no_access_granted"), *arguments,
            expect=2,
        )  # fmt: skip
        assert given["BlockingFindings"], name
    validated = run(url, "tf-policy-validator", "validate", *common, *plan("iam_policy"), expect=0)
    expect(shape(validated), shape(report("iam_policy", "findings.json")))


def cloudformation(url):
    folder = FIXTURES / "cfn"
    template = lambda name: ["--template-path", str(folder / name), "--region", "us-east-1"]
    given = run(
        url, "cfn-policy-validator", "check-access-not-granted", *template("check_access_not_granted_test.yaml"),
        "--actions", "s3:PutObject", expect=2,
    )  # fmt: skip
    assert [one["resourceName"] for one in given["BlockingFindings"]] == ["MyOtherBucketPolicy"], given
    run(
        url, "cfn-policy-validator", "check-access-not-granted", *template("check_access_not_granted_test.yaml"),
        "--actions", "s3:DeleteBucket", expect=0,
    )  # fmt: skip
    public = run(url, "cfn-policy-validator", "check-no-public-access", *template("public-bucket.yaml"), expect=2)
    assert public["BlockingFindings"], public
    validated = run(url, "cfn-policy-validator", "validate", *template("public-bucket.yaml"), expect=2)
    assert any(one["code"] == "EXTERNAL_PRINCIPAL" for one in validated["BlockingFindings"]), validated


def expect(given, wanted):
    assert given == wanted, f"given:\n{json.dumps(given, indent=1)}\nwanted:\n{json.dumps(wanted, indent=1)}"


with Server() as server:
    for part in (sdk, cli, terraform, cloudformation):
        try:
            part(server.url)
        except BaseException:
            sys.stderr.writelines(server.log[-20:])
            raise
        print(f"clients: {part.__name__} agrees")
