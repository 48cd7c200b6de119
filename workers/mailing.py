"""The job `mail`: a notice to a mailer, once it is known that somebody still wants it."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from review import jobs
from review.jobs import Claim
from review.notices import mail
from storage_config.mail import MailDelayed, MailRefused
from workers.deps import Deps

log = structlog.get_logger(__name__)


def step(deps: Deps, claim: Claim) -> Callable[[Session], None]:
    """Send, and give the write that ends the job. A worker that is killed between the two leaves
    a job that is done again: the second mail has the first one's Message-ID."""
    settings = deps.settings
    with deps.database.read() as session:
        message = mail.of_job(
            session,
            claim,
            public_url=settings.public_url,
            office=settings.office_name,
            language=settings.locale,
        )
    if message is not None:
        try:
            deps.mailer.send(message)
        except MailRefused as error:
            log.error("mail_refused", job=claim.job_id, detail=str(error))
            return lambda session: jobs.fail(session, claim, "mail_refused")
        except (MailDelayed, OSError) as error:
            log.warning("mail_delayed", job=claim.job_id, detail=str(error))
            return lambda session: mail.delayed(session, claim, "mail_delayed")
    return lambda session: jobs.finish(session, claim)
