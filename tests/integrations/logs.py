"""Accounts with CloudTrail's logs for the tests of `integrations/`: a small one with every trap that a reduction can fall
into, and, where LEASTWISE_CORPUS is set, the sample logs with an account made for them.

A set is a folder with `account.json`, `logs/` and, perhaps, `credentials.csv`.
"""
import gzip
import json
import os
import pathlib
import subprocess

ACCOUNT, OTHER = "111122223333", "444455556666"
DAY = "2026-04-%02dT%02d:00:00Z"


def role(name, path="/"):
    return f"arn:aws:iam::{ACCOUNT}:role{path}{name}"


def identities():
    """Identities as CloudTrail writes them, and their traps."""
    session = lambda issuer, name: {
        "type": "AssumedRole", "accountId": ACCOUNT, "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s1",
        "accessKeyId": "ASIA0000000000000001", **({"sessionContext": {"sessionIssuer": issuer}} if issuer else {})}
    issuer = {"type": "Role", "arn": role("deploy", "/app/"), "accountId": ACCOUNT, "userName": "deploy"}
    return {
        "session": session(issuer, "deploy"),
        "session without issuer": session(None, "worker"),
        "issuer without ARN": {"type": "AssumedRole", "accountId": ACCOUNT,
                               "sessionContext": {"sessionIssuer": {"accountId": ACCOUNT, "userName": "nightly"}}},
        "instance": session(None, "aws:ec2-instance"),
        "user": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ops/alice", "accountId": ACCOUNT, "userName": "alice",
                 "accessKeyId": "AKIA0000000000000001"},
        "user by name": {"type": "IAMUser", "accountId": ACCOUNT, "userName": "bob"},
        "root": {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"},
        "federated": {"type": "FederatedUser", "accountId": ACCOUNT, "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/x",
                      "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ops/carol"}}},
        "identity center": {"type": "IdentityCenterUser", "arn": role("portal")},
        "service": {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        "nobody": None,
        "other account": {"type": "AWSAccount", "accountId": OTHER, "principalId": "AIDA"},
        # Known by a unique id alone: sessions of roles and a user, as another account's logs write them.
        "session by id": {"type": "AWSAccount", "accountId": OTHER, "principalId": "AROA1:s1"},
        "issuer by id": {"type": "AssumedRole", "accountId": ACCOUNT, "principalId": "AROA3:s1",
                         "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROA3"}}},
        "user by id": {"type": "AWSAccount", "accountId": OTHER, "principalId": "AIDA1"},
        "user without a name": {"type": "IAMUser", "accountId": ACCOUNT, "principalId": "AIDA2"},
    }


EVENTS = [("ec2", "DescribeInstances"), ("ec2", "TerminateInstances"), ("kms", "Decrypt"), ("sqs", "DeleteQueue"),
          ("sns", "DeleteTopic"), ("lambda", "GetFunction20150331v2"), ("monitoring", "PutMetricData"), ("nosuch", "DoThing")]


