"""An AI container in another language: Python's standard library, and a rule in the place of a model.

For each criterion it quotes the sentence that shares most words with it. It is here to be taken apart: read and
write frames as below, answer `ping` and `suggest`, and put a model where `suggest` is. ../../PROTOCOL.md says what
each field means, and `awap-jail --conformance -- python3 suggest.py` whether a container speaks the protocol.
"""

import hashlib
import json
import re
import struct
import sys
import time

VERSION = "0.1.0"
MAX_REQUEST = 16 << 20
SOURCE = open(__file__, "rb").read()
MODEL = {
    "id": "first sentence that fits",
    "sha256": hashlib.sha256(SOURCE).hexdigest(),
    "architecture": "rule",
    "quantization": "none",
    "context_tokens": MAX_REQUEST,
    "bytes": len(SOURCE),
}


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code, message, **details):
        super().__init__(message)
        self.error = {"code": code, "message": message, "details": details}


def require(condition, path, message):
    if not condition:
        raise Refused("invalid_input", message, path=path)


def words(text):
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def suggest(data):
    start = time.monotonic()
    text, criteria = data.get("text"), data.get("criteria")
    budget = data.get("budget") or {}
    require(isinstance(text, str), "text", "“text” must be a text.")
    require(isinstance(criteria, list), "criteria", "“criteria” must be a list.")
    # Spans are bytes of UTF-8.
    size = len(text.encode())
    for at, question in enumerate(data.get("questions") or []):
        fits = 0 <= question["start"] <= question["end"] <= size
        require(fits, f"questions[{at}]", "This question's span does not lie in the text.")
    left = budget.get("max_tokens", 768)
    ends = start + budget.get("time_ms", 20_000) / 1000
    sentences = [found.strip() for found in re.findall(r"[^.!?\n]+[.!?]?", text) if words(found)]
    comments, scores, finish = [], [], "stop"
    for criterion in criteria if sentences else []:
        if time.monotonic() >= ends:
            finish = "time"
            break
        wanted = words(criterion["title"] + " " + (criterion.get("description") or ""))
        quote = max(sentences, key=lambda sentence: len(words(sentence) & wanted))
        found = bool(words(quote) & wanted)
        comment = "Here you take up what is asked for." if found else "Say more plainly how this answers the question."
        cost = len(comment.split()) + len(quote.split())
        if cost > left:
            finish = "length"
            break
        left -= cost
        kind = "strength" if found else "improvement"
        comments.append({"criterion": criterion["id"], "kind": kind, "text": comment, "quote": quote})
        scores.append({"criterion": criterion["id"], "score": criterion["max_mark"] if found else 0})
    usage = {
        "prompt_tokens": len(text.split()),
        "completion_tokens": budget.get("max_tokens", 768) - left,
        "milliseconds": int((time.monotonic() - start) * 1000),
        "finish": finish,
        "text_truncated": False,
    }
    return {"suggestions": {"comments": comments, "scores": scores}, "model": MODEL, "usage": usage}


COMMANDS = {"ping": lambda data: {"status": "ready", "version": VERSION, "model": MODEL}, "suggest": suggest}


def answer(body):
    """The answer to one request; `body` is None where it was too long."""
    identity = None
    try:
        if body is None:
            raise Refused("limit_exceeded", "This request is too long.", limit="request_bytes", allowed=MAX_REQUEST)
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused("invalid_request", "A request is one JSON object in UTF-8.") from None
        if not isinstance(request, dict) or "request_id" not in request:
            raise Refused("invalid_request", "“request_id” is missing.")
        identity = request["request_id"]
        command, data = request.get("command"), request.get("data") or {}
        if not isinstance(command, str) or not isinstance(data, dict):
            raise Refused("invalid_request", "“command” must be a text and “data” an object.")
        if command not in COMMANDS:
            raise Refused("unknown_command", "There is no such command; there are “ping” and “suggest”.")
        return {"request_id": identity, "success": True, "data": COMMANDS[command](data)}
    except Refused as refused:
        error = refused.error
    except (KeyError, TypeError, AttributeError):
        error = {"code": "invalid_input", "message": "A field is missing or of a wrong type.", "details": {}}
    return {"request_id": identity, "success": False, "error": error}


def frames(stream):
    """The body of each request: a 4-byte big-endian length, and that many bytes."""
    while len(head := stream.read(4)) == 4:
        (length,) = struct.unpack(">I", head)
        if length <= MAX_REQUEST:
            yield stream.read(length)
            continue
        while length:  # Skipped without being held.
            length -= len(stream.read(min(length, 1 << 20))) or length
        yield None


def main():
    for body in frames(sys.stdin.buffer):
        encoded = json.dumps(answer(body)).encode()
        sys.stdout.buffer.write(struct.pack(">I", len(encoded)) + encoded)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
