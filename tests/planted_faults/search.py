#!/usr/bin/env python3
"""Plants the faults of faults.toml, one at a time, in a copy of the tree, and runs the test that must turn red for each.

usage: search.py SOURCE_ROOT [WORD]             WORD: only the faults whose description, file or test has it
       search.py SOURCE_ROOT --plantable        only says whether each still fits the sources

Ends with "N passed, N failed": so many were caught, so many were not.
"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

FAST = ["-Dbuildtype=plain", "-Doptimization=0", "-Ddebug=false", "-Dexamples=disabled", "-Dbenchmarks=disabled"]
BUILDS = {False: FAST, True: [*FAST, "-Dcpp_args=-g1", "-Db_lundef=false", "-Db_sanitize=thread"]}
COPIED = ("include", "tests", "tools", "packaging", "LICENSE", "README.md", "meson.build", "meson_options.txt")


class Builds:
    """The copy, and its builds with and without the thread sanitizer."""

    def __init__(self, root, folder):
        self.folder = folder
        for name in COPIED:
            copy = shutil.copytree if (root / name).is_dir() else shutil.copy
            copy(root / name, folder / name)
        self.environment = dict(os.environ, TSAN_OPTIONS="suppressions=%s" % (root / "tests/support/tsan_suppressions.txt"))

    def run(self, test, thread_sanitizer):
        """How a test ends: it passes, fails, or does not compile."""
        build = self.folder / ("tsan" if thread_sanitizer else "plain")
        if not build.exists():
            subprocess.run(["meson", "setup", build, self.folder, *BUILDS[thread_sanitizer]], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(["meson", "test", "-C", build, test], capture_output=True, text=True, env=self.environment, check=False)
        log = build / "meson-logs/testlog.txt"
        if "ninja: build stopped" in done.stdout or not log.exists():
            return "does not compile"
        return "passes" if done.returncode == 0 else "fails"


def fits(file, old):
    count = file.read_text(encoding="utf-8").count(old)
    if count != 1:
        print("%s has %d times:\n%s" % (file, count, old))
    return count == 1


def plant(file, old, new):
    if not fits(file, old):
        raise SystemExit(1)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--plantable", action="store_true")
    options = parser.parse_args()
    root, word = options.root, options.word
    with open(pathlib.Path(__file__).with_name("faults.toml"), "rb") as stream:
        faults = tomllib.load(stream)["fault"]
    if options.plantable:
        return 0 if all([fits(root / "include/scout" / fault["file"], fault["old"]) for fault in faults]) else 1
    faults = [fault for fault in faults if word in " ".join((fault["says"], fault["file"], fault["test"]))]
    outcomes = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        builds = Builds(root, pathlib.Path(folder))
        for test, sanitized in sorted({(fault["test"], fault.get("thread_sanitizer", False)) for fault in faults}):
            if builds.run(test, sanitized) != "passes":
                raise SystemExit("%s fails without any fault" % test)
        for fault in faults:
            file = builds.folder / "include/scout" / fault["file"]
            text = plant(file, fault["old"], fault["new"])
            outcome = builds.run(fault["test"], fault.get("thread_sanitizer", False))
            file.write_text(text, encoding="utf-8")
            outcomes[outcome] += 1
            print("%s %s: %s (%s)" % (fault["test"], outcome, fault["says"], fault["file"]), flush=True)
    caught = outcomes["fails"]
    print("%d passed, %d failed" % (caught, len(faults) - caught))
    return 0 if caught == len(faults) > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
