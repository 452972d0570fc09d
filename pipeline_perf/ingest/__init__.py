"""The corridor: one carrier file in, events and quarantine out; one module per room, none looks
back.
"""

import os

# NumPy's OpenBLAS, by which nothing here is computed, wakes a thread for each core when it is
# loaded, and these spin for a tenth of a second before they sleep: as long as a small file takes,
# on the cores that Polars wants. With the shortest time-out (2^4 ticks) they sleep at once.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
