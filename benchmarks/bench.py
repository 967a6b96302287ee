#!/usr/bin/env python3
"""Runs benchmark suites: prints a table of each, and leaves its results (JSON) and a plot (SVG) in BUILD_FOLDER/results.

usage: bench.py BUILD_FOLDER [SUITE...] [--json FILE] [--peers] [--rounds N] [--smoke] [--compile]

--json    all results in one file, written after each suite
--peers   the suite that measures other tracers beside the same floor; with suites: as well
--smoke   as little as shows that all of it works; the times mean nothing
--compile builds the suites there first
"""
import argparse
import contextlib
import datetime
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import lttng_session
import plot

SUITES = ("hot_path", "without_clock", "disabled", "contention", "full_ring", "transaction", "coroutine", "encode", "throughput",
          "idle", "memory", "compile_time")
PEERS = "peers"
COUNTED = ("hot_path", "without_clock", "transaction", "coroutine", "encode")  # suites whose instructions say something


def instructions_of(program, rows):
    """{row: instructions a call, the loop's own included}; empty where callgrind cannot be had."""
    if shutil.which("valgrind") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--callgrind-out-file=%s/out" % folder, program, "--count"],
                       check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        totals = {}
        for dump in pathlib.Path(folder).iterdir():
            text = dump.read_text()
            row = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            if row:
                totals[row[1]] = int(re.search(r"^totals: (\d+)$", text, re.M)[1])
    return {row["name"]: totals[row["name"]] / row["calls"] for row in rows if totals.get(row["name"]) and row["calls"]}


def measure(build, suite, options):
    program = build / "benchmarks" / suite
    command = [program, "--smoke"] if options.smoke else [program, "--rounds", str(options.rounds)]
    with lttng_session.active_session() if suite == PEERS else contextlib.nullcontext() as environment:
        results = json.loads(subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout)
    if suite in COUNTED and not options.smoke:
        counted = json.loads(subprocess.run([program, "--count"], check=True, stdout=subprocess.PIPE).stdout)["rows"]
        instructions = instructions_of(program, counted)
        for row in results["rows"]:
            row["instructions"] = instructions.get(row["name"])
    return results


def number(value):
    if value is None:
        return ""
    return "%.2f" % value if abs(value) < 1000 else "{:,.0f}".format(value)


def verdict(figure):
    for key, sign, reached in (("at_most", "<=", lambda value, goal: value <= goal), ("at_least", ">=", lambda value, goal: value >= goal)):
        goal = figure[key]
        if goal is not None:
            return "goal %s %s: %s" % (sign, number(goal), "reached" if reached(figure["value"], goal) else "MISSED")
    return ""


def table(results):
    counted = any(row.get("instructions") for row in results["rows"])
    yield "%s: %d rounds of %d blocks" % (results["suite"], results["rounds"], results["blocks"])
    yield "  %-36s %12s %12s %10s%s" % ("", "median", "p99 block", "x floor", "  instructions" if counted else "")
    for row in results["rows"]:
        ratio = "" if row["ratio"] is None else "%.2f" % row["ratio"]
        count = "  %12.1f" % row["instructions"] if row.get("instructions") else ""
        yield "  %-36s %12s %12s %10s%s  %s" % (row["name"], number(row["median"]), number(row["p99"]), ratio, count, row["unit"])
    for figure in results["figures"]:
        yield "  %-36s %12s %-10s %s" % (figure["name"], number(figure["value"]), figure["unit"], verdict(figure))
    if results["counts"]:
        yield "  " + ", ".join("%s: %s" % (name, "{:,}".format(value)) for name, value in results["counts"].items())
    if not counted and results["suite"] in COUNTED:
        yield "  instructions: not counted (valgrind is not installed, or this was a smoke run)"


def machine():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    return {"processor": re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)[1] if "model name" in cpuinfo else platform.machine(),
            "processors": cpuinfo.count("processor\t"), "kernel": platform.release(),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--rounds", type=positive, default=9)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_intermixed_args()
    suites = options.suites or ([] if options.peers else list(SUITES))
    suites += [PEERS] if options.peers else []
    for suite in suites:
        if suite not in (*SUITES, PEERS):
            parser.error("no suite is named %s; there are %s" % (suite, ", ".join(SUITES)))
    folder = options.build / "results"
    try:
        folder.mkdir(exist_ok=True)
        if options.json:
            options.json.open("a").close()
    except OSError as error:
        parser.error("cannot write results: %s" % error)
    if options.compile and subprocess.run(["ninja", "-C", options.build, "benchmarks"]).returncode != 0:
        return "bench.py: the suites cannot be built"
    everything = {"machine": machine(), "suites": []}
    for suite in suites:
        try:
            results = measure(options.build, suite, options)
        except (OSError, subprocess.CalledProcessError) as error:
            return "bench.py: %s has failed: %s" % (suite, error)
        everything["suites"].append(results)
        print(*table(results), "", sep="\n", flush=True)
        (folder / (suite + ".json")).write_text(json.dumps(results, indent=1))
        (folder / (suite + ".svg")).write_text(plot.svg(results), encoding="utf-8")
        if options.json:
            options.json.write_text(json.dumps(everything, indent=1))
    print("results and plots: %s" % folder)


if __name__ == "__main__":
    sys.exit(main())
