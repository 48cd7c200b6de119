"""Pictures that stand for a clip: up to three, of which its owner may choose."""

from __future__ import annotations

from collections.abc import Sequence

from workers.media import commands
from workers.media.facts import MediaFacts
from workers.media.tool import Bench

# The best first; :func:`workers.media.pictures.poster_times` says of which times.
POSTERS = ("poster.jpg", "posters/2.jpg", "posters/3.jpg")


# A key frame so near a time stands for it.
NEAR_S = 0.55


def make(
    bench: Bench,
    facts: MediaFacts,
    wanted: Sequence[tuple[float, str]],
    key_times: Sequence[float] | None = None,
) -> list[str]:
    """Pictures of these times (seconds, name); the names of those that came out. A source that
    shows nothing there is no reason to fail.

    ``key_times``: the source's key frames. None where the times are theirs.
    """
    exact = False
    if key_times is not None:
        near = [min(key_times, key=lambda key: abs(key - at), default=-9.0) for at, _ in wanted]
        exact = any(abs(key - at) > NEAR_S for key, (at, _) in zip(near, wanted, strict=True))
        exact = exact or len(set(near)) < len(near)  # one key frame is not two posters
        if not exact:
            wanted = [(key, name) for key, (_, name) in zip(near, wanted, strict=True)]
    (bench.out / "posters").mkdir(exist_ok=True)
    # Three decoders of a large picture take a gigabyte: those run one after the other.
    together = [list(wanted)] if facts.short_side <= 1088 else [[one] for one in wanted]
    for some in together:
        if some:
            argv = commands.posters(bench.source, facts, bench.limits, some, exact=exact)
            bench.run(argv, facts)
    return [name for _, name in wanted if (bench.out / name).is_file()]
