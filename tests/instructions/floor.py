#!/usr/bin/env python3
"""Proves the floor that spans are measured against: counts the instructions of count_floor() as it stands in the object file,
without those of a function that does nothing and without padding. There is no jump in it, so all are executed.

usage: floor.py OBJECTS INSTRUCTIONS
"""
import re
import subprocess
import sys


def instructions(objects, function):
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", objects], check=True, stdout=subprocess.PIPE, text=True).stdout
    body = re.search(r"<%s>:\n(.*?)(\n\n|\Z)" % function, listing, re.S)[1]
    # "  12:  mov    %rax,%rsi": what follows the last tab of a line
    return [text for text in (line.split("\t")[-1].strip() for line in body.splitlines()) if "nop" not in text]


def main():
    objects, limit = sys.argv[1], int(sys.argv[2])
    floor = instructions(objects, "count_floor")
    count = len(floor) - len(instructions(objects, "count_nothing"))
    print("the floor: %d instructions, at most %d" % (count, limit), *floor, sep="\n  ")
    jumps = [text for text in floor if text.startswith("j") or text.startswith("call")]
    return 0 if 0 < count <= limit and not jumps else 1


if __name__ == "__main__":
    sys.exit(main())
