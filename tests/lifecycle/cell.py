#!/usr/bin/env python3
"""Runs one program of the lifecycle matrix against a real peer and holds what arrived against what must.

usage: cell.py LOCAL_AGENT PROGRAM [--tree TREE]... [--count N OPERATION]... [--least N OPERATION]... [--line LINE]...
               [--status N] [--tcp] [--alone] [-- ARGUMENT...]
  --tree TREE           a transaction that arrives: "Job/a{Custom/b{SQL/Query} Custom/c}"; together these are all that arrive
  --count N OPERATION   instead: exactly N transactions of that operation arrive; those that are not named do not matter
  --least N OPERATION   instead: N or more of them
  --line LINE           a line that the program prints; "arrived transactions=T spans=S" in it is filled in from the peer
  --status N            the program's exit status (0); of one that a signal ends, minus its number
  --tcp                 the peer listens on TCP
  --alone               means nothing when another program runs this one: then it is skipped
The peer is the local agent, on a unix socket unless told otherwise, which the program finds in its environment. The cell
ends when everything has that the program started and that still has its standard output. What LIFECYCLE_UNDER in the
environment names ("valgrind -q") runs the program.
"""
import argparse
import collections
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile


def tree_of(batch):
    """One batch as a tree in text, siblings in the order of their start."""
    operations, children, roots = {}, {}, []
    for command in batch["commands"]:
        (name, fields), = command.items()
        if name != "StartSpan":
            continue
        operations[fields["span_id"]] = fields["operation"]
        parent = fields.get("parent_id")
        (children.setdefault(parent, []) if parent else roots).append(fields["span_id"])

    def text(span):
        below = " ".join(text(child) for child in children.get(span, []))
        return operations[span] + ("{%s}" % below if below else "")
    return " ".join(text(root) for root in roots)


def arrived(path):
    """(trees, faults) of everything that the peer recorded."""
    trees, faults = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            faults += event.get("bad", []) if event["ev"] == "msg" else []
            faults += [event["ev"]] if event["ev"] in ("bad-json", "bad-frame") else []
            if event["ev"] == "msg" and "BatchCommand" in event["body"]:
                trees.append(tree_of(event["body"]["BatchCommand"]))
    return trees, faults


def run(command, environment):
    """(what it printed, its exit status); of one that hangs, "hangs"."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        try:
            return program.communicate(timeout=100)[0], program.returncode
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            return program.communicate()[0], "hangs"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("local_agent")
    parser.add_argument("program")
    parser.add_argument("--tree", action="append", default=[])
    parser.add_argument("--count", action="append", nargs=2, default=[])
    parser.add_argument("--least", action="append", nargs=2, default=[])
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--line", action="append", default=[])
    parser.add_argument("--status", type=int, default=0)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    under = shlex.split(os.environ.get("LIFECYCLE_UNDER", ""))
    if under and options.alone:
        return 77

    with tempfile.TemporaryDirectory() as folder:
        address, record = os.path.join(folder, "agent.sock"), os.path.join(folder, "record.jsonl")
        peer = subprocess.Popen([options.local_agent, "--address", "tcp://127.0.0.1:0" if options.tcp else address,
                                 "--record", record], stdout=subprocess.PIPE, text=True)
        address = peer.stdout.readline().split()[-1]  # says where it listens: ready
        environment = dict(os.environ, SCOUT_CORE_AGENT_SOCKET_PATH=address, SCOUT_MONITOR="true", SCOUT_NAME="lifecycle",
                           SCOUT_KEY="lifecycle", SCOUT_SHUTDOWN_TIMEOUT_SECONDS="20")  # for a machine that is slow
        try:
            printed, status = run([*under, options.program, *sys.argv[end + 1:]], environment)
        finally:
            peer.terminate()
            peer.communicate(timeout=20)
        trees, faults = arrived(record)

    problems = ["the peer complained: " + fault for fault in faults]
    if "UNBALANCED" in printed:
        problems.append("printed:\n" + printed)
    if status != options.status:
        problems.append("exit status %s" % status)
    found = collections.Counter(tree.split("{")[0] for tree in trees)
    problems += ["%d of %s arrived, not %s" % (found[operation], operation, number)
                 for number, operation in options.count if found[operation] != int(number)]
    problems += ["%d of %s arrived, not %s or more" % (found[operation], operation, number)
                 for number, operation in options.least if found[operation] < int(number)]
    if not options.count and not options.least and sorted(trees) != sorted(options.tree):
        problems.append("arrived:\n  %s\nexpected:\n  %s" % ("\n  ".join(sorted(trees)), "\n  ".join(sorted(options.tree))))
    spans = sum(tree.count("/") for tree in trees) - len(trees)
    for line in options.line:
        wanted = line.replace("arrived", "arrived transactions=%d spans=%d" % (len(trees), spans))
        if wanted not in printed.splitlines():
            problems.append("did not print: %s\nprinted:\n%s" % (wanted, printed))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
