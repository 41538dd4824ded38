"""Do reduced logs lead to the same findings and recommendations as the logs themselves?"""
import json
import subprocess


def answers(program, command, folder, usage, arguments):
    """What a command says of a set, without what names the files."""
    evidence = [str(usage)] + ([str(folder / "credentials.csv")] if (folder / "credentials.csv").exists() else [])
    call = [program, command, "--account", str(folder / "account.json"), "--evidence", *evidence, *arguments, "--format", "json"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode in (0, 1), (call, done.returncode, done.stderr)
    out = []
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        answer.pop("evidence", None)
        if answer.get("findingType") == "Summary":
            trails = answer["summary"]["evidence"].pop("cloudTrail")
            # A record is counted once here, and there with the row that it is in.
            answer["summary"]["evidence"] = trails
            # Rows do not say of which regions their records are.
            notes = answer["summary"]["notes"]
            answer["summary"]["notes"] = [note for note in notes if not note.startswith("every CloudTrail record of account")]
        out.append(answer)
    return out


def compare(program, name, folder, usage, arguments):
    """Asserts that both lead to the same; says how much was compared."""
    counted = []
    for command, more in [("findings", []), ("recommend", []), ("recommend", ["--resources"])]:
        direct = answers(program, command, folder, folder / "logs", arguments + more)
        reduced = answers(program, command, folder, usage, arguments + more)
        assert len(direct) > 5, direct
        for one, other in zip(direct, reduced, strict=True):
            assert one == other, f"{name}, {command} {more}:\n{json.dumps(one)}\n{json.dumps(other)}"
        counted.append(f"{len(direct)} of {command}{' --resources' if more else ''}")
    print(f"{name}: the same {', '.join(counted)}", flush=True)
