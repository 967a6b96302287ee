"""The demo, judged by what the local agent received: nothing broken, nothing lost, every span where it belongs.

Usage: demo.test.py DEMO BUILD_DIRECTORY
"""
import collections
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from terminal_session import TerminalSession

DEMO, BUILD = sys.argv[1:3]
del sys.argv[1:3]
SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(DEMO)))
REQUESTS = 48
ARROWS = 112  # characters of Unicode's block "Arrows", as many since version 5.1


def transaction(commands):
    """(name of the root, request tags, spans by id) of a batch; a span is its operation, parent and tags."""
    tags, spans = {}, collections.OrderedDict()
    for command in commands:
        (name, arguments), = command.items()
        if name == "TagRequest":
            tags[arguments["tag"]] = arguments["value"]
        elif name == "StartSpan":
            spans[arguments["span_id"]] = {"operation": arguments["operation"], "parent": arguments.get("parent_id"), "tags": {}}
        elif name == "TagSpan":
            spans[arguments["span_id"]]["tags"][arguments["tag"]] = arguments["value"]
    root, = [span["operation"] for span in spans.values() if span["parent"] is None]
    return root, tags, spans


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            recording = os.path.join(directory, "recording.jsonl")
            done = subprocess.run([DEMO, "--build", BUILD, "--record", recording, "--requests", str(REQUESTS)], capture_output=True,
                                  text=True, encoding="utf-8", timeout=100, env=dict(os.environ, LC_ALL="C.UTF-8"))
            cls.output = done.stdout
            assert done.returncode == 0, done.stderr
            with open(recording, encoding="utf-8") as stream:
                cls.events = [json.loads(line) for line in stream]
        bodies = [event["body"] for event in cls.events if event["ev"] == "msg"]
        cls.transactions = [transaction(body["BatchCommand"]["commands"]) for body in bodies if "BatchCommand" in body]

    def named(self, name):
        found = [t for t in self.transactions if t[0] == name]
        self.assertEqual(len(found) > 0, True, name)
        return found

    def test_the_agent_has_nothing_to_complain_about(self):
        self.assertEqual({event["ev"] for event in self.events}, {"open", "msg", "eof"})
        self.assertEqual([event["bad"] for event in self.events if event.get("bad")], [])
        self.assertEqual([event["left"] for event in self.events if event["ev"] == "eof"], [0])

    def test_what_was_delivered_is_what_arrived(self):
        delivered, spans, lost = map(int, re.search(r"scout: (\d+) transactions and (\d+) spans delivered, (\d+) lost", self.output).groups())
        self.assertEqual(lost, 0)
        self.assertEqual(delivered, len(self.transactions))
        self.assertEqual(spans, sum(len(spans) - 1 for _, _, spans in self.transactions))
        asked_by_the_service = 2 * len(self.named("Controller/GET /compare"))
        self.assertEqual(sum(name.startswith("Controller/") for name, _, _ in self.transactions), REQUESTS + asked_by_the_service)
        self.named("Job/refresh statistics")

    def test_the_row_by_row_page_asks_once_for_every_row(self):
        for _, tags, spans in self.named("Controller/GET /blocks/:name/row-by-row"):
            statements = collections.Counter(span["tags"].get("db.statement") for span in spans.values())
            self.assertEqual(statements["SELECT name FROM characters WHERE code = ?"], ARROWS)
            self.assertEqual(tags["rows"], ARROWS)
        self.assertIn("×%d N+1" % ARROWS, self.output)

    def function_of(self, stack):
        """The first line of the function that the first frame in the pages' source belongs to."""
        with open(os.path.join(SOURCES, "examples/unicode_explorer/pages.cpp"), encoding="utf-8") as stream:
            lines = stream.read().split("\n")
        if not any(frame["line"] for frame in stack):
            self.skipTest("built without libbacktrace")
        frame = next(frame for frame in stack if frame["file"].endswith("unicode_explorer/pages.cpp"))
        return next(line for line in reversed(lines[:frame["line"]]) if line.startswith("void "))

    def test_the_row_by_row_page_is_named_with_the_statement_and_the_line_of_its_loop(self):
        for _, tags, spans in self.named("Controller/GET /blocks/:name/row-by-row"):
            statement, = tags["n_plus_one"]
            self.assertEqual((statement["statement"], statement["count"]), ("SELECT name FROM characters WHERE code = ?", ARROWS))
            stacks = [self.function_of(span["tags"]["stack"]) for span in spans.values() if "stack" in span["tags"]]
            self.assertTrue(any("block_with_one_query_per_row" in function for function in stacks), stacks)
        self.assertRegex(self.output, r"(at|from) \S*examples/unicode_explorer/pages\.cpp:\d+ block_with_one_query_per_row")

    def test_the_slow_page_shows_the_line_where_its_time_went(self):
        for _, _, spans in self.named("Controller/GET /characters/:code/similar"):
            slow, = [span for span in spans.values() if span["operation"] == "Custom/compare names"]
            self.assertIn("void similar(", self.function_of(slow["tags"]["stack"]))
        self.assertRegex(self.output, r"compare names [^\n]*\n +at \S*examples/unicode_explorer/pages\.cpp:\d+ similar")

    def test_work_on_other_threads_hangs_below_the_span_that_started_it(self):
        for _, _, spans in self.named("Controller/GET /categories"):
            parts = [span for span in spans.values() if span["operation"] == "Custom/count a part"]
            self.assertEqual(sorted(part["tags"]["part"] for part in parts), [0, 1, 2, 3])
            self.assertEqual({spans[part["parent"]]["operation"] for part in parts}, {"Custom/count in parallel"})
            queries = [span for span in spans.values() if span["operation"] == "SQL/Query"]
            self.assertEqual(len({query["parent"] for query in queries}), 4)
            self.assertEqual({spans[query["parent"]]["operation"] for query in queries}, {"Custom/count a part"})

    def test_requests_carry_path_address_and_queue_time(self):
        for _, tags, _ in self.named("Controller/GET /search"):
            self.assertIn(tags["path"], ("/search?q=arrow", "/search?q=snow&token=%5BFILTERED%5D"))
            self.assertEqual(tags["user_ip"], "127.0.0.1")
            self.assertGreaterEqual(tags["scout.queue_time_ns"], 3_000_000)

    def test_a_request_to_another_service_is_a_span_with_its_address(self):
        for _, _, spans in self.named("Controller/GET /compare"):
            requests = [span for span in spans.values() if span["operation"] == "HTTP/GET"]
            self.assertEqual(len(requests), 2)
            for request in requests:
                self.assertRegex(request["tags"]["url"], r"^http://127\.0\.0\.1:\d+/$")

    def test_only_the_failing_page_is_an_error(self):
        self.assertEqual({name for name, tags, _ in self.transactions if tags.get("error") == "true"}, {"Controller/GET /statistics"})


