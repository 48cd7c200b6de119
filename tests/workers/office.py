"""A whole installation in one folder, with clips handed in as the web part does it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from review import accounts, audit, jobs, submission
from review.details import Details
from review.keys import original
from review.models import AuditRow, Clip, Job, OutputFile, Revision
from review.policy import Role
from review.uploads import register_upload
from storage_config.settings import Settings, load
from tests.world import World
from workers.deps import Deps, build
from workers.pipeline import work_once


@dataclass
class Office:
    """``deps`` are those of a worker; ``world`` gives its people. One call, one transaction."""

    data: Path
    settings: Settings
    deps: Deps
    world: World

    @classmethod
    def opened(cls, data: Path, **environ: str) -> Office:
        """On a data directory whose database has its schema."""
        settings = load(environ, data=data)
        deps = build(settings)
        return cls(data, settings, deps, World(deps.database))

    def close(self) -> None:
        self.deps.database.dispose()

    def hand_in(self, file: Path) -> str:
        """Bytes first, then the rows, as a finished upload does; the clip's id."""
        owner = self.world.person(Role.TEACHER)
        content = file.read_bytes()
        with self.deps.database.write() as session:
            row = register_upload(session, owner, len(content), file.name, hours=1, clip_id=None)
        key = original(row.id)
        self.deps.blobs.put(key, file)
        with self.deps.database.write() as session:
            sha256 = hashlib.sha256(content).hexdigest()
            submission.complete_upload(session, row.id, key=key, sha256=sha256)
            draft = submission.create_draft(session, owner, Details(title=file.name), ())
            submission.submit(session, draft.id, row.id, accounts.actor_of(owner))
        return draft.id

    def work(self, limit: int = 20) -> int:
        """Do what is due; how many jobs that were."""
        for count in range(limit):
            if not work_once(self.deps, "test-worker"):
                return count
        return limit

    def clip(self, clip_id: str) -> Clip:
        return self.world.get(clip_id)

    def jobs(self, clip_id: str) -> list[tuple[str, str, int, str | None]]:
        """Kind, state, attempts and problem of each."""
        with self.deps.database.read() as session:
            rows = session.scalars(select(Job).where(Job.clip_id == clip_id).order_by(Job.id))
            return [(j.kind, j.state, j.attempts, j.problem) for j in rows]

    def claim(self, kind: str) -> jobs.Claim:
        with self.deps.database.write() as session:
            found = jobs.claim(session, "test-worker", [kind])
        assert found is not None
        return found

    def make_due(self) -> None:
        """Time passes: whatever waits or is leased is due now."""
        with self.deps.database.write() as session:
            long_ago = session.scalar(select(Job.created_at).order_by(Job.created_at).limit(1))
            for job in session.scalars(select(Job).where(Job.state.in_(("queued", "running")))):
                job.next_attempt_at = long_ago
                if job.lease_until is not None:
                    job.lease_until = long_ago

    def stored(self, prefix: str = "derived/") -> list[str]:
        return list(self.deps.blobs.keys(prefix))

    def named_keys(self) -> list[str]:
        """Keys of outputs that rows name and that a viewer can be sent."""
        with self.deps.database.read() as session:
            rows = session.execute(select(OutputFile, Revision).join(Revision)).all()
        return sorted(
            file.key
            for file, revision in rows
            if file.attempt in (revision.examine_attempt, revision.ladder_attempt)
        )

    def check_nothing_is_lost(self, clip_id: str) -> None:
        """The invariants: one set of outputs, whole; an intact chain; no folder left behind."""
        assert self.stored() == self.named_keys()
        with self.deps.database.read() as session:
            for file in session.scalars(select(OutputFile)):
                with self.deps.blobs.open(file.key) as stream:
                    content = stream.read()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (
                    file.bytes,
                    file.sha256,
                )
            assert audit.verify(session)[1] is None
            chain = session.scalars(select(AuditRow).where(AuditRow.clip_id == clip_id))
            actions = [row.action for row in chain]
        assert actions.count("examined") <= 1
        assert self.scratch() == []

    def scratch(self) -> list[str]:
        folder = self.deps.scratch
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def media_tools(folder: Path) -> list[int]:
    """Running programs of the media tool, cages included, that work below ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                argv = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"ffmpeg" in argv and str(folder).encode() in argv:
                found.append(int(entry.name))
    return found
