#!/usr/bin/env python3
"""Hours of trouble: a program that records, forks, churns threads and plugins, and a core agent that is killed, frozen and
started again. Every second the program's memory, descriptors, threads and ledger are held against what they may be.

usage: soak.py BUILD_FOLDER MINUTES [SEED]
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import cell

SLACK_KIB = 4096  # of memory, over the most of the first half
MEMORY_KIB = 64 * 1024  # the most ever


class Peer:
    """The local agent, and what can happen to one. Each process of it appends to a record of its own."""

    def __init__(self, program, folder):
        self.program, self.folder, self.count, self.process = program, folder, 0, None

    def start(self):
        self.count += 1
        self.process = subprocess.Popen(
            [self.program, "--address", self.address(), "--record", self.record()], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def address(self):
        return os.path.join(self.folder, "agent.sock")

    def record(self):
        return os.path.join(self.folder, "%d.jsonl" % self.count)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()
        if how == signal.SIGKILL and os.path.exists(self.address()):
            os.unlink(self.address())

    def trouble(self, chance, over):
        """One kind of trouble after the other, until `over` is set; leaves a healthy peer."""
        while not over.wait(chance.uniform(1, 5)):
            kind = chance.choice(["kill", "restart", "absent", "freeze"])
            if kind == "freeze":
                self.process.send_signal(signal.SIGSTOP)
                over.wait(chance.uniform(0.5, 12))
                self.process.send_signal(signal.SIGCONT)
                continue
            self.end(signal.SIGTERM if kind == "restart" else signal.SIGKILL)
            os.unlink(self.record())
            if kind == "absent":
                over.wait(chance.uniform(0.5, 12))
            self.start()


def numbers(line):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}


def watch(lines, seconds):
    """(problems, the last state) of what the program states each second."""
    problems, states = [], []
    for line in lines:
        if line == "work is over\n":
            break
        if "UNBALANCED" in line:
            problems.append("after %d s: %s" % (len(states), line.strip()))
        if line.startswith("state"):
            states.append(numbers(line))
    first, second = states[:len(states) // 2], states[len(states) // 2:]
    if len(states) != seconds:
        return problems + ["it stated %d seconds of %d" % (len(states), seconds)], {}
    for name, slack in [("rss_kib", SLACK_KIB), ("descriptors", 0), ("threads", 0)]:
        before, after = (max(state[name] for state in half) for half in (first, second))
        print("%s: at most %d in the first half, %d in the second" % (name, before, after))
        if after > before + slack:
            problems.append("%s grows: %d, then %d" % (name, before, after))
    if max(state["rss_kib"] for state in states) > MEMORY_KIB:
        problems.append("more than %d KiB of memory" % MEMORY_KIB)
    if states[-1]["failed_children"]:
        problems.append("%d children failed" % states[-1]["failed_children"])
    return problems, states[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("minutes", type=float)
    parser.add_argument("seed", type=int, nargs="?", default=random.randrange(1 << 32))
    options = parser.parse_args()
    build, seconds = options.build, max(10, int(60 * options.minutes))
    print("%d s, seed %d" % (seconds, options.seed), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(os.path.join(build, "tools/local_agent/scout-local-agent"), folder)
        peer.start()
        environment = dict(os.environ, SCOUT_CORE_AGENT_SOCKET_PATH=peer.address(), SCOUT_MONITOR="true", SCOUT_NAME="soak",
                           SCOUT_KEY="soak")
        here = os.path.join(build, "tests/lifecycle")
        program = subprocess.Popen(
            [os.path.join(here, "lifecycle_soak"), str(seconds), os.path.join(here, "liblifecycle_same_version.so")],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        over = threading.Event()
        chaos = threading.Thread(target=peer.trouble, args=(random.Random(options.seed), over))
        chaos.start()
        try:
            problems, last = watch(program.stdout, seconds)
        finally:
            over.set()
            chaos.join()
        printed = program.communicate("\n", timeout=120)[0]
        peer.end(signal.SIGTERM)
        trees, faults = cell.arrived(peer.record())
    problems += ["the peer complained: " + fault for fault in faults]
    if program.returncode != 0:
        problems.append("exit status %d" % program.returncode)
    if "UNBALANCED" in printed or " live=0" not in printed:
        problems.append("at the end:\n" + printed)
    if sum(tree.startswith("Job/last") for tree in trees) != 1:
        problems.append("the last transaction did not arrive once")
    print("%d core agents, %s\n%s" % (peer.count, last, printed))
    print("\n".join(problems) or "nothing was lost silently, nothing grew")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
