"""Draws charts in a process of its own: specs come in, pictures go out.

    python -m inbox_agent.drawing

What draws them (Vega-Lite in V8, by vl-convert) holds Python's one lock for as long as it draws, a
tenth of a second and more: in the process of the pages everybody would wait meanwhile.

A request is one line of JSON, `{"form": "svg", "spec": {…}}`. The answer is a line, `drawn` or
`failed` with a count of octets, and so many octets: the picture, or why there is none. It ends
with its input, or when nobody has asked for anything in a while.
"""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Literal

Form = Literal["svg", "png"]

IDLE_SECONDS = 300.0
_SCALE = 2.0  # PNG for slides: two dots for each point


def drawn(spec: Mapping[str, Any], form: Form) -> bytes:
    """The picture; nothing is fetched for it, whatever its spec says. Raises ValueError.

    Fonts are those of this machine, or those that come with the library.
    """
    import vl_convert  # noqa: PLC0415 - 85 MB, for those who draw

    if form == "svg":
        svg: str = vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[])
        return svg.encode()
    png: bytes = vl_convert.vegalite_to_png(dict(spec), scale=_SCALE, allowed_base_urls=[])
    return png


def answer(line: bytes) -> bytes:
    """The whole answer to one request."""
    try:
        request = json.loads(line)
        word, body = b"drawn", drawn(request["spec"], request["form"])
    except ValueError as error:
        word, body = b"failed", str(error).encode()
    return b"%s %d\n%s" % (word, len(body), body)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers one request after the other until there is none for a while.

    Whoever asks waits for the answer before asking again: nothing is left in the buffer.
    """
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        line = requests.readline()
        if not line:
            return
        answers.write(answer(line))
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
