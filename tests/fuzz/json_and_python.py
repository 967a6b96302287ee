#!/usr/bin/env python3
"""Holds the JSON of arbitrary bytes against Python: json.loads takes it strictly, and a string is what Python's decoder makes
of the same bytes. Over the corpora and generated values.

usage: json_and_python.py JSON_LINES CORPUS
"""
import json
import math
import pathlib
import random
import struct
import subprocess
import sys

PARTS = [b'"', b"\\", b"\n", b"\0", b"\x7f", b"plain text", "é".encode(), "€".encode(), "😀".encode(), b"\xed\xa0\x80",
         b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff"]


def inputs(corpus):
    """(kind, bytes): the files as they are, and a few thousand values from a fixed seed."""
    generator = random.Random(1)
    texts = [file.read_bytes() for file in sorted(corpus.rglob("*")) if file.is_file()]
    texts += [bytes([byte]) for byte in range(256)] + [bytes([lead, 0x80, 0xbf, 0x80]) for lead in range(0x80, 256)]
    for _ in range(3000):
        texts.append(b"".join(generator.choice(PARTS + [generator.randbytes(2)]) for _ in range(generator.randrange(12))))
    for text in texts:
        yield "text", text
        yield "transaction", text
        yield "tokens", text
        yield "tokens", bytes(generator.choice(b"nft[]{}s") for _ in range(20)) + text
    for bits in [0, 1 << 63, 1, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48, 0x3fb999999999999a]:
        yield "real", struct.pack("<Q", bits)
    for _ in range(3000):
        yield "real", generator.randbytes(8)


def refuse(constant):
    raise ValueError(constant + " is no JSON")


def check(kind, given, line):
    value = json.loads(line.decode("utf-8"), parse_constant=refuse)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")  # no lone surrogate either
    expected = given.decode("utf-8", "replace")
    if kind == "text":
        assert value == expected
    elif kind == "real":
        real = struct.unpack("<d", given)[0]
        assert value == real if math.isfinite(real) else value is None
    elif kind == "transaction":
        names = [next(iter(command)) for command in value["BatchCommand"]["commands"]]
        assert names == ["StartRequest", "TagRequest", "StartSpan", "TagSpan", "StopSpan", "FinishRequest"]
        bodies = [next(iter(command.values())) for command in value["BatchCommand"]["commands"]]
        assert bodies[2]["operation"] == expected
        assert all(bodies[i]["tag"] == expected and bodies[i]["value"] == expected for i in (1, 3))


def main():
    values = list(inputs(pathlib.Path(sys.argv[2])))
    asked = "".join("%s %s\n" % (kind, given.hex()) for kind, given in values)
    answers = subprocess.run([sys.argv[1]], input=asked.encode(), stdout=subprocess.PIPE, check=True).stdout.split(b"\n")
    assert len(answers) == len(values) + 1, "one line each"
    for (kind, given), line in zip(values, answers):
        try:
            check(kind, given, line)
        except (AssertionError, ValueError, RecursionError) as error:
            sys.exit("%s %s\nbecomes %r\n%r" % (kind, given.hex(), line, error))
    print("%d values" % len(values))


if __name__ == "__main__":
    main()
