# SPDX-License-Identifier: GPL-2.0
"""`series`: the suites as mail, one patch each, against one kernel tree.

The patches are made of the very files that a graft lays into a tree, less what older trees need:
folders called compat, every line with the word compat, and the guards by which compat/ may replace
a function (#ifndef mm_kunit_...).  The words beside the patches are in series/.
"""

import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass, field

from runner import cache, errors, graft, packages, patches, plan, process, trees
from runner.errors import Unjudged

COMPAT = re.compile(r"(?<![A-Za-z])compat(?![A-Za-z])")
GUARD = re.compile(r"^#\s*ifndef (mm_kunit_\w+)$", re.M)
OF_SUITE = re.compile(r"CONFIG_\w+_KUNIT_TEST\b")
CONFIG = re.compile(r"^(?:menu)?config (\w+)$")
# What a help text has for whoever configures a kernel, and a commit message need not repeat.
FOR_CONFIG = re.compile(r"For more information on KUnit|If unsure, say|It calls functions that are")
PAGE = "Documentation/dev-tools/kunit/mm.rst"
INDEX = "Documentation/dev-tools/kunit/index.rst"
MAINTAINERS = "MAINTAINERS"
NOBODY = ("mmkunit", "mmkunit@localhost")
WIDTH = 72


@dataclass
class Step:
    """One patch: its message, and the files as they are behind it."""
    subject: str
    body: str
    files: dict = field(default_factory=dict)


def in_compat(name):
    """Whether the file @name lies in a folder called compat."""
    return "compat" in name.split("/")[:-1]


def plain(files):
    """{path: text} of the overlay @files, as if there were no older trees."""
    texts = {name: _without_compat(name, data.decode(errors="surrogateescape"))
             for name, data in files.items() if not in_compat(name)}
    names = sorted({guard for name, text in texts.items() if name.endswith((".c", ".h"))
                    for guard in GUARD.findall(text)})
    if names:
        packages.ensure_tools({"unifdef": "unifdef"})
        texts = {name: _unguarded(name, text, names) if name.endswith((".c", ".h")) else text
                 for name, text in texts.items()}
    _check_symbols(files, texts)
    return texts


def _without_compat(name, text):
    """@text less every line with the word; Unjudged where that would tear something apart."""
    keep = []
    for number, line in enumerate(text.splitlines(), 1):
        keep.append(not COMPAT.search(line))
        if not keep[-1] and _is_part(name, line):
            raise Unjudged(f"{name}:{number}: this line cannot be dropped without its neighbours: "
                           f"{line.strip()}")
    return _kept(text.splitlines(), keep)


def _is_part(name, line):
    """Whether @line is no whole directive, statement or comment."""
    if line.endswith("\\"):
        return True
    if not name.endswith((".c", ".h")):
        return False
    return (re.match(r"\s*#\s*(?:if|el|endif)", line) or line.count("/*") != line.count("*/")
            or any(line.count(a) != line.count(b) for a, b in ("()", "{}", "[]")))


def _kept(lines, keep):
    """The text of those @lines that are to stay, without the empty ones that are left double."""
    text, dropped = [], False
    for line, stays in zip(lines, keep):
        if not stays:
            dropped = True
            continue
        if dropped and not line and (not text or not text[-1] or text[-1].endswith("{")):
            continue
        if dropped and line.strip() in ("}", "};") and text and not text[-1]:
            text.pop()
        dropped = dropped and not line
        text.append(line)
    while text and not text[-1]:
        text.pop()
    return "".join(line + "\n" for line in text)


