#!/usr/bin/env python3
"""Writes the reference, HTML from the headers by Doxygen, to OUTPUT/html. Fails for what Doxygen warns of, and for a public name
without a docstring: a class, concept, alias, function, variable, macro, enumeration or enumerator, neither private nor a detail.

A name is documented where one of its overloads is; constructors, destructors and operators belong to their class; the docstring of
an enumeration may name its enumerators.

usage: reference.py SOURCE_ROOT OUTPUT VERSION
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from marked_header import marked

PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md"]


def anchored(text):
    """Headings have the anchors that links in the text go to."""
    def anchor(heading):
        return heading[0] + " {#" + re.sub(r"[^\w -]", "", heading[1].lower()).replace(" ", "-") + "}"

    return re.sub(r"^#+ (.*)$", anchor, text, flags=re.M)


def prepare(root, inputs):
    for header in sorted((root / "include").rglob("*.hpp")):
        target = inputs / header.relative_to(root / "include")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(marked(header.read_text(encoding="utf-8"), header.stem), encoding="utf-8")
    for page in PAGES:
        text = (root / page).read_text(encoding="utf-8").replace("(benchmarks/README.md)", "(benchmarks.md)")
        (inputs / page.replace("/README", "")).write_text(anchored(text) if page == "README.md" else text, encoding="utf-8")


def text_of(element):
    parts = [element.find("briefdescription"), element.find("detaileddescription")]
    return "".join("".join(part.itertext()) for part in parts if part is not None).strip()


def names_of(compound):
    """(what, where, docstring) of the compound and each of its members."""
    name = compound.findtext("compoundname")
    if compound.get("kind") in ("class", "struct", "union", "concept"):
        yield name, compound.find("location"), text_of(compound)
    scope = "" if compound.get("kind") == "file" else name + "::"
    for member in compound.iter("memberdef"):
        own = member.findtext("name")
        is_special = own.startswith(("~", "operator")) or own == re.sub(r"<.*", "", name).split("::")[-1]
        is_hidden = member.get("prot") == "private" or member.get("kind") == "friend" or own.startswith("SCOUT_DETAIL_")
        if is_special or is_hidden or compound.get("kind") == "file" and member.get("kind") != "define":
            continue
        docstring = text_of(member)
        yield scope + own, member.find("location"), docstring
        for value in member.findall("enumvalue"):
            named = value.findtext("name")
            said = text_of(value) or re.search(r"\b%s\b" % named, docstring)
            yield scope + own + "::" + named, member.find("location"), "said" if said else ""


def undocumented(folder):
    """The number of public names, and those without a docstring."""
    docstrings, places = {}, {}
    for file in sorted(folder.glob("*.xml")):
        for compound in xml.etree.ElementTree.parse(file).getroot().iter("compounddef"):
            is_file = compound.get("kind") == "file"
            is_page = compound.get("kind") in ("page", "dir") or is_file and not compound.findtext("compoundname").endswith(".hpp")
            if is_page or compound.get("prot") == "private":
                continue
            for name, place, docstring in names_of(compound):
                docstrings[name] = docstrings.get(name, "") + docstring
                places.setdefault(name, "%s:%s" % (place.get("file"), place.get("line")))
    return len(docstrings), ["%s: %s has no docstring" % (places[name], name) for name, text in docstrings.items() if not text]


def main():
    root, output, version = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        inputs, results = pathlib.Path(folder, "inputs"), pathlib.Path(folder, "results")
        prepare(root, inputs)
        results.mkdir()
        doxygen = subprocess.run(["doxygen", root / "docs/Doxyfile"], cwd=inputs, stderr=subprocess.PIPE, text=True, check=False,
                                 env=dict(os.environ, SCOUT_VERSION=version, SCOUT_REFERENCE=str(results)))
        problems = doxygen.stderr.replace(str(inputs) + "/", "").splitlines()
        count, missing = undocumented(results / "xml")
        problems += missing
        shutil.rmtree(output / "html", ignore_errors=True)
        shutil.copytree(results / "html", output / "html")
    print(*problems, "%d public names: %s/html/index.html" % (count, output), sep="\n")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
