#!/usr/bin/env python3
"""Says whether a recording shows what a scenario expects.

usage: judge.py SCENARIO.json RECORDING.jsonl

What the protocol leaves to an agent does not count: ids, instants, the order of members, a parent_id that is null or absent,
whether a parent's commands stand before or after its children's. The sequence of messages must agree, and in each request
the tags and the tree of spans, with operations, tags and the order of siblings. The rules in wire.py hold in any case.
Prints what differs. Exit status: 0 agrees, 1 differs, 2 unusable.
"""
import collections
import json
import re
import sys

import wire

SAMPLES = ("CPU/Utilization", "Memory/Physical")
OWN_METADATA = {"language", "language_version", "version", "server_time", "libraries", "framework", "framework_version"}
BANDS = {"negative": (-10**12, -1), "0..1e9": (0, 10**9), "about 2e9": (1.5e9, 3.5e9), "about 1e10": (9e9, 11.5e9),
         "about 6e10": (59e9, 62e9), "years": (1e16, 1e18), "about now in ns (garbage)": (1.5e18, 2.2e18)}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_stack(value):
    return isinstance(value, list) and value != [] and all(
        isinstance(frame, dict) and set(frame) == {"file", "line", "function"} for frame in value)


PLACEHOLDERS = {
    "ts": lambda value: wire.nanoseconds(value) is not None,
    "mem": lambda value: is_number(value) and value >= 0,
    "int": lambda value: is_number(value) and isinstance(value, int),
    "float": is_number,
    "number": is_number,
    "stack": is_stack,
    "uuid": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f-]{36}", value),
    "text": lambda value: isinstance(value, str) and value != "",
    "any": lambda value: True,
}


def fits(placeholder, value):
    """Whether a value is one that a text like "<mem>" stands for; None: the text stands for itself."""
    inner = placeholder[1:-1]
    if inner in PLACEHOLDERS:
        return bool(PLACEHOLDERS[inner](value))
    band = re.fullmatch(r"ns (.*?)( as string)?", inner)
    if band and band[1] in BANDS:
        if isinstance(value, str) != bool(band[2]):
            return False
        low, high = BANDS[band[1]]
        try:
            return not isinstance(value, bool) and low <= float(value) <= high
        except (TypeError, ValueError):
            return False
    repeated = re.fullmatch(r'string of (\d+) x (".*")', inner)
    if repeated:
        return value == json.loads(repeated[2]) * int(repeated[1])
    return None


def same(expected, found):
    if isinstance(expected, dict) and "$repeat" in expected:
        return found == expected["$repeat"] * expected["times"] + expected.get("then", "")
    if isinstance(expected, dict):
        return isinstance(found, dict) and expected.keys() == found.keys() and all(same(expected[k], found[k]) for k in expected)
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, str) and "<port>" in expected and isinstance(found, str):
        return re.fullmatch(re.escape(expected).replace("<port>", r"\d{1,5}"), found) is not None
    if isinstance(expected, str) and re.fullmatch(r"<.*>", expected):
        answer = fits(expected, found)
        if answer is not None:
            return answer
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return expected == found


def values_differ(what, expected, found):
    """One line for each member of two objects that differs."""
    absent = "nothing"
    lines = []
    for key in [*expected, *(key for key in found if key not in expected)]:
        if key not in expected or key not in found or not same(expected[key], found[key]):
            wanted = json.dumps(expected[key]) if key in expected else absent
            got = json.dumps(found[key]) if key in found else absent
            lines.append("%s %s: expected %.200s, got %.200s" % (what, key, wanted, got))
    return lines


class Span:
    def __init__(self, operation):
        self.operation, self.tags, self.children = operation, {}, []

    def text(self):
        below = " ".join(child.text() for child in self.children)
        return self.operation + ("{%s}" % below if below else "")

    def differences(self, other):
        lines = values_differ("span %s, tag" % self.operation, self.tags, other.tags)
        for mine, its in zip(self.children, other.children):
            lines += mine.differences(its)
        return lines


