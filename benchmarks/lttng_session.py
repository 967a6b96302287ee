"""A session of LTTng that records the events of benchmarks/peers into a folder that goes with it; with a daemon of its own where
none is running."""
import contextlib
import os
import subprocess
import tempfile
import time


@contextlib.contextmanager
def active_session():
    """The environment for a program whose events are to be recorded."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "LTTNG_HOME": home, "LTTNG_UST_REGISTER_TIMEOUT": "-1"}  # it waits until it is registered

        def lttng(*arguments, check=True):
            return subprocess.run(["lttng", "--no-sessiond", *arguments], env=environment, check=check, stdout=subprocess.DEVNULL,
                                  stderr=None if check else subprocess.DEVNULL)

        daemon = None
        if lttng("list", check=False).returncode != 0:
            daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], env=environment, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while lttng("list", check=False).returncode != 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            lttng("create", "scout-peers", "--output=" + home + "/trace")
            lttng("enable-event", "--userspace", "scout_bench:*")
            lttng("start")
            yield environment
            lttng("destroy", "scout-peers")
        finally:
            if daemon is not None:
                daemon.terminate()
                daemon.wait(30)
