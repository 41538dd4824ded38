"""The attacks: each gives the bytes of one request, and what may come of it.

A kind is a function of a random generator that gives (bytes, kinds of outcome): "aws" is an error in AWS's shape, "fine" an
answer with status 200, "http" a bare 4xx or 5xx of the HTTP layer, for what is no HTTP request, "closed" the end of the
connection, where HTTP has no other way.
"""
import json
from wire import request

CHECKS = ["/policy/check-no-new-access", "/policy/check-access-not-granted", "/policy/check-no-public-access", "/policy/validation"]
MOST_BODY = 1 << 20


def policy(action="s3:GetObject", resource="*", **more):
    return {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": action, "Resource": resource, **more}]}


def comparison(old, new):
    return {"existingPolicyDocument": json.dumps(old), "newPolicyDocument": json.dumps(new), "policyType": "IDENTITY_POLICY"}


def validation(document):
    return {"policyDocument": document, "policyType": "IDENTITY_POLICY"}


def malformed_json(random):
    body = bytearray(json.dumps(comparison(policy(), policy("s3:*"))).encode())
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body))
        match random.randrange(5):
            case 0: body[at] = random.randrange(256)
            case 1: del body[at:]
            case 2: body[at:at] = random.choice([b"\0", b"\xff\xfe", b"\xc0\xaf", b"\\ud800", b"\\u0000", b'"', b"{", b"]", b"NaN", b"1e999999"])
            case 3: body[at:at] = body[:at]
            case 4: del body[at:at + random.randint(1, 40)]
        if not body:
            body = bytearray(b"\xef\xbb\xbf{}")
    return request("POST", random.choice(CHECKS), bytes(body)), "aws fine"


def wrong_members(random):
    path = random.choice([*CHECKS, "/analyzer", "/access-preview", "/findingv2", "/finding", "/analyzer/findings/statistics"])
    value = random.choice([None, 0, -1, 1e308, "", "\0", "x" * 5000, [], [[]], {}, {"a": {}}, True, "arn:aws:x", ["*"] * 200, "\ud83d\ude00"])
    names = ["policyDocument", "policyType", "existingPolicyDocument", "newPolicyDocument", "access", "resourceType", "analyzerName",
             "type", "analyzerArn", "configurations", "filter", "sort", "maxResults", "nextToken", "status", "ids", "resourceArn", "locale", ""]
    body = {random.choice(names): value for _ in range(random.randint(0, 5))}
    if random.random() < 0.5:
        body = {**comparison(policy(), policy()), **body}
    if random.random() < 0.2:
        body = value
    return request("PUT" if path in ("/analyzer", "/access-preview", "/finding") else "POST", path, json.dumps(body).encode()), "aws fine"


def twice(random):
    name = random.choice(["policyDocument", "policyType"])
    body = json.dumps(validation(json.dumps(policy())))[:-1] + f', "{name}": "{random.choice(["", "IDENTITY_POLICY", "{}"])}"}}'
    return request("POST", "/policy/validation", body.encode()), "aws"


def wrong_path(random):
    path = random.choice(["/", "//", "/policy", "/policy/validation/", "/policy/check-no-new-access/x", "/analyzer/%ff", "/analyzer/%00",
                          "/findingv2/%c0%af?analyzerArn=x", "/analyzer?type=%ff", "/analyzer?maxResults=-1", "/analyzer?maxResults=1e9",
                          "/analyzer?nextToken=%F0%28", "/analyzer/..%2f..%2fetc%2fpasswd", "/../../etc/passwd", "/%", "/" + "a" * 8000,
                          "/recommendation/x", "/access-preview/" + "9" * 3000, "/policy/validation?maxResults=0", "/archive-rule",
                          "/tags/" + "%2f" * 900, "/resource/scan", "/policy/generation/x", "/analyzer?" + "a=b&" * 1500 + "type=X"])
    method = random.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get"])
    if (method, path.split("?")[0]) == ("GET", "/analyzer") and "%ff" not in path and "%F0" not in path and "type=X" not in path and "maxR" not in path:
        method = "BREW"
    return request(method, path, random.choice([b"", b"{}", b"Action=AssumeRole"])), "aws fine" if path == "//" else "aws"


