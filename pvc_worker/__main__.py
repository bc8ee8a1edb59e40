"""`python -m pvc_worker`: how the supervisor starts its processes."""

from pvc_worker.main import main

main()
