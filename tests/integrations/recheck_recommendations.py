"""Every recommendation of the sample and generated accounts, with what its proof rests on checked by cvc5.

    python3 recheck_recommendations.py LEASTWISE FOLDER

From what `recommend -o` wrote, and nothing else: of each policy that was refined the obligations are proved once more against
its unused permissions (`verify --proof`), of each entity that its new policies together grant nothing which its old stack did
not (`no-new-access --proof`); then scripts/recheck has cvc5 check every file of all of these proofs. None may be
satisfiable; how many stay open within the time, which depends on the machine, is said.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import logs

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 30  # Entities of an account: more are left out, and counted.
SECONDS = 5  # For one file.
BOUND = 1400  # For all of them together.


def generated(folder):
    """A generated account with usage, of more kinds of policies than the others have."""
    place = folder / "generated"
    if not (place / "account.json").exists():
        subprocess.run([str(ROOT / "scripts/generate-account"), str(place), "--roles", "40", "--policies", "60", "--seed", "7"], check=True)
    return place


def listed(value):
    return value if isinstance(value, list) else [value]


def joined(documents):
    """One policy with the statements of several; Sids, which must differ in one policy, go."""
    statements = [statement for document in documents for statement in listed(document["Statement"])]
    bare = [{name: value for name, value in statement.items() if name != "Sid"} for statement in statements]
    # An older version reads `${` as text: such policies cannot be put together with others.
    if len({document.get("Version") for document in documents}) != 1:
        return None
    return {"Version": documents[0].get("Version"), "Statement": bare}


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def proofs(program, name, account, arguments, out):
    """The proofs of an account's recommendations; gives the folders and what was counted."""
    shutil.rmtree(out, ignore_errors=True)
    code, text, error = run(program, "recommend", "--account", account, *arguments, "-o", out, "--format", "json")
    assert code in (0, 3), (name, error)
    summaries = [json.loads(line) for line in text.splitlines()]
    done = [one for one in summaries if one["result"] in ("PROVED", "EMPTY")]
    folders, counts = [], {"policies": 0, "split": 0, "stacks": 0, "not joined": 0}
    for number, one in enumerate(done[:MOST]):
        kind, _, path = one["resource"].split(":", 5)[5].partition("/")
        folder = next(entity for entity in out.glob(f"*/{kind}/*") if json.loads((entity / "steps.json").read_text())["resourceArn"] == one["resource"])
        # Of a policy that only loses whole services the findings are those.
        by = {policy["policy"].rsplit("/", 1)[-1]: policy.get("unused", "unused.json")
              for policy in json.loads((folder / "proof.json").read_text())["policies"]}
        for before in sorted((folder / "before").iterdir()):
            new = [policy["document"] for policy in one["policies"]
                   if policy.get("changed") and before.stem in (policy["name"], str(policy.get("replaces", "")).rsplit("/", 1)[-1])]
            if not new:
                continue
            if len(new) > 1:
                # Its statements are cut in pieces: what they are together is part of the stack.
                counts["split"] += 1
                continue
            whole = new[0]
            after, proof = folder / f"whole-{before.stem}.json", out / "proofs" / f"{number}-{before.stem}"
            after.write_text(json.dumps(whole))
            code, text, error = run(program, "verify", before, after, "--unused", folder / by.get(before.stem, "unused.json"), "--proof", proof)
            assert code == 0, (name, one["resource"], before.name, text, error)
            folders.append(proof)
            counts["policies"] += 1
        new = [policy["document"] for policy in one["policies"]]
        whole = joined(new) if new else {"Version": "2012-10-17", "Statement": []}
        if one["resourceType"] == "AWS::IAM::Group" or whole is None or one.get("groups"):
            counts["not joined"] += 1
            continue
        after, proof = folder / "whole.json", out / "proofs" / f"{number}"
        after.write_text(json.dumps(whole))
        code, text, error = run(program, "no-new-access", after, "--account", account, "--principal", one["resource"], "--proof", proof)
        assert code == 0, (name, one["resource"], text, error)
        folders.append(proof)
        counts["stacks"] += 1
    print(f"{name}: {len(done)} of {len(summaries)} entities changed, {max(0, len(done) - MOST)} left out, {counts}", flush=True)
    return folders


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    began, folders = time.monotonic(), []
    usage = ROOT / "fixtures/usage"
    folders += proofs(program, "usage", usage / "account.json", ["--evidence", usage, "--as-of", "2026-05-02"], folder / "out-usage")
    for name, place, arguments in logs.sets(folder):
        folders += proofs(program, name, place / "account.json", ["--evidence", place / "logs", *arguments], folder / f"out-{name}")
    place = generated(folder)
    folders += proofs(program, "generated", place / "account.json", ["--evidence", place / "usage.csv"], folder / "out-generated")
    assert folders, "nothing was recommended"
    kept = [proof for proof in folders if any(proof.glob("*.smt2"))]
    print(f"{len(folders)} proofs, {len(kept)} with questions for a solver, after {time.monotonic() - began:.0f} s", flush=True)
    recheck = [sys.executable, str(ROOT / "scripts/recheck"), "--seconds", str(SECONDS), *map(str, kept)]
    done = subprocess.run(recheck, timeout=BOUND, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode != 3:
        return done.returncode
    unsat, unknown = (int(re.search(rf"(\d+) {word}", done.stdout).group(1)) for word in ("unsat", "unknown"))
    print(f"cvc5 leaves {unknown} of {unsat + unknown} files open within {SECONDS} s each, and refutes none", flush=True)
    return 0 if unsat else 1


if __name__ == "__main__":
    sys.exit(main())