def bad_head(random):
    line = random.choice([b"POST /policy/validation HTTP/1.1", b"POST  /policy/validation HTTP/1.1", b"POST /policy/validation", b"\0\0\0\0",
                          b"POST /policy/\0validation HTTP/1.1", b"POST /policy/validation HTTP/9.9", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                          b"PRI * HTTP/2.0", b"POST /\xff HTTP/1.1", b"GET http://169.254.169.254/ HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"G" * 70000])
    headers = random.sample([b"Content-Length: -1", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 99999999999999999999999",
                             b"Content-Length: 0x10", b"Transfer-Encoding: gzip", b"No colon here", b": empty name", b"A: \0", b"A\x01: b",
                             b"Long: " + b"a" * 300_000, b"\r\n".join(b"H%d: x" % n for n in range(500)), b"A: b\r\n folded", b"Host: a\r\nHost: b",
                             b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked, chunked", b"Expect: 200-ok"],
                            random.randint(1, 3))
    return b"\r\n".join([line, *headers, b"Connection: close", b"", b"{}"]), "aws http closed"


def bad_chunks(random):
    chunks = random.choice([b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"ffffffffffffffffffff\r\n", b"2\r\n{}{}{}\r\n0\r\n\r\n", b"2;" + b"x" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
                            b"2\r\n{}\r\n0\r\n" + b"T: x\r\n" * 20_000 + b"\r\n", b"2\n{}\n0\n\n", b"1\r\n{\r\n" * 20 + b"0\r\n\r\n", b"\r\n\r\n",
                            b"100000\r\n" + b" " * (1 << 20) + b"\r\n100\r\n" + b" " * 256 + b"\r\n0\r\n\r\n"])
    head = b"POST /policy/validation HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head + chunks, "aws http closed"


def too_long(random):
    body = b'{"policyDocument": "' + b" " * (MOST_BODY + random.randint(1, 200_000)) + b'"}'
    return request("POST", random.choice(CHECKS), body), "aws closed"


def short_body(random):
    """Less than was announced, and then the end of the stream."""
    head = b"POST /policy/validation HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % random.choice([3, 5000, MOST_BODY])
    return head + b"{}", "aws closed shut"


def deep(random):
    depth = random.choice([100, 1000, 50_000])
    opened, closed = random.choice([("[", "]"), ('{"a":', "}")])
    nest = opened * depth + ("1" if ":" in opened else "") + closed * depth
    match random.randrange(3):
        case 0: body = nest.encode()
        case 1: body = json.dumps(validation(nest)).encode()
        case 2: body = json.dumps({**comparison(policy(), policy()), "newPolicyDocument": '{"Statement":' + nest + "}"}).encode()
    return request("POST", "/policy/validation" if b"policyDocument" in body else CHECKS[0], body), "aws fine"


def strange_text(random):
    text = random.choice(["\0", "a\0b", "\ud7ff", "\uffff", "\U0010ffff", "${aws:username}", "${", "${${}}", "\\u{41}", "‮", "\u0130", "%00", "*" * 50, "é"])
    where = random.randrange(4)
    one = policy(action="s3:Get" + text if where == 0 else "s3:GetObject", resource="arn:aws:s3:::" + text if where == 1 else "*")
    if where == 2:
        one["Statement"][0]["Condition"] = {"StringLike": {"aws:" + text: [text, "*"]}}
    if where == 3:
        one["Statement"][0]["Sid"] = text
    return request("POST", CHECKS[0], comparison(policy("s3:*"), one)), "aws fine"


def long_policy(random):
    """A policy near the limit of a body."""
    match random.randrange(3):
        case 0: many = policy([f"s3:Get{random.randrange(10**6)}*" for _ in range(2_000)])
        case 1: many = policy(resource=["arn:aws:s3:::" + "b" * 900 + str(n) for n in range(400)])
        case 2: many = {"Statement": [{"Effect": "Allow", "Action": f"s3:Get{n}", "Resource": "*"} for n in range(1_500)]}
    if random.random() < 0.3:
        return request("POST", "/policy/validation", validation(json.dumps(many))), "aws fine"
    return request("POST", CHECKS[0], comparison(policy("s3:*"), many)), "aws fine"


def bomb(random):
    """Patterns that make naive matching, and automata, grow."""
    def pattern():
        return random.choice(["*a" * 40 + "*", "?" * 200, "*" + "?" * 30 + "a" + "*", "*".join("abcdefghij"), "a?*" * 30, "*" + "ab*" * 25])
    actions = ["s3:" + "".join(random.choice("*?ab") for _ in range(random.randint(5, 40))) for _ in range(random.randint(1, 15))]
    one = policy(actions, ["arn:aws:s3:::" + pattern() for _ in range(random.randint(1, 6))])
    one["Statement"][0]["Condition"] = {"StringLike": {"aws:PrincipalTag/a": [pattern() for _ in range(4)], "aws:SourceVpce": [pattern()]},
                                        "StringNotLike": {"aws:PrincipalTag/${aws:username}": "${aws:PrincipalTag/a}*" * 5}}
    other = policy(["s3:" + pattern()], "arn:aws:s3:::" + pattern())
    return request("POST", CHECKS[0], comparison(other, one)), "aws fine"


def keeps(random):
    """What the server would keep: analyzers with tags, previews with configurations."""
    if random.random() < 0.5:
        body = {"analyzerName": f"A{random.randrange(10**9)}", "type": "ACCOUNT", "tags": {f"k{n}": "v" * 100 for n in range(300)}}
        return request("PUT", "/analyzer", body), "aws fine"
    body = {"analyzerArn": "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/Own",
            "configurations": {f"arn:aws:sqs:us-east-1:1:q{n}": {"sqsQueue": {"queuePolicy": "{" + " " * random.randrange(20_000)}} for n in range(3)}}
    return request("PUT", "/access-preview", body), "aws fine"


def breaks_off(random):
    return request("POST", CHECKS[0], comparison(policy("s3:*"), policy()), close=False), "reset"


KINDS = [(malformed_json, 30), (wrong_members, 20), (twice, 3), (wrong_path, 15), (bad_head, 8), (bad_chunks, 4), (too_long, 1), (short_body, 3),
         (deep, 3), (strange_text, 10), (long_policy, 0.3), (bomb, 0.2), (keeps, 4), (breaks_off, 3)]
