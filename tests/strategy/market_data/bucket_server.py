"""A moto server with an empty bucket, and a line to it that can break."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

import boto3
import pytest
from pyarrow import fs

SECRET = "a-secret-that-nobody-may-see"
_USER_POLICY = (
    '{"Version": "2012-10-17", "Statement": '
    '[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
)


@dataclass(frozen=True)
class BucketServer:
    """A server on loopback."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def file_system(self) -> fs.S3FileSystem:
        """Direct access, for a test to look and to break things."""
        return fs.S3FileSystem(
            access_key="test",
            secret_key=SECRET,
            endpoint_override=self.address,
            region="us-east-1",
            allow_bucket_creation=True,
            allow_bucket_deletion=True,
        )

    def environment(self) -> dict[str, str]:
        """What leads the AWS tools here, and to no setting of the developer's."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def use(self, monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
        """Set the environment of this process and its children."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {**self.environment(), **other}.items():
            monkeypatch.setenv(name, value)

    @contextmanager
    def asking_for_credentials(self) -> Iterator[dict[str, str]]:
        """Check every request; gives the variables of a user who may do everything."""
        iam = boto3.client(
            "iam",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key=SECRET,
        )
        user = f"rorq-{time.monotonic_ns()}"
        iam.create_user(UserName=user)
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=_USER_POLICY)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        self._unchecked_requests(0)
        try:
            yield {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }
        finally:
            self._unchecked_requests(10**9)

    def _unchecked_requests(self, count: int) -> None:
        request = urllib.request.Request(
            f"{self.address}/moto-api/reset-auth",
            data=str(count).encode(),
            headers={"Content-Type": "text/plain"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


@contextmanager
def running_server(log: str = os.devnull) -> Iterator[BucketServer]:
    """Start a server for a test run, and end it by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with open(log, "w") as output:  # noqa: PTH123
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(1200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield BucketServer(port)
    finally:
        process.terminate()
        process.wait()


class BreakingLine:
    """A line to a server that cuts the first answers off after some bytes, or goes silent."""

    def __init__(self, server: BucketServer, *, cut: int, after_bytes: int = 2000) -> None:
        self.cut = cut  # answers still to be cut off, of those that are longer
        self.after_bytes = after_bytes
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server.port))
            threading.Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if is_answer and passed > self.after_bytes and self.cut > 0:
                    self.cut -= 1
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
