"""HTTP by hand: what no client library would send, and whole answers read back."""
import json
import socket

PATIENCE = 60  # Seconds until a server that does not answer counts as hanging.


class Answer:
    """One answer: status 0 where the server closed the connection without one."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def is_aws(self):
        """Whether an error has AWS's shape: its name in a header, a message in the body."""
        if "x-amzn-errortype" not in self.headers:
            return False
        try:
            return isinstance(self.json["message"], str)
        except (ValueError, KeyError, TypeError):
            return False

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


CLOSED = Answer(0, {}, b"")


class Connection:
    """A connection to the server; reads answers one after the other."""

    def __init__(self, at, patience=PATIENCE):
        self.socket = socket.create_connection(at, timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends; a server that refuses what it has not read yet may have closed."""
        try:
            self.socket.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            return False
        return True

    def more(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError as error:
            raise AssertionError("the server hangs: neither an answer nor an end") from error
        except OSError:
            return False
        self.left += data
        return bool(data)

    def answer(self, head_only=False):
        """The next answer, CLOSED if the connection ends before one begins."""
        while b"\r\n\r\n" not in self.left:
            if not self.more():
                assert not self.left.strip() or self.left.startswith(b"HTTP/1."), f"no HTTP: {self.left[:200]!r}"
                return CLOSED
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        if status == 100:
            return self.answer(head_only)
        length = 0 if head_only else int(headers.get("content-length", 0))
        while len(self.left) < length:
            if not self.more():
                return CLOSED
        body, self.left = self.left[:length], self.left[length:]
        return Answer(status, headers, body)


def request(method, path, body=b"", headers=(), close=True):
    """The bytes of a well-formed request."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost", b"Content-Length: %d" % len(body)]
    lines += [b"Connection: close"] if close else []
    return b"\r\n".join([*lines, *headers, b"", body])


def ask(at, data, head_only=False):
    """Sends bytes on a connection of their own, and gives the first answer."""
    with Connection(at) as connection:
        connection.send(data)
        return connection.answer(head_only)
