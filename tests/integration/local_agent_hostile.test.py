"""Clients that mean harm or know no bounds: the local agent's memory stays bounded, its account adds up, and an honest client is
served meanwhile. How fast it takes transactions is printed.

Usage: local_agent_hostile.test.py PROGRAM [--sanitized]     a sanitizer's own memory says nothing about the program's
"""
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
REGISTER = {"Register": {"app": "a", "key": "", "api_version": "1.0"}}
SANITIZED = "--sanitized" in sys.argv
sys.argv = [argument for argument in sys.argv if argument != "--sanitized"]
MEMORY_LIMIT = 250 * 1024  # KiB, at the highest point


def frame(message):
    payload = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
    return struct.pack(">I", len(payload)) + payload


def transaction(name, request_id, spans=1, tag=None):
    request = {"request_id": request_id}
    commands = [{"StartRequest": dict(request, timestamp="2026-11-23T16:50:18.123456Z")}]
    for i in range(spans):
        span = dict(request, span_id="span-%d" % i, timestamp="2026-11-23T16:50:18.200Z")
        commands.append({"StartSpan": dict(span, operation=name if i == 0 else "Custom/%d" % i, **({"parent_id": "span-0"} if i else {}))})
        if tag:
            commands.append({"TagSpan": dict(span, tag="text", value=tag)})
        commands.append({"StopSpan": dict(span)})
    return {"BatchCommand": {"commands": commands + [{"FinishRequest": dict(request, timestamp="2026-11-23T16:50:18.250Z")}]}}


class Client:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def answer(self):
        return json.loads(self.read(struct.unpack(">I", self.read(4))[0]))

    def ask(self, message):
        self.socket.sendall(frame(message))
        return self.answer()

    def flood(self, blocks):
        """Sends without waiting for answers, which another thread throws away, and waits for the last of them."""
        def read_all():
            while self.socket.recv(1 << 20):
                pass
        reader = threading.Thread(target=read_all)
        reader.start()
        for block in blocks:
            self.socket.sendall(block)
        self.socket.shutdown(socket.SHUT_WR)
        reader.join()


