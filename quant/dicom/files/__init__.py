"""The files of a tree: found, unpacked, their headers read, told apart, accounted for."""
