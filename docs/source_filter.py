#!/usr/bin/env python3
"""Prints a header as Doxygen understands it, line for line.

Doxygen 1.9 does not know nested inline namespaces, and wants marks at comments that are documentation. Those are, by this project's
manner: the comment under the include guard (of the file), one that stands right before a declaration (of all declarations up to the
next blank line or comment), and one that follows a declaration on its line. What is deleted has no documentation, as it does not exist.

usage: source_filter.py HEADER
"""
import re
import sys

COMMENT = re.compile(r"^\s*//(?!/)")
BEHIND = re.compile(r"^(\s*[^\s/#][^\"]*?[;,{}\w)]\s*)//(?!/) ?(.*)$")
NO_DECLARATION = re.compile(r"^\s*(//|#(?! *define)|\}|public:|private:|protected:|namespace|static_assert|$)")
DELETED = re.compile(r"^\s*[^/]*= delete;$")


def without_text(line):
    return re.sub(r"//.*|\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])'", "", line)


class Declarations:
    """Goes through lines and says for each whether a declaration begins there, at the depth where this began."""

    def __init__(self):
        self.depth, self.inside = 0, False

    def begins(self, line):
        begins = not self.inside
        code = without_text(line).rstrip()
        for bracket in re.findall(r"[({})]", code):
            self.depth += 1 if bracket in "({" else -1
        ends = self.depth == 0 and (re.search(r"[;,}]$", code) or code.lstrip().startswith("#define"))
        self.inside = not ends or code.endswith("\\")
        return begins


def mark(lines):
    comment_of_file = next((i for i, line in enumerate(lines) if COMMENT.match(line)), None)
    if comment_of_file is not None and all(re.match(r"#(ifndef|define)|$", line) for line in lines[:comment_of_file]):
        lines[comment_of_file - 1] = "/// @file"
        while COMMENT.match(lines[comment_of_file]):
            lines[comment_of_file] = "/" + lines[comment_of_file]
            comment_of_file += 1
    i = 0
    while i < len(lines):
        first = i
        while i < len(lines) and COMMENT.match(lines[i]):
            i += 1
        if i > first and i < len(lines) and not NO_DECLARATION.match(lines[i]):
            text = " ".join(line.strip()[3:] for line in lines[first:i])
            for j in range(first, i):
                lines[j] = lines[j].replace("//", "///", 1)
            declarations = Declarations()
            declarations.begins(lines[i])
            for j in range(i + 1, len(lines)):
                if not declarations.inside and NO_DECLARATION.match(lines[j]):
                    break
                if declarations.begins(lines[j]) and not lines[j].lstrip().startswith("#") and not BEHIND.match(lines[j]):
                    lines[j] = "/** " + text + " */ " + lines[j]
        i += first == i


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().split("\n")
    for i, line in enumerate(lines):
        line = re.sub(r"^namespace scout::inline v0", "namespace scout", line)
        line = re.sub(r"^(namespace scout)::inline \w+ \{", r"\1 {", line)
        lines[i] = "" if DELETED.match(line) else line
    mark(lines)
    for i, line in enumerate(lines):
        behind = BEHIND.match(line)
        if behind:
            lines[i] = behind.group(1) + "///< " + behind.group(2)
            column = len(behind.group(1))
            while re.match(r" {%d}// " % column, lines[i + 1]):
                i += 1
                lines[i] = " " * column + "///< " + lines[i][column + 3:]
    print("\n".join(lines), end="")


if __name__ == "__main__":
    main()
