# SPDX-License-Identifier: GPL-2.0
"""Kernel trees: by name out of Debian's packages, or by path."""

import glob
import hashlib
import os
import re
import shutil
import time
from dataclasses import dataclass

from runner import cache, process
from runner.errors import Unjudged, unknown
from runner.progress import Phase

# Name -> the suites of Debian that have (or had) its linux-source package.
NAMED = {
    "5.10": ("bullseye", "bullseye-security"),
    "6.1": ("bookworm", "bookworm-security"),
    "6.12": ("trixie", "trixie-security", "bookworm-security", "bookworm-backports"),
    "newest": ("trixie-backports", "stable-backports"),
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring"
UNPACKED_MIB = 2500
ASKED = "asked"          # file in the cache: when the mirror was asked for the tree
ASK_AGAIN = 24 * 3600    # seconds after which it is asked again
NO_SPACE = re.compile("No space left on device|Disk quota exceeded|enough free space")


@dataclass
class Tree:
    name: str        # as the user said it
    path: str
    version: str     # out of the tree's Makefile
    key: str         # names its stage and its builds in the cache
    named: bool
    replaced: str = ""   # key of the version whose place this one has just taken

    def read(self, name):
        """The content of the tree's file @name."""
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()


def version_of(path):
    """"6.1.192" of the kernel tree at @path; Unjudged if it is none, or too old."""
    wanted = ("Makefile", "Kconfig", "mm/Makefile", "mm/Kconfig")
    if not os.path.isdir(path):
        raise Unjudged(f"no such kernel tree: {path}")
    missing = [name for name in wanted if not os.path.isfile(os.path.join(path, name))]
    if missing:
        raise Unjudged(f"{path} is no kernel tree: it has no {missing[0]}")
    with open(os.path.join(path, "Makefile"), encoding="utf-8", errors="replace") as makefile:
        head = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *(\S*)",
                               makefile.read(4000), re.M))
    if not (head.get("VERSION", "").isdigit() and head.get("PATCHLEVEL", "").isdigit()):
        raise Unjudged(f"{path} is no kernel tree: its Makefile gives no version")
    version = "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}{EXTRAVERSION}".format(
        **{"SUBLEVEL": "0", "EXTRAVERSION": "", **head})
    if (int(head["VERSION"]), int(head["PATCHLEVEL"])) < (5, 10):
        raise Unjudged(f"{path} is Linux {version}: too old, mmkunit needs 5.10 or newer")
    return version


def named(name):
    """(name in NAMED, exact version or "") if @name is a tree by name, else None.

    "6.12.117" is that very version of 6.12; of a branch that is not in NAMED it is a version of
    newest, whose mirror may have it.
    """
    if name in NAMED:
        return name, ""
    exact = re.fullmatch(r"(\d+\.\d+)\.\d+", name)
    if not exact or os.path.exists(name):
        return None
    return exact[1] if exact[1] in NAMED else "newest", name


def find(name, version="", refresh=False):
    """The Tree called @name, fetched if it must be.

    Of a named tree it is @version, if the cache or the mirror has that, else the newest one.  The
    mirror is asked for a newer one once a day, or with @refresh.
    """
    if named(name):
        name, exact = named(name)
        have = present(name)
        path = _named(name, exact or version, refresh)
        key = os.path.basename(path)
        if exact and key != f"{name}-{exact}":
            raise Unjudged(f"this machine's mirror has no Linux {exact}, the newest that it has is "
                           f"{version_of(path)}")
        cache.used("trees", key)
        newer = have and not exact and _version_key(path) > _version_key(have[0])
        return Tree(name, path, version_of(path), key, True,
                    os.path.basename(have[0]) if newer else "")
    if not os.path.exists(name):
        if os.sep in name:
            raise Unjudged(f"no such kernel tree: {name}")
        raise unknown("tree", name, sorted(NAMED))
    path = os.path.realpath(name)
    if (os.path.realpath(cache.path()) + os.sep).startswith(path + os.sep):
        raise Unjudged(f"the cache {cache.path()} is inside the tree, which is never written "
                       "to: set XDG_CACHE_HOME")
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    key = re.sub(r"[^\w.+-]", "_", os.path.basename(path)) + "-" + digest
    return Tree(name, path, version_of(path), key, False)