def small():
    """Records of every identity with every event, and of the traps of single records."""
    records = []

    def add(identity, source, name, **more):
        number = len(records)
        record = {"eventVersion": "1.11", "userIdentity": identity, "eventTime": DAY % (1 + number % 28, number % 24),
                  "eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
                  "eventID": "00000000-0000-4000-8000-%012d" % number, "eventCategory": "Management",
                  "managementEvent": True, "recipientAccountId": ACCOUNT, "requestParameters": None, "responseElements": None}
        record.update(more)
        records.append({key: value for key, value in record.items() if value != "absent"})
        return records[-1]

    known = identities()
    for at, identity in enumerate(known.values()):
        for place, (source, name) in enumerate(EVENTS):
            # Most use some events only, so that something is unused.
            if (at * 3 + place * 5) % 4:
                add(identity, source, name)
    alice, deploy, worker = known["user"], known["session"], known["session without issuer"]
    for error in ["AccessDenied", "Client.UnauthorizedOperation", "com.amazonaws.x#AccessDeniedException"]:
        add(alice, "s3", "DeleteBucket", errorCode=error)
    add(alice, "s3", "CreateBucket", errorCode="ThrottlingException")
    # Twice, in another file too; once in each of two accounts; corrected later.
    again = add(deploy, "s3", "CreateBucket")
    records.append(dict(again))
    shared = {"sharedEventID": "99999999-0000-4000-8000-000000000001"}
    add(deploy, "s3", "PutBucketPolicy", **shared)
    add(deploy, "s3", "PutBucketPolicy", recipientAccountId=OTHER, **shared)
    late = add(worker, "s3", "PutBucketTagging")
    add(worker, "s3", "PutBucketTagging", addendum={"reason": "DELIVERY_DELAY", "originalEventID": late["eventID"]})
    # Denied at first, as the log had it, and allowed in truth; the same id twice with two answers.
    early = add(worker, "s3", "DeleteBucketPolicy", errorCode="AccessDenied")
    add(worker, "s3", "DeleteBucketPolicy", addendum={"reason": "UPDATED_DATA", "originalEventID": early["eventID"]})
    early = add(deploy, "s3", "DeleteBucketPolicy", errorCode="AccessDenied")
    add(deploy, "s3", "DeleteBucketPolicy", eventID=early["eventID"])
    # Resources: several, none, more than are kept.
    for at in range(70):
        add(deploy, "s3", "GetObject", eventCategory="Data", managementEvent=False,
            resources=[{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::b/{at:03}"}, {"type": "AWS::S3::Bucket", "accountId": ACCOUNT}])
    for at in range(3):
        add(worker, "s3", "GetObject", eventCategory="absent", managementEvent=False,
            resources=[{"ARN": f"arn:aws:s3:::b/{at}"}, {"ARN": "arn:aws:s3:::b"}])
    add(worker, "s3", "PutObject", eventCategory="Data", managementEvent=False)
    add(deploy, "s3", "ApiCallRateInsight", eventCategory="Insight")
    add(deploy, "kms", "Encrypt", eventCategory="NetworkActivity")
    add(deploy, "ec2", "RunInstances", eventVersion="2.0")
    # A role that only a service assumes; one that somebody may not.
    add(known["service"], "sts", "AssumeRole", requestParameters={"roleArn": role("idle")})
    add(alice, "sts", "AssumeRole", requestParameters={"roleArn": role("refused")}, errorCode="AccessDenied")
    add(alice, "sts", "AssumeRole", requestParameters={"roleArn": role("listed")}, resources=[{"ARN": role("listed")}])
    # Sign-ins.
    for identity, said in [(alice, "Success"), (known["user by name"], "Failure")]:
        add(identity, "signin", "ConsoleLogin", responseElements={"ConsoleLogin": said})
    # Without an account of its own, without an id, without a category, long ago.
    add(alice, "sns", "CreateTopic", recipientAccountId="absent", eventID="absent", eventCategory="absent", managementEvent="absent")
    add(deploy, "sqs", "CreateQueue", eventTime="2024-01-01T00:00:00Z")
    return records


def account(users, roles, grants, number=ACCOUNT):
    """Account details in which everybody has a policy in line."""
    policy = lambda name: [{"PolicyName": f"p-{name}", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": grants, "Resource": "*"}]}}]
    split = lambda name: ("/" + name.rsplit("/", 1)[0] + "/" if "/" in name else "/", name.rsplit("/", 1)[-1])
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    return {
        "UserDetailList": [{"Path": split(name)[0], "UserName": split(name)[1], "UserId": f"AIDA{at}", "GroupList": [],
                            "Arn": f"arn:aws:iam::{number}:user/{name}", "CreateDate": "2020-01-01T00:00:00Z",
                            "UserPolicyList": policy(split(name)[1]), "AttachedManagedPolicies": []} for at, name in enumerate(users)],
        "GroupDetailList": [],
        "RoleDetailList": [{"Path": split(name)[0], "RoleName": split(name)[1], "RoleId": f"AROA{at}", "InstanceProfileList": [],
                            "Arn": f"arn:aws:iam::{number}:role/{name}", "CreateDate": "2020-01-01T00:00:00Z",
                            "AssumeRolePolicyDocument": trust, "RolePolicyList": policy(split(name)[1]),
                            "AttachedManagedPolicies": []} for at, name in enumerate(roles)],
        "Policies": [], "IsTruncated": False}


REPORT = """user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date
alice,arn:aws:iam::111122223333:user/ops/alice,2020-01-01T00:00:00+00:00,true,no_information,2020-01-01T00:00:00+00:00,true,2020-01-01T00:00:00+00:00,N/A,false,N/A,N/A
bob,arn:aws:iam::111122223333:user/bob,2020-01-01T00:00:00+00:00,true,no_information,2020-01-01T00:00:00+00:00,true,2020-01-01T00:00:00+00:00,N/A,false,N/A,N/A
"""


def sets(folder):
    """Writes the sets; gives (name, folder, arguments of the commands) of each."""
    folder = pathlib.Path(folder)
    out = []
    place = folder / "small"
    (place / "logs/AWSLogs").mkdir(parents=True, exist_ok=True)
    records = small()
    third = len(records) // 3
    for name, part in [("1.json", records[:third]), ("2.json", records[third:2 * third]), ("3.json.gz", records[2 * third:])]:
        write = gzip.open if name.endswith(".gz") else open
        with write(place / "logs/AWSLogs" / name, "wt") as file:
            json.dump({"Records": part}, file)
    (place / "account.json").write_text(json.dumps(account(
        ["ops/alice", "bob", "ops/carol"], ["app/deploy", "worker", "nightly", "portal", "idle", "refused", "listed"],
        ["ec2:DescribeInstances", "ec2:TerminateInstances", "ec2:RunInstances", "s3:*Bucket", "s3:PutBucket*", "s3:DeleteBucketPolicy", "s3:GetObject", "kms:*",
         "sqs:*Queue", "sns:*Topic", "lambda:GetFunction", "cloudwatch:PutMetricData", "sts:AssumeRole", "iam:PassRole"])))
    (place / "credentials.csv").write_text(REPORT)
    out.append(("small", place, ["--as-of", "2026-05-01"]))
    corpus = os.environ.get("LEASTWISE_CORPUS")
    archive = corpus and pathlib.Path(corpus) / "usage.tar.zst"
    if not archive or not archive.exists() or subprocess.call("command -v zstd >/dev/null", shell=True):
        print("SKIPPED the sample logs: LEASTWISE_CORPUS is not set, or zstd is missing", flush=True)
        return out
    place = folder / "samples"
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(f"zstd -dc '{archive}' | tar x -C '{place}'", shell=True, check=True)
    if not (place / "logs").exists():
        (place / "usage/cloudtrail").rename(place / "logs")
    arns = set()
    for file in (place / "logs").glob("*.json"):
        for record in json.loads(file.read_text())["Records"]:
            identity = record["userIdentity"]
            arns.add(identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn") or identity.get("arn"))
    named = lambda kind: sorted(arn.split(f":{kind}/", 1)[1] for arn in arns if arn and f":{kind}/" in arn)
    (place / "account.json").write_text(json.dumps(account(
        named("user") + ["ghost"], named("role") + ["ghost"],
        ["ec2:*Instance*", "s3:*Bucket", "iam:*User", "sts:*", "kms:*crypt", "ssm:*Parameter*", "secretsmanager:*", "cloudtrail:*Trail"], "123837392027")))
    out.append(("samples", place, ["--as-of", "2023-07-11"]))
    return out
