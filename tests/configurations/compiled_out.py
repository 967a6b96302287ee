#!/usr/bin/env python3
"""Links a program twice: with its macros and SCOUT_DISABLE, and with the macros and the include taken out of the source. The
two must have the same bytes: code, constants, data, everything that is loaded.

usage: compiled_out.py SOURCE INCLUDE_FOLDER COMPILER...
"""
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ABSENT = pathlib.Path(__file__).resolve().parent / "absent"  # neither fmt nor simdjson may be reached


def bare(source):
    """The source without us; lines keep their numbers, a statement that a macro was becomes the empty one."""
    source = re.sub(r"#include <scout/.*>", "", source)
    return re.sub(r"SCOUT_\w+\(.*\);", ";", source)


def loaded_sections(program):
    """{name: bytes} of the sections of an ELF file that are loaded."""
    elf = program.read_bytes()
    table, = struct.unpack_from("<Q", elf, 40)
    entry_size, count, names_index = struct.unpack_from("<HHH", elf, 58)
    entries = [struct.unpack_from("<IIQQQQ", elf, table + i * entry_size) for i in range(count)]
    names = entries[names_index][4]
    sections = {}
    for name, kind, flags, _, offset, size in entries:
        allocated, without_bytes = flags & 2, kind == 8
        if allocated:
            text = elf[names + name:elf.index(b"\0", names + name)].decode()
            sections[text] = bytes(size) if without_bytes else elf[offset:offset + size]
    return sections


def differences(compiler, level, source, include, folder):
    programs = []
    for name, text, flags in (("with", source, ["-DSCOUT_DISABLE"]), ("without", bare(source), [])):
        (folder / name).mkdir(exist_ok=True)
        file = folder / name / "program.cpp"  # the same name for both
        file.write_text(text, encoding="utf-8")
        command = [*compiler, "-std=c++20", level, *flags, "-I", str(ABSENT), "-I", str(include), "-Wl,--build-id=none", file.name,
                   "-o", "program"]
        subprocess.run(command, cwd=file.parent, check=True)
        programs.append(loaded_sections(file.parent / "program"))
    disabled, without = programs
    return sorted(name for name in disabled.keys() | without.keys() if disabled.get(name) != without.get(name))


def main():
    source, include, compiler = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"), pathlib.Path(sys.argv[2]), sys.argv[3:]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for level in ("-O0", "-O2"):
            different = differences(compiler, level, source, include.resolve(), pathlib.Path(folder))
            print("%s %s: %s" % (" ".join(compiler), level, "differ in " + ", ".join(different) if different else "identical"))
            failed |= bool(different)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
