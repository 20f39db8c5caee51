"""A robot of Unitree's own RPC server classes, in a process of its own; says one line of JSON for each call it gets.

python -m tests.helpers.sdk2_robot DOMAIN CARD
"""

import json
import sys
import time

from unitree_sdk2py.core.channel import ChannelFactoryInitialize
from unitree_sdk2py.rpc.server import Server

APIS = [1001, 1002, 1003, 1004, 1005, 1008, 1030, 2044]  # two acrobatics and Damp: offered, never to be asked for


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Sport(Server):
    """The sport service: takes every call and says so."""

    def Init(self):  # noqa: N802 - the SDK's name
        self._SetApiVersion("1.0.0.1")
        for api in APIS:
            self._RegistHandler(api, lambda parameter, api=api: self._note(api, parameter), False)

    def _note(self, api, parameter):
        say(json.dumps({"api": api, "parameter": json.loads(parameter), "at": time.monotonic()}))
        return 0, ""


if __name__ == "__main__":
    ChannelFactoryInitialize(int(sys.argv[1]), sys.argv[2])
    server = Sport("sport")
    server.Init()
    server.Start(False)
    say("ready")
    time.sleep(float("1e6"))
