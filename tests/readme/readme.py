#!/usr/bin/env python3
"""Holds README.md against the code: every C++ block compiles without a warning, those with main() run and return 0, every
shell block runs, and the configuration table is what the program CONFIG_TABLE prints.

usage: readme.py SOURCE_ROOT CONFIG_TABLE COMPILER [--write]     --write puts the table into the README
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BEGIN, END = "<!-- configuration -->\n", "<!-- /configuration -->"


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def main():
    root, table_program, compiler = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    readme = (root / "README.md").read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    written, after = rest.split(END)
    table = run([table_program]).stdout
    if "--write" in sys.argv:
        (root / "README.md").write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return 0

    problems = [] if written == table else ["the configuration table is stale: run this with --write"]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", readme, re.M | re.S)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, SCOUT_MONITOR="true", SCOUT_LOG_LEVEL="off", SCOUT_CORE_AGENT_SOCKET_PATH=folder + "/none")
        for number, (language, text) in enumerate(blocks):
            if language == "cpp":
                source = pathlib.Path(folder, "block%d.cpp" % number)
                source.write_text(text, encoding="utf-8")
                has_main = "int main(" in text
                command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-I", str(root / "include"), str(source)]
                command += ["-o", folder + "/program", "-lfmt", "-lsimdjson"] if has_main else ["-fsyntax-only"]
                results = [run(command)]
                if has_main and results[0].returncode == 0:
                    results.append(run([folder + "/program"], env=environment, timeout=20))
            elif language == "sh":
                script = text.replace("-o hello", "-o " + folder + "/hello")
                results = [run(["sh", "-e", "-c", script], cwd=root)]
            else:
                continue
            problems += ["this block fails:\n%s%s" % (text, result.stdout) for result in results if result.returncode != 0]
    for problem in problems:
        print(problem)
    print("%d blocks" % len(blocks))
    return 1 if problems or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
