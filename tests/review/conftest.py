"""Tests of the rules make many accounts: hashing every password would be most of their time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from review import accounts


@pytest.fixture(autouse=True, scope="module")
def quick_passwords() -> Iterator[None]:
    """The real algorithm with its cheapest cost; `test_accounts` looks at the real cost."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: quick)
        yield
