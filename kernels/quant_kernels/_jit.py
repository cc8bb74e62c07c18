"""The one compiler setting of the house: cached, without the lock, never fast-math."""

import numba

kernel = numba.njit(cache=True, nogil=True, fastmath=False)
