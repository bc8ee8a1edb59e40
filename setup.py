"""Packaging of PVC: five programs from one distribution, on Debian's own Python 3.11."""

from setuptools import find_packages, setup

PROGRAMS = {
    "pvc": "pvc_cli.main:main",
    "pvc-api": "pvc_api.main:main",
    "pvc-worker": "pvc_worker.main:main",
    "pvc-lab": "pvc_lab.main:main",
    "pvc-sim": "pvc_sim.main:main",
}

REQUIREMENTS = [
    "celery>=5.6,<6",
    "redis>=5.2",
    "kazoo>=2.10,<3",
    "libvirt-python>=9,<12",
    "flask>=3,<4",
    "flask-restx>=1.3.2,<2",
    "gunicorn>=23",
    "click>=8.1,<9",
    "PyYAML>=6",
    "pydantic>=2.9,<3",
    "orjson>=3.10",
    "lxml>=5",
    "rich>=13.9",
    "requests>=2.32",
    "boto3>=1.36,<2",
]

TEST_REQUIREMENTS = [
    "pytest>=8",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.115",
    "ruff>=0.8",
    "mypy>=1.13",
    "import-linter>=2.1",
    "types-PyYAML",
    "types-requests",
    "lxml-stubs",
]

setup(
    name="pvc",
    version="0.1.0",
    description="Cluster manager for virtual machines: jobs that are never lost, nodes that are really empty",
    python_requires=">=3.11",
    packages=find_packages(include=["pvc_*"]),
    package_data={"": ["py.typed", "files/*"]},
    install_requires=REQUIREMENTS,
    extras_require={"test": TEST_REQUIREMENTS},
    entry_points={"console_scripts": [f"{name} = {target}" for name, target in PROGRAMS.items()]},
)
