#!/usr/bin/env python3
"""Makes the reference from the headers, with Doxygen, and fails when a public name of what applications call has no docstring.

usage: reference.py FOLDER     HTML in FOLDER/html

Ends with "N passed, N failed": one for each header that is complete, or is not.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Rooms whose every public name has a docstring.
COMPLETE = ("agent", "instrument", "web")
UNDOCUMENTED = re.compile(r"include/scout/(\w+)/(\w+\.hpp):(\d+): warning: (?:Compound|Member) (.*) is not documented")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, SCOUT_REFERENCE=str(folder.resolve()))
    done = subprocess.run(["doxygen", "docs/Doxyfile"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=True)
    incomplete = set()
    for room, header, line, name in UNDOCUMENTED.findall(done.stderr):
        if room in COMPLETE and "SCOUT_DETAIL_" not in name:
            incomplete.add((room, header))
            print(f"{room}/{header}:{line}: no docstring: {name}")
    headers = {(room, path.name) for room in COMPLETE for path in (ROOT / "include/scout" / room).glob("*.hpp")}
    if not (folder / "html/classscout_1_1ScopedSpan.html").exists():
        incomplete = headers  # it has not understood them
    print(f"{len(headers) - len(incomplete)} passed, {len(incomplete)} failed")
    return bool(incomplete)


if __name__ == "__main__":
    sys.exit(main())
