#!/usr/bin/env python3
"""Holds README.md against the code: every C++ block compiles without a warning, those with main() run and return 0, every
shell block runs, and the configuration table is what the program CONFIG_TABLE prints. Other blocks, and the commands of PAGES, are
run by tests that are named here; one that no test runs is an error, and so is a link or a path to nowhere, or a
reason for a loss that is not explained.

usage: readme.py SOURCE_ROOT CONFIG_TABLE COMPILER [--write]     --write puts the table into the README
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BEGIN, END = "<!-- configuration -->\n", "<!-- /configuration -->"

# Who runs a block of this language: a file, and what it says about it.
BLOCKS = {
    "cmake": [("tests/consumer/cmake.sh", "/^```cmake$/"), ("run", '" tests/consumer/cmake.sh\n')],
    "ini": [("tests/consumer/meson.sh", "block ini"), ("run", '" tests/consumer/meson.sh\n')],
    "meson": [("tests/consumer/meson.sh", "block meson"), ("run", '" tests/consumer/meson.sh\n')],
    "text": [("tests/readme/session.py", 'BEGIN, END = "<!-- session -->\\n```text\\n"'),
             ("examples/unicode_explorer/meson.build", "tests/readme/session.py")],
}
COMMAND_TEST = ("tests/core_agent_manager/meson.build", "command.test.py")
DOWNLOAD_TEST = ("tests/core_agent_manager/meson.build", "download.test.py")
# The same for commands.
COMMANDS = {
    "./run bench": [("run", '" ./run bench --peers')],
    "./run bench --peers": [("run", '" ./run bench --peers')],
    "./run check": [(".ci/run", "for part in test check; do")],
    "./run demo": [("run", '" ./run demo\n')],
    "./run demo --live": [("tests/readme/session.py", '"tools/demo"), "--build", BUILD, "--live"')],
    "./run docs": [("run", '" ./run docs\n')],
    "./run nightly": [("run", "\nrun_nightly() {")],
    "build/demo/tools/local_agent/scout-local-agent": [("tools/demo", '"tools/local_agent/scout-local-agent"')],
    "./run test": [(".ci/run", "for part in test check; do")],
    "meson install -C build --tags devel": [("tests/consumer/cmake.sh", "--tags devel")],
    "scout agent download": [("tests/core_agent_manager/download.test.py", 'self.scout("agent", "download"'), DOWNLOAD_TEST],
    "scout agent launch": [("tests/core_agent_manager/command.test.py", 'self.scout("agent", "launch")'), COMMAND_TEST],
    "scout agent path": [("tests/core_agent_manager/download.test.py", 'self.scout("agent", "path")'), DOWNLOAD_TEST],
    "scout check": [("tests/core_agent_manager/command.test.py", 'self.scout("check"'), COMMAND_TEST],
    "scout config": [("tests/core_agent_manager/command.test.py", 'self.scout("config")'), COMMAND_TEST],
    "tests/fuzz/search build/fuzz SECONDS": [("run", 'tests/fuzz/search build/fuzz "$1"')],
    "tests/planted_faults/search.py . WORD": [("run", '" tests/planted_faults/search.py .')],
    "tools/amalgamate . scout.hpp": [("tests/consumer/single_header.sh", '"$root/tools/amalgamate" "$root" "$folder/scout.hpp"')],
}
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PROGRAMS = {"./run", "cmake", "g++", "meson", "ninja", "scout"}
FOLDERS = ("benchmarks/", "docs/", "examples/", "include/", "packaging/", "tests/", "tools/")


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def whoever_runs(what, known, root):
    """What is wrong with the tests that run `what`."""
    if what not in known:
        return ["no test runs this: " + what]
    return ["%s no longer says %s: does it run this? %s" % (name, repr(text), what)
            for name, text in known[what] if text not in (root / name).read_text(encoding="utf-8")]


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def problems_of_page(page, pages, root):
    """Commands that nothing runs, paths and links that lead nowhere. Blocks are left out."""
    text = re.sub(r"^```.*?^```", "", pages[page], flags=re.M | re.S)
    problems = []
    for code in re.findall(r"`([^`\n]+)`", text):
        first, *rest = code.split()
        if first.startswith(FOLDERS) and "<" not in first and not (root / first).exists():
            problems.append("there is no " + first)
        is_program = first in PROGRAMS or (root / first).is_file() and os.access(root / first, os.X_OK)
        if is_program and rest or first.startswith("build/"):
            problems += whoever_runs(code, COMMANDS, root)
    for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", text):
        name, _, place = target.partition("#")
        headings = re.findall(r"^#+ (.*)$", pages.get(name or page, ""), re.M)
        if not (root / name).exists() or place and place not in map(anchor, headings):
            problems.append("this link leads nowhere: " + target)
    return problems


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
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", readme, re.M | re.S)
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
                problems += whoever_runs(language, BLOCKS, root)
                continue
            problems += ["this block fails:\n%s%s" % (text, result.stdout) for result in results if result.returncode != 0]
    pages = {name: (root / name).read_text(encoding="utf-8") for name in PAGES}
    problems += [problem for name in PAGES for problem in problems_of_page(name, pages, root)]
    reasons = (root / "include/scout/core/ledger.hpp").read_text(encoding="utf-8").split("enum class Reason")[1].split("};")[0]
    explained = readme.split("## When something goes wrong")[1]
    problems += ["not explained: " + name for name in re.findall(r"^  (\w+),", reasons, re.M) if "`%s`" % name not in explained]
    for problem in problems:
        print(problem)
    print("%d blocks" % len(blocks))
    return 1 if problems or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
