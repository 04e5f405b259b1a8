"""Runs a program, and kills it at the n-th call of a function: kill_at.py <module>:<function> <n> <program> <arguments>"""

import functools
import importlib
import os
import runpy
import signal
import sys

target, number, program = sys.argv[1:4]
sys.argv = sys.argv[3:]
module, path = target.split(":")
*owners, name = path.split(".")
owner = functools.reduce(getattr, owners, importlib.import_module(module))
original = getattr(owner, name)
calls_left = int(number)


@functools.wraps(original)
def counted(*arguments, **options):
    global calls_left
    calls_left -= 1
    if calls_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)


setattr(owner, name, counted)
sys.path.insert(0, os.path.dirname(os.path.abspath(program)))
runpy.run_path(program, run_name="__main__")
