"""A program in a real terminal: tmux holds the terminal, this reads its screen and presses keys.

Nothing here waits a fixed time: tmux tells when something was written, and the screen is read again.
"""
import itertools
import os
import select
import subprocess
import time

_numbers = itertools.count()


class TerminalSession:
    def __init__(self, command, width=100, height=30, **environment):
        """`command` is a shell's. The session ends with close()."""
        # Without a variable of an outer tmux, which would think that this one is nested.
        clean = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            ["tmux", "-L", "scout-%d-%d" % (os.getpid(), next(_numbers)), "-f", os.devnull, "-u", "-C", "new-session",
             "-x", str(width), "-y", str(height), command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env={**clean, "LC_ALL": "C.UTF-8", **environment})
        self.unread = b""
        self._block(time.monotonic() + 20)  # the answer to new-session
        self.command("set-option -g window-size manual")
        self.command("set-option -g status off")
        self.resize(width, height)

    def _line(self, deadline):
        """One line of tmux's; None: the deadline passed. Raises EOFError when tmux has ended."""
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise EOFError("the terminal has ended")
            self.unread += piece
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r")

    def _block(self, deadline):
        """The lines of the next answer."""
        lines = None
        while True:
            line = self._line(deadline)
            if line is None:
                raise TimeoutError("tmux does not answer")
            if line.startswith("%begin"):
                lines = []
            elif lines is not None and line.startswith("%end"):
                return lines
            elif lines is not None and line.startswith("%error"):
                raise RuntimeError(" ".join(lines))
            elif lines is not None:
                lines.append(line)

    def command(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        return self._block(time.monotonic() + 20)

    def resize(self, width, height):
        self.command("resize-window -x %d -y %d" % (width, height))

    def press(self, *keys):
        """Keys by tmux's names: q, Enter, Down, Escape, C-c …"""
        for key in keys:
            self.command("send-keys '%s'" % key)

    def screen(self, seconds=20):
        """As it is when nothing is half drawn: the live view's cursor is at the top left between two frames only."""
        deadline = time.monotonic() + seconds
        while True:
            # One line, so that nothing is drawn between its two answers.
            place, = self.command("display-message -p '#{alternate_on} #{cursor_x} #{cursor_y}' ; capture-pane -p")
            lines = self._block(deadline)
            if place.startswith("0") or place == "1 0 0":
                return "\n".join(lines)
            if self._line(deadline) is None:
                raise AssertionError("half drawn for %d s:\n%s" % (seconds, "\n".join(lines)))

    def wait_for(self, condition, seconds=30):
        """The screen once `condition`, a text or a function of the screen, is fulfilled."""
        deadline = time.monotonic() + seconds
        fulfilled = condition if callable(condition) else lambda screen: condition in screen
        while True:
            screen = self.screen()
            if fulfilled(screen):
                return screen
            if self._line(deadline) is None:
                raise AssertionError("not within %d s: %s\n%s" % (seconds, condition, screen))

    def close(self):
        try:
            self.process.stdin.write(b"kill-server\n")
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
