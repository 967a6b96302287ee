#!/usr/bin/env python3
"""Holds what an include costs, in lines after the preprocessor, to a figure.

usage: include_cost.py HEADER LINES INCLUDE_FOLDER COMPILER...
"""
import subprocess
import sys


def main():
    header, limit, include, compiler = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    output = subprocess.run([*compiler, "-std=c++20", "-I", include, "-E", "-P", "-x", "c++", "-"], check=True,
                            input="#include <%s>\n" % header, stdout=subprocess.PIPE, text=True).stdout
    lines = len(output.splitlines())
    print("%s: %d lines, at most %d" % (header, lines, limit))
    return 0 if lines <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
