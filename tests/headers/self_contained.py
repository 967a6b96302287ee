#!/usr/bin/env python3
"""Compiles a translation unit for each header that includes it twice; and three with all headers: without exceptions and RTTI,
and where headers of the system or of Qt define macros with names like ours.

usage: self_contained.py INCLUDE_FOLDER [--without HEADER]... -- COMPILER...
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"]
WORKERS = 2

UNFRIENDLY = ["resolv.h", "sys/sysmacros.h"]

# httplib.h itself throws; Asio wants a function of the program's in place of each throw.
NEEDS_EXCEPTIONS = {"integrations/httplib.hpp", "integrations/asio.hpp"}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[], help="a header, or a folder of them, whose library is not here")
    end = sys.argv.index("--")
    options, compiler = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1:]

    def compiles(headers, *flags):
        source = "".join("#include <scout/%s>\n" % header for header in headers * 2) + "int main() {}\n"
        source = "".join("#include <%s>\n" % header for header in UNFRIENDLY if "-DUNFRIENDLY" in flags) + source
        result = subprocess.run(compiler + FLAGS + [*flags, "-I", str(options.include), "-x", "c++", "-"], input=source, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return result.returncode == 0, result.stdout

    house = options.include / "scout"
    headers = sorted(file.relative_to(house).as_posix() for file in house.rglob("*.hpp"))
    headers = [header for header in headers
               if not any(header == absent or header.startswith(absent + "/") for absent in options.without)]
    legs = {header: ([header],) for header in headers}
    legs["all of them with -fno-exceptions -fno-rtti"] = ([h for h in headers if h not in NEEDS_EXCEPTIONS], "-fno-exceptions",
                                                         "-fno-rtti")
    legs["all of them behind %s" % ", ".join(UNFRIENDLY)] = (headers, "-DUNFRIENDLY")
    legs["all of them where Qt's keywords are macros"] = (headers, "-Dslots=", "-Demit=", "-Dsignals=public", "-Dforeach=for")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for name, (good, output) in zip(legs, pool.map(lambda leg: compiles(*leg), legs.values())):
            print("%s %s" % ("ok    " if good else "FAILED", name), output, sep="\n" if output else "", end="\n", flush=True)
            failed += not good
    print("%d of %d compile" % (len(legs) - failed, len(legs)))
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
