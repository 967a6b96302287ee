"""What the tests of the core agent's manager share: certificates, a mirror that serves the archive over https and misbehaves by the
path it is asked for, archives that are right or wrong, and a desk: a directory with the environment for one test.
"""
import functools
import hashlib
import http.server
import io
import json
import os
import platform
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

FULL_NAME = "scout_apm_core-v1.5.1-%s-unknown-linux-musl" % platform.machine()
KEY = "Secret0123456789abcd"
PATIENCE = 60


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@functools.lru_cache(maxsize=None)
def certificates():
    """A CA, and certificates of it for 127.0.0.1: good, expired and for another host."""
    folder = tempfile.TemporaryDirectory()

    def path(name):
        return os.path.join(folder.name, name)

    def request(name):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
                "-keyout", path(name + ".key"), "-out", path(name + ".csr"))

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=CA",
            "-days", "2", "-keyout", path("ca.key"), "-out", path("ca.pem"))
    os.mkdir(path("ca"))
    open(path("index.txt"), "w").close()
    with open(path("ca.cnf"), "w", encoding="utf-8") as out:
        out.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                  "unique_subject=no\n[p]\ncommonName=supplied\n" % (path("index.txt"), path("ca")))
    for name, address, begin, end in (("good", "IP:127.0.0.1", "20200101000000Z", "20491231000000Z"),
                                      ("expired", "IP:127.0.0.1", "20200101000000Z", "20200102000000Z"),
                                      ("other", "DNS:elsewhere.example", "20200101000000Z", "20491231000000Z")):
        request(name)
        with open(path("extensions"), "w", encoding="utf-8") as out:
            out.write("subjectAltName=%s\n" % address)
        openssl("ca", "-batch", "-config", path("ca.cnf"), "-cert", path("ca.pem"), "-keyfile", path("ca.key"), "-notext",
                "-in", path(name + ".csr"), "-out", path(name + ".pem"), "-startdate", begin, "-enddate", end,
                "-extfile", path("extensions"))
    return folder


def file_entry(name, content, mode=0o755):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    return entry, content


def special_entry(name, kind, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry, None


def archive(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for entry, content in entries:
            tar.addfile(entry, None if content is None else io.BytesIO(content))
    return out.getvalue()


def manifest(content, **changes):
    members = {"version": "1.1.0", "core_agent_version": "1.5.1", "core_agent_binary": "core-agent",
               "core_agent_binary_sha256": hashlib.sha256(content).hexdigest()}
    members.update(changes)
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def good_archive(content, *more, **changes):
    return archive(*more, file_entry("./core-agent", content), file_entry("./manifest.json", manifest(content, **changes), 0o644))


class Mirror:
    """Serves /<what>/<full name>.tgz: the archive registered for <what>, or what the method that is named so does."""

    def __init__(self, certificate="good"):
        self.archives, self.requests, self.release = {}, [], threading.Event()
        self.sent = 0  # bytes, of what has no end
        self.arrived = threading.Condition()
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                what = self.path.split("/")[1]
                with mirror.arrived:
                    mirror.requests.append(self.path)
                    mirror.arrived.notify_all()
                if what in mirror.archives:
                    self.answer(200, mirror.archives[what])
                else:
                    getattr(self, "do_" + what, self.do_404)()

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def do_404(self):
                self.answer(404, b"not here")

            def do_500(self):
                self.answer(500, b"broken")

            def do_stall(self):
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b"x")
                mirror.release.wait(PATIENCE)

            def do_loop(self):
                self.answer(302, Location=self.path)

            def do_moved(self):
                self.answer(302, Location=self.path.replace("/moved/", "/good/"))

            def do_tohttp(self):
                self.answer(302, Location="http://127.0.0.1:1/good/x.tgz")

            def do_tofile(self):
                self.answer(302, Location="file:///etc/passwd")

            def do_endless(self):
                self.send_response(200)
                self.end_headers()
                while True:  # until the other side has had enough
                    self.wfile.write(bytes(1 << 20))
                    mirror.sent += 1 << 20

            def do_short(self):  # breaks off
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(mirror.archives["good"][:1000])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that do not trust us
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            folder = certificates().name
            context.load_cert_chain(os.path.join(folder, certificate + ".pem"), os.path.join(folder, certificate + ".key"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, what):
        return "%s://127.0.0.1:%d/%s" % (self.scheme, self.server.server_address[1], what)

    def wait_for_request(self, count=1):
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.requests) >= count, PATIENCE):
                raise AssertionError("nobody asked")

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def frame(message):
    payload = json.dumps(message).encode()
    return struct.pack(">I", len(payload)) + payload


