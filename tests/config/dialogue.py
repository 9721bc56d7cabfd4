"""Runs a command on a terminal of its own and answers its questions.

dialogue.py COMMAND… < LINES: each line is a part of a question, a tab, and the answer. Prints the terminal's output and
exits with the command's status, or with 99 if a question does not appear.
"""

import os
import pty
import select
import sys
import time

turns = [line.rstrip("\n").split("\t") for line in sys.stdin]
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

shown = b""


def read(until, limit):
    """Collects output until it contains a string; returns whether it does."""
    global shown
    start = len(shown)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if until is not None and until.encode() in shown[start:]:
            return True
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            part = b""
        if not part:
            return False
        shown += part
    return False


for question, answer in turns:
    if not read(question, 60):
        sys.stdout.buffer.write(shown)
        print(f"\nno question: {question}")
        sys.exit(99)
    # The terminal changes its mode right after the question.
    time.sleep(0.2)
    os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
read(None, 60)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