def present(name):
    """The unpacked versions of the named tree in the cache, by path, the newest first."""
    found = glob.glob(glob.escape(cache.path("trees", name)) + "-[0-9]*")
    return sorted(found, key=_version_key, reverse=True)


def _version_key(path):
    return [int(n) for n in re.findall(r"\d+", os.path.basename(path))]


def _named(name, version, refresh):
    """The path of the named tree, see find()."""
    have = present(name)
    if version and cache.path("trees", f"{name}-{version}") in have:
        return cache.path("trees", f"{name}-{version}")
    if have and not version and not refresh and cache.age("apt", name, ASKED) < ASK_AGAIN:
        return have[0]
    try:
        return fetch(name, version)
    except Unjudged as why:
        if not have:
            raise
        print(f"note: {why}: {os.path.basename(have[0])} is used", flush=True)
        return have[0]


def fetch(name, version=""):
    """Download and unpack the package of the named tree, unless that is done; its path.

    It is @version if the mirror has it, else the newest.  Whatever a killed fetch left behind is
    cleaned here; a tree appears by one rename.
    """
    os.makedirs(cache.path("trees"), exist_ok=True)
    os.makedirs(cache.path("debs"), exist_ok=True)
    for left in glob.glob(cache.path("trees", ".unpack-*")):
        shutil.rmtree(left, ignore_errors=True)
    options = _apt_options(name)
    with Phase(f"package index for {name}"):
        process.run(["apt-get", *options, "update"])
    package, full, size = _candidate(name, options, version)
    cache.write_if_changed(cache.path("apt", name, ASKED), f"{time.time():.0f}\n".encode())
    final = cache.path("trees", f"{name}-{upstream(full)}")
    package_file = cache.path("apt", name, f"unpacked-{upstream(full)}")
    if os.path.isdir(final) and _read(package_file) in ("", full):
        return final
    cache.need_space(UNPACKED_MIB, f"the source of Linux {name}")
    deb = _download(name, options, package, full, size)
    shutil.rmtree(final, ignore_errors=True)     # another revision of the same version
    _unpack(name, deb, full)
    cache.write_if_changed(package_file, full.encode())
    return final


def _read(path):
    """The text of a small file of the cache, "" if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def upstream(version):
    """"6.12.118" of the Debian version "6.12.118-1"."""
    return re.match(r"(?:\d+:)?([\d.]+)", version).group(1)


def _mirrors():
    """(the archive, its security part) that this machine's apt is set up with.

    Asked of apt itself, which needs no lists and no root for the answer.
    """
    code, text = process.output(["apt-get", "--print-uris", "update"])
    if code == 127:
        raise Unjudged("apt-get is not here: named trees need Debian, give --tree a path")
    found = re.findall(r"^'(\S+?)/+dists/([^/]+)(?:/updates)?/main/binary-", text, re.M)
    security = [uri for uri, suite in found if suite.endswith("-security")]
    plain = [uri for uri, suite in found if uri.endswith("/debian") and f"{suite}-security"
             in [s for _, s in found]] or [uri for uri, _ in found if uri.endswith("/debian")]
    if not plain:
        raise Unjudged("this machine's apt has no Debian mirror: give --tree a path")
    return plain[0], (security or [plain[0] + "-security"])[0]


def _apt_options(name):
    """Options that give apt-get a private world: its own sources, lists and cache."""
    base = cache.path("apt", name)
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(base, folder), exist_ok=True)
    plain, security = _mirrors()
    # The keyring of this Debian knows the keys of older ones; apt's own trust is the fallback.
    keyring = next((KEYRING + end for end in (".gpg", ".pgp") if os.path.exists(KEYRING + end)), "")
    signed = f"[signed-by={keyring}] " if keyring else ""
    lines = [f"deb {signed}{security if suite.endswith('-security') else plain} {suite} main\n"
             for suite in NAMED[name]]
    cache.write_if_changed(os.path.join(base, "sources.list"), "".join(lines).encode())
    cache.write_if_changed(os.path.join(base, "status"), b"")
    options = {"Dir::Etc::sourcelist": base + "/sources.list", "Dir::Etc::sourceparts": "-",
               "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "-",
               "Dir::State::lists": base + "/lists", "Dir::State::status": base + "/status",
               "Dir::Cache": base + "/cache", "Acquire::Languages": "none",
               # The archive no longer renews the index of a release that has ended.
               "Acquire::Check-Valid-Until": "false", "APT::Sandbox::User": _me()}
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _me():
    """Downloads go to our own cache, which the system's apt user need not be able to enter."""
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name


