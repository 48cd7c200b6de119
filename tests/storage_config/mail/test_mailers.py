"""Where mail goes: to a server, with every answer understood, or into a folder."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from storage_config.mail import FileMailer, MailDelayed, MailRefused, SmtpMailer, check, mailer
from storage_config.settings import load
from tests.services.smtp import CUT, Mailbox, certificate_for, mailbox

SENDER = "lantoa@phong.example.vn"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


def at(box: Mailbox, **other: object) -> SmtpMailer:
    return replace(SmtpMailer.at(f"smtp://127.0.0.1:{box.port}", SENDER), timeout=5.0, **other)


def message(text: str = "Một clip đã được đăng.\n") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Một clip đã được đăng"
    made["To"] = "ten@truong.example.vn"
    made["Message-ID"] = "<01abc@lantoa.example.vn>"
    made.set_content(text, cte="quoted-printable")
    return made


def test_a_mail_arrives_as_it_was_written(box: Mailbox) -> None:
    text = "Một clip đã được đăng.\n.\n..hai chấm\n"
    at(box).send(message(text))
    ((sender, to, raw),) = box.taken
    assert (sender, to) == (SENDER, ["ten@truong.example.vn"])
    assert max(raw) < 128
    (mail,) = box.mails
    assert {k: mail[k] for k in ("From", "To", "Subject", "Message-ID")} == {
        "From": SENDER,
        "To": "ten@truong.example.vn",
        "Subject": "Một clip đã được đăng",
        "Message-ID": "<01abc@lantoa.example.vn>",
    }
    assert mail.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    ("answer", "error"), [("451 come later", MailDelayed), ("550 never", MailRefused)]
)
def test_later_and_never_are_told_apart(
    box: Mailbox, verb: str, answer: str, error: type[Exception]
) -> None:
    box.answers = {verb: [answer]}
    with pytest.raises(error, match=answer[:3]):
        at(box).send(message())
    assert box.taken == []
    at(box).send(message())
    assert len(box.taken) == 1


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "DATA"])
def test_a_line_that_is_cut_is_later(box: Mailbox, verb: str) -> None:
    box.answers = {verb: [CUT], "HELO": [CUT]}
    with pytest.raises(MailDelayed):
        at(box).send(message())
    assert box.taken == []


def test_a_mail_that_was_taken_is_sent_whatever_the_goodbye(box: Mailbox) -> None:
    box.answers = {"QUIT": [CUT]}
    at(box).send(message())
    assert len(box.taken) == 1


def test_nobody_there_is_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = Mailbox(port=port)
    with pytest.raises(MailDelayed):
        at(nobody).send(message())


@pytest.mark.parametrize("other", [{"tls": "starttls"}, {"user": "lantoa", "password": "secret"}])
def test_without_tls_or_sign_in_no_mail_leaves(box: Mailbox, other: dict[str, str]) -> None:
    """The server offers neither: the mail waits, and is not sent in the clear instead."""
    with pytest.raises(MailDelayed) as caught:
        at(box, **other).send(message())
    assert box.taken == []
    assert "secret" not in f"{caught.value!r} {at(box, **other)!r}"


def test_the_url_says_how() -> None:
    found = SmtpMailer.at("smtp://lantoa:p%40ss@mail.example.vn?starttls=1", SENDER)
    assert (found.host, found.port, found.tls) == ("mail.example.vn", 587, "starttls")
    assert (found.user, found.password) == ("lantoa", "p@ss")
    assert SmtpMailer.at("smtps://mail.example.vn", SENDER).port == 465
    assert SmtpMailer.at("smtp://127.0.0.1", SENDER).tls == "none"


def test_a_server_that_anybody_could_be_gets_no_password(tmp_path: Path) -> None:
    """Its certificate is nobody's word but its own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    make += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    def answer(listener: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as line:
            line.sendall(b"220 here\r\n")
            heard.append(line.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=answer, args=(listener,))
        server.start()
        url = f"smtps://lantoa:secret@127.0.0.1:{port}"
        with pytest.raises(MailDelayed, match="SSLCertVerificationError"):
            replace(SmtpMailer.at(url, SENDER), timeout=5.0).send(message())
        server.join(10)
    assert heard == []


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate_for("localhost", tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("whole", [True, False])
def test_by_tls_the_name_in_the_url_has_to_be_the_certificates(
    signed: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """An authority that is trusted signed for another name: no word is said there in secret."""
    authority, certificate = signed
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    form = "smtps://lantoa:secret@{}:{}" if whole else "smtp://lantoa:secret@{}:{}?starttls=1"
    with mailbox(certificate, whole=whole) as box:
        there, elsewhere = (
            replace(SmtpMailer.at(form.format(host, box.port), SENDER), timeout=5.0)
            for host in ("localhost", "127.0.0.1")
        )
        with pytest.raises(MailDelayed, match="SSLCertVerificationError"):
            elsewhere.send(message())
        assert (box.taken, [secure for _, secure in box.heard if secure]) == ([], [])
        there.send(message())
        (mail,) = box.mails
        assert mail["Subject"] == "Một clip đã được đăng"
        assert {verb for verb, secure in box.heard if secure} >= {"AUTH", "MAIL", "DATA"}
        assert {verb for verb, secure in box.heard if not secure} <= {"EHLO", "STARTTLS"}
    monkeypatch.delenv("SSL_CERT_FILE")
    with mailbox(certificate, whole=whole) as box:
        with pytest.raises(MailDelayed, match="SSLCertVerificationError"):
            replace(there, port=box.port).send(message())
        assert box.taken == []


@pytest.mark.parametrize("header", ["Subject", "To"])
def test_no_header_can_be_smuggled_in(header: str) -> None:
    made = EmailMessage()
    with pytest.raises(ValueError, match=r"linefeed|invalid"):
        made[header] = "ten@truong.example.vn\r\nBcc: khac@example.vn"


def test_as_files_the_same_mail_lands_on_itself(tmp_path: Path) -> None:
    files = FileMailer(tmp_path / "mail", SENDER)
    for _ in range(2):
        files.send(message())
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "01abc.eml"
    assert path.stat().st_mode & 0o077 == 0
    assert b"From: lantoa@phong.example.vn\r\n" in path.read_bytes()


def test_old_files_go(tmp_path: Path) -> None:
    files = FileMailer(tmp_path / "mail", SENDER)
    assert files.tidy() == 0
    files.send(message())
    assert files.tidy() == 0
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(tmp_path / "mail" / "01abc.eml", (long_ago, long_ago))
    assert files.tidy() == 1
    assert list((tmp_path / "mail").iterdir()) == []


def test_settings_choose_and_the_check_sends_nothing(tmp_path: Path, box: Mailbox) -> None:
    by_default = load({}, data=tmp_path)
    assert mailer(by_default) == FileMailer(tmp_path / "mail", "lantoa@localhost")
    assert str(tmp_path / "mail") in check(by_default)
    url = f"smtp://127.0.0.1:{box.port}"
    sent = load({"LANTOA_SMTP_URL": url, "LANTOA_MAIL_FROM": SENDER}, data=tmp_path)
    assert mailer(sent) == SmtpMailer("127.0.0.1", box.port, SENDER)
    assert check(sent) == f"mail goes to 127.0.0.1:{box.port}"
    assert box.taken == []
    box.answers = {"NOOP": [CUT]}
    with pytest.raises(MailDelayed):
        check(sent)
