"""Known errors as one line on standard error and exit status 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from review.errors import InvalidInput, ReviewError
from review.problems import message
from review.schema import SchemaMissing, SchemaNewer
from storage_config.database import DatabaseBusy
from storage_config.settings import SettingsError


@contextmanager
def in_words() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(f"settings: {error}") from None
    except (SchemaNewer, SchemaMissing) as error:
        raise click.ClickException(str(error)) from None
    except InvalidInput as error:
        lines = [f"{field}: {sentence}" for field, sentence in error.errors.items()]
        raise click.ClickException("\n  ".join(lines)) from None
    except ReviewError as error:
        raise click.ClickException(f"{message(error.code)} ({error})") from None
    except DatabaseBusy as error:
        raise click.ClickException(f"the database is busy, try again: {error}") from None
    except (OperationalError, ProgrammingError, InterfaceError) as error:
        raise click.ClickException(
            f"the database did not answer as expected: {error.orig}. "
            "Run `lantoa doctor`; it says what to do."
        ) from None
