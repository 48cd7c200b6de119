"""Mail of the embedded default: one file each, which any mail program opens."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from storage_config.mail.sender import with_sender

KEPT = 30 * 24 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class FileMailer:
    """A mail that is sent again lands on itself: its file is named by its Message-ID."""

    folder: Path
    sender: str

    def send(self, message: EmailMessage) -> None:
        self._make_folder()
        name = message["Message-ID"].strip("<>").partition("@")[0]
        aside = self.folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            sent = with_sender(message, self.sender)
            file.write(sent.as_bytes(policy=sent.policy.clone(linesep="\r\n")))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.folder / f"{name}.eml")

    def tidy(self) -> int:
        """Remove mails of more than a month ago."""
        if not self.folder.is_dir():
            return 0
        old = [p for p in self.folder.iterdir() if time.time() - p.stat().st_mtime > KEPT]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def check(self) -> None:
        self._make_folder()
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PermissionError(f"cannot write in {self.folder}")

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __str__(self) -> str:
        return f"mail is written to {self.folder}; set LANTOA_SMTP_URL to send it"