class Hostile(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.address = os.path.join(directory.name, "agent.sock")
        self.process = subprocess.Popen([PROGRAM, "--address", self.address, "--json"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.kill)
        self.process.stdout.readline()

    def memory(self):
        """The most that the agent has had, in KiB."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as status:
            return 0 if SANITIZED else int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))

    def finish(self):
        """The account, which has to add up. Memory has been bounded all the time."""
        with Client(self.address) as honest:  # is served as if nothing had been
            self.assertEqual(honest.ask(REGISTER), {"Register": {"id": None, "result": "Success"}})
            self.assertEqual(honest.ask(transaction("Job/honest", "honest"))["BatchCommand"]["result"], "Success")
        self.assertLess(self.memory(), MEMORY_LIMIT)
        self.process.send_signal(signal.SIGTERM)
        lines = self.process.communicate(timeout=60)[0].splitlines()
        self.assertEqual(self.process.returncode, 0)
        account = json.loads(lines[-1])
        transactions = account["transactions"]
        endpoints = [line for line in map(json.loads, lines) if line["type"] == "endpoint"]
        self.assertEqual(transactions["received"], transactions["shown"] + transactions["thrown_away"])
        self.assertEqual(transactions["received"], sum(endpoint["count"] for endpoint in endpoints))
        printed = sum(json.loads(line)["type"] == "transaction" for line in lines)
        self.assertEqual(transactions["received"], printed + transactions["lines_skipped"])
        return account

    def test_transactions_as_fast_as_they_come(self):
        block = b"".join(frame(transaction("Controller/%d" % (i % 20), "req-%032d" % i)) for i in range(1000))
        with Client(self.address) as client:
            client.ask(REGISTER)
            client.flood([block] * 2)
        settled = self.memory()
        start, count = time.monotonic(), 40_000
        with Client(self.address) as client:
            client.ask(REGISTER)
            client.flood([block] * (count // 1000))
        print("%.0f transactions a second" % (count / (time.monotonic() - start)))
        self.assertLess(self.memory(), settled + 8 * 1024)
        account = self.finish()
        self.assertEqual(account["transactions"]["received"], 2000 + count + 1)
        self.assertEqual(account["refused"], 0)

    def test_a_thousand_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        clients = [Client(self.address) for _ in range(1200)]
        for client in clients:
            client.socket.sendall(frame(REGISTER))
        for client in clients:
            self.assertIn("Register", client.answer())
        for i, client in enumerate(clients):
            client.socket.sendall(frame(transaction("Job/a", "req-%d" % i)))
        for client in clients:
            self.assertIn("BatchCommand", client.answer())
        self.assertLess(self.memory(), 40 * 1024)
        for client in clients:
            client.socket.close()
        account = self.finish()
        self.assertEqual((account["transactions"]["received"], account["connections"]), (1201, 1201))

    def test_names_without_end(self):
        with Client(self.address) as client:
            client.ask(REGISTER)
            client.flood(frame(transaction("Controller/%d/%s" % (i, "x" * 2000), "req-%d" % i, tag="y" * 5000)) for i in range(5000))
        account = self.finish()
        self.assertEqual(account["transactions"]["received"], 5001)
        self.assertGreater(account["transactions"]["thrown_away"], 0)

    def test_large_transactions(self):
        # One frame each: 15 MB of spans; of strings; of tags of one span.
        large = [transaction("Job/spans", "spans", spans=60_000), transaction("Job/text", "text", tag="x" * 15_000_000),
                 transaction("Job/tags", "tags")]
        span = {"request_id": "tags", "span_id": "span-0"}
        large[2]["BatchCommand"]["commands"][2:2] = [{"TagSpan": dict(span, tag=str(i), value=i)} for i in range(150_000)]
        with Client(self.address) as client:
            client.ask(REGISTER)
            for _ in range(2):
                for each in large:
                    self.assertIn("BatchCommand", client.ask(each))
        account = self.finish()
        self.assertEqual(account["transactions"]["received"], 7)

    def test_requests_that_never_finish(self):
        with Client(self.address) as client:
            client.ask(REGISTER)
            client.flood(frame({"StartRequest": {"request_id": "%d" % i + "x" * 1000}}) for i in range(20_000))
        transactions = self.finish()["transactions"]
        self.assertEqual(transactions["given_up"] + transactions["open"], 20_000)
        self.assertLessEqual(transactions["open"], 2000)

    def test_a_client_that_never_reads_is_not_read_from(self):
        block = b"".join(frame(REGISTER) for _ in range(1000))
        with Client(self.address) as client:
            client.socket.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                for _ in range(10_000):
                    client.socket.sendall(block)
            self.assertLess(self.memory(), 40 * 1024)
            self.finish()

    def test_half_frames_on_many_connections(self):
        half = struct.pack(">I", 16_000_000) + b" " * 1_000_000
        clients = []
        for _ in range(100):
            clients.append(Client(self.address))
            clients[-1].socket.settimeout(5)
            try:
                clients[-1].socket.sendall(half)
            except OSError:
                pass  # some are broken off in the midst of it
        account = self.finish()
        self.assertGreater(account["bad_frames"], 0)
        for client in clients:
            client.socket.close()

    def test_nonsense_is_refused_and_counted(self):
        deep = b"[" * 1_000_000
        unknown = b"".join(frame({"Unknown%d" % i: {}}) for i in range(5000))
        for bytes_sent, answer in ((b"\xff\xff\xff\xff", "a frame of 4294967295 bytes"), (b"\0\0\0\0", "a frame of 0 bytes"),
                                   (b"GET / HTTP/1.1\r\n\r\n", "a frame of 1195725856 bytes"), (frame(deep), "not JSON"),
                                   (frame(b"\xff\xfe"), "not JSON"), (frame([1]), "not an object")):
            with Client(self.address) as client:
                client.socket.sendall(bytes_sent)
                self.assertIn(answer, client.answer()["Failure"]["message"])
        with Client(self.address) as client:
            client.flood([unknown])
        account = self.finish()
        self.assertEqual((account["bad_frames"], account["refused"]), (3, 5003))
        self.assertLessEqual(len(account["complaints"]), 20)

    def test_clients_that_vanish(self):
        for i in range(300):
            with Client(self.address) as client:
                client.socket.sendall((frame(REGISTER) + frame(transaction("Job/a", "req-%d" % i)))[:-(i % 3) * 10 or None])
        self.assertLessEqual(self.finish()["transactions"]["received"], 301)


if __name__ == "__main__":
    unittest.main()
