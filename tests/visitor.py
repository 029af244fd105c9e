"""A visitor without a browser: speaks to the server as the page's own script does, and can say what no page would let it say."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import time
import urllib.parse

PATIENCE_S = 120


class Visitor:
    """One session at a server; `with` closes it."""

    def __init__(self, url: str):
        self.host = urllib.parse.urlparse(url).netloc
        self._open = contextlib.ExitStack()

    def __enter__(self):
        from websockets.sync.client import connect

        address, origin = f"ws://{self.host}/_stcore/stream", f"http://{self.host}"
        self.wire = self._open.enter_context(connect(address, origin=origin, subprotocols=["streamlit"], max_size=None))
        return self

    def __exit__(self, *_):
        self._open.close()

    def visit(self, page: str = "", query: str = "", states: dict | None = None) -> list:
        """Run a page with widgets in these states (id -> (field of its state, value)); every answer until it has finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        for name, field in (states or {}).items():
            state = message.rerun_script.widget_states.widgets.add(id=name)
            setattr(state, *field)
        return self._until(message, "script_finished")

    def upload_address(self, name: str) -> str:
        """Where a file of that name may be sent."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.file_urls_request.request_id = "1"
        message.file_urls_request.file_names.append(name)
        answer = self._until(message, "file_urls_response")[-1]
        return answer.file_urls_response.file_urls[0].upload_url

    def send_file(self, address: str, blocks, length: int | None) -> int:
        """PUT a file, block by block; the status of the answer, or 0 if the server hung up."""
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_S)
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        cookie = answer.getheader("Set-Cookie", "").split(";")[0]
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\nContent-Type: text/csv\r\n\r\n'
        tail = b"\r\n--b--\r\n"
        headers = {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2], "Content-Type": "multipart/form-data; boundary=b"}
        headers |= {"Content-Length": str(length + len(head) + len(tail))} if length is not None else {}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it answers before it has read everything
            connection.request("PUT", address, body=itertools.chain([head], blocks, [tail]), headers=headers, encode_chunked=length is None)
        try:
            return connection.getresponse().status
        except (http.client.HTTPException, OSError):
            return 0
        finally:
            connection.close()

    def _until(self, message, kind: str) -> list:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        self.wire.send(message.SerializeToString())
        found, until = [], time.monotonic() + PATIENCE_S
        while not found or found[-1].WhichOneof("type") != kind:
            answer = ForwardMsg()
            answer.ParseFromString(self.wire.recv(timeout=max(0.1, until - time.monotonic())))
            found.append(answer)
        return found


def widgets(answers: list) -> dict[str, str]:
    """label -> id of everything that can be pressed or ticked."""
    found = {}
    for answer in answers:
        element = answer.delta.new_element if answer.WhichOneof("type") == "delta" else None
        kind = element.WhichOneof("type") if element else None
        if kind in ("button", "checkbox"):
            found[getattr(element, kind).label] = getattr(element, kind).id
    return found


def raw(answers: list) -> bytes:
    """Every byte of the answers."""
    return b"".join(answer.SerializeToString() for answer in answers)
