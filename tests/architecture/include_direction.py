#!/usr/bin/env python3
"""Holds the tree to its house rules: who may include whom, what the everywhere-door reaches, guards, formatting, sizes of
files.

usage: include_direction.py ROOT COMPILER...
"""
import pathlib
import re
import statistics
import subprocess
import sys

# Every arrow may be followed, also several in a row; nothing else. version.hpp includes nothing and belongs to the vocabulary.
ARROWS = {
    "version.hpp": (),
    "core": ("version.hpp",),
    "buffer": ("core",),
    "instrument": ("buffer",),
    "web": ("instrument",),
    "integrations": ("web",),
    "config": ("core",),
    "log": ("core",),
    "sink": ("core",),
    "collect": ("buffer", "sink", "config", "log"),
    "core_agent": ("sink", "config", "log"),
    "core_agent/manager": ("core_agent", "config", "log", "version.hpp", "collect/thread_start.hpp"),
    "core_agent/manager.hpp": ("core_agent/manager", "agent"),
    "agent": ("collect", "core_agent"),
    "errors": ("agent", "config", "log"),
    "testing": ("agent", "collect", "sink", "instrument"),
    "scout.hpp": ("instrument", "version.hpp"),
    "agent.hpp": ("agent", "scout.hpp"),
    "testing.hpp": ("testing", "scout.hpp"),
    "tools": ("core_agent/framing.hpp", "core_agent/response.hpp", "core"),
    "tools/scout": ("core_agent/manager", "core_agent", "core", "version.hpp"),
}

# A library of others, and the only places that may include it.
LIBRARIES = {
    "simdjson.h": ("core_agent/response.hpp", "core_agent/manager/manifest.hpp"),
    "backtrace.h": ("collect/symbolizer.hpp",),
    "asio.hpp": ("integrations/asio.hpp",),
    "boost/asio.hpp": ("integrations/asio.hpp",),
    "curl/curl.h": ("integrations/curl.hpp", "core_agent/manager/transfer.hpp"),
    "archive.h": ("core_agent/manager/archive.hpp",),
    "openssl/crypto.h": ("core_agent/manager/sha256.hpp",),
    "openssl/evp.h": ("core_agent/manager/sha256.hpp",),
    "httplib.h": ("integrations/httplib.hpp",),
    "sqlite3.h": ("integrations/sqlite3.hpp",),
}

# What a file that includes scout.hpp must not pay for.
DEAR = {"atomic", "chrono", "string", "string_view", "thread", "mutex", "type_traits", "x86intrin.h"}
DEAR_FOLDERS = {"fmt", "simdjson"}

LONGEST_FILE = 600
MEDIAN_HEADER = 150


def place_of(path):
    """The entry of ARROWS that a header of include/scout belongs to: itself, or the innermost room that has one."""
    while path not in ARROWS and "/" in path:
        path = path.rpartition("/")[0]
    return path


def reachable(place):
    found, ahead = {place}, list(ARROWS.get(place, ()))
    while ahead:
        place = ahead.pop()
        if place not in found:
            found.add(place)
            ahead += ARROWS.get(place, ())
    return found


def includes(file):
    """(line number, name, quoted) of each #include."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[2], match[1] == '"'


def wrong_includes(root):
    house = root / "include/scout"
    for file in sorted(house.rglob("*.hpp")):
        path = file.relative_to(house).as_posix()
        if place_of(path) not in ARROWS:
            yield "%s: a room that the table of arrows does not know" % path
        for number, name, quoted in includes(file):
            at = "include/scout/%s:%d" % (path, number)
            if not quoted:
                if name.startswith("scout/"):
                    yield "%s: include a neighbour by its relative path" % at
                if path not in LIBRARIES.get(name, (path,)):
                    yield "%s: <%s> belongs to %s alone" % (at, name, ", ".join(LIBRARIES[name]))
                continue
            target = (file.parent / name).resolve()
            if not target.is_file() or house.resolve() not in target.parents:
                yield "%s: \"%s\" is no header of include/scout" % (at, name)
                continue
            target = target.relative_to(house.resolve()).as_posix()
            if place_of(target) not in reachable(place_of(path)) and target not in reachable(place_of(path)):
                yield "%s: %s must not include %s" % (at, place_of(path), target)


def wrong_includes_of_tools(root):
    for file in sorted((root / "tools").rglob("*.[ch]pp")):
        tool = file.relative_to(root).parts[:2]
        allowed = reachable("/".join(tool) if "/".join(tool) in ARROWS else "tools")
        for number, name, _ in includes(file):
            target = name[len("scout/"):]
            if name.startswith("scout/") and target not in allowed and place_of(target) not in allowed:
                yield "%s:%d: tools must not include %s" % (file.relative_to(root), number, name)


def dear_includes(root, compiler):
    """What scout.hpp reaches, with all that its includes include."""
    command = compiler + ["-std=c++20", "-I", str(root / "include"), "-M", "-x", "c++", str(root / "include/scout/scout.hpp")]
    reached = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.replace("\\\n", " ").split()
    for header in map(pathlib.Path, reached):
        if header.name in DEAR or header.name.split(".")[0] in DEAR_FOLDERS or header.parent.name in DEAR_FOLDERS:
            yield "scout.hpp reaches %s" % header


def wrong_guards(root):
    house = root / "include/scout"
    for file in sorted(house.rglob("*.hpp")):
        guard = "SCOUT_%s_HPP" % re.sub(r"\W", "_", file.relative_to(house).as_posix()[:-len(".hpp")]).upper()
        lines = file.read_text(encoding="utf-8").splitlines()
        if lines[:2] != ["#ifndef " + guard, "#define " + guard] or lines[-1] != "#endif":
            yield "%s: not inside the guard %s" % (file.relative_to(root), guard)


def formatting_of_our_own(root):
    """Calls that would compile fmt's engine into every program once more; fmt::format() is its library's."""
    for file in sorted((root / "include/scout").rglob("*.hpp")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\bv?format_to(_n)?\(", line):
                yield "%s:%d: use fmt::format() instead" % (file.relative_to(root), number)


def wrong_sizes(root):
    headers = []
    for folder in ("include", "tools", "tests", "benchmarks", "examples"):
        for file in sorted((root / folder).rglob("*")):
            if not file.is_file() or file.suffix not in (".hpp", ".cpp", ".py", ".build", ""):
                continue
            length = len(file.read_bytes().splitlines())
            if length > LONGEST_FILE:
                yield "%s: %d lines, more than %d" % (file.relative_to(root), length, LONGEST_FILE)
            if folder == "include":
                headers.append(length)
    median = statistics.median(headers)
    if median >= MEDIAN_HEADER:
        yield "the median header has %d lines, not under %d" % (median, MEDIAN_HEADER)


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    faults = [*wrong_includes(root), *wrong_includes_of_tools(root), *dear_includes(root, compiler), *wrong_guards(root),
              *formatting_of_our_own(root), *wrong_sizes(root)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
