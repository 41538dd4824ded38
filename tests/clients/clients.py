"""Real clients of Access Analyzer against `leastwise serve`: boto3, the AWS CLI, and AWS's two policy validators.

Usage: clients.py PROGRAM FIXTURES BIN
  PROGRAM   the leastwise binary
  FIXTURES  the folder fixtures: clients/ has templates and plans of the validators' own tests, with their reports
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
import time

import boto3
import botocore.exceptions

PROGRAM, ALL, BIN = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
FIXTURES, GATE, USAGE = ALL / "clients", ALL / "gate", ALL / "usage"
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

    def __init__(self, *arguments):
        self.command = [PROGRAM, "serve", "--listen", "127.0.0.1:0", *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        self.log = []
        while not (line := self.process.stderr.readline()).startswith("listening on "):
            assert line, f"{self.command} did not start: {self.log}"
            self.log.append(line)
        self.url = line.split()[2]
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        assert code == 0, f"the server ended with {code}"


def run(url, *command, expect):
    """Runs a client and gives what it prints as JSON."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], env={**ENVIRONMENT, "AWS_ENDPOINT_URL": url}, capture_output=True, text=True, timeout=300
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
    # Without an account there are no findings, which an empty list would not say.
    unused = client.create_analyzer(analyzerName="Unused", type="ACCOUNT_UNUSED_ACCESS")["arn"]
    try:
        client.list_findings_v2(analyzerArn=unused)
    except client.exceptions.ValidationException as error:
        assert "--account" in str(error), error
    else:
        raise AssertionError("findings without an account")

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


def held(url):
    """boto3: findings and recommendations over the account that the server was started with."""
    client = boto3.client("accessanalyzer", endpoint_url=url)
    assert boto3.client("sts", endpoint_url=url).get_caller_identity()["Account"] == "111122223333"
    (analyzer,) = client.list_analyzers(type="ACCOUNT_UNUSED_ACCESS")["analyzers"]
    arn = analyzer["arn"]
    assert analyzer["configuration"]["unusedAccess"]["unusedAccessAge"] == 90

    def pages(operation, key, **arguments):
        return [one for page in client.get_paginator(operation).paginate(**arguments) for one in page[key]]

    listed = pages("list_findings_v2", "findings", analyzerArn=arn, PaginationConfig={"PageSize": 1})
    types = sorted((one["resource"].rsplit(":", 1)[1], one["findingType"]) for one in listed)
    expect(types, [("role/deploy", "UnusedPermission"), ("role/nightly", "UnusedIAMRole"),
                   ("user/bob", "UnusedIAMUserPassword"), ("user/bob", "UnusedPermission")])  # fmt: skip
    roles = client.list_findings_v2(analyzerArn=arn, filter={"findingType": {"eq": ["UnusedIAMRole"]}})["findings"]
    assert [one["resource"] for one in roles] == ["arn:aws:iam::111122223333:role/nightly"], roles
    permission = next(one for one in listed if one["resource"].endswith("role/deploy"))
    finding = client.get_finding_v2(analyzerArn=arn, id=permission["id"])
    services = {one["unusedPermissionDetails"]["serviceNamespace"] for one in finding["findingDetails"]}
    assert "ec2" in services and finding["resourceType"] == "AWS::IAM::Role", finding

    client.generate_finding_recommendation(analyzerArn=arn, id=permission["id"])
    for _ in range(600):
        answer = client.get_finding_recommendation(analyzerArn=arn, id=permission["id"])
        if answer["status"] != "IN_PROGRESS":
            break
        time.sleep(0.1)
    assert answer["status"] == "SUCCEEDED" and answer["recommendationType"] == "UnusedPermissionRecommendation", answer
    step = answer["recommendedSteps"][0]["unusedPermissionsRecommendedStep"]
    assert step["recommendedAction"] == "CREATE_POLICY" and step["existingPolicyId"] == "deploy", step
    assert json.loads(step["recommendedPolicy"])["Statement"], step

    client.update_findings(analyzerArn=arn, status="ARCHIVED", ids=[permission["id"]])
    active = client.list_findings_v2(analyzerArn=arn, filter={"status": {"eq": ["ACTIVE"]}})["findings"]
    assert len(active) == len(listed) - 1
    (counts,) = client.get_findings_statistics(analyzerArn=arn)["findingsStatistics"]
    assert counts["unusedAccessFindingsStatistics"]["totalArchivedFindings"] == 1, counts

    (outside,) = client.list_analyzers(type="ACCOUNT")["analyzers"]
    assert client.list_findings_v2(analyzerArn=outside["arn"])["findings"] == []
    answer = run(url, "aws", "accessanalyzer", "list-findings-v2", "--analyzer-arn", arn, expect=0)
    assert len(answer["findings"]) == len(listed)
    for wrong in (lambda: client.get_finding_v2(analyzerArn=arn, id="nothing"),
                  lambda: client.get_finding_recommendation(analyzerArn=arn, id="nothing")):  # fmt: skip
        try:
            wrong()
        except client.exceptions.ResourceNotFoundException:
            pass
        else:
            raise AssertionError("an unknown finding was found")


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
    not_granted = lambda *asked, code: run(
        url, "tf-policy-validator", "check-access-not-granted", *common, *plan("no_access_granted"), *asked, expect=code
    )
    given = not_granted("--actions", "s3:GetObject", code=2)
    expect(shape(given), shape(report("no_access_granted", "getobject_findings.json")))
    # The other reports are of an older API, with other texts: what they find is found.
    names = lambda findings: {one["policyName"] for one in findings["BlockingFindings"]}
    for name, asked in {
        "actions_findings.json": ["--actions", "s3:GetObject,s3:ListBucket"],
        "resources_findings.json": ["--resources", "arn:aws:s3:::example"],
        "resources_and_actions_findings.json": ["--actions", "s3:ListBucket", "--resources", "arn:aws:s3:::example"],
    }.items():
        given, wanted = not_granted(*asked, code=2), report("no_access_granted", name)
        assert names(wanted) <= names(given), (name, given)
    # A sample of AWS's whose findings are none.
    not_granted("--actions", "s3:DeleteBucket", code=0)
    validated = run(url, "tf-policy-validator", "validate", *common, *plan("iam_policy"), expect=0)
    expect(shape(validated), shape(report("iam_policy", "findings.json")))


def cloudformation(url):
    folder = FIXTURES / "cfn"
    template = lambda name: ["--template-path", str(folder / name), "--region", "us-east-1"]
    given = run(
        url, "cfn-policy-validator", "check-access-not-granted", *template("check_access_not_granted_test.yaml"),
        "--actions", "s3:PutObject", expect=2,
    )  # fmt: skip
    # The validator names the bucket that the policy is attached to.
    assert [one["resourceName"] for one in given["BlockingFindings"]] == ["MyOtherBucket"], given
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


servers = (
    (("--account-id", ACCOUNT), (sdk, cli, terraform, cloudformation)),
    (("--account", str(USAGE / "account.json"), "--evidence", str(USAGE), "--as-of", "2026-05-02"), (held,)),
)
for arguments, parts in servers:
    with Server(*arguments) as server:
        for part in parts:
            try:
                part(server.url)
            except BaseException:
                sys.stderr.writelines(server.log[-20:])
                raise
            print(f"clients: {part.__name__} agrees", flush=True)
