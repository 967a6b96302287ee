"""Tools of the repository that are written in Python: a wrong argument is told in a line, with exit status 2, and no traceback.

Usage: tools_arguments.test.py TOOLS_DIRECTORY
"""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = sys.argv.pop(1)


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
            root = os.path.dirname(os.path.abspath(TOOLS))
            for arguments, name in (((folder, folder + "/out.hpp"), "scout.hpp"), ((root, folder), folder)):
                ended = run("amalgamate", *arguments)
                self.assertEqual(ended.returncode, 2)
                self.assertRegex(ended.stderr, r"\Aamalgamate: [^\n]*%s[^\n]*\n\Z" % name)


if __name__ == "__main__":
    unittest.main()
