"""The live view in a real terminal: what is on the screen after traffic, keys and a new size, and that the terminal comes back.

Usage: local_agent_live.test.py PROGRAM
"""
import json
import os
import shlex
import signal
import socket
import struct
import sys
import tempfile
import unittest

from terminal_session import TerminalSession

PROGRAM = sys.argv.pop(1)
REGISTER = {"Register": {"app": "a", "key": "", "api_version": "1.0"}}


def transaction(name, request_id, milliseconds=250, tags=(), queries=0):
    request = {"request_id": request_id, "timestamp": "2026-11-23T16:50:18Z"}
    end = dict(request, timestamp="2026-11-23T16:50:18.%03dZ" % milliseconds)
    root = {"span_id": "root"}
    commands = [{"StartRequest": request}] + [{"TagRequest": dict(request, tag=key, value=value)} for key, value in tags]
    commands.append({"StartSpan": dict(request, **root, operation=name)})
    for i in range(queries):
        span = {"span_id": "s%d" % i}
        commands += [{"StartSpan": dict(request, **span, parent_id="root", operation="SQL/Query")},
                     {"TagSpan": dict(request, **span, tag="db.statement", value="SELECT name FROM users WHERE id = %d" % i)},
                     {"StopSpan": dict(end, **span)}]
    return {"BatchCommand": {"commands": commands + [{"StopSpan": dict(end, **root)}, {"FinishRequest": end}]}}


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")
        self.send(REGISTER)

    def send(self, *messages):
        for message in messages:
            payload = json.dumps(message).encode()
            self.socket.sendall(struct.pack(">I", len(payload)) + payload)
            self.stream.read(struct.unpack(">I", self.stream.read(4))[0])

    def close(self):
        self.stream.close()
        self.socket.close()


