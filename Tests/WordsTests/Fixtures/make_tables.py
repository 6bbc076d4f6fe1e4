"""Makes the files in Sources/Words/Tables: the rules of spaCy's English tokenizer and the tables of ftfy, as their own data has them.

    python3 -m pip install spacy==3.8.* ftfy==6.3.1 regex         (into a virtual environment)
    python3 -m pip download spacy==2.0.11 --no-binary :all: --no-deps --no-build-isolation && tar xzf spacy-2.0.11.tar.gz
    python3 make_tables.py spacy-2.0.11

2018      spaCy 2.0.11, the version of April 2018, before GPT-1 appeared in June; its English rules are those of 2.0.18
current   the installed spaCy

Every class of characters is read from the regular expressions themselves: the script asks the engine about each code point.
"""
import html.entities, os, re, sys, unicodedata
import regex
from spacy20 import load_spacy20

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "..", "..", "..", "Sources", "Words", "Tables")
WIDTH = 130
POINTS = [chr(p) for p in range(0x110000) if not 0xD800 <= p < 0xE000]
EVERYTHING = "".join(POINTS)


def wrapped(items):
    """Lines of items separated by spaces."""
    lines, line = [], ""
    for item in items:
        if line and len(line) + 1 + len(item) > WIDTH - 4:
            lines.append(line)
            line = ""
        line += (" " if line else "") + item
    return lines + [line]


def literal(name, comment, items):
    """A Swift constant with items separated by spaces."""
    items = list(items)
    assert not any(" " in i or "\n" in i or not i or '"""' in i for i in items), items
    body = "\n".join("    " + line for line in wrapped(items))
    return f'  /// {comment}\n  static let {name} = #"""\n{body}\n    """#\n'


def ranges(characters):
    """Ranges of code points as hexadecimal numbers: `41-5A`, `7F`, and `100-136:2` for every other one."""
    points, out, i = sorted(map(ord, characters)), [], 0
    while i < len(points):
        best = (i, 1)
        for step in (1, 2):
            j = i
            while j + 1 < len(points) and points[j + 1] - points[j] == step:
                j += 1
            if j > best[0] and (step == 1 or j - i > 1):
                best = max(best, (j, step), key=lambda b: b[0])
        j, step = best
        out.append(f"{points[i]:X}" + (f"-{points[j]:X}" if j > i else "") + (":2" if step == 2 else ""))
        i = j + 1
    return out


def plain(piece):
    """A literal pattern without its backslashes."""
    text = re.sub(r"\\(\W)", r"\1", piece)
    assert regex.fullmatch(piece, text) and not re.search(r"[\[(]\?", piece), piece
    return text


def write(name, head, body):
    text = head + "\n".join(body) + "}\n"
    lines = text.count("\n")
    if lines > 300:
        text = "// Longer than 300 lines: a table that a script writes.\n" + text
    with open(os.path.join(folder, name + ".swift"), "w", encoding="utf-8") as file:
        file.write(text)
    print(name, lines, len(text))


def special(pieces):
    """Patterns that the matcher knows by itself, and literal ones."""
    return [plain(p) for p in pieces if p.strip() and p not in (r"\.\.+", r"\+(?![0-9])") and "(?<=" not in p and p[0] != "["]


