"""The optimizer: sites kept under their limits, drivers charged.

One thread for numpy, as for the solver: on arrays as small as a site's, more of them only burn time. It holds where
numpy has not been imported yet.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
