"""`pvc-worker --check-config FILE`: every fault of the file at once, in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

PVC_WORKER = Path(sys.executable).with_name("pvc-worker")


def check(file: Path) -> subprocess.CompletedProcess[str]:
    argv = [str(PVC_WORKER), "--check-config", str(file)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def settings(directory: Path) -> dict[str, object]:
    secret = directory / "secret"
    secret.write_text("s3cret\n")
    return {
        "cluster": "prod",
        "node": {"name": "hv1", "address": "10.0.0.1"},
        "zookeeper": {"hosts": ["10.0.0.1:2181"], "password_file": str(secret)},
        "redis": {"host": "10.0.0.1", "password_file": str(secret)},
    }


def test_a_good_file_has_no_faults(tmp_path: Path) -> None:
    file = tmp_path / "pvc.yaml"
    file.write_text(yaml.safe_dump(settings(tmp_path)))
    done = check(file)
    assert done.returncode == 0, done.stderr
    assert "no faults" in done.stdout and "hv1" in done.stdout


def test_three_faults_are_named_at_once(tmp_path: Path) -> None:
    bad = settings(tmp_path)
    bad["node"] = {"name": "../hv1", "address": "10.0.0.1"}
    bad["redis"] = {"host": "10.0.0.1", "port": "many", "password_file": "/x"}
    bad["hypervizor"] = {}
    file = tmp_path / "pvc.yaml"
    file.write_text(yaml.safe_dump(bad))
    done = check(file)
    assert done.returncode == 2
    assert all(place in done.stderr for place in ("node.name", "redis.port", "hypervizor")), done.stderr
    assert "remedy: " in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_no_yaml_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "pvc.yaml"
    for text in ("a: [", "- 1", "\x00"):
        file.write_text(text)
        done = check(file)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert check(tmp_path / "nowhere.yaml").returncode == 2


def test_keys_that_others_may_read_are_a_fault(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("access_key: known\nsecret_key: hidden\n")
    s3 = {"endpoint": "https://s3.lab", "bucket": "exports", "credentials_file": str(keys)}
    file = tmp_path / "pvc.yaml"
    file.write_text(yaml.safe_dump({**settings(tmp_path), "storage": {"s3": s3}}))
    for mode, code in ((0o644, 2), (0o600, 0)):
        keys.chmod(mode)
        done = check(file)
        assert done.returncode == code and "hidden" not in done.stdout + done.stderr, done.stderr
        assert ("chmod 600" in done.stderr) is (code == 2)
