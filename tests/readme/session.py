#!/usr/bin/env python3
"""Holds the README's terminal session against the demo: runs it in tmux, opens some traces of the live view, and compares them
with what README.md has between its marks. What differs from run to run is the same in both: times, and with them the bars.

usage: session.py SOURCE_ROOT BUILD_DIRECTORY [--write]     --write puts the session into the README
"""
import pathlib
import re
import shlex
import sys

ROOT, BUILD = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from terminal_session import TerminalSession  # noqa: E402

BEGIN, END = "<!-- session -->\n```text\n", "```\n<!-- /session -->\n"
ENDPOINTS = ["Controller/GET /blocks/:name/row-by-row", "Controller/GET /categories", "Controller/GET /characters/:code/similar"]
REQUESTS = 120


def record():
    command = [str(ROOT / "tools/demo"), "--build", BUILD, "--live", "--requests", str(REQUESTS)]
    terminal = TerminalSession(shlex.join(command), 100, 60)
    try:
        counts = re.compile(r"^[> ] Controller/GET (\S+) +(\d+) ", re.M)

        def has_all(screen):
            count = {page: int(number) for page, number in counts.findall(screen)}
            return sum(count.values()) == REQUESTS + 2 * count.get("/compare", 0)  # which asks for two pages more

        terminal.wait_for(has_all, 60)
        terminal.press("a", "g")
        return "\n".join(open_trace(terminal, endpoint) for endpoint in ENDPOINTS)
    finally:
        terminal.close()


def open_trace(terminal, endpoint):
    """The latest trace of an endpoint, from its heading to its last bar, without stacks; the list of endpoints is on the screen
    again."""
    while True:
        selected = re.search(r"^> .*?  ", terminal.wait_for("by name"), re.M).group()
        shown = selected.strip("> ")
        if shown == endpoint or shown.endswith("…") and endpoint.startswith(shown[:-1]):
            break
        terminal.press("Down")
        terminal.wait_for(lambda screen: selected not in screen)
    terminal.press("Enter")
    terminal.wait_for("latest first")
    terminal.press("Enter")
    screen = terminal.wait_for("q back")
    terminal.wait_for(lambda screen: screen.startswith(endpoint + "  "))
    lines = [line.rstrip() for line in terminal.screen().split("\n")[:-1]]
    lines = lines[:next((i for i, line in enumerate(lines) if line.startswith("stack of ")), len(lines))]
    terminal.press("q", "q")
    terminal.wait_for("by name")
    return "\n".join(line for line in lines if line) + "\n"


def without_times(text):
    """Durations, bars, ids and measured values become the same in every run."""
    text = re.sub(r"req-[0-9a-f-]+…?|-?\d+(\.\d+)? (ns|µs|ms|s)\b", "#", text)
    text = re.sub(r" +(\d+ )?slow\b", "", text)  # on a machine with other things to do
    text = re.sub(r"(\"seconds\": ?)[^}\n]*", r"\1#", text)
    text = re.sub(r"^ +(at|from) .*\n", "", text, flags=re.M)  # without libbacktrace there are no lines
    text = re.sub(r"^(  (mem_delta|scout\.queue_time_ns) =) .*", r"\1 #", text, flags=re.M)
    # A bar begins and ends anywhere between its name and its duration.
    return re.sub(r" +", " ", re.sub(r"[▏▎▍▌▋▊▉█]+", " ", text))


def main():
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    if BEGIN not in readme:
        sys.exit("README.md has no " + repr(BEGIN))
    before, rest = readme.split(BEGIN)
    written, after = rest.split(END)
    recorded = record()
    if "--write" in sys.argv:
        path.write_text(before + BEGIN + recorded + END + after, encoding="utf-8")
        return 0
    if without_times(written) == without_times(recorded):
        return 0
    print("the README's session is stale: run this with --write. Now it is\n" + recorded)
    return 1


if __name__ == "__main__":
    sys.exit(main())
