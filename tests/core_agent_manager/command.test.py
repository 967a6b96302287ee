"""The command `scout` beside `scout agent …`: check names the fault of every broken set-up, config says where values come from, --json is
for machines, and on a terminal a download shows how far it is.

Usage: command.test.py SCOUT STAND_IN LOCAL_AGENT
"""
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import threading
import unittest

from mirror import Desk, FULL_NAME, KEY, frame, good_archive

Desk.command = sys.argv.pop(1)
with open(sys.argv.pop(1), "rb") as stream:
    Desk.binary = stream.read()
LOCAL_AGENT = sys.argv.pop(1)


class Peer:
    """Listens on a socket and answers every message with the same bytes; none: says nothing."""

    def __init__(self, path, answers):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.answers = answers
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, client.makefile("rb") as stream:
            while header := stream.read(4):
                message = json.loads(stream.read(struct.unpack(">I", header)[0]))
                answer = self.answers.get(next(iter(message)))
                if answer is not None:
                    client.sendall(answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Check(Desk):
    def check(self, *arguments):
        """The verdict and the text for each link of the chain."""
        self.status, out, err = self.scout("check", "--timeout", "1", *arguments)
        self.assertEqual(err, "")
        lines = [re.fullmatch(r"(ok|note|wrong) +(\S+(?: \S+)*?)  +(.*)", line) for line in out.splitlines()[:-1]]
        self.last = out.splitlines()[-1]
        return {line.group(2): (line.group(1), line.group(3)) for line in lines}

    def run_agent(self):
        self.put_binary()
        self.assertEqual(self.scout("agent", "launch")[0], 0)

    def assert_wrong(self, link, why):
        found = self.check()
        self.assertEqual([name for name, (verdict, _) in found.items() if verdict == "wrong"], [link], found)
        self.assertRegex(found[link][1], why)
        self.assertEqual((self.status, self.last), (1, "1 wrong"))

    def test_where_nothing_is_wrong_it_says_what_it_found(self):
        self.run_agent()
        found = self.check()
        self.assertEqual((self.status, self.last), (0, "nothing is wrong"))
        self.assertEqual(list(found), ["monitor", "key", "name", "directory", "binary", "core agent", "Register"])
        self.assertEqual({verdict for verdict, _ in found.values()}, {"ok"})
        self.assertEqual(found["directory"][1], "%s (environment), mode 700, user %d" % (self.core_agent_dir, os.geteuid()))
        self.assertEqual(found["binary"][1], self.installed() + ", version 1.5.1")
        self.assertEqual(found["core agent"][1], "unix:%s (environment): version 1.5.1" % self.socket)
        self.assertEqual(found["Register"][1], "accepted for 'Desk'")

    def test_json(self):
        self.run_agent()
        del self.environment["SCOUT_KEY"]
        status, out, err = self.scout("check", "--json")
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((status, err, lines[-1]), (1, "", {"type": "result", "ok": False}))
        self.assertEqual([line["link"] for line in lines[:-1] if line["verdict"] == "wrong"], ["key"])

    def test_settings(self):
        self.run_agent()
        self.environment["SCOUT_MONITOR"] = "false"
        self.assert_wrong("monitor", r"^off \(environment\): nothing is recorded; set SCOUT_MONITOR=true")
        self.environment["SCOUT_MONITOR"] = "true"
        self.environment["SCOUT_KEY"] = ""
        self.assert_wrong("key", "^not set: no account will show what is sent; set SCOUT_KEY")
        self.environment["SCOUT_KEY"] = KEY
        self.environment["SCOUT_CORE_AGENT_FULL_NAME"] = "a/b"
        self.assert_wrong("location", "core_agent_full_name 'a/b' is no name")
        del self.environment["SCOUT_CORE_AGENT_FULL_NAME"]
        self.environment["SCOUT_SAMPLE_RATE"] = "often"
        self.environment["SCOUT_CORE_AGENT_VERSION"] = "v9"
        self.environment["SCOUT_CORE_AGENT_FULL_NAME"] = FULL_NAME
        found = self.check()
        self.assertRegex(found["settings"][1], "SCOUT_SAMPLE_RATE is 'often', not a rate")
        self.assertEqual(found["version"], ("note", "1.5.1 runs, core_agent_version is v9; "
                                                    "scout agent shutdown, then launch, if that matters"))
        self.assertEqual(self.status, 0)

    def test_directories_and_binaries(self):
        self.run_agent()
        os.chmod(self.core_agent_dir, 0o777)
        found = self.check()
        for link in ("directory", "binary"):
            self.assertEqual(found[link][0], "wrong")
            self.assertRegex(found[link][1], r"/core may be written by (others|everybody)")
        self.assertIn("set SCOUT_CORE_AGENT_DIR", found["directory"][1])
        os.chmod(self.core_agent_dir, 0o700)
        with open(self.installed(), "ab") as out:
            out.write(b"worm")
        self.assert_wrong("binary", "has SHA-256 .* not its manifest's .*; .*run: scout agent download")
        os.unlink(self.installed())
        self.environment["SCOUT_CORE_AGENT_DOWNLOAD"] = "false"
        self.assert_wrong("binary", r"core_agent_download is off \(environment\); put the files there, or switch it on")

    def test_a_directory_that_is_mounted_noexec(self):
        self.mount("noexec")
        self.put_binary()
        found = self.check()
        for link in ("directory", "binary"):
            self.assertRegex(found[link][1], "is on a file system that is mounted noexec")

    def test_the_mirror(self):
        mirror = self.mirror()
        Peer(self.socket, {"CoreAgentVersion": frame({"CoreAgentVersion": {"version": "1.5.1"}}), "Register": frame({"Register": {}})})
        found = self.check()
        self.assertEqual(found["directory"], ("note", "%s (environment) is not there yet; it is made by the first download" % self.core_agent_dir))
        self.assertEqual(found["download"], ("ok", "%s/%s.tgz is there" % (mirror.url("good"), FULL_NAME)))
        self.assertEqual(self.status, 0)
        for what, why in (("404", "HTTP status 404"), ("tohttp", "a redirection from https to http is not followed")):
            self.use(mirror, what)
            self.assert_wrong("download", why + ".*; set SCOUT_DOWNLOAD_URL")
        self.use(self.mirror("expired"))
        self.assert_wrong("download", "certificate has expired")
        self.environment["SCOUT_DOWNLOAD_URL"] = "https://127.0.0.1:1"
        self.assert_wrong("download", "connect")

    def test_who_listens(self):
        self.put_binary()
        self.assert_wrong("core agent", "No such file or directory; run: scout agent launch")
        answers = {}
        peer = Peer(self.socket, answers)
        self.addCleanup(os.unlink, self.socket)
        self.addCleanup(peer.close)
        for answer, why in ((b"HTTP/1.0 400\r\n\r\n", "a frame of [0-9]+ bytes, allowed are .*"),
                            (frame({"Hello": {}}), "it does not answer as a core agent"), (None, "no answer in 3 s")):
            answers["CoreAgentVersion"] = answer
            self.assert_wrong("core agent", why + "; end what listens there")
        answers["CoreAgentVersion"] = frame({"CoreAgentVersion": {"version": "1.5.1"}})
        answers["Register"] = frame({"Register": {"Failure": {"message": "unknown key"}}})
        self.assert_wrong("Register", "Register was not accepted: unknown key; see the core agent's log")
        answers["Register"] = frame({"Register": {"id": None}})
        self.check()
        self.assertEqual(self.status, 0)
        self.environment["SCOUT_CORE_AGENT_SOCKET_PATH"] = "tcp://no-such-host.invalid"
        self.assert_wrong("core agent", "start it there, or set SCOUT_CORE_AGENT_SOCKET_PATH")


class Command(Desk):
    def test_config_says_where_values_come_from_and_masks_secrets(self):
        self.environment["SCOUT_LOG_FILE"] = "/tmp/x.log"
        status, out, err = self.scout("config")
        self.assertEqual((status, err), (0, ""))
        rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if not line.startswith("problem")}
        self.assertEqual(rows["key"], ["***", "environment"])
        self.assertEqual(rows["monitor"], ["true", "environment"])
        self.assertEqual(rows["core_agent_log_file"], ["'/tmp/x.log'", "environment"])
        self.assertEqual(rows["core_agent_version"], ["'v1.5.1'", "default"])
        self.assertEqual(rows["core_agent_full_name"], ["'%s'" % FULL_NAME, "derived"])
        self.assertIn("problem: SCOUT_LOG_FILE is an old name: use SCOUT_CORE_AGENT_LOG_FILE\n", out)
        self.assertNotIn(KEY, out)
        del self.environment["SCOUT_KEY"]
        self.assertRegex(self.scout("config")[1], r"(?m)^key +'' +default$")
        self.environment["SCOUT_KEY"] = KEY
        settings = [json.loads(line) for line in self.scout("config", "--json")[1].splitlines()]
        self.assertIn({"type": "setting", "key": "key", "value": "***", "origin": "environment"}, settings)
        self.assertEqual(settings[-1]["type"], "problem")

    def test_what_is_wrong_with_the_environment_is_said_and_no_other_core_agent_is_ended(self):
        for address in ("tcp://127.0.0.1:77777", "127.0.0.1:7777"):
            self.environment["SCOUT_CORE_AGENT_SOCKET_PATH"] = address
            problem = "scout: SCOUT_CORE_AGENT_SOCKET_PATH is '%s', not .*; using tcp://127.0.0.1:6590 .default." % address
            self.assertRegex(self.scout("agent", "probe")[2], problem)
            status, out, err = self.scout("agent", "shutdown")
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, problem + "\nscout: which core agent is to end is not known\n")

    def test_json_of_a_download_and_of_what_fails(self):
        self.mirror()
        status, out, err = self.scout("agent", "download", "--json")
        binary = json.loads(out)
        self.assertEqual((status, err, binary["type"], binary["path"], binary["version"], len(binary["sha256"])),
                         (0, "", "binary", self.installed(), "1.5.1", 64))
        status, out, err = self.scout("agent", "probe", "--json")
        self.assertEqual((status, err), (1, ""))
        self.assertEqual(json.loads(out), {"type": "error", "message": "unix:%s: No such file or directory" % self.socket})

    def test_wrong_arguments_are_status_2(self):
        for arguments in ([], ["agent"], ["agent", "fly"], ["check", "--fast"], ["check", "--timeout", "0"], ["check", "--timeout"]):
            with self.subTest(arguments=arguments):
                status, out, err = self.scout(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertTrue(err.startswith("scout: "), err)
        for arguments in (["--help"], ["-h"], ["config", "--help"], ["agent", "download", "--timeout", "5", "--help"]):
            self.assertEqual(self.scout(*arguments)[0], 0)
        self.assertRegex(self.scout("--version")[1], r"^scout [0-9]+\.[0-9]+\.[0-9]+\n$")

    def redirected(self, redirections, *arguments):
        """Status, output and errors of the command behind a shell's redirections."""
        done = subprocess.run(["sh", "-c", 'exec "$0" "$@" ' + redirections, self.command, *arguments], env=self.environment,
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_output_that_cannot_be_written_is_status_1_and_says_so(self):
        for arguments in (["--help"], ["--version"], ["config"], ["config", "--json"], ["check"], ["agent", "probe", "--json"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.redirected(">/dev/full", *arguments),
                                 (1, "", "scout: cannot write to standard output: No space left on device\n"))
        self.assertEqual(self.redirected(">&-", "config"),
                         (1, "", "scout: cannot write to standard output: Bad file descriptor\n"))
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(["sh", "-c", "trap '' PIPE; exec \"$0\" config", self.command], env=self.environment, stdout=writer,
                              stderr=subprocess.PIPE, text=True, check=False)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (1, "scout: cannot write to standard output: Broken pipe\n"))

    def test_what_cannot_be_said_on_standard_error_stops_nothing(self):
        for redirection in ("2>/dev/full", "2>&-", "2>&- <&-"):
            with self.subTest(redirection=redirection):
                self.assertEqual(self.redirected(redirection, "agent", "probe"), (1, "", ""))
                self.assertEqual(self.redirected(redirection, "agent", "fly"), (2, "", ""))
                self.put_binary()
                status, out, _ = self.redirected(redirection, "agent", "launch")
                self.assertEqual((status, out), (0, "unix:%s: core agent 1.5.1, launched\n" % self.socket))
                self.assertNotEqual(self.agent_process(), 0)
                self.assertEqual(self.redirected(redirection, "agent", "shutdown")[0], 0)
                self.until(lambda: self.agent_process() == 0)
        self.assertEqual(self.redirected(">/dev/full 2>&1", "agent", "path")[0], 1)

    def test_on_a_terminal_a_download_shows_how_far_it_is(self):
        mirror = self.mirror()
        mirror.archives["good"] = good_archive(self.binary + os.urandom(3 << 20))
        ours, theirs = pty.openpty()
        with subprocess.Popen([self.command, "agent", "download"], env=self.environment, stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            shown = b""
            try:
                while part := os.read(ours, 65536):
                    shown += part
            except OSError:  # the end of a terminal
                pass
        os.close(ours)
        self.assertEqual(process.returncode, 0, shown)
        self.assertRegex(shown, rb"\r\[#+ *\] +[0-9]+%  [0-9.]+ of 3\.[0-9] MiB\x1b\[K")
        self.assertRegex(shown, rb"100%[^\n]*\r\x1b\[Kscout: /")  # the bar makes way for what else is said
        self.assertNotIn("%", self.scout("agent", "download")[2])


if __name__ == "__main__":
    unittest.main()
