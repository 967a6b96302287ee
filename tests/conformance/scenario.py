#!/usr/bin/env python3
"""Performs a scenario against the local agent and judges what arrived.

usage: scenario.py LOCAL_AGENT SCENARIO_RUNNER SCENARIO.json [--keep RECORDING.jsonl]
"""
import os
import shutil
import subprocess
import sys
import tempfile

JUDGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge.py")


def record(local_agent, runner, scenario, folder):
    """(exit status of the runner, path of the recording)"""
    address, recording = os.path.join(folder, "agent.sock"), os.path.join(folder, "recording.jsonl")
    peer = subprocess.Popen([local_agent, "--address", address, "--record", recording], stdout=subprocess.PIPE, text=True)
    peer.stdout.readline()  # says where it listens: ready
    try:
        status = subprocess.run([runner, scenario, address], timeout=60, check=False).returncode
    finally:
        peer.terminate()
        peer.communicate(timeout=20)
    return status, recording


def main():
    local_agent, runner, scenario = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as folder:
        status, recording = record(local_agent, runner, scenario, folder)
        if status != 0:
            print("the runner ended with %d" % status)
            return 1
        if sys.argv[4:5] == ["--keep"]:
            shutil.copy(recording, sys.argv[5])
        return subprocess.run([sys.executable, JUDGE, scenario, recording], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