def _candidate(name, options, wanted=""):
    """(package, version, bytes) of the source package for @name: of the upstream version @wanted
    if the mirror has it, else of the newest."""
    package = f"linux-source-{name}"
    if name == "newest":
        _, text = process.output(["apt-cache", *options, "search", "--names-only",
                                  r"^linux-source-[0-9]+\.[0-9]+$"])
        packages = [line.split()[0] for line in text.splitlines() if line.strip()]
        package = max(packages, key=_version_key, default="")
        if wanted and f"linux-source-{_branch(wanted)}" in packages:
            package = f"linux-source-{_branch(wanted)}"
    _, text = process.output(["apt-cache", *options, "show", "--all-versions", package])
    found = [dict(re.findall(r"^(Version|Size): (\S+)", stanza, re.M))
             for stanza in text.split("\n\n")]
    found = [fields for fields in found if "Version" in fields]
    if not package or not found:
        raise Unjudged(f"no package {package or 'linux-source-*'} for tree {name} on this "
                       "machine's mirror (is the network there?)")
    exact = [fields for fields in found if upstream(fields["Version"]) == wanted]
    best = exact[0] if exact else max(found, key=lambda f: _version_key(f["Version"]))
    return package, best["Version"], int(best.get("Size", 0))


def _branch(version):
    """"7.3" of "7.3.4"."""
    return ".".join(version.split(".")[:2])


def _download(name, options, package, version, size):
    """The verified .deb; apt checks its size and hash, and fetches a truncated one again."""
    folder = cache.path("debs")
    with Phase(f"download {package} {version}") as phase:
        def watch(_line):
            done = sum(e.stat().st_size for e in os.scandir(folder) if package in e.name)
            phase.detail = f"{done >> 20} of {size >> 20} MiB"
        said = []
        code, _ = process.run(["apt-get", *options, "download", f"{package}={version}"],
                              on_line=lambda line: (said.append(line), watch(line)), cwd=folder)
    debs = [d for d in glob.glob(os.path.join(folder, package + "_*.deb"))
            if not size or os.path.getsize(d) == size]
    if code or not debs:
        for left in glob.glob(os.path.join(folder, package + "_*")):
            os.unlink(left)
        if any(NO_SPACE.search(line) for line in said):
            raise _no_space(f"downloading {package}", size >> 20)
        why = next((line for line in said if line.startswith("E:")), "truncated")
        raise Unjudged(f"the download of {package} {version} failed ({why}); run again to retry")
    return max(debs, key=os.path.getmtime)


def _no_space(what, mib):
    return Unjudged(f"no disk space: {what} filled {cache.path()}: free {mib} MiB there, or set "
                    "XDG_CACHE_HOME to a larger disk, and run again")


def _unpack(name, deb, version):
    partial = cache.path("trees", f".unpack-{name}")
    os.makedirs(partial)
    script = ('set -e; set -o pipefail 2>/dev/null || true; dpkg-deb --fsys-tarfile "$1" | '
              'tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" | '
              'tar -xJ --strip-components=1 -C "$2"')
    said = []
    with Phase(f"unpack {upstream(version)}"):
        code, _ = process.run(["bash", "-c", script, "unpack", deb, partial], said.append)
    if code and any(NO_SPACE.search(line) for line in said):
        shutil.rmtree(partial, ignore_errors=True)
        raise _no_space(f"unpacking {os.path.basename(deb)}, which is kept,", UNPACKED_MIB)
    try:
        if code:
            raise Unjudged("tar failed")
        version_of(partial)
    except Unjudged:
        shutil.rmtree(partial, ignore_errors=True)
        os.unlink(deb)
        raise Unjudged(f"{os.path.basename(deb)} is damaged; it is deleted, "
                       "run again to fetch it anew") from None
    final = cache.path("trees", f"{name}-{upstream(version)}")
    os.rename(partial, final)
    os.unlink(deb)
    return final
