"""The last of what the cradle imports: what is there by now lives as long as any child of it."""

import gc

# A child that looks through all of this for garbage makes a copy of every page of it.
gc.freeze()
