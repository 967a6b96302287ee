#!/usr/bin/env python3
"""Holds the judge against recordings that it must reject: damaged/SCENARIO.DAMAGE.jsonl.

usage: damaged.py [--write]     --write makes them anew from the whole recordings, damaged/whole/SCENARIO.jsonl
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WHOLE, DAMAGED = HERE / "damaged" / "whole", HERE / "damaged"


def batches(events):
    return [event["body"]["BatchCommand"]["commands"] for event in events if event.get("type") == "BatchCommand"]


def position(commands, name, nth=0, **members):
    """Where the nth command of that name with these members is."""
    found = [at for at, command in enumerate(commands) if name in command and members.items() <= command[name].items()]
    return found[nth]


def remove(name, nth=0, **members):
    def damage(events):
        commands = batches(events)[0]
        del commands[position(commands, name, nth, **members)]
    return damage


def change(name, member, value, nth=0, **members):
    def damage(events):
        commands = batches(events)[0]
        arguments = commands[position(commands, name, nth, **members)][name]
        arguments[member] = value(arguments[member]) if callable(value) else value
    return damage


def add_after(name, command, nth=0, **members):
    """`command` is made from the arguments of what it follows."""
    def damage(events):
        commands = batches(events)[0]
        at = position(commands, name, nth, **members)
        commands.insert(at + 1, command(commands[at][name]))
    return damage


def member_of(name, member, remove_it=False):
    def damage(events):
        commands = batches(events)[0]
        arguments = commands[position(commands, name)][name]
        if remove_it:
            del arguments[member]
        else:
            arguments[member] = "surplus"
    return damage


def with_span(operation, change_it):
    """Calls change_it(commands, id) for the span of that operation."""
    def damage(events):
        commands = batches(events)[0]
        change_it(commands, commands[position(commands, "StartSpan", operation=operation)]["StartSpan"]["span_id"])
    return damage


def own_ids(commands, old, new):
    for command in commands:
        for arguments in command.values():
            for member in ("span_id", "parent_id"):
                if arguments.get(member) == old:
                    arguments[member] = new


def share_id(commands, span):
    own_ids(commands, span, commands[position(commands, "StartSpan", operation="Custom/level1")]["StartSpan"]["span_id"])


def hang_elsewhere(commands, span):
    sibling = commands[position(commands, "StartSpan", operation="Custom/level1")]["StartSpan"]
    for command in commands:
        if command.get("StartSpan", {}).get("span_id") == span:
            command["StartSpan"]["parent_id"] = sibling["span_id"]


def move_first_child_last(commands, span):
    mine = [command for command in commands if any(a.get("span_id") == span for a in command.values())]
    for command in mine:
        commands.remove(command)
    at = position(commands, "StartSpan", operation="Custom/level1")
    commands[at:at] = mine


def stop_early(commands, span):
    commands[position(commands, "StopSpan", span_id=span)]["StopSpan"]["timestamp"] = "2020-01-01T00:00:00.000000Z"


def stop_late(commands, span):
    commands[position(commands, "StopSpan", span_id=span)]["StopSpan"]["timestamp"] = "2100-01-01T00:00:00.000000Z"


def message(name, change_them):
    """Calls change_them(events, position) for the first message of that type."""
    def damage(events):
        change_them(events, next(at for at, event in enumerate(events) if event.get("type") == name))
    return damage


def swap_batches(events):
    at = [number for number, event in enumerate(events) if event.get("type") == "BatchCommand"]
    events[at[0]], events[at[1]] = events[at[1]], events[at[0]]


def tag_twice_over(arguments):
    return {"TagRequest": {**arguments, "tag": "surplus", "value": 1}}


DAMAGES = {
    "nested_spans": {
        "no_stop_span": remove("StopSpan"),
        "no_start_span": remove("StartSpan", 1),
        "no_finish_request": remove("FinishRequest"),
        "no_start_request": remove("StartRequest"),
        "lost_span": with_span("HTTP/sibling", lambda commands, span: [
            commands.remove(command) for command in list(commands) if any(a.get("span_id") == span for a in command.values())]),
        "other_parent": with_span("HTTP/sibling", hang_elsewhere),
        "unknown_parent": change("StartSpan", "parent_id", "span-of-nobody", operation="Custom/level2"),
        "no_parent": change("StartSpan", "parent_id", None, operation="Custom/level1"),
        "id_twice": with_span("HTTP/sibling", share_id),
        "other_operation": change("StartSpan", "operation", "Custom/level4", operation="Custom/level3"),
        "siblings_reordered": with_span("HTTP/sibling", move_first_child_last),
        "outside_its_parent": with_span("Custom/level2", stop_late),
        "backwards": with_span("Custom/level3", stop_early),
        "stopped_twice": add_after("StopSpan", lambda arguments: {"StopSpan": dict(arguments)}),
        "no_instant": change("StartSpan", "timestamp", "yesterday"),
        "operation_is_a_number": change("StartSpan", "operation", 7),
        "unknown_command": add_after("StartRequest", lambda arguments: {"PauseRequest": dict(arguments)}),
        "unknown_member": member_of("StopSpan", "duration"),
        "lacks_a_member": member_of("StartSpan", "operation", remove_it=True),
        "other_request": change("StopSpan", "request_id", "req-of-nobody"),
        "span_tag_too_many": add_after("StartSpan", lambda arguments: {"TagSpan": {
            **{member: arguments[member] for member in ("request_id", "span_id", "timestamp")}, "tag": "rows", "value": 3}}),
    },
    "context_types": {
        "tag_value": change("TagRequest", "value", "paid", tag="plan"),
        "tag_type": change("TagRequest", "value", "3", tag="seats"),
        "tag_number_for_bool": change("TagRequest", "value", 1, tag="vip"),
        "lost_tag": remove("TagRequest", tag="list"),
        "surplus_tag": add_after("TagRequest", tag_twice_over),
        "nan": change("TagRequest", "value", float("nan"), tag="ratio"),
        "negative_mem_delta": change("TagRequest", "value", -1, tag="mem_delta"),
        "refused_by_the_peer": message("BatchCommand", lambda events, at: events[at]["bad"].append("#3 bad tag")),
    },
    "threads": {
        "before_register": message("Register", lambda events, at: events.append(events.pop(at))),
        "lost_message": message("BatchCommand", lambda events, at: events.pop(at)),
        "message_twice": message("BatchCommand", lambda events, at: events.insert(at, events[at])),
        "messages_swapped": swap_batches,
        "broken_frame": message("BatchCommand", lambda events, at: events.insert(
            at, {"ev": "bad-frame", "conn": 1, "why": "a length of 0"})),
    },
}


def write():
    for old in DAMAGED.glob("*.jsonl"):
        old.unlink()
    for scenario, damages in DAMAGES.items():
        for name, damage in damages.items():
            events = [json.loads(line) for line in (WHOLE / (scenario + ".jsonl")).read_text(encoding="utf-8").splitlines()]
            damage(events)
            text = "".join(json.dumps(event) + "\n" for event in events)
            (DAMAGED / ("%s.%s.jsonl" % (scenario, name))).write_text(text, encoding="utf-8")


def verdict(recording):
    scenario = HERE / "golden" / (recording.name.split(".")[0] + ".json")
    return subprocess.run([sys.executable, HERE / "judge.py", scenario, recording], stdout=subprocess.PIPE, check=False).returncode


def main():
    if sys.argv[1:] == ["--write"]:
        write()
    whole, damaged = sorted(WHOLE.glob("*.jsonl")), sorted(DAMAGED.glob("*.jsonl"))
    wrong = ["rejected, though whole: " + recording.name for recording in whole if verdict(recording) != 0]
    wrong += ["accepted: " + recording.name for recording in damaged if verdict(recording) != 1]
    print("%d whole, %d damaged" % (len(whole), len(damaged)))
    print("\n".join(wrong))
    return 1 if wrong or not whole or len(damaged) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
