"""Captions: read from files, checked, kept with a revision, carried in HLS and the feed.

``decoding``, ``payload``, ``cues`` and ``hls`` are pure; ``reading`` and ``keeping`` know rows.
"""
