"""The program scout-local-agent as a user meets it: arguments, signals, exit statuses, reports.

Usage: local_agent_program.test.py PROGRAM
"""
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
REGISTER = {"Register": {"app": "a", "key": "", "api_version": "1.0"}}


def transaction(name, request_id):
    request = {"request_id": request_id}
    span = dict(request, span_id="span-" + request_id)
    return {"BatchCommand": {"commands": [
        {"StartRequest": dict(request, timestamp="2026-11-23T16:50:18Z")},
        {"StartSpan": dict(span, operation=name, timestamp="2026-11-23T16:50:18Z")},
        {"StopSpan": dict(span, timestamp="2026-11-23T16:50:18.250Z")},
        {"FinishRequest": dict(request, timestamp="2026-11-23T16:50:18.250Z")}]}}


def send(address, *messages):
    """The answers to messages sent over one connection."""
    if address.startswith("tcp://"):
        host, port = address[6:].rsplit(":", 1)
        client = socket.create_connection((host, int(port)), 10)
    else:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(address)
    answers = []
    with client, client.makefile("rb") as stream:
        for message in messages:
            payload = json.dumps(message).encode()
            client.sendall(struct.pack(">I", len(payload)) + payload)
            answers.append(json.loads(stream.read(struct.unpack(">I", stream.read(4))[0])))
    return answers


class Agent:
    def __init__(self, *arguments, **options):
        self.process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                                        **options)
        first = self.process.stdout.readline()
        self.first = json.loads(first) if first.startswith("{") else {}
        found = re.search(r"^scout-local-agent listens on (\S+)$", first)
        self.address = found.group(1) if found else self.first.get("address", "")

    def end(self, how=signal.SIGTERM):
        """Status and further output after a signal; None: it ends by itself."""
        if how is not None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def accepts(address):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(address) == 0


