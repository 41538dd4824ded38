"""`serve` under 10,000 malformed, huge, slow and hostile requests.

usage: abuse.py PROGRAM [REQUESTS]

Every attack gets an error in AWS's shape, or a closed connection where HTTP has no other way; good requests in between are
all answered, each with its own answer; memory comes back; TERM in the middle finishes what was accepted. The attacks follow
from a seed. Times are bounds that only a server which hangs reaches.
"""
import atexit
import json
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter

import attacks
from attacks import CHECKS, comparison, policy
from wire import CLOSED, PATIENCE, Connection, ask, request

SEED = 2026
THREADS = 12
GOOD_EACH = 6  # A good request after so many attacks.
ROUNDS = 10  # What an allocator keeps for the next burst settles long before: a leak grows with each.
PEAK = 2 << 30  # The most bytes the server may have at any time: far below what all bodies of all connections would be.


class Server:
    """A server of its own."""

    def __init__(self, program, *more):
        self.process = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", "--quiet", *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        for line in self.process.stderr:
            if line.startswith("listening on "):
                break
        else:
            raise AssertionError("the server did not start")
        host, port = line.split()[2].removeprefix("http://").rsplit(":", 1)
        self.at = (host, int(port))
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def memory(self, name):
        """VmRSS or VmHWM in bytes; None where the system does not tell."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return next(int(line.split()[1]) << 10 for line in status if line.startswith(name))
        except (OSError, StopIteration):
            return None

    def is_well(self):
        answer = ask(self.at, request("GET", "/health"))
        assert answer.status == 200 and answer.json["status"] == "ok", answer


def good(number):
    """A request that only this number has, and a function that says whether an answer is its own."""
    name = f"Number{number}x"
    if number % 3 == 0:
        body = {"policyDocument": json.dumps(policy(f"s3:{name}")), "policyType": "IDENTITY_POLICY", "access": [{"actions": [f"s3:{name}"]}]}
        path = CHECKS[1]
    else:
        body, path = comparison(policy(f"s3:{name}A"), policy([f"s3:{name}A", f"s3:{name}B"] if number % 3 == 1 else f"s3:{name}A")), CHECKS[0]

    def is_own(answer):
        if number % 3 == 2:
            return answer.json["result"] == "PASS"
        return answer.json["result"] == "FAIL" and name.lower() in answer.json["witness"]["action"].lower()

    return path, body, is_own


def ask_good(connection, number):
    """Asks until the server has room, as clients of AWS do; the answer must be the request's own."""
    path, body, is_own = good(number)
    for _ in range(1_000):
        assert connection.send(request("POST", path, body, close=False)), "a good connection was closed"
        answer = connection.answer()
        # A machine with other work may leave a question less than its time.
        if not (answer.status == 429 or (answer.status == 422 and "time budget" in answer.json["message"])):
            assert answer.status == 200 and is_own(answer), (number, answer)
            return
        assert answer.is_aws() and (answer.status == 422 or answer.headers["retry-after"] == "1"), answer
        time.sleep(0.02)
    raise AssertionError("the server never had room")


def attack(at, kind, generator):
    """One attack; what came of it."""
    data, outcomes = kind(generator)
    outcomes = outcomes.split()
    with Connection(at) as connection:
        connection.send(data)
        if "reset" in outcomes:
            # The connection is not ended but broken.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return "reset"
        if "shut" in outcomes:
            connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.answer()
    if answer is CLOSED:
        outcome = "closed"
    elif answer.status == 200:
        outcome = "fine"
    elif answer.is_aws():
        outcome = "aws"
    else:
        outcome = "http" if 400 <= answer.status < 600 and not answer.body else "other"
    assert outcome in outcomes, f"{kind.__name__}: {outcome} {answer!r}\n{data[:600]!r}"
    assert answer.status != 500, f"{kind.__name__}: a defect {answer!r}\n{data[:2000]!r}"
    return outcome


