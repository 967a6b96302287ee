"""The core agent's archive on its way to core_agent_dir, by `scout agent download` from an https server with a CA of its own:
what is taken, what is refused, and what is said.

Usage: download.test.py SCOUT STAND_IN
"""
import hashlib
import os
import re
import signal
import stat
import subprocess
import sys
import tarfile
import unittest

from mirror import Desk, FULL_NAME, Mirror, archive, file_entry, good_archive, manifest, special_entry

Desk.command = sys.argv.pop(1)
with open(sys.argv.pop(1), "rb") as stream:
    Desk.binary = stream.read()
HASH = hashlib.sha256(Desk.binary).hexdigest()
FULL_PATH = "%s/core/" + FULL_NAME


class Download(Desk):
    def download(self, *arguments, **options):
        return self.scout("agent", "download", *arguments, **options)

    def assert_nothing_there(self):
        left = os.listdir(self.core_agent_dir) if os.path.exists(self.core_agent_dir) else []
        self.assertEqual([name for name in left if name != ".lock"], [])

    def assert_refused(self, why, what="bad"):
        self.use(self.server, what)
        self.assert_fails(self.download(), why)
        self.assert_nothing_there()


class Good(Download):
    def test_a_fresh_download_is_verified_and_has_the_permissions_that_are_configured_whatever_the_umask(self):
        for umask in (0o000, 0o077):
            with self.subTest(umask=umask):
                mirror = self.mirror()
                self.core_agent_dir = self.environment["SCOUT_CORE_AGENT_DIR"] = self.path("core%o/deep" % umask)
                self.environment["SCOUT_CORE_AGENT_PERMISSIONS"] = "750"
                status, out, err = self.download(umask=umask)
                self.assertEqual((status, out), (0, self.installed() + "\n"), err)
                self.assertIn("version 1.5.1, SHA-256 " + HASH, err)
                modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (
                    self.path("core%o" % umask), self.core_agent_dir, os.path.dirname(self.installed()), self.installed(),
                    self.installed("manifest.json"))]
                self.assertEqual(modes, [0o750, 0o750, 0o750, 0o750, 0o640])
                self.assertEqual(sorted(os.listdir(self.core_agent_dir)), [".lock", FULL_NAME])
                self.assertEqual(mirror.requests, ["/good/%s.tgz" % FULL_NAME])

    def test_what_is_there_is_not_downloaded_again(self):
        mirror = self.mirror()
        self.put_binary()
        self.assertEqual(self.download()[:2], (0, self.installed() + "\n"))
        self.assertEqual(mirror.requests, [])

    def test_a_binary_that_is_not_its_manifests_is_replaced_and_what_else_is_there_stays(self):
        self.mirror()
        self.put_binary()
        with open(self.installed(), "ab") as out:
            out.write(b"worm")
        with open(self.installed("agent.log"), "w", encoding="utf-8") as out:
            out.write("kept")
        self.assert_fails(self.scout("agent", "path"), "core-agent has SHA-256 [0-9a-f]{64}, not its manifest's " + HASH)
        self.assertEqual(self.download()[:2], (0, self.installed() + "\n"))
        self.assertEqual(self.scout("agent", "path")[:2], (0, self.installed() + "\n"))
        self.assertTrue(os.path.exists(self.installed("agent.log")))

    def test_a_file_url_and_http_from_this_machine_need_no_certificate(self):
        mirror = self.mirror(certificate=None)
        self.assertEqual(self.download()[0], 0)
        self.environment["SCOUT_CORE_AGENT_DIR"] = self.path("other")
        with open(self.path(FULL_NAME + ".tgz"), "wb") as out:
            out.write(mirror.archives["good"])
        self.environment["SCOUT_DOWNLOAD_URL"] = "file://" + self.folder
        self.assertEqual(self.download()[:2], (0, self.path("other/%s/core-agent\n" % FULL_NAME)))
        self.assertEqual(len(mirror.requests), 1)

    def test_a_redirection_to_https_is_followed(self):
        self.use(self.mirror(), "moved")
        self.assertEqual(self.download()[0], 0)

    def test_other_names_lead_elsewhere(self):
        mirror = self.mirror()
        self.environment.update(SCOUT_CORE_AGENT_VERSION="latest", SCOUT_CORE_AGENT_TRIPLE="i686-unknown-linux-gnu")
        self.assertIn("core/scout_apm_core-latest-i686-unknown-linux-gnu/core-agent\n", self.download()[1])
        self.environment["SCOUT_CORE_AGENT_FULL_NAME"] = "mine"
        self.assertIn("core/mine/core-agent\n", self.download()[1])
        self.assertEqual([request.split("/")[2] for request in mirror.requests],
                         ["scout_apm_core-latest-i686-unknown-linux-gnu.tgz", "mine.tgz"])
        self.environment["SCOUT_CORE_AGENT_FULL_NAME"] = "../mine"
        self.assert_fails(self.download(), r"core_agent_full_name '\.\./mine' is no name of a directory")

    def test_ten_at_once_download_once(self):
        mirror = self.mirror()
        processes = [self.start(self.command, "agent", "download") for _ in range(10)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (0, self.installed() + "\n"), err)
        self.assertEqual(len(mirror.requests), 1)

    def test_one_that_is_killed_leaves_nothing_in_the_way_of_the_next(self):
        mirror = self.mirror()
        self.use(mirror, "stall")
        process = self.start(self.command, "agent", "download")
        mirror.wait_for_request()
        self.until(lambda: os.path.isdir(os.path.join(self.core_agent_dir, ".partial")))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with open(os.path.join(self.core_agent_dir, ".partial", "core-agent"), "wb") as out:
            out.write(b"half")  # as when it is killed later
        self.assert_fails(self.scout("agent", "path"), "No such file or directory")
        self.use(mirror)
        self.assertEqual(self.download()[0], 0)
        self.assertEqual(sorted(os.listdir(self.core_agent_dir)), [".lock", FULL_NAME])

    def test_a_pin_must_be_that_of_the_binary(self):
        self.mirror()
        self.environment["SCOUT_CORE_AGENT_SHA256"] = "0" * 64
        self.assert_fails(self.download(), "core-agent has SHA-256 %s, not core_agent_sha256's %s" % (HASH, "0" * 64))
        self.assert_nothing_there()
        self.environment["SCOUT_CORE_AGENT_SHA256"] = "abc"
        self.assert_fails(self.download(), "core_agent_sha256 is not 64 lower-case hexadecimal digits")
        self.environment["SCOUT_CORE_AGENT_SHA256"] = HASH
        self.assertEqual(self.download()[0], 0)

    def test_http_from_this_machine_takes_no_way_round_it(self):
        self.mirror(certificate=None)
        for variable in ("http_proxy", "all_proxy"):
            self.environment[variable] = "http://127.0.0.1:1"
        self.assertEqual(self.download()[0], 0)

    def test_the_query_of_the_url_goes_with_the_name_of_the_archive(self):
        mirror = self.mirror()
        self.environment["SCOUT_DOWNLOAD_URL"] += "/?signature=a/b#part"
        self.assertEqual(self.download()[0], 0)
        self.assertEqual(mirror.requests, ["/good/%s.tgz?signature=a/b" % FULL_NAME])


