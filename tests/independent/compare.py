"""`who-can` of 250 roles with stacks against an evaluator that shares nothing with it.

    python3 compare.py LEASTWISE FOLDER [SEED..]

CAN has a witness: it must be allowed. CANNOT is about all requests: 200 of each role, made of what its policies name, must be
denied. UNKNOWN are shown, and few may be. That the requests could find something is shown by those roles that CAN: of
most of them they find an allowed one too.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys

from accounts import ACCOUNTS, NAMES, ORGANIZATION, REGIONS, TEAMS, World
from evaluate import allowed

SEEDS = [2026, 5]
REQUESTS = 200
MOST_OPEN = 5  # Of 250: a budget is time where Z3 is asked, and machines are busy.
QUESTIONS = ["dynamodb:DeleteTable", "s3:GetObject"]


def request(world, generator, role, action):
    """A request as AWS could send it: the principal's own keys, one way over the network, a resource that policies name."""
    about = world.roles[role]
    account = about["account"] if generator.random() < 0.7 else generator.choice(ACCOUNTS)
    region, name = generator.choice(REGIONS), generator.choice([*NAMES, "none-1", "other"])
    context = {
        "aws:principalarn": [role], "aws:principalaccount": [about["account"]], "aws:principaltype": ["AssumedRole"],
        "aws:userid": [f"{about['id']}:session"], "aws:principalisawsservice": ["false"],
        "aws:securetransport": [generator.choice(["true", "true", "false"])], "aws:requestedregion": [region],
        "aws:useragent": [generator.choice(["curl/8", "aws-cli/2.1", "x-y", "xzy", ""])],
    }
    context.update({f"aws:principaltag/{key.lower()}": [value] for key, value in about["tags"].items()})
    if about["account"] != ACCOUNTS[-1]:
        context["aws:principalorgid"] = [ORGANIZATION]
        context["aws:principalorgpaths"] = [f"{ORGANIZATION}/r-1/ou-{ACCOUNTS.index(about['account'])}/"]
    if action.startswith("s3:"):
        key = generator.choice(["a", "home/red/x", "home/none/x", "home/a.b/", "home/" + about["tags"].get("team", "none") + "/y"])
        resource = f"arn:aws:s3:::{name}-{account}/{key}"
    else:
        resource = f"arn:aws:dynamodb:{region}:{account}:table/{name}"
        if generator.random() < 0.6:
            context["aws:resourcetag/team"] = [generator.choice([*TEAMS, "green"])]
    match generator.randrange(3):
        case 0: context["aws:sourceip"] = [generator.choice(["192.0.2.9", "198.51.100.7", "203.0.113.1", "2001:db8::1"])]
        case 1: context["aws:sourcevpce"] = [generator.choice(["vpce-1a", "vpce-2b", "vpce-3c"])]
        case 2: pass
    context["aws:resourceaccount"] = [account]
    return resource, context


def decide(world, role, action, resource, context):
    account, stack = world.stack(role, resource, context)
    return allowed(stack, {"principal": role, "account": world.roles[role]["account"], "action": action, "resource": resource,
                           "resource_account": account, "context": context})


def compare(program, folder, seed):
    shutil.rmtree(folder, ignore_errors=True)
    world = World(random.Random(seed))
    world.write(folder)
    generator, failures = random.Random(seed + 1), []
    for action in QUESTIONS:
        done = subprocess.run([program, "who-can", action, "--account", str(folder), "--timeout", "5", "--format", "json"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        verdicts = {line["principal"]: line for line in lines if "principal" in line and not line.get("outside")}
        assert set(verdicts) == set(world.roles), set(verdicts) ^ set(world.roles)
        counts = {"CAN": 0, "CANNOT": 0, "UNKNOWN": 0}
        reached, odd = 0, 0
        for role, line in verdicts.items():
            counts[line["verdict"]] += 1
            if line["verdict"] == "CAN":
                witness = line["witness"]
                context = {key.lower(): value if isinstance(value, list) else [value] for key, value in witness["context"].items()}
                # On a resource that the action does not take AWS decides nothing.
                # A table's name has no slash, and none of its indexes, streams and backups is deleted as a table.
                below = action == "dynamodb:DeleteTable" and "/" in witness["resource"].split(":", 5)[5].removeprefix("table/")
                if below or witness["resource"].split(":")[2] != action.split(":")[0]:
                    odd += 1
                    continue
                if not decide(world, role, action, witness["resource"], context):
                    failures.append(f"CAN is denied: {role} {json.dumps(witness)}")
            found = None
            for _ in range(REQUESTS):
                resource, context = request(world, generator, role, action)
                if decide(world, role, action, resource, context):
                    found = resource, context
                    break
            if found and line["verdict"] == "CANNOT":
                failures.append(f"CANNOT is allowed: {role} {action} {found}")
            reached += bool(found) and line["verdict"] == "CAN"
        print(f"{action}: {len(verdicts)} roles, {counts}; of those that can {reached} are found by {REQUESTS} requests too, {odd} on resources of other services only", flush=True)
        for line in verdicts.values():
            if line["verdict"] == "UNKNOWN":
                print(f"UNKNOWN: {line['principal']} {line['notes']}", flush=True)
        if counts["UNKNOWN"] > MOST_OPEN:
            failures.append(f"{counts['UNKNOWN']} UNKNOWN of {action}")
        assert min(counts["CAN"], counts["CANNOT"]) >= 15, "the roles are too much alike to show anything"
        assert reached * 2 > counts["CAN"], "the requests find too little to show anything"
    return failures


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    seeds = [int(seed) for seed in sys.argv[3:]] or SEEDS
    failures = [failure for seed in seeds for failure in compare(program, folder, seed)]
    for failure in failures[:10]:
        print(failure, file=sys.stderr)
    print(f"{len(failures)} contradictions")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
