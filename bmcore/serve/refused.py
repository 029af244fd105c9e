"""A request that is answered with a status and a sentence, raised from wherever that is found out."""

from __future__ import annotations

from bmcore.errors import BmcoreError


class Refused(Exception):
    """The status and the sentence."""

    def __init__(self, status: int, error: BmcoreError):
        self.status, self.error = status, error
