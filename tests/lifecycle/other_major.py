#!/usr/bin/env python3
"""other_major.py INCLUDE_FOLDER OUTPUT DEPFILE: the headers as the next major version will have them, beside OUTPUT, which
includes them."""
import pathlib
import sys

source, output, depfile = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
headers = sorted(source.rglob("*.hpp"))
for header in headers:
    text = header.read_text(encoding="utf-8").replace("v0", "v1").replace("registry_note_type = 0", "registry_note_type = 1")
    copy = output.parent / "other_major" / header.relative_to(source)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text, encoding="utf-8")
output.write_text('#include "other_major/scout/scout.hpp"\n', encoding="utf-8")
depfile.write_text("%s: %s\n" % (sys.argv[2], " ".join(map(str, headers))), encoding="utf-8")