def request_of(commands):
    """(tags, tree) of a batch; the tree's root stands for the request itself."""
    tags, root, spans, started = {}, Span(""), {}, []
    for command in commands:
        (name, arguments), = command.items()
        if name == "TagRequest":
            tags[arguments["tag"]] = arguments["value"]
        elif name == "StartSpan":
            spans[arguments["span_id"]] = Span(arguments["operation"])
            started.append(arguments)
        elif name == "TagSpan":
            spans[arguments["span_id"]].tags[arguments["tag"]] = arguments["value"]
    for arguments in started:
        spans.get(arguments.get("parent_id"), root).children.append(spans[arguments["span_id"]])
    return tags, root


def requests_differ(expected, found):
    (tags, root), (found_tags, found_root) = request_of(expected), request_of(found)
    if root.text() != found_root.text():
        return ["spans: expected %s, got %s" % (root.text(), found_root.text())]
    return values_differ("request tag", tags, found_tags) + root.differences(found_root)


def count(messages):
    return dict(collections.Counter(next(iter(message)) for message in messages))


def messages_differ(expected, found):
    (name, wanted), (other, got) = *expected.items(), *found.items()
    if name != other or wanted.get("event_type") != got.get("event_type"):
        return ["expected a %s, got a %s" % (label(expected), label(found))]
    if name == "BatchCommand":
        if "counts" in wanted:
            return values_differ("number of", wanted["counts"], count(got["commands"]))
        return requests_differ(wanted["commands"], got["commands"])
    wanted, got = dict(wanted), dict(got)
    if name == "Register":
        wanted["language"] = got["language"] = "any"
    if name == "ApplicationEvent" and isinstance(wanted["event_value"], dict) and isinstance(got["event_value"], dict):
        wanted["event_value"], got["event_value"] = (
            {key: "any" if key in OWN_METADATA else value for key, value in event["event_value"].items()} for event in (wanted, got))
    if re.fullmatch(r"Pid: \d+", got.get("source", "")):
        got["source"] = wanted["source"] = "Pid: <pid>"
    if isinstance(wanted.get("event_value"), dict) and isinstance(got.get("event_value"), dict):
        return values_differ(label(expected), wanted.pop("event_value"), got.pop("event_value")) + values_differ(name, wanted, got)
    return values_differ(name, wanted, got)


def kind(message):
    (name, arguments), = message.items()
    return arguments.get("event_type", name) if name == "ApplicationEvent" else name


def label(message):
    commands = message.get("BatchCommand", {}).get("commands", [])
    if not isinstance(commands, list):
        return kind(message)
    return " ".join([kind(message)] + [request_of(commands)[1].text()[:120]] * bool(commands))


def judge(scenario, recording):
    """The differences, as lines; none: they agree."""
    found, lines = wire.read_recording(recording)
    lines = ["rule broken: " + fault for fault in lines]
    expected = [message for message in scenario["messages"] if "<connection>" not in message]
    hidden = set(scenario.get("filtered") or []) | (set(SAMPLES) - {kind(message) for message in expected})
    found = [message for message in found if kind(message) not in hidden]
    if not expected and "counts" in scenario:
        return lines + values_differ("number of", scenario["counts"], count(found))
    if len(expected) != len(found):
        lines.append("expected %d messages, got %d" % (len(expected), len(found)))
        lines += ["  expected: " + label(message) for message in expected]
        lines += ["  got:      " + label(message) for message in found]
        return lines
    for number, (wanted, got) in enumerate(zip(expected, found), 1):
        lines += ["message %d: %s" % (number, line) for line in messages_differ(wanted, got)]
    return lines


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8") as stream:
            scenario = json.load(stream)
        lines = judge(scenario, sys.argv[2])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print("unusable: %r" % error, file=sys.stderr)
        return 2
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
