"""Asks the web's ``/readyz`` until it says yes."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable

PATIENCE = 5.0  # seconds before the operator is told why it takes long; then ever longer
EVERY, SELDOM = 0.25, 2.0  # seconds between two questions: at first, and after PATIENCE


class Readiness:
    """``on_ready`` is called once; ``say`` hears why it takes long."""

    def __init__(
        self,
        address: str,
        port: int,
        *,
        say: Callable[[str], None],
        on_ready: Callable[[], None],
    ) -> None:
        self.address, self.port, self.say, self.on_ready = address, port, say, on_ready
        self.ready = False
        self.next_look = 0.0
        self.every, self.patience = EVERY, PATIENCE
        self.complain_at = time.monotonic() + PATIENCE

    @property
    def wait(self) -> float:
        """Seconds that the caller may sleep before the next :meth:`look`."""
        return 60.0 if self.ready else self.every

    def look(self) -> bool:
        if self.ready or time.monotonic() < self.next_look:
            return self.ready
        answer = self._ask()
        self.next_look = time.monotonic() + self.every
        if answer == "":
            self.ready = True
            self.on_ready()
        elif time.monotonic() > self.complain_at:
            self.every, self.patience = SELDOM, self.patience * 2
            self.complain_at = time.monotonic() + self.patience
            self.say(answer)
        return self.ready

    def _ask(self) -> str:
        """Nothing when it is ready, otherwise what is wrong."""
        connection = http.client.HTTPConnection(self.address.strip("[]"), self.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read(2000).decode("utf-8", "replace").strip()
        except ConnectionRefusedError:
            return "still starting"
        except (OSError, http.client.HTTPException) as error:
            return f"not ready yet: the web does not answer ({error})"
        finally:
            connection.close()
        return (
            ""
            if answer.status == 200
            else f"not ready yet: /readyz answers {answer.status}: {body}"
        )