def rules(name, version, engine, classes, punctuation, exceptions):
    """The tables of one edition of spaCy's rules."""
    def members(pattern):
        return engine.findall(pattern, EVERYTHING)

    def klass(text):
        return text if text.startswith("[") else f"[{text}]"

    alpha, lower, upper = (set(members(klass(c))) for c in (classes.ALPHA, classes.ALPHA_LOWER, classes.ALPHA_UPPER))
    icons = set(members(classes.LIST_ICONS[0]))
    base = {k: [t.get("ORTH", t.get(65)) for t in v] for k, v in exceptions.items() if k.strip() and "\u2019" not in k}
    for key, parts in base.items():
        assert "".join(parts) == key and "\u00b7" not in key, key
    closing = [p for p in punctuation.TOKENIZER_SUFFIXES if p.endswith(r"\.") and "0-9" in p]
    assert len(closing) == 1
    before_period = set(members(closing[0][len("(?<="):-len(r")\.")]))
    inner = [p for p in punctuation.TOKENIZER_INFIXES if r")\.(?=" in p]
    assert len(inner) == 1
    before, after = inner[0][len("(?<="):-1].split(r")\.(?=")
    head = f"""/// Tables of the rules of spaCy {version} for English (explosion/spaCy, MIT licence, © ExplosionAI GmbH), written by
/// Tests/WordsTests/Fixtures/make_tables.py from spacy/lang/punctuation.py, char_classes.py, tokenizer_exceptions.py and en/.
/// Classes are ranges of code points in hexadecimal notation: `41-5A`, `7F`, `100-136:2` for every other one.
enum {name} {{
"""
    body = [
        literal("alpha", "Letters (ALPHA).", ranges(alpha)),
        literal("lower", "Lower-case letters and those of scripts without case (ALPHA_LOWER).", ranges(lower)),
        literal("upper", "Upper-case letters and those of scripts without case (ALPHA_UPPER).", ranges(upper)),
        literal("icons", "Symbols that are words by themselves (LIST_ICONS).", ranges(icons)),
        literal("beforePeriod", "Characters besides `lower` after which a period at the end is a word.", ranges(before_period - lower)),
        literal("beforeInnerPeriod", "Characters besides `lower` before a period that parts two words.",
                ranges(set(members(klass(before))) - lower)),
        literal("afterInnerPeriod", "Characters besides `upper` after a period that parts two words.",
                ranges(set(members(klass(after))) - upper)),
        literal("prefixes", "Prefixes in the order in which they are tried (TOKENIZER_PREFIXES).", special(punctuation.TOKENIZER_PREFIXES)),
        literal("suffixes", "Suffixes (TOKENIZER_SUFFIXES).", dict.fromkeys(special(punctuation.TOKENIZER_SUFFIXES))),
        literal("currency", "Suffixes after a digit: currencies (LIST_CURRENCY).", map(plain, classes.LIST_CURRENCY)),
        literal("units", "Suffixes after a digit: units (LIST_UNITS).", classes.LIST_UNITS),
        literal("hyphens", "Hyphens in the order in which they are tried (LIST_HYPHENS).", classes.LIST_HYPHENS),
        literal("exceptions", "Exceptions; a dot parts their words. They also hold with U+2019 for each apostrophe.",
                ["\u00b7".join(base[k]) for k in sorted(base)]),
    ]
    if not members(klass(before))[0:0] and not (set(members(klass(before))) - lower):
        body[5] = '  /// Characters besides `lower` before a period that parts two words: none.\n  static let beforeInnerPeriod = ""\n'
        body[6] = '  /// Characters besides `upper` after a period that parts two words: none.\n  static let afterInnerPeriod = ""\n'
    write(name, head, body)


def mapping(pairs):
    """`name=hex+hex` for each pair of a name and a text."""
    return [f"{name}=" + "+".join(f"{ord(c):X}" for c in text) for name, text in pairs]


def fixes():
    """The tables of ftfy."""
    import ftfy
    from ftfy import badness, chardata
    note = f"""/// Tables of ftfy {ftfy.__version__} (rspeer/python-ftfy, Apache-2.0 licence, © Robyn Speer), written by
/// Tests/WordsTests/Fixtures/make_tables.py from ftfy's own.
"""
    entities = sorted((k[1:-1], v) for k, v in chardata.HTML_ENTITIES.items())
    write("EntityTable", note + "enum EntityTable {\n", [
        literal("entities", "Names of entities, and the code points that they stand for.", mapping(entities))])
    body = []
    names = {"latin-1": "latin1", "iso-8859-2": "iso88592", "macroman": "macRoman", "cp437": "codePage437"}
    for encoding in chardata.CHARMAP_ENCODINGS:
        if encoding == "latin-1":
            continue
        name = names.get(encoding, encoding.replace("sloppy-windows-", "windows"))
        text = bytes(range(0x80, 0x100)).decode(encoding)
        body.append(literal(name, f"The characters of the bytes 80 to FF in {encoding}.", [f"{ord(c):X}" for c in text]))
    write("EncodingTable", note + "enum EncodingTable {\n", body)
    body = []
    for name, text in badness.MOJIBAKE_CATEGORIES.items():
        camel = re.sub(r"_(\w)", lambda m: m.group(1).upper(), name)
        body.append(literal(camel, f"Characters of the category {name} (badness.py).", ranges(re.findall(f"[{text}]", EVERYTHING))))
    for name, text in chardata.UTF8_CLUES.items():
        camel = re.sub(r"_(\w)", lambda m: m.group(1).upper(), name)
        body.append(literal(camel, f"Characters of {name} (chardata.py).", ranges(re.findall(f"[{text}]", EVERYTHING))))
    body.append(literal("widths", "Wide and narrow forms, and the usual ones.", mapping((f"{k:X}", v) for k, v in sorted(chardata.WIDTH_MAP.items()) if k != 0x3000)))
    body.append(literal("ligatures", "Ligatures, and their letters.", mapping((f"{k:X}", v) for k, v in sorted(chardata.LIGATURES.items()))))
    write("MojibakeTable", note + "enum MojibakeTable {\n", body)


def main():
    import spacy
    from spacy.lang import char_classes, punctuation
    from spacy.lang.en import punctuation as english
    from spacy.lang.en.tokenizer_exceptions import TOKENIZER_EXCEPTIONS

    old = load_spacy20(sys.argv[1])
    rules("Rules2018", "2.0.11", regex, old.classes, old.punctuation, old.exceptions)
    punctuation.TOKENIZER_INFIXES = english.TOKENIZER_INFIXES
    rules("RulesCurrent", spacy.__version__, re, char_classes, punctuation, TOKENIZER_EXCEPTIONS)
    fixes()


main()
