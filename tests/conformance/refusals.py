#!/usr/bin/env python3
"""The runner's exit status where there is nothing to perform, and that every scenario file is a test.

usage: refusals.py SCENARIO_RUNNER MESON_BUILD
"""
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    runner, build_file = sys.argv[1], pathlib.Path(sys.argv[2])
    problems = []

    def expect(status, word, arguments):
        run = subprocess.run([runner, *arguments], stderr=subprocess.PIPE, text=True, timeout=20, check=False)
        if run.returncode != status or word not in run.stderr.split():
            problems.append("%s: exit status %d, not %d: %s" % (arguments, run.returncode, status, run.stderr))

    with tempfile.TemporaryDirectory() as folder:
        address, file = folder + "/nobody", pathlib.Path(folder, "scenario.json")

        def scenario(status, word, text):
            file.write_text(text if isinstance(text, str) else json.dumps({"calls": text}), encoding="utf-8")
            expect(status, word, [str(file), address])

        for step in ("redis", "template", "celery.apply", "error.capture"):
            scenario(3, step, [{"op": "install"}, {"op": "web.scope", "name": "page", "body": [{"op": step}]}])
            scenario(3, step, [{"op": "threads", "bodies": [[], [{"op": step}]]}])
            scenario(3, step, [{"op": "async", "body": [{"op": "async.gather", "bodies": [[{"op": step}]]}]}])
        scenario(2, "'dance'", [{"op": "install"}, {"op": "dance"}])
        scenario(2, "'name'", [{"op": "web.scope", "name": 7}])
        scenario(2, "'op'", [{"name": "page"}])
        scenario(2, "'calls'", "{}")
        scenario(2, "scenario_runner:", "no JSON")
        expect(2, "usage:", [])
        expect(2, "usage:", [str(file)])
        expect(2, "usage:", [str(file), ""])
        expect(2, "read", [folder + "/absent.json", address])

    tests = build_file.read_text(encoding="utf-8")
    for golden in (build_file.parent / "golden").glob("*.json"):
        if "'%s'" % golden.stem not in tests and golden.name not in tests:
            problems.append("%s is no test" % golden.name)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
