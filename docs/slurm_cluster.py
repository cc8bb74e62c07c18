"""Measure a folder of studies on the nodes of a SLURM cluster: ``docs/cluster.md`` explains.

Run it where jobs may be submitted, and leave it running (in ``tmux``, or as a small job itself)::

    python slurm_cluster.py --queue normal --jobs 4 -- INPUT -o OUT --protocol zhou2025

``--print`` shows the job script and submits nothing.
"""

import argparse
import subprocess
import sys

WORKERS = 16
GIB_PER_WORKER = 4
"""Address space of a caged process is limited to 3 GiB; Dask's own worker needs some 0.3 GiB."""

MARGIN_MIN = 15
"""Workers leave so long before the job's time is up, between two studies."""


def cluster(queue: str, account: str | None, hours: int) -> object:
    """Describe the jobs; nothing is submitted yet."""
    import dask
    from dask_jobqueue import SLURMCluster

    dask.config.set({"distributed.scheduler.allowed-failures": 1})
    return SLURMCluster(
        queue=queue,
        account=account,
        cores=WORKERS,
        processes=WORKERS,
        memory=f"{WORKERS * GIB_PER_WORKER}GiB",
        walltime=f"{hours:02d}:00:00",
        log_directory="slurm-logs",
        local_directory="$TMPDIR",
        worker_extra_args=[
            "--lifetime", f"{60 * hours - MARGIN_MIN}m", "--lifetime-stagger", "10m",
        ],
        job_script_prologue=["export QUANT_CACHE=$TMPDIR/quant-cache"],
        scheduler_options={"dashboard": False, "dashboard_address": ":0"},
    )  # fmt: skip


def main() -> int:
    """Submit the jobs, measure, and take the jobs back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queue", required=True, help="partition to submit to")
    parser.add_argument("--account", help="account to charge")
    parser.add_argument("--jobs", type=int, default=1, help="SLURM jobs, each of 16 workers")
    parser.add_argument("--hours", type=int, default=4, help="time of a job")
    parser.add_argument("--print", action="store_true", help="print the job script only")
    parser.add_argument("quant", nargs="*", help="arguments of quant run")
    options = parser.parse_args()
    described = cluster(options.queue, options.account, options.hours)
    try:
        if options.print:
            sys.stdout.write(described.job_script())
            return 0
        described.scale(jobs=options.jobs)
        address = described.scheduler_address
        command = [sys.executable, "-m", "quant.cli.app", "run", *options.quant]
        done = subprocess.run([*command, "--scheduler", address], check=False)  # noqa: S603 - ours
        return done.returncode
    finally:
        described.close()


if __name__ == "__main__":
    sys.exit(main())
