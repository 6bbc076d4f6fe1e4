"""spaCy 2.0's English tokenizer without spaCy 2.0, which today's Python cannot build: its published language data, unpacked from the
source distribution, and the algorithm of its spacy/tokenizer.pyx (MIT licence, (c) ExplosionAI GmbH) written out in Python.
"""
import importlib.util, os, sys, types
import regex


def load_spacy20(folder):
    """The language data below `folder`, the unpacked source distribution: classes, punctuation, exceptions, token_match."""
    def load(name, path):
        spec = importlib.util.spec_from_file_location("spacy20." + name, os.path.join(folder, "spacy", path))
        module = importlib.util.module_from_spec(spec)
        sys.modules["spacy20." + name] = module
        spec.loader.exec_module(module)
        return module

    for name in ("lang", "lang.en", "symbols"):
        module = sys.modules["spacy20." + name] = types.ModuleType("spacy20." + name)
        module.__path__ = []
    for name in "ORTH POS LEMMA SPACE PUNCT TAG NORM PRON_LEMMA".split():
        setattr(module, name, name)
    sys.modules["spacy20"].__path__ = []
    classes = load("lang.char_classes", "lang/char_classes.py")
    punctuation = load("lang.punctuation", "lang/punctuation.py")
    base = load("lang.tokenizer_exceptions", "lang/tokenizer_exceptions.py")
    english = load("lang.en.tokenizer_exceptions", "lang/en/tokenizer_exceptions.py")
    exceptions = {**base.BASE_EXCEPTIONS, **english.TOKENIZER_EXCEPTIONS}
    return types.SimpleNamespace(
        classes=classes, punctuation=punctuation, exceptions=exceptions, token_match=base.TOKEN_MATCH)


class Tokenizer20:
    """spacy.blank("en").tokenizer of spaCy 2.0: a text becomes a list of words."""

    def __init__(self, folder):
        data = load_spacy20(folder)
        self.specials = {}
        for mark in "'\u2019":  # util.expand_exc
            for key, tokens in data.exceptions.items():
                self.specials[key.replace("'", mark)] = [t["ORTH"].replace("'", mark) for t in tokens]
        # util.compile_prefix_regex, compile_suffix_regex, compile_infix_regex
        self.prefix = regex.compile("|".join("^" + p for p in data.punctuation.TOKENIZER_PREFIXES if p.strip())).search
        self.suffix = regex.compile("|".join(p + "$" for p in data.punctuation.TOKENIZER_SUFFIXES if p.strip())).search
        self.infix = regex.compile("|".join(p for p in data.punctuation.TOKENIZER_INFIXES if p.strip())).finditer
        self.token_match = data.token_match
        self.cache = dict(self.specials)

    def __call__(self, text):
        words, start = [], 0
        for i in range(1, len(text) + 1):
            if i < len(text) and text[i].isspace() == text[i - 1].isspace():
                continue
            if start < i:
                words += self.chunk(text[start:i])
            start = i + 1 if text[i:i + 1] == " " else i
        return words

    def chunk(self, text):
        if text not in self.cache:
            self.cache[text] = self.split(text)
        return self.cache[text]

    def split(self, text):
        prefixes, suffixes, last = [], [], 0
        while text and len(text) != last:
            if self.token_match(text):
                break
            last = len(text)
            match = self.prefix(text)
            pre = len(match.group()) if match else 0
            if pre and text[pre:] in self.specials:
                prefixes.append(text[:pre])
                text = text[pre:]
                break
            match = self.suffix(text)
            suf = len(match.group()) if match else 0
            if suf and text[:-suf] in self.specials:
                suffixes.append(text[-suf:])
                text = text[:-suf]
                break
            if pre and suf and pre + suf <= len(text):
                prefixes.append(text[:pre])
                suffixes.append(text[-suf:])
                text = text[pre:-suf]
            elif pre:
                prefixes.append(text[:pre])
                text = text[pre:]
            elif suf:
                suffixes.append(text[-suf:])
                text = text[:-suf]
            if text in self.specials:
                break
        return prefixes + self.middle(text) + suffixes[::-1]

    def middle(self, text):
        if not text:
            return []
        if text in self.specials:
            return self.specials[text]
        if self.token_match(text):
            return [text]
        words, start = [], 0
        for match in self.infix(text):
            if match.start() == 0:
                continue
            words += [w for w in (text[start:match.start()], match.group()) if w]
            start = match.end()
        return words + [text[start:]] * (start < len(text))
