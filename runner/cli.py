# SPDX-License-Identifier: GPL-2.0
"""Commands, options and exit codes."""

import argparse
import os
import signal
import sys
import traceback
from dataclasses import dataclass

from runner import arches, cache, errors, graft, judge, plan, trees
from runner import verdict as verdicts
from runner.errors import Unjudged


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line."""

    def error(self, message):
        raise Unjudged(f"{message} (see {self.prog} --help)")


def parser():
    """The command line."""
    top = Parser(prog="mmkunit", description="Judge a Linux tree's memory management by KUnit suites.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    run = commands.add_parser("run", help="build, boot and judge a kernel tree",
                              epilog="kunit.py's options may follow after --: --jobs, --timeout, "
                                     "--kconfig_add, --make_options, --kernel_args, --qemu_args, ...")
    run.add_argument("--tree", default="6.1", metavar="NAME|PATH",
                     help=f"{', '.join(trees.NAMED)} or a path (default: 6.1)")
    run.add_argument("--arch", default="x86_64", metavar="ARCH[,ARCH]...",
                     help="default: x86_64; also um, s390, ...")
    run.add_argument("--suite", action="append", default=[], metavar="NAME",
                     help="only this suite; may be repeated")
    run.add_argument("--no-port", action="store_true",
                     help="leave the tree without what ports/ would give it")
    run.add_argument("--json", metavar="FILE", help="write everything that was found out")
    run.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    run.add_argument("--keep-log", metavar="FILE", help="write the raw console")
    check = commands.add_parser("check", help="the project's own tests")
    check.add_argument("--quick", action="store_true", help="without building any kernel")
    for name, words in (("graft", "lay the overlay into a tree of your own"),
                        ("ungraft", "take it out again, byte for byte")):
        commands.add_parser(name, help=words).add_argument("path", metavar="PATH")
    commands.add_parser("trees", help="the trees, and what each owes")
    commands.add_parser("doctor", help="what this machine lacks, and what mends it")
    mutate = commands.add_parser("mutate", help="re-introduce the museum's bugs, one at a time",
                                 epilog="kunit.py's options may follow after --")
    mutate.add_argument("--tree", metavar="NAME|PATH",
                        help="only this tree's; or, with FILEs, the tree to try them on")
    mutate.add_argument("--suite", action="append", default=[], metavar="NAME",
                        help="only this suite's; may be repeated")
    mutate.add_argument("--json", metavar="FILE", help="write what became of each")
    mutate.add_argument("--svg", metavar="FILE", help="draw which case sees which bug")
    mutate.add_argument("file", nargs="*", metavar="FILE", help="patches like those in museum/")
    cover = commands.add_parser("cover", help="lines and branches that the suites reach, by gcov",
                                epilog="kunit.py's options may follow after --")
    cover.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    cover.add_argument("--arch", default="x86_64", metavar="ARCH")
    cover.add_argument("--suite", action="append", default=[], metavar="NAME",
                       help="only this suite; may be repeated")
    cover.add_argument("--html", metavar="DIR", help="write lcov's pages")
    cover.add_argument("--json", metavar="FILE", help="write the counts")
    bench = commands.add_parser("bench", help="time us against kunit.py's default configuration")
    bench.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    return top


@dataclass
class Options:
    """What kunit.py calls by these names, from behind the "--"; @other goes to it as it is."""
    jobs: int
    timeout: int
    kconfig_add: list
    make_options: list
    kernel_args: list
    qemu_args: list
    cross_compile: str
    other: list


def kunit_options(words, timeout=120):
    """Options out of what stands behind "--"; @timeout in s if it does not say."""
    behind = Parser(prog="mmkunit run --", add_help=False, allow_abbrev=False)
    behind.add_argument("--jobs", "-j", type=int, default=len(os.sched_getaffinity(0)))
    behind.add_argument("--timeout", type=int, default=timeout)
    for name in ("kconfig_add", "make_options", "kernel_args", "qemu_args"):
        behind.add_argument("--" + name, action="append", default=[])
    behind.add_argument("--cross_compile", default="")
    known, other = behind.parse_known_args(words)
    if known.jobs < 1 or known.timeout < 1:
        raise Unjudged("--jobs and --timeout must be at least 1")
    return Options(other=other, **vars(known))


def command_run(root, arguments, behind):
    """`run`: every arch in turn; the worst exit code of them all."""
    options = kunit_options(behind)
    plan.read(root).pick(arguments.suite)
    names = [name for name in arguments.arch.split(",") if name]
    for name in names or [arguments.arch]:
        arches.machine(name)
    for path in filter(None, (arguments.json, arguments.junit, arguments.keep_log)):
        verdicts.check_writable(path)
    tree = None if arguments.tree in trees.NAMED else trees.find(arguments.tree)
    cache.lock()
    tree = tree or trees.find(arguments.tree)
    print(f"Linux {tree.version} ({tree.path})", flush=True)
    found, unjudged, code = [], [], errors.PASSED
    for name in names:
        log = arguments.keep_log
        try:
            found.append(judge.judge(root, tree, name, arguments.suite, options,
                               f"{log}.{name}" if log and len(names) > 1 else log,
                               not arguments.no_port))
            verdicts.report(found[-1], print)
            code = max(code, errors.PASSED if found[-1].good() else errors.FAILED)
        except Unjudged as why:
            print(f"mmkunit: {name}: {why}" if len(names) > 1 else f"mmkunit: {why}",
                  file=sys.stderr)
            unjudged.append({"tree": tree.name, "version": tree.version, "arch": name,
                             "why": str(why)})
            code = errors.UNJUDGED
    if arguments.json:
        verdicts.write_json(found, unjudged, arguments.json)
    if arguments.junit:
        verdicts.write_junit(found, arguments.junit)
    if found:
        counts = [sum(column) for column in zip(*(v.counts() for v in found))]
        print("{} passed, {} failed, {} skipped".format(*counts))
    return code


def command_graft(root, arguments):
    """`graft` and `ungraft`."""
    if arguments.command == "graft":
        print(graft.graft(arguments.path, root))
    else:
        print(graft.ungraft(arguments.path))
    return errors.PASSED


def dispatch(root, argv):
    """Run the command line @argv; the exit code."""
    argv, behind = (argv, []) if "--" not in argv else (argv[:argv.index("--")],
                                                        argv[argv.index("--") + 1:])
    arguments = parser().parse_args(argv)
    if not arguments.command:
        raise Unjudged("which command? (see mmkunit --help)")
    if behind and arguments.command not in ("run", "mutate", "cover"):
        raise Unjudged(f"{arguments.command} takes nothing after --")
    if arguments.command == "run":
        return command_run(root, arguments, behind)
    if arguments.command == "mutate":
        from runner import mutate
        return mutate.mutate_command(root, arguments, kunit_options(behind, mutate.TIMEOUT))
    if arguments.command == "cover":
        from runner import cover
        return cover.cover_command(root, arguments, kunit_options(behind))
    if arguments.command in ("graft", "ungraft"):
        return command_graft(root, arguments)
    if arguments.command == "trees":
        from runner import doctor
        return doctor.trees_command(root)
    if arguments.command == "doctor":
        from runner import doctor
        return doctor.doctor_command()
    if arguments.command == "bench":
        from runner import bench
        return bench.bench_command(root, arguments)
    from runner import check
    return check.check_command(root, arguments)


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


def main(root, argv):
    """dispatch(), with every way to fail turned into one line and an exit code of ours."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupt)
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = dispatch(root, argv)
        sys.stdout.flush()
        return code
    except Unjudged as why:
        line = str(why)
    except KeyboardInterrupt:
        line = "interrupted"
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.UNJUDGED
    except SystemExit as end:            # argparse: --help
        return errors.PASSED if not end.code else errors.UNJUDGED
    except OSError as error:
        line = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    except Exception as error:           # pylint: disable=broad-except
        line = f"internal error: {type(error).__name__}: {error} (MMKUNIT_DEBUG=1 shows where)"
        if os.environ.get("MMKUNIT_DEBUG"):
            traceback.print_exc()
    print(f"mmkunit: {line}", file=sys.stderr)
    return errors.UNJUDGED
