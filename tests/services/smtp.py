"""A mail server of one's own: it keeps what it took, and answers as it was told to."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass
class Mailbox:
    """``answers``: verb -> what is said instead of yes, once each. ``CUT`` closes the line.

    With a ``certificate`` it speaks TLS: ``whole``, from the first byte on, or when asked; and then
    signs anybody in. ``heard``: what it was asked, as (verb, whether by TLS).
    """

    certificate: ssl.SSLContext | None = None
    whole: bool = False
    heard: list[tuple[str, bool]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=policy.default) for _, _, raw in self.taken]
        return [mail for mail in found if isinstance(mail, EmailMessage)]

    def usual(self, verb: str, *, secure: bool) -> str:
        if verb == "EHLO" and self.certificate is not None:
            return f"250-test\r\n250 {'AUTH PLAIN' if secure else 'STARTTLS'}"
        known = {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on", "AUTH": "235 yes"}
        return known.get(verb, "250 ok")

    def says(self, verb: str, usual: str) -> str:
        waiting = self.answers.get(verb, [])
        return waiting.pop(0) if waiting else usual


CUT = "cut"


class _Visit(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.box.whole:
            self._secure()
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _secure(self) -> None:
        assert self.server.box.certificate is not None
        self.request = self.server.box.certificate.wrap_socket(self.request, server_side=True)

    def handle(self) -> None:
        self.say("220 test")
        sender, to = "", []
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            verb = verb.upper()
            secure = isinstance(self.request, ssl.SSLSocket)
            self.server.box.heard.append((verb, secure))
            said = self.server.box.says(verb, self.server.box.usual(verb, secure=secure))
            if said == CUT or not self.say(said) or verb == "QUIT":
                return
            if verb == "STARTTLS":
                self._secure()
                super().setup()
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

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):  # who does not trust it hangs up
            raise


def certificate_for(name: str, folder: Path) -> tuple[Path, ssl.SSLContext]:
    """An authority's certificate, and a server's of this name that it signed."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", f"/CN={name}", "-keyout", "key.pem", "-out", "asked.pem")
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "asked.pem", *signed, "-out", "certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return folder / "ca.pem", context


@contextmanager
def mailbox(certificate: ssl.SSLContext | None = None, *, whole: bool = False) -> Iterator[Mailbox]:
    box = Mailbox(certificate, whole)
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
