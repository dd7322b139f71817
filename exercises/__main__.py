"""Twenty exercises on backpropagation and transformers, which mark themselves.

Begin with --start, which makes a folder with one short file for each exercise. The file says what to do: write your
answer into it and have it marked by its number. Without a number, all exercises are listed.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demos.common import Parser, checked
from exercises.marking import EXERCISES, Exercise, mark_apart, same_text

FOLDER = Path("answers")


def start(folder: Path) -> None:
    """Copy the exercises into the folder; a file that is there already stays as it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"no folder {folder} can be made there ({error.strerror}): choose another name") from error
    kept = 0
    for exercise in EXERCISES:
        try:
            with (folder / exercise.stub.name).open("x", encoding="utf-8") as file:
                file.write(exercise.stub.read_text(encoding="utf-8"))
        except FileExistsError:
            kept += 1
    if kept == len(EXERCISES):
        raise ValueError(
            f"{folder} has all {kept} exercises already, and nothing is overwritten: choose another folder, or delete "
            "a file to have it anew"
        )
    also = f"; {kept} files were there and are as they were" if kept else ""
    print(f"{len(EXERCISES) - kept} exercises are in {folder}/{also}.")
    print(f"Open {folder / EXERCISES[0].stub.name}, write your answer, and have it marked: {command(folder)} 1")


def command(folder: Path) -> str:
    """How to call this again for the same folder."""
    return "python -m exercises" + ("" if folder == FOLDER else f" --dir {folder}")


def state_of(exercise: Exercise, folder: Path) -> str:
    """done, open, or not yet."""
    path = folder / exercise.stub.name
    if not path.exists() or same_text(path, exercise.stub):
        return "open"
    return mark_apart(exercise, path).state


def show_all(folder: Path) -> None:
    """List the exercises and their states, each as soon as it is known."""
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for exercise, state in zip(EXERCISES, pool.map(lambda e: state_of(e, folder), EXERCISES)):
            print(f"{exercise.number:4}  {state:8} {exercise.title}", flush=True)
            done += state == "done"
    print(f"{done} of {len(EXERCISES)} are done.")
    if not folder.exists():
        print(f"To begin: python -m exercises --start{'' if folder == FOLDER else f' {folder}'}")


def show_one(exercise: Exercise, folder: Path) -> bool:
    """Mark one exercise, and say whether it is done."""
    path = folder / exercise.stub.name
    if not path.exists():
        raise ValueError(f"there is no {path}; python -m exercises --start {folder} puts it there")
    verdict = mark_apart(exercise, path)
    print(f"{exercise.number}. {exercise.title}: {verdict.state}")
    if verdict.message:
        print(f"\n{path}\n{verdict.message}")
    if verdict.printed:
        print(f"\nIt printed:\n{verdict.printed}")
    if verdict.state != "done":
        print(f"\nFor a hint: {command(folder)} {exercise.number} --hint")
    return verdict.state == "done"


def show_hint(exercise: Exercise, level: int, folder: Path) -> None:
    """Print the hints up to this level."""
    for i, hint in enumerate(exercise.hints[:level], 1):
        print(f"Hint {i} of {len(exercise.hints)}: {hint}")
    if level < len(exercise.hints):
        print(f"The next one tells more: {command(folder)} {exercise.number} --hint {level + 1}")


def options() -> Parser:
    """The options of the command."""
    result = Parser(prog="python -m exercises", description=__doc__, allow_abbrev=False, exit_on_error=False)
    count, hints = len(EXERCISES), len(EXERCISES[0].hints)
    number = checked(int, lambda n: 1 <= n <= count, f"from 1 to {count}", f"the number of an exercise, 1 to {count}")
    level = checked(int, lambda n: 1 <= n <= hints, f"1 or {hints}")
    result.add_argument("number", type=number, nargs="?", help="mark this exercise")
    result.add_argument(
        "--hint", type=level, nargs="?", const=1, help=f"show its first hint, or as many as this, up to {hints}"
    )
    what = "copy the exercises into this folder (by default answers/); your files are not overwritten"
    result.add_argument("--start", type=Path, nargs="?", const=FOLDER, metavar="DIR", help=what)
    result.add_argument("--dir", type=Path, default=FOLDER, help="the folder with your answers, answers/ by default")
    return result


def work(args: Namespace) -> int:
    """Do what the options ask for; the exit code is 1 where an exercise was marked and is not done."""
    exercise = None if args.number is None else EXERCISES[args.number - 1]
    if args.start is not None:
        start(args.start)
    elif args.hint is not None and exercise is None:
        raise ValueError("--hint needs the number of an exercise: python -m exercises 7 --hint")
    elif args.hint is not None:
        show_hint(EXERCISES[args.number - 1], args.hint, args.dir)
    elif exercise is None:
        show_all(args.dir)
    else:
        return 0 if show_one(exercise, args.dir) else 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and do what they ask for; a mistake in them is one line, and exit code 2."""
    own = options()
    args = own.parse_args(arguments)
    try:
        return work(args)
    except KeyboardInterrupt:
        own.exit(130, "\nstopped\n")
    except OSError as error:
        own.error(f"{error.filename}: {error.strerror}")
    except ValueError as error:
        own.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
