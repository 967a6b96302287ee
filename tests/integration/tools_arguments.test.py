"""The scripts of the repository: a wrong argument is told in a line, with exit status 2, no traceback, and before anything is built.

Usage: tools_arguments.test.py TOOLS_DIRECTORY
"""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = sys.argv.pop(1)
ROOT = os.path.dirname(os.path.abspath(TOOLS))


def run(tool, *arguments):
    return subprocess.run([sys.executable, os.path.join(TOOLS, tool), *arguments], capture_output=True, text=True)


class Tools(unittest.TestCase):
    def test_what_is_missing_or_too_much_is_told_with_the_usage(self):
        for tool, arguments in (("amalgamate", ()), ("amalgamate", ("root",)), ("amalgamate", ("1", "2", "3", "4")),
                                ("test_account", ()), ("test_account", ("--unknown",))):
            with self.subTest(tool=tool, arguments=arguments):
                ended = run(tool, *arguments)
                self.assertEqual(ended.returncode, 2)
                self.assertRegex(ended.stderr, r"\Ausage: %s [^\n]*\n%s: error: [^\n]*\n\Z" % (tool, tool))

    def test_the_usage_is_told_to_who_asks(self):
        for tool in ("amalgamate", "test_account"):
            ended = run(tool, "--help")
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.assertIn("usage: " + tool, ended.stdout)

    def test_a_folder_without_scout_or_a_file_that_cannot_be_written_is_told_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, name in (((folder, folder + "/out.hpp"), "scout.hpp"), ((ROOT, folder), folder)):
                ended = run("amalgamate", *arguments)
                self.assertEqual(ended.returncode, 2)
                self.assertRegex(ended.stderr, r"\Aamalgamate: [^\n]*%s[^\n]*\n\Z" % name)

    def test_scripts_of_the_tests_tell_their_usage(self):
        for script, arguments in (("lifecycle/soak.py", ()), ("lifecycle/soak.py", ("build", "long")), ("planted_faults/search.py", ())):
            with self.subTest(script=script, arguments=arguments):
                ended = run(os.path.join(ROOT, "tests", script), *arguments)
                self.assertEqual(ended.returncode, 2)
                self.assertRegex(ended.stderr, r"\Ausage: [^\0]*\n%s: error: [^\n]*\n\Z" % os.path.basename(script))


class Run(unittest.TestCase):
    def test_arguments_that_no_command_takes_are_refused(self):
        for arguments in (["nonsense"], ["test", "unit"], ["docs", "out"], ["check", "--fast"], ["nightly", "1"], ["soak", "long"],
                          ["soak", "1", "2"]):
            with self.subTest(arguments=arguments):
                ended = subprocess.run([os.path.join(ROOT, "run"), *arguments], capture_output=True, text=True, timeout=60)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                self.assertRegex(ended.stderr, r"\A\./run: [^\n]*%s[^\n]*; \./run help lists what there is\n\Z" % arguments[0])


if __name__ == "__main__":
    unittest.main()