class BadArchive(Download):
    def setUp(self):
        super().setUp()
        self.server = self.mirror()

    def test_hashes_names_and_versions_of_the_manifest(self):
        for changes, why in (({"core_agent_binary_sha256": "0" * 64}, "has SHA-256 %s, not its manifest's %s" % (HASH, "0" * 64)),
                             ({"core_agent_binary_sha256": "0"}, "core_agent_binary_sha256 that is not 64 lower-case"),
                             ({"core_agent_binary": "../core-agent"}, "names a binary that is no file beside it"),
                             ({"core_agent_binary": 1}, "has no text core_agent_binary$"),
                             ({"core_agent_version": None}, "has no text core_agent_version"),
                             ({"core_agent_binary": "other"}, "other: No such file or directory")):
            with self.subTest(changes=changes):
                self.server.archives["bad"] = good_archive(self.binary, **changes)
                self.assert_refused(why)

    def test_what_is_no_whole_archive(self):
        good = self.server.archives["good"]
        for content, why in ((good[:len(good) // 2], "the archive is broken: "), (b"", "the archive is broken: |the archive is empty"),
                             (b"hello", "the archive is broken: |is empty"), (archive(), "the archive is empty"),
                             (archive(file_entry("README", b"x")), r"manifest\.json: No such file or directory")):
            with self.subTest(why=why):
                self.server.archives["bad"] = content
                self.assert_refused(why)
        self.assert_refused("end of response with [0-9]+ bytes missing|transfer closed|unexpected eof", "short")

    def test_paths_that_leave_the_directory(self):
        for name in ("../escaped", "/escaped", "a/../../escaped", "./../escaped", "..", "a\\..\\escaped"):
            with self.subTest(name=name):
                self.server.archives["bad"] = good_archive(self.binary, file_entry(name, b"x"))
                self.assert_refused("the archive leaves its directory: '.*%s'" % re.escape(name.removeprefix("./")))
        self.assertEqual([file for _, _, files in os.walk(self.folder) for file in files if file == "escaped"], [])

    def test_links_and_what_is_no_file(self):
        kinds = {"link": ((tarfile.SYMTYPE, "/etc"), (tarfile.LNKTYPE, "core-agent"), (tarfile.LNKTYPE, "/etc/passwd")),
                 "what is no file": ((tarfile.FIFOTYPE, ""), (tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, ""))}
        for what, cases in kinds.items():
            for kind, target in cases:
                with self.subTest(kind=kind, target=target):
                    self.server.archives["bad"] = good_archive(self.binary, special_entry("x", kind, target))
                    self.assert_refused("the archive has (a )?%s: 'x'" % what)
        through = (special_entry("d", tarfile.SYMTYPE, self.folder), file_entry("d/escaped", b"x"))
        self.server.archives["bad"] = good_archive(self.binary, *through)
        self.assert_refused("the archive has a link: 'd'")
        self.assertFalse(os.path.exists(self.path("escaped")))

    def test_there_is_an_end_to_what_is_unpacked(self):
        self.server.archives["bad"] = good_archive(self.binary, *[file_entry("f%d" % i, b"") for i in range(1000)])
        self.assert_refused("the archive has too many entries")
        self.server.archives["bad"] = good_archive(self.binary, file_entry("zeros", bytes(257 << 20)))
        self.assert_refused("the archive unpacks to more than 256 MiB")

    def test_two_files_of_one_name(self):
        self.server.archives["bad"] = good_archive(self.binary, file_entry("core-agent", b"x"))
        self.assert_refused("the archive has two files 'core-agent'")

    def test_directories_and_what_lies_in_them_are_left_out(self):
        self.server.archives["good"] = good_archive(self.binary, special_entry("./", tarfile.DIRTYPE),
                                                    special_entry("doc", tarfile.DIRTYPE), file_entry("doc/core-agent", b"x"))
        self.assertEqual(self.download()[0], 0)
        self.assertEqual(sorted(os.listdir(os.path.dirname(self.installed()))), ["core-agent", "manifest.json"])


class BadServer(Download):
    def setUp(self):
        super().setUp()
        self.server = self.mirror()

    def test_errors_are_said_with_the_url(self):
        for what, why in (("404", r"/404/%s\.tgz: HTTP status 404" % FULL_NAME), ("500", "HTTP status 500"),
                          ("loop", "too many redirections"),
                          ("tohttp", "http://127.0.0.1:1/good/x.tgz: a redirection from https to http is not followed"),
                          ("tofile", "file:///etc/passwd: a redirection to there is not followed")):
            with self.subTest(what=what):
                self.assert_refused(why, what)

    def test_one_that_stalls_is_left(self):
        self.use(self.server, "stall")
        self.assert_fails(self.download("--timeout", "1"), r"/stall/.*: .*(too slow|timed out)")
        self.assert_nothing_there()

    def test_one_that_does_not_end_is_left(self):
        self.assert_refused("the archive is larger than 128 MiB", "endless")
        self.assertLess(self.server.sent, 160 << 20)

    def test_nobody_listens(self):
        self.environment["SCOUT_DOWNLOAD_URL"] = "https://127.0.0.1:1/x"
        self.assert_fails(self.download(), "https://127.0.0.1:1/x/.*: .*(Couldn't|Failed to) connect")

    def test_certificates(self):
        self.use(self.mirror("expired"))
        self.assert_fails(self.download(), "certificate has expired")
        self.use(self.mirror("other"))
        self.assert_fails(self.download(), "certificate subject name|SSL: no alternative")
        self.use(self.server)
        del self.environment["SSL_CERT_FILE"]
        self.assert_fails(self.download(), "unable to get local issuer certificate|self.signed certificate")
        self.assert_nothing_there()

    def test_http_from_elsewhere_is_not_even_asked_for(self):
        for url, why in (("http://192.0.2.1/x", "http://192.0.2.1/x/.*: http: is used from this machine only"),
                         ("http://127.0.0.1.example/x", "http: is used from this machine only"),
                         ("ftp://127.0.0.1/x", "only https: and file: are used"), ("x", "is no URL|only https|this machine only")):
            self.environment["SCOUT_DOWNLOAD_URL"] = url
            self.assert_fails(self.download("--timeout", "1"), why)
        self.use(self.server, "tohttp")
        self.environment["SCOUT_DOWNLOAD_ALLOW_HTTP"] = "true"
        self.assert_fails(self.download(), "http://127.0.0.1:1/good/x.tgz: .*connect")

    def test_a_password_in_the_url_is_not_said(self):
        self.environment["SCOUT_DOWNLOAD_URL"] = "https://me:hidden@127.0.0.1:1/x"
        status, _, err = self.download()
        self.assertEqual(status, 1)
        self.assertIn("https://***@127.0.0.1:1/x", err)
        self.assertNotIn("hidden", err)
        self.assertNotIn("hidden", self.scout("config")[1])


class BadDirectory(Download):
    def setUp(self):
        super().setUp()
        self.server = self.mirror()

    def test_one_that_others_may_write(self):
        for mode in (0o777, 0o770):
            with self.subTest(mode=mode):
                os.makedirs(self.core_agent_dir, exist_ok=True)
                os.chmod(self.core_agent_dir, mode)
                self.assert_fails(self.download(), r"/core may be written by others \(mode %o\)" % mode)
        self.environment["SCOUT_CORE_AGENT_PERMISSIONS"] = "770"
        self.assertEqual(self.download()[0], 0)
        self.environment["SCOUT_CORE_AGENT_PERMISSIONS"] = "777"
        self.assert_fails(self.download(), "core_agent_permissions must let this user do all")

    def test_a_binary_in_one_whose_group_may_write(self):
        self.put_binary()
        os.chmod(self.core_agent_dir, 0o770)
        self.assert_fails(self.scout("agent", "path"), r"/core may be written by others \(mode 770\)")
        self.environment["SCOUT_CORE_AGENT_PERMISSIONS"] = "770"
        self.assertEqual(self.scout("agent", "path")[0], 0)

    def test_one_in_a_directory_that_everybody_may_write(self):
        os.mkdir(self.path("open"))
        os.chmod(self.path("open"), 0o777)
        self.environment["SCOUT_CORE_AGENT_DIR"] = self.path("open/core")
        self.assert_fails(self.download(), "/open may be written by everybody")

    def test_one_in_a_directory_whose_group_may_write(self):
        os.mkdir(self.path("shared"))
        os.chmod(self.path("shared"), 0o770)
        self.environment["SCOUT_CORE_AGENT_DIR"] = self.path("shared/core")
        self.assert_fails(self.download(), r"/shared may be written by others \(mode 770\)")
        self.environment["SCOUT_CORE_AGENT_PERMISSIONS"] = "770"
        self.assertEqual(self.download()[0], 0)

    def test_one_that_is_reached_through_a_link(self):
        os.mkdir(self.path("real"), 0o700)
        os.symlink("real", self.core_agent_dir)
        self.assert_fails(self.download(), "/core is a link")
        self.environment["SCOUT_CORE_AGENT_DIR"] = self.path("core/deeper")
        self.assert_fails(self.download(), "/core is a link")
        self.assertEqual(os.listdir(self.path("real")), [])

    def test_one_of_another_user(self):
        self.needs_root()
        os.mkdir(self.core_agent_dir, 0o755)
        os.chown(self.core_agent_dir, 12345, 12345)
        self.assert_fails(self.download(), "/core belongs to user 12345, not to this one")
        self.assertEqual(os.listdir(self.core_agent_dir), [])

    def test_a_binary_that_others_may_have_changed(self):
        self.environment["SCOUT_CORE_AGENT_DOWNLOAD"] = "false"
        self.put_binary()
        os.chmod(self.installed(), 0o777)
        self.assert_fails(self.scout("agent", "path"), r"/core-agent may be written by others \(mode 777\)")
        os.rename(self.installed(), self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.installed())
        self.assert_fails(self.scout("agent", "path"), "/core-agent is a link")
        os.unlink(self.installed())
        os.mkfifo(self.installed(), 0o700)
        self.assert_fails(self.scout("agent", "path"), "/core-agent is no file")
        if os.geteuid() == 0:
            os.unlink(self.installed())
            self.put_binary()
            os.chown(self.installed(), 12345, 12345)
            self.assert_fails(self.scout("agent", "path"), "/core-agent belongs to user 12345")

    def test_one_that_is_mounted_noexec(self):
        self.mount("noexec")
        self.assert_fails(self.download(), "/core is on a file system that is mounted noexec")
        self.assertEqual(self.server.requests, [])
        self.put_binary()
        self.assert_fails(self.scout("agent", "path"), "/core-agent is on a file system that is mounted noexec")

    def test_one_without_room(self):
        self.mount("size=8k")
        self.assert_fails(self.download(), "/core/.*: No space left on device")
        self.assert_nothing_there()

    def test_files_that_may_not_grow(self):
        limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" agent download"
        done = subprocess.run(["sh", "-c", limited, self.command], env=self.environment, capture_output=True, text=True, check=False)
        self.assert_fails((done.returncode, done.stdout, done.stderr), "/core/.*: File too large")
        self.assert_nothing_there()


if __name__ == "__main__":
    unittest.main()