def shell(script, *arguments):
    done = subprocess.run(["sh", "-c", script, PROGRAM, *arguments], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


class Program(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, name):
        return os.path.join(self.directory.name, name)

    def test_signals_end_it_with_the_report_that_was_asked_for(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            agent = Agent("--address", "tcp://127.0.0.1:0", "--report", "--ascii", "--width", "100")
            send(agent.address, REGISTER, transaction("Controller/users/show", "req-1"), {"Foo": {}})
            status, out, err = agent.end(how)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"Controller/users/show +1 +0 +250 ms +250 ms +250 ms +250 ms   Controller 100%")
            self.assertIn("slowest: Controller/users/show  250 ms  req-1", out)
            self.assertIn("1 transactions received, 1 shown, 0 thrown away", out)
            self.assertIn("1 connections, 3 messages, 1 refused", out)
            self.assertIn("refused (1): unknown command Foo", out)

    def test_without_transactions_and_report_it_says_no_more(self):
        agent = Agent("--address", "tcp://127.0.0.1:0")
        self.assertEqual(agent.end(), (0, "", ""))

    def test_a_line_for_each_transaction_where_there_is_no_terminal(self):
        agent = Agent("--address", "tcp://127.0.0.1:0", "--ascii")
        send(agent.address, REGISTER, *(transaction("Job/" + "\x1b[2J" * (i == 1), "req-%d" % i) for i in range(30)))
        status, out, err = agent.end()
        lines = out.splitlines()
        self.assertEqual(lines[0], "16:50:18.000  Job/  250 ms")
        self.assertEqual(lines[1], "16:50:18.000  Job/?[2J  250 ms")
        more = sum(int(line.split()[1]) for line in lines if line.startswith("... "))
        self.assertEqual(sum(not line.startswith("... ") for line in lines) + more, 30)
        self.assertEqual((status, err), (0, ""))

    def test_json_is_a_line_for_each_transaction_then_endpoints_and_an_account(self):
        agent = Agent("--address", self.file("agent.sock"), "--json")
        self.assertEqual(agent.first, {"type": "listening", "address": self.file("agent.sock")})
        send(agent.address, REGISTER, *(transaction("Job/%d" % (i % 2), "req-%d" % i) for i in range(30)), {"Foo": {}})
        status, out, err = agent.end()
        self.assertEqual((status, err), (0, ""))
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["type"] for line in lines], ["transaction"] * 30 + ["endpoint"] * 2 + ["account"])
        self.assertEqual([line["request_id"] for line in lines[:30]], ["req-%d" % i for i in range(30)])
        self.assertEqual({line["duration_ns"] for line in lines[:30]}, {250_000_000})
        self.assertEqual([(line["name"], line["count"], line["p95_ns"]) for line in lines[30:32]],
                         [("Job/0", 15, 250_000_000), ("Job/1", 15, 250_000_000)])
        self.assertEqual(lines[32]["transactions"], {"received": 30, "shown": 30, "thrown_away": 0, "ignored": 0, "given_up": 0,
                                                     "open": 0, "lines_skipped": 0})
        self.assertEqual((lines[32]["refused"], lines[32]["complaints"]), (1, {"unknown command Foo": 1}))

    def test_nobody_who_reads_its_lines_is_waited_for(self):
        agent = Agent("--address", "tcp://127.0.0.1:0", "--json")
        for _ in range(20):  # some megabytes of lines, more than a pipe and the buffer hold
            self.assertEqual(len(send(agent.address, REGISTER, *[transaction("Job/" + "x" * 150, "req")] * 300)), 301)
        account = json.loads(agent.end()[1].splitlines()[-1])["transactions"]
        self.assertEqual(account["received"], 6000)
        self.assertGreater(account["lines_skipped"], 0)

    def test_a_locale_without_utf_8_gets_ascii(self):
        for locale, ellipsis in (("C", "..."), ("C.UTF-8", "…")):
            agent = Agent("--address", "tcp://127.0.0.1:0", "--width", "40", env=dict(os.environ, LC_ALL=locale))
            send(agent.address, REGISTER, transaction("Job/" + "x" * 100, "req-1"))
            self.assertTrue(agent.end()[1].endswith(ellipsis + "\n"))

    def test_a_taken_address_is_exit_status_3_and_says_who_has_it(self):
        agent = Agent("--address", "tcp://127.0.0.1:0")
        status, out, err = run("--address", agent.address)
        self.assertEqual((status, out), (3, ""))
        self.assertEqual(err, "scout-local-agent: %s is taken: a core agent, version 1.5.1, listens there\n" % agent.address)
        self.assertEqual(agent.end()[0], 0)

    def test_a_path_is_a_socket_for_its_owner_and_is_removed(self):
        path = self.file("agent.sock")
        agent = Agent("--address", path)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(send(path, REGISTER), [{"Register": {"id": None, "result": "Success"}}])
        self.assertEqual(agent.end()[0], 0)
        self.assertFalse(os.path.exists(path))

    def test_the_address_may_be_spelled_as_scout_shows_it(self):
        path = self.file("agent.sock")
        agent = Agent("--address", "unix:" + path)
        self.assertEqual(send(path, REGISTER), [{"Register": {"id": None, "result": "Success"}}])
        self.assertEqual(agent.end()[0], 0)

    def test_what_is_no_port_is_refused(self):
        for port in ("", "65536", "99999", "+0", " 0", "-1", "0x"):
            status, out, err = run("--address", "tcp://127.0.0.1:" + port)
            self.assertEqual((status, out), (2, ""), port)
            self.assertEqual(err.splitlines()[0], "scout-local-agent: tcp://127.0.0.1:%s has no port from 0 to 65535" % port)

    def test_what_is_no_address_is_a_wrong_argument(self):
        for address, problem in (("127.0.0.1:6590", "tcp:// goes before host and port, unix: before the path of a socket"),
                                 ("tcp://127.0.0.1", "tcp://127.0.0.1 has no port"),
                                 ("unix:", "'' cannot be the path of a socket: 1 to 107 bytes")):
            status, out, err = run("--address", address)
            self.assertEqual((status, out), (2, ""), address)
            self.assertIn(problem, err)
            self.assertFalse(os.path.exists(address))

    def test_core_agent_shutdown_ends_it(self):
        agent = Agent("--address", "tcp://127.0.0.1:0")
        send(agent.address, {"CoreAgentShutdown": {}})
        self.assertEqual(agent.end(None), (0, "", ""))

    def test_a_recording_can_be_shown_later(self):
        recording = self.file("recording.jsonl")
        agent = Agent("--address", "tcp://127.0.0.1:0", "--record", recording)
        send(agent.address, REGISTER, transaction("Controller/a", "req-1"), transaction("Job/b", "req-2"))
        agent.end()
        with open(recording, encoding="utf-8") as stream:
            events = [json.loads(line) for line in stream]
        self.assertEqual([event["ev"] for event in events], ["open", "msg", "msg", "msg", "eof"])
        self.assertEqual(events[2]["body"], transaction("Controller/a", "req-1"))
        self.assertEqual([event["bad"] for event in events[1:4]], [[], [], []])
        self.assertIn("Job/b", run("show", recording)[1])
        self.assertNotIn("Job/b", run("show", recording, "--endpoint", "Controller/a")[1])
        self.assertTrue(run("show", recording, "--trace", "latest")[1].startswith("Job/b  250 ms  req-2\n"))
        self.assertTrue(run("show", recording, "--trace", "req-1")[1].startswith("Controller/a"))
        self.assertTrue(run("show", recording, "--trace", "slowest", "--endpoint", "Job/b")[1].startswith("Job/b"))
        trace = json.loads(run("show", recording, "--trace", "req-2", "--json")[1])
        self.assertEqual([span["operation"] for span in trace["tree"]], ["Job/b"])
        self.assertEqual([json.loads(line)["type"] for line in run("show", recording, "--json")[1].splitlines()],
                         ["transaction"] * 2 + ["endpoint"] * 2 + ["account"])
        status, out, err = run("show", recording, "--trace", "req-3")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("req-3", err)

    def test_mistakes_are_explained(self):
        anywhere = ["--address", "tcp://127.0.0.1:0"]
        for arguments, status in ((["--nonsense"], 2), (["--address"], 2), (["--width", "39"], 2), (["show", self.file("missing")], 1),
                                  (["show", ""], 2), ([*anywhere, "--record", ""], 2), (["show", self.directory.name], 1),
                                  (["--address", "tcp://0.0.0.0:0"], 2), (["--address", "tcp://nowhere.invalid:0"], 1),
                                  ([*anywhere, "--record", self.file("no/such/directory")], 1)):
            with self.subTest(arguments=arguments):
                got, out, err = run(*arguments)
                self.assertEqual((got, out), (status, ""))
                self.assertTrue(err.startswith("scout-local-agent: "))

    def test_arguments_that_would_be_ignored_are_refused(self):
        for arguments, reason in ((["--trace", "latest"], "--trace is for show"), (["--json", "--plain"], "--json or --plain, not both"),
                                  (["show", "a", "show", "b"], "show twice"), (["--address", "a", "--address", "b"], "--address twice"),
                                  (["show", "a", "--record", "b"], "show takes no --record"), (["show", "a", "--report"], "show takes no --report"),
                                  (["--address", "b", "show", "a"], "show takes no --address")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(*arguments), (2, "", "scout-local-agent: %s\n" % reason))
        self.assertEqual(run("--record", "show", "--version")[0], 0)

    def test_one_endpoint_is_all_that_is_shown_where_one_is_asked_for(self):
        for how in (["--json"], ["--report", "--plain"]):
            with self.subTest(how=how):
                agent = Agent("--address", "tcp://127.0.0.1:0", "--endpoint", "Job/b", *how)
                send(agent.address, REGISTER, transaction("Job/a", "req-1"), transaction("Job/b", "req-2"))
                status, out, err = agent.end()
                self.assertEqual((status, err, "Job/a" in out, "Job/b" in out), (0, "", False, True))
        recording = self.file("recording.jsonl")
        with open(recording, "w", encoding="utf-8") as stream:
            for message in (REGISTER, transaction("Job/a", "req-1"), transaction("Job/b", "req-2")):
                stream.write(json.dumps({"ev": "msg", "body": message}) + "\n")
        self.assertNotIn("Job/a", run("show", recording, "--json", "--endpoint", "Job/b")[1])
        self.assertEqual(run("show", recording, "--endpoint", "Job/c")[1], "No transaction of Job/c.\n")

    def test_output_that_cannot_be_written_is_status_1_and_says_so(self):
        recording = self.file("many.jsonl")
        with open(recording, "w", encoding="utf-8") as stream:
            for message in (REGISTER, *(transaction("Job/%d" % i, "req-%d" % i) for i in range(200))):
                stream.write(json.dumps({"ev": "msg", "body": message}) + "\n")
        for arguments in (["--help"], ["--version"], ["show", recording], ["show", recording, "--json"],
                          ["show", recording, "--trace", "latest"]):
            for where, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
                with self.subTest(arguments=arguments, where=where):
                    done = shell('exec "$0" "$@" ' + where, *arguments)
                    self.assertEqual(done, (1, "", "scout-local-agent: cannot write to standard output: %s\n" % why))
        for arguments in (["--nonsense"], ["show", self.file("missing")]):
            for where in ("2>/dev/full", "2>&-"):
                self.assertEqual(shell('exec "$0" "$@" ' + where, *arguments), (2 - (arguments[0] == "show"), "", ""))

    def test_an_agent_whose_output_cannot_be_written_serves_and_ends_with_status_1(self):
        address = self.file("agent.sock")
        for where in (">/dev/full", ">&-", ">/dev/full 2>&1"):
            with self.subTest(where=where):
                command = ["sh", "-c", 'exec "$0" "$@" ' + where, PROGRAM, "--address", address, "--record", "/dev/full"]
                with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
                    while process.poll() is None and not accepts(address):
                        pass
                    self.assertEqual(len(send(address, REGISTER, transaction("Job/a", "req-1"), {"CoreAgentShutdown": {}})), 3)
                    err = process.communicate(timeout=20)[1]
                self.assertEqual(process.returncode, 1)
                self.assertEqual("cannot write to standard output: " in err, "2>" not in where)

    def test_a_directory_is_no_recording(self):
        self.assertEqual(run("show", self.directory.name),
                         (1, "", "scout-local-agent: cannot read %s: Is a directory\n" % self.directory.name))

    def test_help_and_version(self):
        for arguments in (["--help"], ["-h"], ["show", "a", "--help"]):
            self.assertIn("--address", run(*arguments)[1])
        self.assertRegex(run("--version")[1], r"^scout-local-agent \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
