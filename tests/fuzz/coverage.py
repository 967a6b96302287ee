#!/usr/bin/env python3
"""Measures what the committed corpus of each fuzz target reaches of the headers it is about: branches (both outcomes of every
condition) and regions, by clang's source-based coverage. Below the threshold the check fails; --lines shows what is missing.

usage: coverage.py [--lines] [TARGET...]     needs clang-14 and llvm-14
Ends with "N passed, M failed", one test a target.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/fuzz"
THRESHOLD = 90  # percent

HEADERS = {
    "answers": ["core_agent/framing.hpp", "core_agent/response.hpp"],
    "config": ["config/address.hpp", "config/config_key.hpp", "config/config_values.hpp", "config/conversions.hpp",
               "config/finalize.hpp", "config/layers.hpp", "core/log_level.hpp"],
    "headers": ["web/job_queue_time.hpp", "web/queue_time.hpp", "web/request.hpp"],
    "json": ["collect/tag_json.hpp", "core/json_text.hpp", "core/tag.hpp"],
    "messages": ["core_agent/json_encoder.hpp"],
    "query": ["web/bounded_text.hpp", "web/path.hpp", "web/query.hpp"],
}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, **options).stdout


def measure(target, folder, show_lines):
    """{header: summary} of a replay of the corpus alone."""
    program, raw, profile = folder / target, folder / "raw", folder / "profile"
    run("clang++-14", "-std=c++20", "-O0", "-g0", "-fprofile-instr-generate", "-fcoverage-mapping", "-I", ROOT / "include",
        HERE / (target + ".cpp"), HERE / "replay.cpp", "-o", program, "-lfmt", "-lsimdjson")
    run(program, HERE / "corpus" / target, HERE / "dictionaries" / (target + ".dict"), env={"LLVM_PROFILE_FILE": str(raw)})
    run("llvm-profdata-14", "merge", "-o", profile, raw)
    headers = [ROOT / "include/scout" / header for header in HEADERS[target]]
    if show_lines:
        print(run("llvm-cov-14", "show", "-show-branches=count", "-show-instantiations=false", "-instr-profile", profile, program,
                  *headers).decode())
    report = json.loads(run("llvm-cov-14", "export", "-summary-only", "-instr-profile", profile, program, *headers))
    return {pathlib.Path(file["filename"]).name: file["summary"] for file in report["data"][0]["files"]}


def main():
    targets = [word for word in sys.argv[1:] if not word.startswith("-")] or sorted(HEADERS)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for target in targets:
            summaries = measure(target, pathlib.Path(folder), "--lines" in sys.argv)
            reached = {}
            for kind in ("branches", "regions"):
                covered, count = (sum(summary[kind][field] for summary in summaries.values()) for field in ("covered", "count"))
                reached[kind] = 100 * covered / count
                each = " ".join("%s %d/%d" % (name, summary[kind]["covered"], summary[kind]["count"])
                                for name, summary in summaries.items())
                print("%-9s %-9s %4d of %4d  %5.1f %%  %s" % (target, kind, covered, count, reached[kind], each))
            failed += min(reached.values()) < THRESHOLD
    print("%d passed, %d failed" % (len(targets) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
