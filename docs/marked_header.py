"""A header as Doxygen understands it, line for line.

Doxygen 1.9 does not know nested inline namespaces, and wants marks at comments that are documentation. Those are here: the comment
under the include guard (of the file, or of the type that it is named after), one that stands right before a declaration (of all
declarations up to the next blank line or comment), and one that follows a declaration on its line. What is deleted has no
documentation, as it does not exist.
"""
import re

COMMENT = re.compile(r"^\s*//(?!/)")
BEHIND = re.compile(r"^(\s*[^\s/#](?:[^\"/]|\"(?:\\.|[^\"\\])*\"|/(?!/))*?)//(?!/) ?(.*)$")
NO_DECLARATION = re.compile(r"^\s*(//|#(?! *define)|\}|public:|private:|protected:|namespace|static_assert|$)")
TYPE = re.compile(r"^(class|struct) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :.*)? \{")
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


def subject_of(lines, stem):
    """What the comment under the include guard documents: the type that the file is named after, if that has no own comment."""
    namespace = "scout"
    for i, line in enumerate(lines):
        namespace = (re.match(r"namespace ([\w:]+) \{", line) or ["", namespace])[1]
        found = TYPE.match(line)
        first = i - 1 if lines[i - 1].startswith("template <") else i
        if found and found[2].lower() == stem.replace("_", "") and not COMMENT.match(lines[first - 1]):
            return "@%s %s::%s" % (found[1], namespace, found[2])
    return "@file"


def mark_before(lines, stem):
    """Comments that stand before what they are about."""
    comment_of_file = next((i for i, line in enumerate(lines) if COMMENT.match(line)), None)
    if comment_of_file is not None and all(re.match(r"#(ifndef|define)|$", line) for line in lines[:comment_of_file]):
        lines[comment_of_file - 1] = "/// " + subject_of(lines, stem)
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
                if not declarations.begins(lines[j]) or BEHIND.match(lines[j]) or lines[j].endswith("\\"):
                    continue
                is_macro = lines[j].lstrip().startswith("#")
                lines[j] = lines[j] + " ///< " + text if is_macro else "/** " + text + " */ " + lines[j]
        i += first == i


def mark_behind(lines):
    """Comments that follow a declaration on its line, and go on below it."""
    for first, line in enumerate(lines):
        behind = BEHIND.match(line)
        if not behind:
            continue
        code, text = behind.groups()
        for i in range(first + 1, len(lines)):
            if not re.match(r" {%d}//(?!/)" % len(code), lines[i]):
                break
            text += lines[i][len(code) + 2:]
            lines[i] = ""
        lines[first] = "%s///< %s" % (code, text)


def split_declarators(line):
    """`int a = 1, b;` as ["int a = 1;", "int b;"]; anything else as it is."""
    parts = re.findall(r"(?:[^,<({\[]|<[^;]*?>|\{[^}]*\}|\[[^\]]*\])+", line[:-1])
    if ",".join(parts) + ";" != line or not re.match(r" *[A-Za-z]", line):
        return [line]
    first = re.fullmatch(r"(.*[ >*&])\w+( = [^,]*|\{.*\})?", parts[0])
    return [parts[0] + ";", *(first[1].lstrip() + part.strip() + ";" for part in parts[1:])] if first else [line]


def mark_each_declarator(lines):
    """Doxygen would give the documentation of several variables to one of them."""
    above = ""
    for i, line in enumerate(lines):
        if line.lstrip().startswith("/// "):
            above += line.strip()[3:]
            continue
        before, code, behind = re.fullmatch(r"(/\*\* .*? \*/ )?(.*?)( ///< .*)?", line).groups()
        declarators = split_declarators(code.rstrip())
        text = (before or "")[4:-4] or (behind or "")[6:] or above
        if len(declarators) > 1 and text:
            documented = ["/** %s */ %s" % (text, declarator) for declarator in declarators]
            lines[i] = " ".join([declarators[0], *documented[1:]] if above else documented)
        above = ""


def marked(text, stem):
    lines = ["" if DELETED.match(line) else line for line in text.split("\n")]
    lines = [re.sub(r"^(namespace scout)::inline v0(::inline \w+)?", r"\1", line) for line in lines]
    lines = [re.sub(r"R\"\(.*?\)\"", '""', line) for line in lines]  # Doxygen looks for brackets in them
    mark_before(lines, stem)
    mark_behind(lines)
    mark_each_declarator(lines)
    return "\n".join(lines)
