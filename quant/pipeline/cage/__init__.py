"""The cage: whatever touches a file that is not to be trusted happens in a process of its own.

A worker has limits of memory, computing time, wall time and file size, leaves no core dump, and
dies with the process that started it. What it does to itself costs the task in hand and no other.
"""
