"""One HTTP request."""

from __future__ import annotations

import contextlib
import http.client
import json


def talk(port, verb, path, body=None, headers=None):
    """Status, headers and JSON (or text) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(verb, path, body, {"content-type": "application/json"} | (headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        kind = answer.headers.get("content-type", "")
        return answer.status, answer.headers, json.loads(content) if kind.startswith("application/json") else content.decode()
