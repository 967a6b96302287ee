"""What the core agent's protocol demands of every message, whatever a scenario expects."""
import datetime
import json
import re

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z")


def nanoseconds(text):
    """An RFC 3339 instant as nanoseconds since 1970; None: it is none."""
    parts = RFC3339.match(text) if isinstance(text, str) else None
    if not parts:
        return None
    try:
        whole = datetime.datetime.fromisoformat(parts[1] + parts[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    return round(whole.timestamp()) * 10**9 + int((parts[2] or "0").ljust(9, "0"))


def is_text(value):
    return isinstance(value, str)


def is_text_or_null(value):
    return value is None or isinstance(value, str)


def is_instant(value):
    return nanoseconds(value) is not None


def is_json(_):
    return True


def is_list(value):
    return isinstance(value, list)


REQUEST = {"request_id": is_text, "timestamp": is_instant}
COMMANDS = {
    "Register": {"app": is_text, "key": is_text, "api_version": is_text, "host": is_text_or_null, "language": is_text},
    "ApplicationEvent": {"event_type": is_text, "event_value": is_json, "source": is_text, "timestamp": is_instant},
    "BatchCommand": {"commands": is_list},
    "StartRequest": REQUEST,
    "FinishRequest": REQUEST,
    "TagRequest": {**REQUEST, "tag": is_text, "value": is_json},
    "StartSpan": {**REQUEST, "span_id": is_text, "parent_id": is_text_or_null, "operation": is_text},
    "TagSpan": {**REQUEST, "span_id": is_text, "tag": is_text, "value": is_json},
    "StopSpan": {**REQUEST, "span_id": is_text},
    "CoreAgentVersion": {},
    "CoreAgentShutdown": {},
}
MAY_BE_ABSENT = {"host", "language", "parent_id"}
OUTSIDE_BATCHES = {"Register", "BatchCommand", "CoreAgentVersion", "CoreAgentShutdown"}
BEFORE_REGISTER = {"Register", "CoreAgentVersion", "CoreAgentShutdown"}


def command_of(message):
    """(name, arguments) of an object with one key that is a known command; None otherwise."""
    if not isinstance(message, dict) or len(message) != 1:
        return None
    (name, arguments), = message.items()
    return (name, arguments) if name in COMMANDS and isinstance(arguments, dict) else None


def field_faults(message):
    command = command_of(message)
    if command is None:
        return ["no command: %.80s" % json.dumps(message)]
    name, arguments = command
    fields = COMMANDS[name]
    faults = ["%s has an unknown member %s" % (name, member) for member in arguments if member not in fields]
    for member, fits in fields.items():
        if member not in arguments:
            if member not in MAY_BE_ABSENT:
                faults.append("%s lacks %s" % (name, member))
        elif not fits(arguments[member]):
            faults.append("%s: %s cannot be %.60s" % (name, member, json.dumps(arguments[member])))
    return faults


def order_faults(commands):
    """A batch is one request: its start, then its tags and spans, each in its lifetime, then its finish."""
    faults, state, request = [] if commands else ["an empty batch"], {}, None
    for position, (name, arguments) in enumerate(commands):
        if name in OUTSIDE_BATCHES:
            faults.append("%s inside a batch" % name)
            continue
        if (name == "StartRequest") != (position == 0):
            faults.append("command %d of a batch is a %s" % (position, name))
        if (name == "FinishRequest") != (position == len(commands) - 1):
            faults.append("%s at %d of %d commands" % (name, position, len(commands)))
        if name == "ApplicationEvent":
            continue
        request = request or arguments["request_id"]
        if arguments["request_id"] != request:
            faults.append("%s of another request" % name)
        span = arguments.get("span_id")
        if name == "StartSpan":
            if span in state:
                faults.append("span %s starts twice" % span)
            state[span] = "open"
        elif span is not None:
            if state.get(span) != "open":
                faults.append("%s of span %s, which is not open" % (name, span))
            if name == "StopSpan":
                state[span] = "closed"
    faults += ["span %s never stops" % span for span, now in state.items() if now == "open"]
    for name, arguments in commands:
        parent = arguments.get("parent_id") if name == "StartSpan" else None
        if parent is not None and parent not in state:
            faults.append("the parent of %s is not in the batch" % arguments["operation"])
    return faults


def time_faults(commands):
    """Nothing ends before it starts, or outside of what it is part of."""
    lifetimes, parents, names, faults = {}, {}, {}, []
    for name, arguments in commands:
        if name not in ("StartRequest", "FinishRequest", "StartSpan", "StopSpan"):
            continue
        when, span = nanoseconds(arguments["timestamp"]), arguments.get("span_id")
        lifetimes.setdefault(span, []).append(when)
        if name == "StartSpan":
            names[span] = arguments["operation"]
            parents[span] = arguments.get("parent_id")
    for span, (start, *rest) in lifetimes.items():
        stop = rest[0] if rest else start
        around = lifetimes.get(parents.get(span), [start, stop])
        name = names.get(span, "the request")
        if stop < start:
            faults.append("%s ends %d ns before it starts" % (name, start - stop))
        if start < around[0] or stop > around[-1]:
            faults.append("%s lies outside its parent" % name)
    return faults


def batch_faults(batch):
    messages = batch["commands"]
    faults = [fault for message in messages for fault in field_faults(message)]
    if faults:
        return faults
    commands = [command_of(message) for message in messages]
    return order_faults(commands) or time_faults(commands)


def read_recording(path):
    """(messages in order, broken rules) of a recorder's JSON lines."""
    messages, faults, registered, requests = [], [], set(), set()

    def no_number(word):
        faults.append("%s is no JSON" % word)
    with open(path, encoding="utf-8") as lines:
        events = [json.loads(line, parse_constant=no_number) for line in lines if line.strip()]
    for event in events:
        kind, connection = event["ev"], event.get("conn")
        if kind in ("bad-json", "bad-frame"):
            faults.append("%s: %s" % (kind, event.get("why", "")))
        if kind != "msg":
            continue
        body = event["body"]
        found = [] if event.get("bad") is None else [bad for bad in event["bad"] if not bad.startswith("note")]
        found += field_faults(body)
        faults += found
        if found:
            continue
        name, arguments = command_of(body)
        if name == "Register":
            registered.add(connection)
        elif connection not in registered and name not in BEFORE_REGISTER:
            faults.append("%s before Register" % name)
        if name == "BatchCommand":
            found = batch_faults(arguments)
            faults += found
            request = (connection, next(iter(arguments["commands"][0].values()))["request_id"]) if not found else None
            if request in requests:
                faults.append("request %s twice" % request[1])
            requests.add(request)
            if found:
                continue
        messages.append(body)
    return messages, faults