class Desk(unittest.TestCase):
    """A directory and an environment for each test; `command` and `binary` are set by the module."""

    command = ""  # the program scout
    binary = b""  # the stand-in for the core agent

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scout-", dir="/var/tmp")
        self.addCleanup(self.remove_folder)
        self.core_agent_dir = self.path("core")
        self.socket = self.path("agent.sock")
        self.environment = {"PATH": os.environ["PATH"], "SCOUT_CORE_AGENT_DIR": self.core_agent_dir, "SCOUT_KEY": KEY,
                            "SCOUT_CORE_AGENT_SOCKET_PATH": "unix:" + self.socket, "SCOUT_MONITOR": "true", "SCOUT_NAME": "Desk",
                            "SSL_CERT_FILE": os.path.join(certificates().name, "ca.pem")}
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = os.environ[name]

    def remove_folder(self):
        if os.path.exists(self.socket):
            self.scout("agent", "shutdown")
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def installed(self, name="core-agent"):
        return os.path.join(self.core_agent_dir, FULL_NAME, name)

    def mirror(self, certificate="good"):
        mirror = Mirror(certificate)
        mirror.archives["good"] = good_archive(self.binary)
        self.addCleanup(mirror.close)
        self.use(mirror)
        return mirror

    def use(self, mirror, what="good"):
        self.environment["SCOUT_DOWNLOAD_URL"] = mirror.url(what)

    def put_binary(self, content=None, **changes):
        """As somebody who has no network would."""
        content = self.binary if content is None else content
        for folder in (self.core_agent_dir, os.path.dirname(self.installed())):
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, 0o700)
        with open(self.installed(), "wb") as out:
            out.write(content)
        os.chmod(self.installed(), 0o700)
        with open(self.installed("manifest.json"), "wb") as out:
            out.write(manifest(content, **changes))
        os.chmod(self.installed("manifest.json"), 0o600)

    def misbehave(self, how):
        """What the stand-in is to do."""
        self.environment["SCOUT_CORE_AGENT_CONFIG_FILE"] = self.path("behaviour")
        with open(self.path("behaviour"), "w", encoding="utf-8") as out:
            out.write(how + "\n")

    def mount(self, options):
        """A file system for core_agent_dir."""
        os.mkdir(self.core_agent_dir, 0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700," + options, "tmpfs", self.core_agent_dir],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("no right to mount: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.core_agent_dir], check=True)

    def needs_root(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give files to others")

    def start(self, program, *arguments, **options):
        return subprocess.Popen([program, *arguments], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def scout(self, *arguments, **options):
        """Status, output and errors of the command."""
        done = subprocess.run([self.command, *arguments], env=self.environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=2 * PATIENCE, **options)
        return done.returncode, done.stdout, done.stderr

    def assert_fails(self, result, why):
        status, out, err = result
        self.assertEqual((status, out), (1, ""), err)
        self.assertRegex(err.splitlines()[-1], "^scout: .*" + why)

    def agent_process(self):
        """Of whoever listens at the socket; 0: nobody."""
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(self.socket)
            except OSError:
                return 0
            return struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def kill_agent(self):
        process = self.agent_process()
        os.kill(process, signal.SIGKILL)
        return process

    def until(self, condition):
        latest = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > latest:
                raise AssertionError("not in time")
            threading.Event().wait(0.02)
