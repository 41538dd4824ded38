"""Every recommendation of the sample and generated accounts, with what its proof rests on checked by cvc5.

    python3 recheck_recommendations.py LEASTWISE FOLDER

What is checked are the files that `recommend --proof` writes for whoever asks: of each policy that is refined, of each entity as
a whole, and with `--shared` of each policy that stands for all. scripts/recheck has cvc5 check every file of all of these proofs.
None may be satisfiable; how many stay open within the time, which depends on the machine, is said. Beside that each refinement
is asked about once more, from nothing but the files of `recommend -o` (`batch`, verify).
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
MOST = 400  # Entities of an account: more are left out, and counted.
SECONDS = 5  # For one file.
BOUND = 1400  # For all of them together.


def generated(folder):
    """A generated account with usage, of more kinds of policies than the others have."""
    place = folder / "generated"
    if not (place / "account.json").exists():
        subprocess.run([str(ROOT / "scripts/generate-account"), str(place), "--roles", "40", "--policies", "60", "--seed", "7"], check=True)
    return place


def questions(out):
    """Each refinement of a folder that `recommend -o` wrote, as a question for `batch`."""
    asked, known = [], set()
    for index in sorted(out.glob("*/*/*/proof.json")):
        proof, place = json.loads(index.read_text()), index.parent
        for policy in proof.get("policies", [proof]):
            if "verify" in policy:
                original, refined, unused = (json.loads((place / path).read_text()) for path in policy["verify"])
                # The parts of a shared policy stand beside the same whole each.
                if str((original, refined, unused)) in known:
                    continue
                known.add(str((original, refined, unused)))
                asked.append({"id": f"{place}: {policy['policy']}", "check": "verify", "original": original, "refined": refined,
                              "unused": unused})
    return asked


def proofs(program, name, account, arguments, folder):
    """Folders of proofs of an account's recommendations, of the first entities and of all shared policies."""
    out, proof = folder / f"out-{name}", folder / f"proof-{name}"
    for place in (out, proof):
        shutil.rmtree(place, ignore_errors=True)
    command = [program, "recommend", "--account", account, *arguments, "-o", out, "--proof", proof, "--format", "json"]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True)
    assert done.returncode in (0, 3), (name, done.stderr)
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    changed = sum(result in ("PROVED", "EMPTY") for result in results)
    asked = questions(out)
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    answers = subprocess.run([program, "batch", "-", "--timeout", "600"], input=lines, capture_output=True, text=True).stdout.splitlines()
    wrong = [answer for answer in map(json.loads, answers) if answer.get("result") != "PASS"]
    assert len(answers) == len(asked) and not wrong, (name, wrong[:3])
    entities = [place for kind in ("user", "group", "role") for place in sorted(proof.glob(f"*/{kind}/*"))]
    shared = sorted(proof.glob("*/policy/*"))
    # An entity without a proof, for which nothing is recommended, has no folder.
    assert len(entities) == changed, (name, len(entities), changed)
    print(f"{name}: {changed} of {len(results)} entities changed, {max(0, changed - MOST)} left out; {len(shared)} shared policies; "
          f"{len(asked)} refinements verified", flush=True)
    return entities[:MOST] + shared


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    began, folders = time.monotonic(), []
    usage = ROOT / "fixtures/usage"
    folders += proofs(program, "usage", usage / "account.json", ["--evidence", usage, "--as-of", "2026-05-02"], folder)
    for name, place, arguments in logs.sets(folder):
        folders += proofs(program, name, place / "account.json", ["--evidence", place / "logs", *arguments], folder)
    place = generated(folder)
    for name, arguments in (("generated", []), ("generated-shared", ["--shared"])):
        folders += proofs(program, name, place / "account.json", ["--evidence", place / "usage.csv", *arguments], folder)
    assert folders, "nothing was recommended"
    print(f"{len(folders)} folders of proofs after {time.monotonic() - began:.0f} s", flush=True)
    recheck = [sys.executable, str(ROOT / "scripts/recheck"), "--seconds", str(SECONDS), *map(str, folders)]
    done = subprocess.run(recheck, timeout=BOUND, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode != 3:
        return done.returncode
    unsat, unknown = (int(re.search(rf"(\d+) {word}", done.stdout).group(1)) for word in ("unsat", "unknown"))
    print(f"cvc5 leaves {unknown} of {unsat + unknown} files open within {SECONDS} s each, and refutes none", flush=True)
    return 0 if unsat else 1


if __name__ == "__main__":
    sys.exit(main())