class Refusals(unittest.TestCase):
    def test_wrong_arguments_are_told_before_anything_is_built(self):
        for arguments, reason in ((["--requests", "12"], "at least 13"), (["--requests", "many"], "--requests"), (["--record="], "--record"),
                                  (["--keep", "--live"], "not allowed with"), (["--nonsense"], "--nonsense")):
            with self.subTest(arguments=arguments), tempfile.TemporaryDirectory() as nothing_built:
                ended = subprocess.run([DEMO, "--build", nothing_built, "--compile", *arguments], capture_output=True, text=True)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                self.assertRegex(ended.stderr, r"\Ausage: [^\0]*\ndemo: error: [^\n]*%s[^\n]*\n\Z" % reason)

    def test_output_that_cannot_be_written_is_told_in_a_line(self):
        for output, reason in ((">/dev/full", "No space left on device"), (">&-", "exit status 1.")):
            with self.subTest(output=output):
                ended = subprocess.run(["sh", "-c", 'exec "$0" "$@" ' + output, DEMO, "--build", BUILD, "--requests", "13"],
                                       stderr=subprocess.PIPE, text=True, timeout=100)
                self.assertEqual(ended.returncode, 1)
                self.assertRegex(ended.stderr, r"(?m)^demo: [^\n]*%s$" % reason)
                self.assertNotRegex(ended.stderr, "Traceback|Exception ignored")


@unittest.skipUnless(shutil.which("tmux"), "needs a terminal, which tmux has")
class Live(unittest.TestCase):
    def test_who_leaves_while_requests_are_sent_leaves_quietly_and_has_the_recording(self):
        with tempfile.TemporaryDirectory() as directory:
            recording = os.path.join(directory, "recording.jsonl")
            demo = shlex.join([DEMO, "--build", BUILD, "--live", "--record", recording, "--requests", "1000000"])
            session = TerminalSession("%s; echo demo: status $?; cat" % demo)
            self.addCleanup(session.close)
            session.wait_for("Controller/GET")
            session.press("q")
            screen = session.wait_for("demo: status")
            self.assertIn("demo: status 0", screen)
            self.assertNotIn("Traceback", screen)
            with open(recording, encoding="utf-8") as stream:
                self.assertIn("Register", stream.read())


if __name__ == "__main__":
    unittest.main()
