"""A mail server of one's own: it keeps what it took, and answers as it was told to."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """``answers``: verb -> what is said instead of yes, once each. ``CUT`` closes the line."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=policy.default) for _, _, raw in self.taken]
        return [mail for mail in found if isinstance(mail, EmailMessage)]

    def says(self, verb: str, usual: str) -> str:
        waiting = self.answers.get(verb, [])
        return waiting.pop(0) if waiting else usual


CUT = "cut"


class _Visit(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.say("220 test")
        sender, to = "", []
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            verb = verb.upper()
            usual = {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")
            said = self.server.box.says(verb, usual)
            if said == CUT or not self.say(said) or verb == "QUIT":
                return
            address = rest.partition(":")[2].partition(" ")[0].strip("<>")
            if verb == "MAIL":
                sender, to = address, []
            elif verb == "RCPT" and said.startswith("250"):
                to.append(address)
            elif verb == "DATA" and said.startswith("354") and not self.take(sender, to):
                return

    def take(self, sender: str, to: list[str]) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        said = self.server.box.says("END", "250 taken")
        if said.startswith(("250", CUT)):
            self.server.box.taken.append((sender, to, b"".join(lines)))
        return said != CUT and self.say(said)

    def say(self, text: str) -> bool:
        self.wfile.write(f"{text}\r\n".encode())
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.box = box


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
