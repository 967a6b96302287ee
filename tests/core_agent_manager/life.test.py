"""A program that includes core_agent/manager.hpp, and its core agent: found, launched, watched, left alone. The command's launch, probe
and shutdown beside it.

Usage: life.test.py SCOUT STAND_IN LOCAL_AGENT INSTALLS INSTALLS_WITHOUT [--sanitized]
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from mirror import Desk, FULL_NAME, KEY

Desk.command = sys.argv.pop(1)
with open(sys.argv.pop(1), "rb") as stream:
    Desk.binary = stream.read()
LOCAL_AGENT, INSTALLS, WITHOUT = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
SANITIZED = sys.argv[-1] == "--sanitized" and bool(sys.argv.pop())
AT_ONCE = 2_000_000  # microseconds: what is waited for in these tests takes longer by far


class Life(Desk):
    def setUp(self):
        super().setUp()
        self.environment["SCOUT_LOG_LEVEL"] = "info"
        self.programs = []
        self.addCleanup(self.end_programs)

    def end_programs(self):
        for program in self.programs:
            program.kill()
            program.wait()
            for stream in (program.stdin, program.stdout, program.stderr):
                stream.close()

    def program(self, *arguments, executable=None):
        """Installs, and records a transaction; its times in microseconds."""
        program = self.start(executable or INSTALLS, *arguments)
        self.programs.append(program)
        program.times = {}
        for what in ("install", "transaction"):
            program.times[what] = self.time_of(program, what)
        return program

    def time_of(self, program, what):
        line = program.stdout.readline()
        self.assertRegex(line, "^%s [0-9]+ us$" % what)
        return int(line.split()[1])

    def deliver(self, program):
        program.stdin.write("\n")
        program.stdin.flush()
        self.assertEqual(program.stdout.readline(), "delivered\n")

    def log_until(self, program, text):
        """Its log up to a line with the text."""
        log = ""
        for line in program.stderr:
            log += line
            if text in line:
                return log
        raise AssertionError(log)

    def end(self, program):
        """The rest of its log."""
        out, log = program.communicate(timeout=30)
        self.assertEqual(program.returncode, 0, log)
        program.output = out
        return log

    def report(self):
        """How the stand-in was started: a list of values for each kind of line."""
        lines = {}
        with open(self.path("agent.report"), encoding="utf-8") as stream:
            for line in stream:
                kind, _, value = line.rstrip("\n").partition(" ")
                lines.setdefault(kind, []).append(value)
        return lines

    def local_agent(self, address, **options):
        agent = subprocess.Popen([LOCAL_AGENT, "--address", address], stdout=subprocess.PIPE, text=True, **options)
        self.addCleanup(agent.communicate)
        self.addCleanup(agent.terminate)
        self.assertIn("listens on", agent.stdout.readline())
        return agent


class Installed(Life):
    def test_the_application_never_waits_while_a_mirror_stalls(self):
        mirror = self.mirror()
        self.use(mirror, "stall")
        program = self.program("shutdown")
        mirror.wait_for_request()
        self.assertLess(program.times["install"], AT_ONCE)
        self.assertLess(program.times["transaction"], AT_ONCE)
        program.stdin.close()
        self.assertLess(self.time_of(program, "shutdown"), AT_ONCE)
        self.assertEqual(program.wait(30), 0)

    def test_exit_ends_the_thread_in_the_middle_of_a_download(self):
        mirror = self.mirror()
        self.use(mirror, "stall")
        program = self.program()
        mirror.wait_for_request()
        self.assertNotIn("launched", self.end(program))
        self.assertEqual(program.output, "the process that ends has not a thread\n")

    def test_downloads_launches_and_delivers_and_the_next_process_finds_it_running(self):
        mirror = self.mirror()
        self.environment["SCOUT_CORE_AGENT_LOG_FILE"] = self.path("agent.report")
        self.environment["SCOUT_CORE_AGENT_LOG_LEVEL"] = "debug"
        self.environment["DATABASE_PASSWORD"] = "hidden"
        self.environment["LANG"] = "my-" + KEY
        self.environment["TZ"] = "UTC"
        first = self.program()
        self.deliver(first)
        self.end(first)
        second = self.program()
        self.deliver(second)
        log = self.log_until(second, "a core agent at") + self.end(second)
        self.assertIn("scout.launcher: info: found a core agent at unix:%s: version 1.5.1\n" % self.socket, log)
        self.assertEqual(len(mirror.requests), 1)
        report = self.report()
        self.assertEqual(report["argument"], [self.installed(), "start", "--daemonize", "true", "--log-level", "debug",
                                              "--log-file", self.path("agent.report"), "--socket", self.socket])
        names = [variable.partition("=")[0] for variable in report["variable"]]
        self.assertEqual(sorted(names), ["PATH", "SSL_CERT_FILE", "TZ"])
        self.assertEqual([descriptor.split()[0] for descriptor in report["descriptor"]], ["0", "1", "2"])
        self.assertEqual([descriptor.split()[1] for descriptor in report["descriptor"][:2]], ["/dev/null"] * 2)
        internal = 1 << 31 | 1 << 32  # signals of the C library's own, which it ignores in what it spawns
        self.assertEqual([int(report["SigBlk"][0], 16), int(report["SigIgn"][0], 16) & ~internal], [0, 0])
        self.assertEqual(report["session"], ["own"])

    def test_the_log_says_what_is_done_and_not_the_key(self):
        mirror = self.mirror()
        self.environment["SCOUT_LOG_LEVEL"] = "debug"
        program = self.program()
        log = self.log_until(program, "launched a core agent")
        self.deliver(program)
        log += self.end(program)
        self.assertRegex(log, "(?s)info: downloading %s/%s.tgz\n.*info: %s is there and verified: version 1.5.1, SHA-256 [0-9a-f]{64}\n"
                              ".*info: launched a core agent at unix:%s: version 1.5.1\n"
                         % (mirror.url("good"), FULL_NAME, self.installed(), self.socket))
        self.assertNotIn(KEY, log)

    def test_ten_processes_at_once_download_once_and_share_one_core_agent(self):
        mirror = self.mirror()
        self.environment["SCOUT_CORE_AGENT_LOG_FILE"] = self.path("agent.report")
        programs = [self.start(INSTALLS) for _ in range(10)]
        self.programs += programs
        for program in programs:
            self.time_of(program, "install")
            self.time_of(program, "transaction")
            self.deliver(program)
        agent = self.agent_process()
        logs = [self.log_until(program, "a core agent at") + self.end(program) for program in programs]
        self.assertEqual(len(mirror.requests), 1)
        self.assertEqual(sum("scout.launcher: warning" in log for log in logs), 0, logs)
        self.assertGreaterEqual(sum("launched a core agent" in log for log in logs), 1)
        self.assertEqual(self.agent_process(), agent)

    def test_a_core_agent_that_is_killed_is_launched_again(self):
        self.put_binary()
        program = self.program()
        log = self.log_until(program, "launched a core agent")
        self.deliver(program)
        killed = self.kill_agent()
        log += self.log_until(program, "launched a core agent")
        self.assertNotIn(self.agent_process(), (0, killed))
        self.deliver(program)
        self.assertIn("warning: the core agent does not answer any more: unix:%s: Connection refused\n" % self.socket, log)
        self.assertEqual(log.count("launched a core agent"), 2)

    @unittest.skipIf(SANITIZED, "gcc 12's sanitizers cannot fork while another thread allocates")
    def test_a_forked_child_launches_none_unless_it_installs_itself(self):
        self.put_binary()
        program = self.program("fork")
        self.log_until(program, "launched a core agent")  # its libraries hold no lock now that a child would inherit
        program.stdin.write("\n")
        program.stdin.flush()
        lines = [program.stdout.readline() for _ in range(5)]
        self.assertEqual(lines, ["parent has a thread\n", "child has not a thread\n", "child that installs has a thread\n",
                                 "the process that ends has not a thread\n", "child 0\n"])
        self.end(program)

    def test_without_the_header_or_the_setting_it_says_why_none_is_launched(self):
        self.put_binary()
        self.assertIn("info: no core agent is launched: the program does not include scout/core_agent/manager.hpp\n",
                      self.end(self.program(executable=WITHOUT)))
        self.environment["SCOUT_CORE_AGENT_LAUNCH"] = "false"
        for executable in (INSTALLS, WITHOUT):
            self.assertIn("info: no core agent is launched: core_agent_launch is off\n", self.end(self.program(executable=executable)))
        self.assertEqual(self.agent_process(), 0)

    def test_what_goes_wrong_is_one_warning(self):
        self.environment["SCOUT_CORE_AGENT_DOWNLOAD"] = "false"
        program = self.start(INSTALLS)
        self.programs.append(program)
        warning = r"scout.launcher: warning: no core agent: %s/core: No such file or directory; core_agent_download is off; trying again in 0.5 s\n"
        self.assertRegex(self.log_until(program, "no core agent"), warning % self.folder)
        self.put_binary()  # by hand, while it tries again
        self.time_of(program, "install")
        self.time_of(program, "transaction")
        self.deliver(program)
        self.log_until(program, "launched a core agent")
        self.end(program)


class Launch(Life):
    def launch(self):
        return self.scout("agent", "launch")

    def test_launch_probe_and_shutdown(self):
        self.put_binary()
        address = "unix:" + self.socket
        self.assert_fails(self.scout("agent", "probe"), "unix:%s: No such file or directory" % self.socket)
        self.assertEqual(self.launch()[:2], (0, address + ": core agent 1.5.1, launched\n"))
        self.assertEqual(self.launch()[:2], (0, address + ": core agent 1.5.1, was running\n"))
        self.assertEqual(self.scout("agent", "probe"), (0, address + ": core agent 1.5.1, running\n", ""))
        self.assertEqual(self.scout("agent", "probe", "--json")[1],
                         '{"type":"core_agent","address":"%s","version":"1.5.1","how":"running"}\n' % address)
        self.assertEqual(self.scout("agent", "shutdown"), (0, address + ": the core agent ends\n", ""))
        self.until(lambda: self.agent_process() == 0)
        self.assert_fails(self.scout("agent", "shutdown"), "unix:%s: " % self.socket)

    def test_tcp(self):
        self.put_binary()
        with subprocess.Popen([LOCAL_AGENT, "--address", "tcp://127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as agent:
            address = re.search(r"tcp://\S+", agent.stdout.readline()).group()  # its port is free once it has ended
            agent.terminate()
        self.environment["SCOUT_CORE_AGENT_SOCKET_PATH"] = address
        self.environment["SCOUT_CORE_AGENT_LOG_FILE"] = self.path("agent.report")
        self.assertEqual(self.launch()[:2], (0, address + ": core agent 1.5.1, launched\n"))
        self.assertEqual(self.report()["argument"][-2:], ["--tcp", address[len("tcp://"):]])
        self.assertEqual(self.scout("agent", "shutdown")[0], 0)

    def test_status_3_is_a_core_agent_that_was_running(self):
        self.put_binary()
        self.misbehave("was running")
        self.assertEqual(self.launch()[:2], (0, "unix:%s: core agent 1.5.1, was running\n" % self.socket))

    def test_a_binary_that_does_not_daemonise_is_launched_as_well(self):
        self.put_binary()
        self.misbehave("stays")
        self.assertEqual(self.launch()[:2], (0, "unix:%s: core agent 1.5.1, launched\n" % self.socket))

    def test_a_binary_that_fails_is_not_launched(self):
        self.put_binary()
        for how, why in (("fails", r"core-agent exited with status 1: version `GLIBC_2\.99' not found"),
                         ("aborts", "core-agent was ended by signal 6")):
            self.misbehave(how)
            self.assert_fails(self.launch(), why)
        self.put_binary(b"not a program")
        self.environment["SCOUT_CORE_AGENT_DOWNLOAD"] = "false"
        self.assert_fails(self.launch(), "core-agent: Exec format error|core-agent exited with status 127")

    def test_launched_is_only_what_answers(self):
        self.put_binary()
        self.misbehave("does nothing")
        self.assert_fails(self.launch(), "was started, but no core agent answers at unix:%s after 10 s" % self.socket)

    def test_nothing_is_launched_for_another_machine(self):
        self.put_binary()
        self.environment["SCOUT_CORE_AGENT_SOCKET_PATH"] = "tcp://no-such-host.invalid:6590"
        self.assert_fails(self.launch(), "none is launched, as that is not this machine")

    def test_a_socket_that_another_user_put_where_anybody_can_is_not_trusted(self):
        self.needs_root()
        for parent, status in (("/var/tmp", 1), ("/run", 0)):
            with self.subTest(parent=parent), tempfile.TemporaryDirectory(dir=parent) as folder:
                os.chmod(folder, 0o755)
                os.chown(folder, 12345, 12345)
                path = os.path.join(folder, "agent.sock")
                agent = self.local_agent(path, user=12345)
                self.environment["SCOUT_CORE_AGENT_SOCKET_PATH"] = path
                result = self.scout("agent", "probe")
                self.assertEqual(result[0], status, result)
                program = self.program(executable=WITHOUT)
                if status == 0:
                    self.deliver(program)
                    self.end(program)
                else:
                    why = "a process of user 12345 listens there, where anybody may put a socket"
                    self.assert_fails(result, why)
                    self.assertIn("warning: unix:%s: %s" % (path, why), self.end(program))
                agent.terminate()
                agent.wait()


if __name__ == "__main__":
    unittest.main()
