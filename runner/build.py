# SPDX-License-Identifier: GPL-2.0
"""Configure and build a staged tree with kbuild, and say what a failure is about."""

import hashlib
import json
import os
import re

from runner import arches, cache, graft, plan, process
from runner.errors import Unjudged
from runner.progress import Phase

BUILD_MIB = 1500
STEP = re.compile(r"^\s+(?:HOST)?(?:CC|LD|AR|AS|CXX|RELOCS|OBJCOPY|LDS|KSYMS)\b(?: \[M\])?\s*(\S*)")
COMMAND = re.compile(r"^  \S.* -c -o (\S+\.o) ")       # the same with V=1
ERROR = re.compile(r"^[^\s:][^:]*:\d+(?::\d+)?: (?:fatal )?error: |: undefined reference to |"
                   r"^\S*Kconfig(?:\.include)?:\d+|^\S*ld(?:\.\w+)?: (?!warning)|^(?:ERROR|error): |: error: |\*\*\* .*\.  Stop\.$")
WARNING = re.compile(r"^(\S+?):\d+(?::\d+)?: warning: ")
MAKE_ERROR = re.compile(r"^make(?:\[\d+\])?: \*\*\* |Killed|No space left")
UML_MAKE = ["SUBARCH=x86_64"]


class Build:
    """One build directory: a staged tree × arch × what the user adds to the configuration."""

    def __init__(self, tree, stage, arch, options, root):
        self.tree, self.stage, self.arch, self.options, self.root = tree, stage, arch, options, root
        more = [options.kconfig_add, options.make_options, options.cross_compile]
        key = hashlib.sha256(json.dumps(more).encode()).hexdigest()
        suffix = "-" + key[:8] if any(more) else ""
        self.path = cache.path("build", tree.key, arch + suffix)
        self.qemu_config, self.qemu = arches.qemu_config(arch, stage)
        self.folders = ("mm/tests", f"arch/{arch}/mm/tests")     # of the overlay
        self.seconds, self.warnings = {}, []
        self.quiet = False               # print no line for a phase

    def target(self):
        """What make makes and QEMU boots."""
        if self.arch == "um":
            return "linux"
        return os.path.basename(self.qemu["kernel_path"])

    def image(self):
        """The file in the build directory that is booted."""
        return self.target() if self.arch == "um" else self.qemu["kernel_path"]

    def make(self, *arguments, on_line=None):
        # -L: the links of the stage have times of their own, see stage.py.
        # -O: what is said of an object stands behind its line, whatever is built beside it.
        command = ["make", "-L", "-Otarget", "-C", self.stage, f"O={self.path}", f"-j{self.options.jobs}",
                   "ARCH=" + self.qemu.get("linux_arch", self.arch), *self.options.make_options]
        if not any(o.startswith("LLVM=") for o in self.options.make_options):
            # Said even if it is empty: vendors' trees have a default of their own.
            command.append("CROSS_COMPILE=" + (self.options.cross_compile
                                               or arches.prefix(self.arch)))
        if self.arch == "um":
            command += UML_MAKE
        env = process.make_environment(KCONFIG_ALLCONFIG=os.path.join(self.path, ".kunitconfig"))
        return process.run(command + list(arguments), on_line=on_line, env=env)[0]

    def config(self):
        return plan.read_config(os.path.join(self.path, ".config"))

    def fragment(self):
        """All that we ask of Kconfig, later lines over earlier ones."""
        texts = [self.qemu.get("kconfig", "")]
        for name in ("common.config", self.arch + ".config"):
            path = os.path.join(arches.CONFIGS, name)
            if os.path.exists(path):
                texts.append(_read(path))
        texts += [_read(os.path.join(self.root, name)) for name in plan.kunitconfigs(self.arch)]
        texts += self.options.kconfig_add
        lines = {}
        for line in "\n".join(texts).splitlines():
            match = re.match(r"(?:# )?(CONFIG_\w+)(?:=| is not set)", line.strip())
            if match:
                lines[match.group(1)] = line.strip()
        return "".join(line + "\n" for line in lines.values())

    def configure(self):
        """allnoconfig and our fragment, again only if something that counts has changed."""
        os.makedirs(self.path, exist_ok=True)
        cache.used("build", self.tree.key)
        fragment = self.fragment()
        stamp_file = os.path.join(self.path, ".mmkunit-configured")
        stamp = self._stamp(fragment)
        if _read(stamp_file) == stamp and not self._kconfig_edited(stamp_file):
            return
        cache.write_if_changed(os.path.join(self.path, ".kunitconfig"), fragment.encode())
        lines = []
        with Phase(f"configure {self.tree.version} {self.arch}") as phase:
            if self.make("allnoconfig", on_line=lines.append):
                raise Unjudged(self._why("configuring", lines))
        self.seconds["configure"] = phase.seconds
        config = self.config()
        for line in self.options.kconfig_add:
            key, _, value = re.sub("# (CONFIG_.*) is not set", r"\1=n", line).partition("=")
            if config.get(key, "n") != (value or "n"):
                raise Unjudged(f"{line} cannot be had on {self.tree.version} {self.arch}: "
                               f"Kconfig makes it {config.get(key, 'n')}")
        with open(stamp_file, "w", encoding="utf-8") as file:
            file.write(stamp)

    def _stamp(self, fragment):
        """Changes when the fragment does, or the answer to a probe of the overlay's Kconfig.

        The probes look into sources that people edit, so they are asked here, in a few
        milliseconds, rather than by a configuration each time.
        """
        script, text = [], fragment
        for path in self._kconfigs():
            kconfig = _read(path)
            text += kconfig
            script += probes(kconfig)
        lines = "".join(f"if {probe}; then echo y; else echo n; fi 2>&1\n" for probe in script)
        lines = lines.replace("$(srctree)", ".").replace("$(comma)", ",")
        answers = process.output(["sh", "-c", lines], cwd=self.stage)[1]
        return hashlib.sha256((text + answers).encode(errors="surrogateescape")).hexdigest()

    def _kconfigs(self):
        """The Kconfig files of the overlay in the stage."""
        return sorted(os.path.join(where, "Kconfig") for folder in self.folders
                      for where, _, names in os.walk(os.path.join(self.stage, folder))
                      if "Kconfig" in names)

    def _kconfig_edited(self, stamp_file):
        """Whether a Kconfig file is newer: kbuild's own refresh would ask about new symbols."""
        text = _read(os.path.join(self.path, "include/config/auto.conf.cmd"))
        since = os.stat(stamp_file).st_mtime_ns
        for name in re.findall(r"^\t(\S+) \\$", text, re.M):
            try:
                if os.stat(os.path.join(self.stage, name)).st_mtime_ns > since:
                    return True
            except OSError:
                return True
        return not os.path.exists(os.path.join(self.path, ".config"))

    def build(self):
        """Make the kernel; @warnings are those about files of the overlay."""
        if not os.path.exists(os.path.join(self.path, "vmlinux")):
            cache.need_space(BUILD_MIB, "a kernel build")
        self._drop_half_made()
        lines, objects = [], 0
        with Phase(f"build {self.tree.version} {self.arch}", self.quiet) as phase:
            def follow(line):
                nonlocal objects
                lines.append(line)
                if STEP.match(line):
                    objects += 1
                    phase.detail = f"{objects} objects"
            marker = os.path.join(self.path, ".mmkunit-building")
            with open(marker, "w", encoding="utf-8"):
                pass
            code = self.make(self.target(), on_line=follow)
            self._keep_warnings(lines)
            os.unlink(marker)
            cache.write_if_changed(os.path.join(self.path, "build.log"),
                                   "\n".join(lines + [""]).encode())
            if code:
                raise Unjudged(self._why("the build", lines))
        self.seconds["build"] = phase.seconds

    def _keep_warnings(self, lines):
        """Have in @warnings those of every object, be it built now or before.

        The compiler tells of an object once: what it said is kept until it makes it again.
        """
        path = os.path.join(self.path, ".mmkunit-warnings")
        try:
            kept = json.loads(_read(path))
        except ValueError:
            kept = {}
        kept.update(self._warnings(lines))
        of_none = kept.pop("", [])           # said of no object: nothing would ever take it back
        kept = {name: found for name, found in kept.items()
                if found and self._is_made(name)}
        cache.write_if_changed(path, json.dumps(kept, indent=1).encode())
        self.warnings = of_none + [line for name in sorted(kept) for line in kept[name]]

    def _warnings(self, lines):
        """{object that was made: its warnings}, of those that name a file of the overlay.

        It may be named only as the user of a header's macro.
        """
        found, name = {}, ""
        for at, line in enumerate(lines):
            made = STEP.match(line) or COMMAND.match(line)
            if made:
                name = made[1]
                found[name] = []
            if WARNING.match(line):
                context = "\n".join(lines[max(0, at - 6):at + 9])
                if any(self._is_ours(file) for file in re.findall(r"[\w./+-]+\.[ch]\b", context)):
                    found.setdefault(name, []).append(self._short(line))
        return found

    def _is_made(self, name):
        """Whether the object @name is there, and what it is made of as well."""
        source = os.path.splitext(os.path.join(self.stage, name))[0]
        return (os.path.exists(os.path.join(self.path, name))
                and any(os.path.exists(source + end) for end in (".c", ".S")))

    def _drop_half_made(self):
        """After a kill -9 in a build: delete what was being written, which looks up to date.

        kbuild writes .x.o.cmd after x.o, so an object without a later .cmd may be a stump.  Nor was
        anything kept of what the compiler said of the overlay: it has to say it again.
        """
        marker = os.path.join(self.path, ".mmkunit-building")
        if not os.path.exists(marker):
            return
        since = os.stat(marker).st_mtime_ns
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(folder, name)
                if not re.search(r"\.(?:o|a|s|S|lds)$|^vmlinux|^linux$|Image$", name):
                    continue
                made = os.lstat(path).st_mtime_ns
                said = os.path.join(folder, f".{name}.cmd")
                whole = os.path.exists(said) and os.stat(said).st_mtime_ns >= made
                if made >= since and (not whole or self._has_overlay(os.path.relpath(path, self.path))):
                    os.unlink(path)

    def _has_overlay(self, name):
        """Whether the object @name is made of the overlay, or of a file that includes it."""
        hooked = [hook.file[:-2] + ".o" for hook in graft.HOOKS if hook.file.endswith(".c")]
        ours = tuple(folder + "/" for folder in self.folders)
        return name.endswith(".o") and (name.startswith(ours) or name in hooked)

    def _is_ours(self, path):
        """Whether @path, as the compiler or the linker names it, is a file of the overlay."""
        path = os.path.normpath(os.path.join(self.path, path))
        base = self.stage if path.startswith(self.stage + "/") else self.path
        name = os.path.relpath(path, base)
        return "mm/tests/" in name and os.path.exists(os.path.join(self.root, name))

    def _short(self, line):
        """A compiler's line with the path as the tree has it."""
        for start in (self.stage, os.path.relpath(self.stage, self.path)):
            line = line.replace(start + "/", "")
        return line

    def _why(self, what, lines):
        """The compiler's own words, and whose file they are about."""
        errors = [line for line in lines if ERROR.search(line) and not MAKE_ERROR.search(line)]
        shown = errors or [l for l in lines if MAKE_ERROR.search(l)] or lines[-3:]
        files = re.findall(r"[\w./-]+/(?:[\w-]+\.[choS]|Kconfig|Makefile)\b", "\n".join(shown))
        ours = any(self._is_ours(re.sub(r"\.o$", ".c", name)) for name in files)
        whose = "overlay's" if ours else "tree's"
        if any("No space left on device" in line for line in lines):
            return f"no space left on device in {what} of {self.tree.version} {self.arch}"
        text = "\n".join("  " + self._short(line) for line in shown[:12])
        if not ours and any("undefined reference to" in line for line in shown):
            text += ("\n  The configuration is a small one.  If the tree does not link without some "
                     "option, add it: -- --kconfig_add CONFIG_NET=y")
        return (f"{what} of {self.tree.version} {self.arch} failed in the {whose} own files "
                f"(all of it: {os.path.join(self.path, 'build.log')}):\n{text}")


def probes(kconfig):
    """The commands that the text of a Kconfig file asks the shell by $(success,...)."""
    found = []
    for match in re.finditer(r"\$\(success,", kconfig):
        depth, at = 1, match.end()
        while depth and at < len(kconfig) and kconfig[at] != "\n":
            depth += {"(": 1, ")": -1}.get(kconfig[at], 0)
            at += 1
        found.append(kconfig[match.end():at - (not depth)])
    return found


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""
