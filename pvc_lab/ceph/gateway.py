"""S3 in the lab: Ceph's own gateway, with a user and a bucket for exports."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import yaml

from pvc_core.config import S3Section
from pvc_lab.ceph import place
from pvc_lab.errors import ProgramFailed
from pvc_lab.layout import Layout
from pvc_lab.run import attempt, run
from pvc_lab.writing import write_secretly

USER = "pvc"
ADMIN_S = 30


def command_line(layout: Layout) -> list[str]:
    conf, keyring = place.conf_file(layout), place.keyring(layout.ceph_home, place.GATEWAY)
    return ["radosgw", "-f", "-c", str(conf), "-n", f"client.{place.GATEWAY}", "-k", str(keyring)]


def answers(layout: Layout, timeout: float = 3) -> bool:
    """Anybody may ask it who he is."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(place.s3_url(layout), timeout=timeout) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def settings(layout: Layout) -> dict[str, Any]:
    """As in pvc.yaml."""
    return {
        "endpoint": place.s3_url(layout),
        "bucket": place.BUCKET,
        "prefix": "lab/vms",
        "credentials_file": str(place.s3_keys(layout)),
        "timeout_s": 5,
    }


def furnish(layout: Layout) -> None:
    """User, keys and bucket, as far as they are not there; keys are made by the gateway itself."""
    if not place.s3_keys(layout).exists():
        keys = _user(layout)["keys"][0]
        text = yaml.safe_dump({name: keys[name] for name in ("access_key", "secret_key")})
        write_secretly(place.s3_keys(layout), text)
    # As in the product: only who needs S3 has boto3.
    from pvc_drivers.exports.s3_client import connect

    connect(S3Section(**settings(layout))).create_bucket(Bucket=place.BUCKET)


def _user(layout: Layout) -> Any:
    known = attempt(_admin(layout, "user", "info", "--uid", USER), ADMIN_S)
    if known.returncode == 0:
        return json.loads(known.stdout)
    try:
        return json.loads(
            run(_admin(layout, "user", "create", "--uid", USER, "--display-name", "PVC"), ADMIN_S)
        )
    except ValueError:
        raise ProgramFailed("radosgw-admin did not tell the user it made") from None


def _admin(layout: Layout, *words: str) -> list[str]:
    conf, keyring = place.conf_file(layout), place.keyring(layout.ceph_home, "admin")
    return ["radosgw-admin", "-c", str(conf), "-n", "client.admin", "-k", str(keyring), *words]