class Live(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "agent.sock")
        self.file = lambda name: os.path.join(directory.name, name)

    def start(self, *options, width=100, height=20, **environment):
        """A shell that says something, runs the agent, says how it ended, and compares the terminal's state."""
        script = "trap : INT; stty -g > %s; echo before; %s; echo exit $?; stty -g > %s; echo done; cat" % (
            self.file("stty.before"), shlex.join([PROGRAM, "--address", self.path, *options]), self.file("stty.after"))
        self.terminal = TerminalSession(shlex.join(["sh", "-c", script]), width, height, **environment)
        self.addCleanup(self.terminal.close)
        self.terminal.wait_for("No transaction yet.")
        client = Client(self.path)
        self.addCleanup(client.close)
        return client

    def check_restored(self, status=0):
        screen = self.terminal.wait_for("done")
        self.assertEqual(screen.split()[:4], ["before", "exit", str(status), "done"])
        with open(self.file("stty.before"), encoding="ascii") as before, open(self.file("stty.after"), encoding="ascii") as after:
            self.assertEqual(before.read(), after.read())
        self.assertEqual(self.terminal.command("display-message -p '#{alternate_on} #{cursor_flag}'"), ["0 1"])

    def test_endpoints_an_endpoint_a_trace_and_back(self):
        client = self.start()
        self.assertEqual(self.terminal.command("display-message -p '#{alternate_on} #{cursor_flag}'"), ["1 0"])
        client.send(transaction("Controller/slow", "req-1", 400), transaction("Job/often", "req-2"), transaction("Job/often", "req-3", 1),
                    transaction("Controller/rows", "req-4", 300, [("path", "/rows")], queries=7))
        screen = self.terminal.wait_for("4 received, 4 shown, 0 thrown away")
        self.assertIn("> Controller/slow", screen)
        self.assertIn("N+1 ×7", screen)
        self.terminal.press("n")
        self.terminal.wait_for(lambda screen: "by count" in screen and screen.index("Job/often") < screen.index("Controller/slow"))
        self.terminal.press("t", "Down", "Enter")
        screen = self.terminal.wait_for("latest first")
        self.assertTrue(screen.startswith("Controller/rows\n1 requests, 0 errors, p50 300 ms"))
        self.assertIn("N+1 ×7  /rows", screen)
        self.terminal.press("Enter")
        screen = self.terminal.wait_for("req-4")
        self.assertRegex(screen, r"  SQL/Query SELECT name FROM users .*█+ +2.10 s  ×7 N\+1")
        self.assertIn("path = /rows", screen)
        self.terminal.press("?")
        self.terminal.wait_for("most errors first")
        self.terminal.press("q", "q")
        self.terminal.wait_for("latest first")
        self.terminal.press("Escape")
        self.terminal.wait_for("> Controller/rows")
        self.terminal.press("q")
        self.check_restored()
        self.assertFalse(os.path.exists(self.path))

    def test_a_new_size_is_drawn_at_once_also_a_tiny_one(self):
        client = self.start()
        client.send(transaction("Controller/a", "req-1"))
        for width, height in ((60, 10), (40, 6), (5, 2), (160, 50)):
            self.terminal.resize(width, height)
            if width >= 40:
                self.terminal.wait_for(lambda screen, n=height: len(screen.split("\n")) == n and screen.endswith("q quit")
                                       or "Controller/a" in screen and n < 20)
        self.terminal.wait_for("Time by kind")
        self.terminal.press("q")
        self.check_restored()

    def test_whatever_ends_it_gives_the_terminal_back(self):
        for how in ("C-c", signal.SIGTERM, signal.SIGHUP, signal.SIGABRT):
            with self.subTest(how=how):
                self.start()
                if how == "C-c":
                    self.terminal.press(how)
                else:
                    pid, = self.terminal.command("display-message -p '#{pane_pid}'")
                    with open("/proc/%s/task/%s/children" % (pid, pid), encoding="ascii") as children:
                        os.kill(int(children.read().split()[0]), how)
                screen = self.terminal.wait_for("done")
                if how == signal.SIGABRT:
                    self.assertIn("exit 134", screen)
                    self.assertEqual(self.terminal.command("display-message -p '#{alternate_on} #{cursor_flag}'"), ["0 1"])
                    os.unlink(self.path)
                else:
                    self.check_restored()

    def test_stopped_by_ctrl_z_it_gives_the_terminal_back_and_takes_it_again(self):
        shell = TerminalSession("env PS1='$ ' sh -i", 100, 20)
        self.addCleanup(shell.close)
        shell.wait_for("$")
        shell.press("%s --address %s" % (PROGRAM, self.path), "Enter")
        shell.wait_for("No transaction yet.")
        shell.press("C-z")
        shell.wait_for(lambda screen: "No transaction" not in screen and "topped" in screen)
        shell.press("fg", "Enter")
        shell.wait_for("No transaction yet.")
        shell.press("q")
        shell.wait_for(lambda screen: "No transaction" not in screen and screen.rstrip().endswith("$"))

    def test_names_cannot_steer_the_terminal_and_wide_ones_fit(self):
        client = self.start()
        client.send(transaction("Controller/\x1b[2J\x1b]0;title\x07\x9b31m", "req-1", tags=[("path", "\x1b[?1049l日本語")]),
                    transaction("Controller/" + "日本語" * 30, "req-2"))
        screen = self.terminal.wait_for("2 received")
        self.assertIn("Controller/�[2J�]0;title��31m", screen)
        self.assertIn("Controller/日本語日本", screen)
        self.assertNotIn("title", self.terminal.command("display-message -p '#{pane_title}'"))
        self.terminal.press("a", "g", "Enter")
        self.assertTrue(self.terminal.wait_for("latest first").startswith("Controller/�[2J�]0;title��31m\n"))
        self.terminal.press("Enter")
        self.assertIn("path = �[?1049l日本語", self.terminal.wait_for("path = "))

    def test_ascii_where_the_locale_is_not_utf_8(self):
        client = self.start(LC_ALL="C")
        client.send(transaction("Controller/größe", "req-1", queries=5))
        self.assertIn("Controller/gr??e", self.terminal.wait_for("N+1 x5"))
        self.assertTrue(self.terminal.screen().isascii())

    def test_traffic_without_end_is_shown_and_keys_work_meanwhile(self):
        client = self.start("--endpoint", "Job/flood")
        client.send(*(transaction("Job/flood", "req-%d" % i) for i in range(3000)))
        self.terminal.wait_for("3,000 requests")
        self.terminal.press("q")
        self.terminal.wait_for("3,000 received, 1,001 shown, 1,999 thrown away")


if __name__ == "__main__":
    unittest.main()
