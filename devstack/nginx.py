"""A private nginx that serves a folder, with and without WebDAV, as Debian packs it."""

import os
import shutil
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError
from devstack.ports import answers, free_port

_DAV = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
_START_SECONDS = 30.0

_CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {home}/own.pid;
error_log {home}/error.log;
load_module {dav};
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    client_max_body_size 0;
    sendfile on;
    server {{
        listen 127.0.0.1:{port};
        root {home}/files;
        location / {{ }}
        location /dav/ {{
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS;
            create_full_put_path on;
        }}
        location /slow/ {{ alias {home}/files/; limit_rate {slow}; }}
        location /whole/ {{ alias {home}/files/; max_ranges 0; }}
        location /closed/ {{
            alias {home}/files/;
            auth_basic closed;
            auth_basic_user_file {home}/users;
        }}
        location /broken/ {{ return 503; }}
        {more}
    }}
}}
"""


class NginxUnavailableError(Exception):
    """nginx cannot be run here; the message says what to install."""


class NginxServer:
    """A server on a loopback port; what lies in `files` is at `url`.

    ``/dav/`` can be written, ``/slow/`` gives `slow` bytes a second to each connection,
    ``/whole/`` knows no ranges, ``/closed/`` is for reader:s3cret, ``/broken/`` answers 503.
    """

    def __init__(self, home: Path, slow: int = 4 << 20, more: str = "") -> None:
        """Keep all in `home`; `more` are further lines of the server's configuration."""
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
        if program is None or not _DAV.exists():
            raise NginxUnavailableError(
                "no nginx with WebDAV: `make test` as root installs it, otherwise: "
                "sudo apt-get install nginx-light libnginx-mod-http-dav-ext"
            )
        self._program = program
        self._home = home
        self._slow = slow
        self._more = more
        self.files = home / "files"
        self.daemon = Daemon("nginx", home)
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises NginxUnavailableError: it does not come up.
        """
        (self.files / "dav").mkdir(parents=True, exist_ok=True)
        (self._home / "users").write_text("reader:{PLAIN}s3cret\n")
        text = _CONFIGURATION.format(
            home=self._home,
            port=self.port,
            slow=self._slow,
            more=self._more,
            dav=_DAV,
            user="user root;" if os.geteuid() == 0 else "",
        )
        path = self._home / "nginx.conf"
        path.write_text(text)
        self.daemon.start([self._program, "-p", self._home, "-c", path])
        try:
            self.daemon.wait_for(lambda: answers(self.port), _START_SECONDS)
        except DaemonFailedError as error:
            self.daemon.kill()
            raise NginxUnavailableError(str(error)) from error

    def stop(self) -> None:
        """End it."""
        self.daemon.stop(10)