def _unguarded(name, text, names):
    """The C file @name's @text where none of the guards @names is defined."""
    done = subprocess.run(["unifdef", "-k", *(f"-U{guard}" for guard in names)],
                          input=text.encode(errors="surrogateescape"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=process.environment(), check=False)
    if done.returncode not in (0, 1):            # 1: something has changed
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no output"]
        raise Unjudged(f"{name}: unifdef cannot read it: {said[-1]}")
    return done.stdout.decode(errors="surrogateescape")


def _check_symbols(files, texts):
    """Unjudged if one of @texts asks for a symbol that only a Kconfig file in compat/ defines."""
    def defined(found):
        return {symbol for name, text in found if name.endswith("Kconfig")
                for symbol in re.findall(r"^config (\w+)$", text, re.M)}

    gone = defined((n, d.decode(errors="surrogateescape")) for n, d in files.items()
                   if in_compat(n)) - defined(texts.items())
    suites = {symbol for symbol in gone if symbol.endswith("_KUNIT_TEST")}
    for name, text in texts.items():
        if name.endswith(".kunitconfig"):        # those of the suites are dropped by symbol
            continue
        left = re.search(r"\b(?:CONFIG_)?(%s)\b" % "|".join(sorted(gone) or ["(?!)"]), text)
        if left:
            what = "suite" if left[1] in suites else "symbol"
            raise Unjudged(f"{name} asks for {left[1]}, a {what} of compat/: have the word compat "
                           "in that line, or the line in compat/")


class Shared:
    """The files that have a line or an entry for each suite: Kconfig, Makefile, .kunitconfig."""

    def __init__(self, texts, suites):
        self.texts = {name: text for name, text in texts.items()
                      if name.endswith(".kunitconfig") or os.path.basename(name) in
                      ("Kconfig", "Makefile")}
        self.suites = suites

    def at(self, present):
        """{path: text} when the suites @present, and no others, have come."""
        absent = [suite for suite in self.suites if suite not in present]
        found = {}
        for name, text in self.texts.items():
            lines = text.splitlines()
            symbols = {suite.symbol[7:] for suite in absent}
            objects = {os.path.basename(suite.source)[:-2] + ".o" for suite in absent}
            if name.endswith("Kconfig"):
                keep = _entries_kept(lines, symbols)
            else:
                keep = _lines_kept(lines, {"CONFIG_" + symbol for symbol in symbols} | objects)
            named = any(suite.symbol in text for suite in self.suites)
            here = any(suite.symbol in text for suite in present)
            if here or not (named and name.endswith(".kunitconfig")):
                found[name] = _kept(lines, keep)
        return found


def _entries_kept(lines, symbols):
    """[does the line stay] of a Kconfig file without the entries of @symbols."""
    keep, inside = [], False
    for line in lines:
        entry = CONFIG.match(line)
        if entry or line and not line[0].isspace():
            inside = bool(entry and entry[1] in symbols)
        keep.append(not inside)
    return keep


def _lines_kept(lines, words):
    """[does the line stay] of a Makefile, or a list of symbols, without what names one of @words."""
    keep, start = [], 0
    for at, line in enumerate(lines):
        if line.endswith("\\") and at + 1 < len(lines):
            continue
        whole = set(re.findall(r"[\w./-]+", " ".join(lines[start:at + 1])))
        # (toy.o is meant by CFLAGS_toy.o and by compat/toy.o.)
        whole |= {re.sub(r"^[A-Z_]+_(?=[a-z\d])", "", os.path.basename(word)) for word in whole}
        keep += [not whole & words] * (at + 1 - start)
        start = at + 1
    return keep


def paragraphs(kconfig, symbol):
    """The help text of @symbol in the text of a Kconfig file, a paragraph each."""
    entry = re.search(rf"^config {symbol}\n((?:[ \t].*\n|\n)*)", kconfig, re.M)
    text = re.search(r"^\thelp\n((?:\t  .*\n|\n)+)", entry[1], re.M) if entry else None
    if not text:
        raise Unjudged(f"Kconfig has no entry with a help text for {symbol}")
    found = textwrap.dedent(text[1].expandtabs()).strip().split("\n\n")
    return [" ".join(words.split()) for words in found if not FOR_CONFIG.match(words)]


class Series:
    """The patches for the Tree, made of the checkout at @root."""

    def __init__(self, root, tree):
        self.root, self.tree = root, tree
        self.texts = plain(graft.overlay(root))
        self.suites = [suite for suite in plan.read(root).suites.values()
                       if not in_compat(suite.source)]
        for suite in self.suites:
            if suite.source not in self.texts:
                raise Unjudged(f"plan: {suite.name}: {suite.source} does not exist")
        # A list may name a suite of compat/: it never comes.
        self.shared = Shared(self.texts, list(plan.read(root).suites.values()))
        self.base = {}               # {path: text} of the tree's own files that are changed
        self.now = {}                # the same, as changed so far
        self.author = author(root)
        self._check_tree()

    def _check_tree(self):
        path = self.tree.path
        if os.path.exists(os.path.join(path, graft.MANIFEST)):
            raise Unjudged(f"{path} is grafted: ./mmkunit ungraft {path} first")
        for name in [*self.texts, PAGE]:
            if os.path.lexists(os.path.join(path, name)):
                raise Unjudged(f"{os.path.join(path, name)} is in the way: is the series in this "
                               "tree already?")

    def _of_tree(self, name):
        """The text of the tree's file @name, as changed so far."""
        if name not in self.base:
            try:
                self.base[name] = self.tree.read(name).decode(errors="surrogateescape")
            except FileNotFoundError:
                raise Unjudged(f"{os.path.join(self.tree.path, name)} is missing") from None
            self.now[name] = self.base[name]
        return self.now[name]

    def _hook(self, wanted):
        """{path: text} of the tree's files with those lines of graft.HOOKS that are @wanted()."""
        changed = {}
        for hook in graft.HOOKS:
            if not wanted(hook):
                continue
            lines = hook.text.splitlines()
            text = "".join(line + "\n" for line in lines if not COMPAT.search(line))
            of = self._of_tree(hook.file).encode(errors="surrogateescape")
            made = graft.hooked(graft.Hook(hook.needs, hook.file, text, hook.anchor), of)[0]
            self.now[hook.file] = changed[hook.file] = made.decode(errors="surrogateescape")
        return changed

    def steps(self):
        """[Step], the first one the library."""
        generic = [s for s in self.suites if not s.only_arch()]
        sources, present = {s.source for s in self.suites}, []
        steps = [_message(self.root, "library", self.figures())]
        steps[0].files = {name: text for name, text in self.texts.items()
                          if not name.startswith("arch/") and name not in sources
                          and name not in self.shared.texts}
        steps[0].files |= self._of(self.shared.at([]), "mm/") | self._hook(
            lambda hook: not hook.needs.startswith("arch/") and not OF_SUITE.search(hook.text))
        for suite in generic:
            present.append(suite)
            step = Step(f"mm/kunit: add suite {suite.name}", self._body(suite),
                        {suite.source: self.texts[suite.source]})
            step.files |= self._of(self.shared.at(present), "mm/")
            step.files |= self._hook(lambda hook, s=suite: s.symbol in hook.text)
            steps.append(step)
        for arch in sorted({s.only_arch() for s in self.suites if s.only_arch()}):
            top, of = f"arch/{arch}/", [s for s in self.suites if s.only_arch() == arch]
            present += of
            names = " and ".join(", ".join(s.name for s in of).rsplit(", ", 1))
            step = Step(f"{arch}/mm: add KUnit suite{'s' * (len(of) > 1)} {names}",
                        "\n\n".join(self._body(s) for s in of),
                        {name: text for name, text in self.texts.items()
                         if name.startswith(top) and name not in self.shared.texts})
            step.files |= self.shared.at(present)
            step.files |= self._hook(lambda hook, top=top: hook.needs.startswith(top))
            steps.append(step)
        steps.append(self._page())
        self._maintain(steps)
        return steps

    @staticmethod
    def _of(texts, top):
        return {name: text for name, text in texts.items() if name.startswith(top)}

    def _kconfig(self, suite):
        return paragraphs(self.texts.get(os.path.dirname(suite.source) + "/Kconfig", ""),
                          suite.symbol[7:])

    def _body(self, suite):
        count = len(plan.case_table(self.texts[suite.source]))
        words = [*self._kconfig(suite), f"{suite.name} has {count} case{'s' * (count != 1)}, and "
                 "runs on every boot of a kernel that has it built in."]
        return "\n\n".join(textwrap.fill(text, WIDTH) for text in words)

    def _page(self):
        listed = "\n".join(f"``{suite.name}``\n" + textwrap.indent(
            "\n\n".join(textwrap.fill(p, WIDTH) for p in self._kconfig(suite)), "    ") + "\n"
            for suite in self.suites)
        text = _filled(self.root, "mm.rst", {**self.figures(), "list": listed.rstrip("\n")})
        index = self._of_tree(INDEX)
        pages = re.search(r"^\.\. toctree::\n(?:[ \t]+:.*\n)*\n((?:[ \t]+\S+\n)+)", index, re.M)
        if not pages:
            raise Unjudged(f"{os.path.join(self.tree.path, INDEX)} has no list of pages")
        line = re.match(r"[ \t]+", pages[1])[0] + "mm\n"
        return Step("Documentation: kunit: describe the mm suites", textwrap.fill(
            "Say what the suites of mm are, how they are run and what it means that a case "
            "fails.", WIDTH), {PAGE: text, INDEX: index[:pages.end()] + line + index[pages.end():]})

    def _maintain(self, steps):
        """Have each of @steps name its new files in MAINTAINERS, for checkpatch asks for that."""
        entry = _filled(self.root, "maintainers", {"author": f"{self.author[0]} <{self.author[1]}>"})
        lines, text, files = entry.strip().splitlines(), self._of_tree(MAINTAINERS), set()
        at = place(text, lines[0])
        for step in steps:
            files |= {"mm/tests/lib/" if name.startswith("mm/tests/lib/") else name
                      for name in step.files
                      if not os.path.exists(os.path.join(self.tree.path, name))}
            section = lines + [f"F:\t{name}" for name in sorted(files)]
            step.files[MAINTAINERS] = text[:at] + "\n".join(section) + "\n\n" + text[at:]

    def figures(self):
        """{name: words} of what the templates may say."""
        cases = sum(len(plan.case_table(self.texts[s.source])) for s in self.suites)
        lines = {name: text.count("\n") for name, text in self.texts.items()
                 if name.endswith((".c", ".h"))}
        suites = sum(lines[s.source] for s in self.suites)
        return {"version": self.tree.version, "suites": str(len(self.suites)), "cases": str(cases),
                "lines": str(sum(lines.values())), "suite_lines": str(suites),
                "library_lines": str(sum(lines.values()) - suites),
                "list": "\n".join(f"  {s.name:20} {len(plan.case_table(self.texts[s.source])):4} "
                                  "cases" for s in self.suites)}


def place(text, title):
    """Where in MAINTAINERS' @text the section @title is to begin.

    Before the next title by the alphabet, of those that begin like it if there are any.
    """
    titles = [(match.start(), match[1]) for match in
              re.finditer(r"^([^\s.].*)\n[A-Z]:\t", text, re.M)]
    alike = [(at, name) for at, name in titles if name.startswith(title.split(" - ")[0] + " - ")]
    if not titles:
        raise Unjudged(f"{MAINTAINERS} has no sections")
    for at, name in alike or titles:
        if name > title:
            return at
    if not alike:
        raise Unjudged(f"{MAINTAINERS} has no place for {title}")
    return next((at for at, _ in titles if at > alike[-1][0]), len(text))


def _filled(root, name, figures):
    """The text of series/@name with its @words@ replaced."""
    path = os.path.join(root, "series", name)
    try:
        text = patches.read(path)
    except FileNotFoundError:
        raise Unjudged(f"{path} is missing") from None

    def figure(match):
        if match[1] not in figures:
            raise Unjudged(f"{path}: nobody knows what @{match[1]}@ is")
        return figures[match[1]]
    return re.sub(r"@(\w+)@", figure, text)


def _message(root, name, figures):
    """The Step with the message in series/@name."""
    subject, _, body = _filled(root, name, figures).partition("\n")
    return Step(subject.strip(), body.strip())


def author(root):
    """(name, address) of the user, as git knows them in the checkout, or NOBODY."""
    found = [process.output(["git", "config", "--get", f"user.{key}"], cwd=root)[1].strip()
             for key in ("name", "email")]
    return tuple(found) if all(found) else NOBODY


class Repository:
    """A git repository of its own, with just the files that change; nobody's settings count."""

    def __init__(self, path, who):
        self.path, self.home = os.path.join(path, "tree"), path
        name, mail = who
        self.env = {k: v for k, v in process.environment().items() if not k.startswith("GIT_")}
        self.env.update(HOME=path, XDG_CONFIG_HOME=path, GIT_CONFIG_NOSYSTEM="1",
                        GIT_CONFIG_GLOBAL=os.devnull, GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=mail,
                        GIT_COMMITTER_NAME=name, GIT_COMMITTER_EMAIL=mail)
        os.makedirs(self.path)
        self.git("init", "-q", "--template=")

    def git(self, *words):
        """Run git; Unjudged with what it says if it fails."""
        done = subprocess.run(["git", *words], cwd=self.path, env=self.env, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
            raise Unjudged(f"git {words[0]} failed: {(said or ['no output'])[-1]}")

    def commit(self, message, files):
        """Write @files, {path: text}, and commit them."""
        for name, text in files.items():
            path = os.path.join(self.path, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.encode(errors="surrogateescape"))
        note = os.path.join(self.home, "message")
        with open(note, "wb") as file:
            file.write(message.encode(errors="surrogateescape"))
        self.git("add", "-A", "-f", ".")
        self.git("commit", "-q", "--no-verify", "--cleanup=verbatim", "-F", note)


def write(series, folder):
    """Write the Series' patches into @folder; their names."""
    steps = series.steps()
    subject, _, body = _filled(series.root, "cover-letter", series.figures()).partition("\n")
    signed = "Signed-off-by: {} <{}>\n".format(*series.author)
    with tempfile.TemporaryDirectory(prefix="mmkunit-series-") as top:
        repository, out = Repository(top, series.author), os.path.join(top, "out")
        repository.commit(f"Linux {series.tree.version}\n", series.base)
        for step in steps:
            repository.commit(f"{step.subject}\n\n{step.body}\n\n{signed}", step.files)
        repository.git("format-patch", "-q", "--cover-letter", "--no-renames", "--numbered", "-o",
                       out, f"HEAD~{len(steps)}")
        # git am takes every *.patch, and refuses a letter without one.
        cover = os.path.join(out, "0000-cover-letter.txt")
        os.rename(os.path.join(out, "0000-cover-letter.patch"), cover)
        text = patches.read(cover).replace("*** SUBJECT HERE ***", subject.strip(), 1)
        text = text.replace("*** BLURB HERE ***", body.strip(), 1)
        with open(cover, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        names = sorted(os.listdir(out))
        os.makedirs(folder, exist_ok=True)
        for name in names:
            shutil.copyfile(os.path.join(out, name), os.path.join(folder, name))
    return names


def _check_folder(folder):
    """Unjudged if the patches have no place in @folder."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise Unjudged(f"{folder} is no directory")
    if os.path.isdir(folder) and os.listdir(folder):
        raise Unjudged(f"{folder} is not empty: name a new directory, older patches would be taken "
                       "for some of these")


def series_command(root, arguments):
    """`series`; errors.PASSED."""
    named = trees.named(arguments.tree)
    if named and named[0] != "newest":
        raise Unjudged(f"the series has nothing that older trees need: it is for newest, or for a "
                       f"tree by path, not for {arguments.tree}")
    _check_folder(arguments.output)
    packages.ensure_tools({"git": "git"})
    if named:
        cache.lock()
    tree = trees.find(arguments.tree)
    if (os.path.realpath(arguments.output) + os.sep).startswith(tree.path + os.sep):
        raise Unjudged(f"{arguments.output} is inside the tree, which is never written to")
    series = Series(root, tree)
    names = write(series, arguments.output)
    for name in names:
        print(os.path.join(arguments.output, name))
    print("{} patches against Linux {version}: {suites} suites, {cases} cases, {lines} lines".format(
        len(names) - 1, **series.figures()))
    return errors.PASSED
