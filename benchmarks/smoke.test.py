#!/usr/bin/env python3
"""Runs every benchmark suite in the smallest way: each must end well and leave its rows as JSON and a plot that is XML. Times are
not looked at. What cannot work is refused before anything is measured.

usage: smoke.test.py BUILD_FOLDER
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import bench

ROWS = {
    "hot_path": {"empty loop", "floor", "span", "span + integer tag", "span + 16-byte tag", "work", "span around work"},
    "without_clock": {"empty loop", "span", "span, object"},
    "disabled": {"empty loop", "compiled out", "not installed", "monitor off, object", "outside of a transaction"},
    "contention": {"floor, threads: 1", "span, threads: 1", "floor, threads: 2", "span, threads: 2"},
    "full_ring": {"floor", "span", "refused span"},
    "transaction": {"11 spans", "transaction with 10 spans", "web request with 10 spans"},
    "coroutine": {"without a context", "the thread's context", "another context than the thread's"},
    "encode": {"encode 10 spans", "encode 100 spans"},
    "throughput": {"raw send, 100 spans", "background thread, 100 spans", "background thread, 12 spans, elapsed"},
    "idle": {"10 transactions a second, CPU", "quiet, wake-ups", "quiet, CPU"},
    "memory": {"a thread", "1,000 times as many spans as a ring holds", "1,000 threads, one after another"},
    "compile_time": {"empty file", "<string_view>", "<scout/scout.hpp>", "a macro, hot code", "a macro, cold code"},
}


def check(suite, results, plot):
    rows = {row["name"]: row for row in results["rows"]}
    assert ROWS[suite] <= rows.keys(), "missing: %s" % (ROWS[suite] - rows.keys())
    for row in [*rows.values(), *({"name": figure["name"], "median": figure["value"]} for figure in results["figures"])]:
        assert row["median"] is not None and math.isfinite(row["median"]), "no value: %s" % row["name"]
    texts = {element.text for element in xml.etree.ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")}
    assert rows.keys() <= texts, "not in the plot: %s" % (rows.keys() - texts)


def check_refusals(build):
    for arguments, reason in ((["--rounds", "1", "nonsense"], "no suite is named nonsense"), (["--rounds", "0"], "--rounds"),
                              (["--json", "/nowhere/results.json"], "/nowhere/results.json"), (["--json", str(build)], str(build))):
        refused = subprocess.run([bench.__file__, build, "disabled", *arguments], capture_output=True, text=True)
        assert refused.returncode == 2 and reason in refused.stderr.splitlines()[-1] and not refused.stdout, refused


def main():
    build = pathlib.Path(sys.argv[1])
    check_refusals(build)
    assert set(bench.SUITES) == ROWS.keys()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([bench.__file__, build, "--smoke", "--json", file.name], check=True)
        results = json.load(file)
    assert [suite["suite"] for suite in results["suites"]] == list(bench.SUITES)
    for suite in results["suites"]:
        check(suite["suite"], suite, build / "results" / (suite["suite"] + ".svg"))
    print("%d suites" % len(results["suites"]))


if __name__ == "__main__":
    sys.exit(main())