class Together:
    """Threads; the first failure of one is the failure of all."""

    def __init__(self):
        self.failures, self.threads = [], []

    def start(self, work, *arguments):
        def guarded():
            try:
                work(*arguments)
            except BaseException as error:  # noqa: BLE001: whatever it is, it is reported.
                self.failures.append(error)
        self.threads.append(threading.Thread(target=guarded, daemon=True))
        self.threads[-1].start()

    def join(self):
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def round_of(server, count, seed):
    """So many attacks from several threads, with good requests on connections that stay."""
    seen, lock = Counter(), threading.Lock()
    kinds, weights = zip(*attacks.KINDS)

    def work(thread):
        generator = random.Random(seed * 1_000 + thread)
        connection, asked, mine = None, 0, Counter()
        for index in range(count // THREADS):
            kind = generator.choices(kinds, weights)[0]
            mine[f"{kind.__name__} {attack(server.at, kind, generator)}"] += 1
            if index % GOOD_EACH == 0:
                # The server closes what is idle for 10 s, as slow attacks on a busy machine may make it.
                if connection is None or time.monotonic() - asked > 4:
                    connection = Connection(server.at)
                ask_good(connection, seed * 10**7 + thread * 10**5 + index)
                asked = time.monotonic()
                mine["good"] += 1
                if generator.random() < 0.1:
                    connection.socket.close()
                    connection = None
        with lock:
            seen.update(mine)

    together = Together()
    for thread in range(THREADS):
        together.start(work, thread)
    together.join()
    server.is_well()
    return seen


def pipelined(server):
    """Many requests in one go are answered in their order, errors between them too."""
    with Connection(server.at) as connection:
        numbers = range(7_000_000, 7_000_030)
        sent = b"".join(request("POST", *good(number)[:2], close=False) + request("GET", f"/nowhere/{number}", close=False) for number in numbers)
        connection.send(sent)
        for number in numbers:
            answer = connection.answer()
            assert answer.status == 200 and good(number)[2](answer), (number, answer)
            answer = connection.answer()
            assert answer.status == 404 and answer.is_aws() and f"/nowhere/{number} " in answer.json["message"], answer
        connection.send(request("HEAD", "/health", close=False) + request("POST", *good(7)[:2]))
        assert connection.answer(head_only=True).status == 200
        assert good(7)[2](connection.answer())


def half_closed(server):
    """Who closes the sending side is answered or let go, never kept."""
    for number in range(40):
        with Connection(server.at) as connection:
            connection.send(request("POST", *good(number)[:2], close=False))
            connection.socket.shutdown(socket.SHUT_WR)
            answer = connection.answer()
            assert answer is CLOSED or good(number)[2](answer), answer


def ends(connection, drip=None):
    """Sends a byte now and then until the server ends the connection; its answer, if it gave one."""
    began = time.monotonic()
    connection.socket.settimeout(0.5)
    while time.monotonic() - began < PATIENCE:
        if drip and not connection.send(drip):
            break
        try:
            data = connection.socket.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            break
        if not data:
            break
        connection.left += data
        if b"\r\n\r\n" in connection.left:
            connection.socket.settimeout(PATIENCE)
            return connection.answer()
    else:
        raise AssertionError("a slow connection is kept for ever")
    return CLOSED


def slow(server, together, seen):
    """Clients that take their time; each of them is told so, or let go."""
    head = b"POST /policy/validation HTTP/1.1\r\nHost: a\r\n"

    def of(name, first, drip, wanted):
        with Connection(server.at) as connection:
            connection.send(first)
            if name == "idle after an answer":
                assert connection.answer().status == 200
            answer = ends(connection, drip)
        assert answer is CLOSED and wanted is None or answer.status == wanted and answer.is_aws(), (name, answer)
        seen[f"slow: {name}"] += 1

    for _ in range(4):
        together.start(of, "idle", b"", None, None)
        together.start(of, "idle after an answer", request("GET", "/health", close=False), None, None)
        together.start(of, "half a head", head, None, None)
        together.start(of, "a head byte by byte", head + b"A: ", b"a", None)
        together.start(of, "half a body", head + b"Content-Length: 1000\r\n\r\n{", None, 408)
        together.start(of, "a body byte by byte", head + b"Content-Length: 100000\r\n\r\n", b" ", 408)
        together.start(of, "chunks without end", head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 408)
        together.start(never_reads, server, seen)


def never_reads(server, seen):
    """Requests one after the other, and no answer taken."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(1)
    client.connect(server.at)
    began, data = time.monotonic(), request("GET", "/analyzer/" + "x" * 900, close=False) * 64
    while time.monotonic() - began < 2 * PATIENCE:
        try:
            client.sendall(data)
        except TimeoutError:
            continue
        except OSError:
            seen["slow: never reads"] += 1
            client.close()
            return
    raise AssertionError("a client that reads nothing is kept for ever")


def told_to_end(program):
    """TERM while good requests wait, beside slow ones and ones that never end."""
    server = Server(program, "--jobs", "1")
    connections = [Connection(server.at) for _ in range(24)]
    for number, connection in enumerate(connections):
        ask_good(connection, 8_000_000 + number)
    hostile = [Connection(server.at) for _ in range(8)]
    for connection in hostile:
        connection.send(b"POST /policy/validation HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
    for number, connection in enumerate(connections):
        connection.send(request("POST", *good(9_000_000 + number)[:2], close=False))
    # Whoever comes later is served: those before were accepted.
    for _ in range(3):
        server.is_well()
    server.process.send_signal(signal.SIGTERM)
    for number, connection in enumerate(connections):
        answer = connection.answer()
        assert answer.status == 200 and good(9_000_000 + number)[2](answer), f"what was accepted got no answer: {number} {answer!r}"
    for connection in hostile:
        answer = connection.answer()
        assert answer is CLOSED or answer.is_aws(), answer
    assert server.process.wait(PATIENCE) == 0, server.said


def main(program, count):
    server = Server(program, "--jobs", "2", "--queue", "64", "--connections", "192", "--timeout", "2", "--max-body", str(attacks.MOST_BODY))
    own = ask(server.at, request("PUT", "/analyzer", {"analyzerName": "Own", "type": "ACCOUNT"}))
    assert own.status == 200, own
    steps, seen, together, began = [], Counter(), Together(), time.monotonic()
    slow(server, together, seen)
    settled = False
    for number in range(ROUNDS):
        seen.update(round_of(server, count // 4, SEED + number))
        steps.append(server.memory("VmRSS:") or 0)
        # Four rounds are the attacks that were asked for; the others come only while memory grows with each.
        if number >= 3 and any(steps[-1] <= earlier for earlier in steps[1:-1]):
            settled = True
            break
    together.join()
    pipelined(server)
    half_closed(server)
    server.is_well()
    peak = server.memory("VmHWM:")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0, server.said
    assert not any("panicked" in line for line in server.said), server.said
    told_to_end(program)
    for name, number in sorted(seen.items()):
        print(f"{number:6} {name}")
    if peak is None:
        print("SKIPPED the memory of the server: this system does not tell it", file=sys.stderr)
    else:
        print("memory:", ", ".join(f"{step >> 20}" for step in steps), f"MB after each round, at most {peak >> 20} MB")
        assert settled, "memory does not come back"
        assert peak < PEAK, "memory is not bounded"
    print(f"{sum(seen.values())} requests in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
