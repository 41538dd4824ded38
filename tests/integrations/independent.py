"""What findings must say of logs, worked out again from the raw records in Python, and compared.

    python3 independent.py LEASTWISE FOLDER

For every user and role: each granted action is either used, or unused, or not observable, and never two of them; what the
records show as used (by the official map from operations to actions, where LEASTWISE_CORPUS has it; else by the same name) is
never called unused; roles and users that nobody saw are the unused ones; no action of `iam:PassRole` or of data events that
the logs do not hold is called unused; and what `recommend` keeps still holds all of it.
"""
import collections
import fnmatch
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

import logs

ROOT = pathlib.Path(__file__).resolve().parents[2]
DENIED = {"accessdenied", "accessdeniedexception", "unauthorizedoperation", "client.unauthorizedoperation", "notauthorized",
          "authorizationerror", "client.unauthorizedaccess"}
SOURCES = {"monitoring": "cloudwatch", "email": "ses"}


def unpacked(path):
    return json.loads(subprocess.run(["zstd", "-qdc", str(path)], check=True, stdout=subprocess.PIPE).stdout)


def who(identity, ids):
    """The kind and name of the user or role whose permissions a call used, in lower case; None if it is nobody's here."""
    identity = identity or {}
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    known = [ids.get((one.get("principalId") or "").split(":")[0]) for one in (issuer, identity)]
    return named(identity, issuer) or next(filter(None, known), None)


def named(identity, issuer):
    """The same by the names in it."""
    kind, arn = identity.get("type", ""), identity.get("arn") or ""
    if kind == "AssumedRole":
        if ":role/" in issuer.get("arn", ""):
            return "role", issuer["arn"].rsplit("/", 1)[1].lower()
        if ":assumed-role/" in arn:
            name = arn.split("/")[1]
            return None if ":" in name else ("role", name.lower())
        return ("role", issuer["userName"].lower()) if issuer.get("userName") else None
    if kind == "FederatedUser":
        arn = issuer.get("arn", "")
    if kind == "IAMUser" and not arn:
        return ("user", identity["userName"].lower()) if identity.get("userName") else None
    for known in ("user", "role"):
        if f":{known}/" in arn and kind != "AWSService":
            return known, arn.rsplit("/", 1)[1].lower()
    return None


def records(folder):
    for path in sorted((folder / "logs").rglob("*.json*")):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
            yield from json.load(file)["Records"]


def actions_of(record, operations):
    """The actions that may have authorized a call."""
    service = record["eventSource"].split(".")[0]
    service = SOURCES.get(service, service)
    name = re.sub(r"20\d{6}(v\d+)?$", "", record["eventName"])
    known = operations.get(service, {})
    found = next((about for own, about in known.items() if own in (record["eventName"], name)), None)
    return {f"{service}:{name}".lower(), *(action.lower() for action in (found or {}).get("a", []))}


def expand(patterns, catalog):
    every = [f"{service}:{action}" for service, about in catalog.items() for action in about["actions"]]
    return {action for action in every for pattern in patterns if fnmatch.fnmatchcase(action.lower(), pattern.lower())}


def said(program, command, place, arguments):
    call = [program, command, "--account", str(place / "account.json"), "--evidence", str(place / "logs"), *arguments, "--format", "json"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(program, name, place, arguments, catalog, operations):
    account = json.loads((place / "account.json").read_text())
    since = "2023" if name == "samples" else "2026"
    ids = {entity["UserId"]: ("user", entity["UserName"].lower()) for entity in account["UserDetailList"]}
    ids |= {entity["RoleId"]: ("role", entity["RoleName"].lower()) for entity in account["RoleDetailList"]}
    used, seen, data = collections.defaultdict(set), set(), set()
    for record in records(place):
        if record.get("eventCategory") == "Insight" or not record["eventVersion"].startswith("1."):
            continue
        if record.get("eventCategory") == "Data" or record.get("managementEvent") is False:
            data.add(record["eventSource"].split(".")[0])
        asked = (record.get("requestParameters") or {}).get("roleArn", "") if record["eventName"].startswith("AssumeRole") else ""
        error = record.get("errorCode")
        recent = record["eventTime"] >= since
        if asked and not error and recent:
            seen.add(("role", asked.rsplit("/", 1)[1].lower()))
        person = who(record.get("userIdentity"), ids)
        if not person or not recent:
            continue
        seen.add(person)
        if (error or "").split("#")[-1].lower() not in DENIED:
            used[person] |= actions_of(record, operations)
    findings = said(program, "findings", place, arguments)
    kept = {one["resource"]: one for one in said(program, "recommend", place, arguments)}
    by_arn = collections.defaultdict(dict)
    for finding in findings:
        by_arn[finding["resource"]][finding["findingType"]] = finding
    looked = 0
    for kind, entities in [("user", account["UserDetailList"]), ("role", account["RoleDetailList"])]:
        for entity in entities:
            arn, own = entity["Arn"], by_arn[entity["Arn"]]
            if "/aws-service-role/" in arn:
                assert not own, arn
                continue
            person = kind, arn.rsplit("/", 1)[1].lower()
            policies = entity.get("UserPolicyList" if kind == "user" else "RolePolicyList")
            granted = expand([action for policy in policies for statement in policy["PolicyDocument"]["Statement"]
                              for action in statement["Action"]], catalog)
            if kind == "role":
                assert ("UnusedIAMRole" in own) == (person not in seen), (arn, own.keys())
            after = expand([action for policy in kept[arn]["policies"] for statement in policy["document"]["Statement"]
                            for action in statement["Action"]], catalog)
            # That a call may have passed a role shows neither that it did nor that it did not.
            was_used = {action for action in granted if action.lower() in used[person]} - {"iam:PassRole"}
            assert was_used <= after <= granted, (arn, was_used - after)
            if "UnusedIAMRole" in own:
                continue
            finding = own.get("UnusedPermission") or own.get("NotObservable") or {"findingDetails": [], "notObservable": []}
            unused = set()
            for detail in finding["findingDetails"]:
                details = detail["unusedPermissionDetails"]
                service = details["serviceNamespace"]
                unused |= {f"{service}:{one['action']}" for one in details["actions"]} if "actions" in details else {
                    action for action in granted if action.startswith(service + ":")}
            blind = set(finding["notObservable"])
            # Without the map nobody here knows which other actions a call shows; they are kept then.
            others = granted - unused - blind - was_used
            assert unused | blind | was_used <= granted and others <= (set() if operations else after), (arn, others)
            assert not unused & blind and not unused & was_used and not blind & was_used, (arn, unused & was_used, blind & was_used)
            assert granted - after == unused, (arn, (granted - after) ^ unused)
            assert "iam:PassRole" not in unused
            reached = {action.lower() for service in operations.values() for about in service.values() for action in about["a"]}
            if operations:
                assert all(action.lower() in reached for action in unused), (arn, [one for one in unused if one.lower() not in reached])
            if "s3" not in data:
                assert not unused & {"s3:GetObject", "s3:PutObject"}, arn
            looked += len(granted)
    print(f"{name}: {len(kept)} users and roles, {looked} granted actions, each used, unused or not observable as the raw records say")


def main():
    program, folder = sys.argv[1:]
    catalog = unpacked(ROOT / "data/catalog-latest.json.zst")
    corpus = os.environ.get("LEASTWISE_CORPUS")
    operations = unpacked(pathlib.Path(corpus) / "operation-actions.json.zst") if corpus else {}
    for name, place, arguments in logs.sets(folder):
        check(program, name, place, arguments, catalog, operations)


if __name__ == "__main__":
    main()
