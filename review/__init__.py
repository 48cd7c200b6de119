"""The life of a clip, from submission to the feed or to the tombstone.

Knows nothing of HTTP, Celery, ffmpeg or S3: what it needs from outside stands in
:mod:`review.ports`.
"""
